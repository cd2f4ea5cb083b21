# SPDX-License-Identifier: Apache-2.0
"""Where the checkout is."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
