# SPDX-License-Identifier: Apache-2.0
"""A carrier with a thread of its own, under ThreadSanitizer: the adapter with a library of a few
lines, and calls over libre while many begin, end and are cut off."""

import subprocess
from pathlib import Path

from harness.phone import Caller, Scenario, Sipp
from harness.server import binary


def test_the_adapter_of_threads():
    program = Path(binary()).parents[2] / "test/carrier/test_carrier_thread"
    done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING: ThreadSanitizer" not in done.stderr, done.stderr


def test_calls_from_two_threads(tmp_path):
    with Sipp(tmp_path, Scenario().invite().answer().until_bye(), words=["-l", "500"]) as trunk:
        call = Caller(trunk.port, calls=40, gap_ms=20, stop_ms=1500, within_ms=1800)
        call.end()
    assert len(call.of("outcome")) >= 38
    assert "WARNING: ThreadSanitizer" not in call.err, call.err
