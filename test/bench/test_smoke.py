# SPDX-License-Identifier: Apache-2.0
"""The benchmark, for seconds: that it runs and every workload is answered. How fast is
not judged here: the machine is whatever it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["WATCHWORD"]).parents[2]
ROWS = {"null handler", "sketch", "send", "verify", "verify at half the peak", "resend",
        "send, then verify", "mixed 70/20/10", "half load, nobody idle", "half load, 200 idle",
        "half load, 400 open files",
        "send by wrk, plain", "send by wrk, TLS", "1000 rows", "the peak", "1 x the peak", "3 x the peak",
        "10 x the peak", "send through SMPP"}


def test_every_workload_is_answered(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench/run.py"), "--smoke", "--build", str(BUILD),
         "--json", str(tmp_path / "figures.json")],
        capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    table = json.loads((tmp_path / "figures.json").read_text())["table"]
    assert {row["what"] for row in table} == ROWS
    for row in table:
        assert row["ok"] > 0, row
        assert row.get("broken", 0) == 0, row


def test_another_build_is_measured_in_turn(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench/run.py"), "--smoke", "--build", str(BUILD),
         "--against", str(BUILD), "--pairs", "2", "--json", str(figures)],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(figures.read_text())
    assert {row["what"] for row in told["table"]} == {
        f"{kind}, {which}" for kind in ("send", "right", "wrong") for which in ("own", "the other")}
    assert [len(line.split(":")[1].split()) for line in told["said"]] == [2, 2, 2]
