# SPDX-License-Identifier: Apache-2.0
"""What the suites share: servers, peers, raw connections."""
