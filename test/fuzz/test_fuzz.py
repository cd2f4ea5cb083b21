# SPDX-License-Identifier: Apache-2.0
"""Every target for some seconds, from its seeds and from what was found before."""

import os
import re
import subprocess

import pytest

from fuzz import seeds
from harness.place import ROOT

SECONDS = int(os.environ.get("FUZZ_SECONDS", "3"))
TARGETS = sorted(path.stem.removeprefix("fuzz_")
                 for path in (ROOT / "test/fuzz").glob("fuzz_*.c"))
DONE = re.compile(r"^Done (\d+) runs", re.M)


@pytest.fixture(scope="module")
def executions(tell):
    """How many there were of each target; the sum is told."""
    counted = {}
    yield counted
    tell(f"fuzz: {sum(counted.values())} executions of {len(counted)} targets")


@pytest.mark.parametrize("target", TARGETS)
def test_made_up_octets_break_nothing(target, tmp_path, executions):
    begin = tmp_path / target
    begin.mkdir()
    for number, octets in enumerate(seeds.SEEDS[target]):
        (begin / f"seed-{number}").write_bytes(octets)
    found = ROOT / "test/fuzz/found" / target
    done = subprocess.run(
        [str(ROOT / "build/fuzz/test/fuzz" / f"fuzz_{target}"), f"-max_total_time={SECONDS}",
         "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={tmp_path}/",
         str(begin), *([str(found)] if found.exists() else [])],
        capture_output=True, timeout=SECONDS + 60, check=False)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-4000:]
    executions[target] = int(DONE.search(said)[1])
    assert executions[target] >= len(seeds.SEEDS[target]), said[-2000:]


def test_what_was_found_belongs_to_a_target():
    assert {p.name for p in (ROOT / "test/fuzz/found").iterdir() if p.is_dir()} <= set(TARGETS)
