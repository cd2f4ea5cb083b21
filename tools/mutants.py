#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants faults and looks whether the tests see them.

A fault is a file of test/mutants: lines `What:`, `Promise:` and `Tests:`, then a
patch. Each is applied to a copy of the tree, built, and the tests that it names
are run; those tests have to pass on the tree as it is, and to fail on the fault.
A patch that no longer applies, or does not compile, is a failure as well. A line
`Build: release` says that the tests run that build.

usage: tools/mutants.py [--short] [--list] [NAME...]

`--short` takes those with a line `Short: yes`, a name those that contain it. That all
patches apply is looked at in any case.
Ends with `mutants: N passed, N failed`; a fault that no test saw counts as failed.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build/mutants"
TREE = HOME / "tree"
# Where the tests look for a build; release is for what a sanitizer does not go with.
OPTIONS = {"asan": ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"],
           "release": []}
BUILD_S = 600
TEST_S = 300
SERVER = "src/server/watchword"
# What test/field/test_number_types.py asks.
TOLD_NUMBER = "test/unit/told_number"


class Fault:
    """One file of test/mutants."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        head = path.read_text(encoding="utf-8").split("\ndiff ", 1)[0]
        self.said = {}
        for line in head.splitlines():
            word, _, rest = line.partition(":")
            if word in ("What", "Promise", "Tests", "Short", "Build"):
                self.said.setdefault(word, []).append(rest.strip())
        missing = {"What", "Promise", "Tests"} - set(self.said)
        if missing:
            sys.exit(f"{path.name}: no line {sorted(missing)}")

    @property
    def tests(self):
        """Which build, and which tests."""
        return [(self.said.get("Build", ["asan"])[0], line) for line in self.said["Tests"]]


def run(command, seconds, log, **more):
    """Its exit status; 124 when it took too long, with all that it started ended."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                          start_new_session=True, **more) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return 124


def copy_tree():
    """What git knows, as it stands in the work tree; untouched files keep their times."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    TREE.mkdir(parents=True, exist_ok=True)
    wanted = {name for name in names if name and (ROOT / name).is_file()}
    for name in sorted(wanted):
        source, target = ROOT / name, TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
    for path in [p for top in ("src", "test") for p in (TREE / top).rglob("*")]:
        inside = path.relative_to(TREE)
        if path.is_file() and str(inside) not in wanted and not set(inside.parts) & {
                "node_modules", "__pycache__"}:
            path.unlink()
    for link in (".venv", "test/peer/node_modules"):
        if not (TREE / link).exists() and (ROOT / link).exists():
            (TREE / link).symlink_to((ROOT / link).resolve())


def folder_of(name):
    return TREE / "build" / name


def set_up(log):
    """Both builds, configured."""
    for name, options in OPTIONS.items():
        folder = folder_of(name)
        if not (folder / "build.ninja").exists():
            run(["meson", "setup", str(folder), str(TREE), *options], BUILD_S, log)


def programs():
    """The build's targets of the C tests by name."""
    folder = folder_of("asan")
    listed = subprocess.run(["meson", "introspect", "--tests", str(folder)], check=True,
                            capture_output=True).stdout
    return {test["name"]: os.path.relpath(test["cmd"][0], folder)
            for test in json.loads(listed)}


def builds(test, known, log):
    """Whether what the tests of one line need compiles."""
    name, line = test
    words = shlex.split(line)
    targets = [SERVER, TOLD_NUMBER]
    if words[0] == "unit":
        targets = [known[word.removeprefix("test_")] for word in words[1:]]
    return run(["ninja", "-C", str(folder_of(name)), *targets], BUILD_S, log) == 0


def passes(test, log):
    """Whether the tests of one line pass."""
    name, line = test
    words = shlex.split(line)
    if words[0] == "unit":
        command = ["meson", "test", "-C", str(folder_of(name)), "--no-rebuild",
                   "--timeout-multiplier", "4",
                   *(word.removeprefix("test_") for word in words[1:])]
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *words]
    # a sanitizer's report belongs to the fault, not to the run that planted it
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1",
                       ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1",
                       UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
                       WATCHWORD=str(folder_of(name) / SERVER),
                       WATCHWORD_RELEASE=str(folder_of("release") / SERVER))
    return run(command, TEST_S, log, cwd=TREE, env=environment) == 0


def patch(fault, *options):
    return subprocess.run(["git", "apply", "--unidiff-zero", "--whitespace=nowarn",
                           f"--directory={TREE.relative_to(ROOT)}", *options, str(fault.path)],
                          cwd=ROOT, capture_output=True, check=False).returncode == 0


def try_fault(fault, known, log):
    """What became of one fault: found by which line, or why not."""
    if not patch(fault):
        return "does not apply"
    try:
        for test in fault.tests:
            if not builds(test, known, log):
                return "does not compile"
            if not passes(test, log):
                return f"found by {test[1]}"
        return "NOT FOUND"
    finally:
        if not patch(fault, "--reverse"):
            sys.exit(f"{fault.name} cannot be taken back; remove {TREE}")


def stale(faults):
    """Those that the tree has left behind."""
    return [fault for fault in faults if subprocess.run(
        ["git", "apply", "--check", "--unidiff-zero", str(fault.path)], cwd=ROOT,
        capture_output=True, check=False).returncode != 0]


def chosen(options, faults):
    if options.names:
        faults = [f for f in faults if any(name in f.name for name in options.names)]
    if options.short:
        faults = [f for f in faults if f.said.get("Short") == ["yes"]]
    return faults


def sound_tests(faults, known, log):
    """Those lines `Tests:` that pass on the tree as it is."""
    sound = set()
    for test in sorted({test for fault in faults for test in fault.tests}):
        if builds(test, known, log) and passes(test, log):
            sound.add(test)
        else:
            print(f"does not pass without a fault: {test[1]}", flush=True)
    return sound


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--short", action="store_true", help="those with a line `Short: yes`")
    parser.add_argument("--list", action="store_true", help="only tell what there is")
    parser.add_argument("names", nargs="*", help="parts of names")
    options = parser.parse_args()
    every = [Fault(path) for path in sorted((ROOT / "test/mutants").glob("*.patch"))]
    faults = chosen(options, every)
    left = stale(every)
    for fault in left:
        print(f"FAIL {fault.name:40} does not apply to the tree as it is")
    if options.list:
        for fault in faults:
            print(f"{fault.name}: {fault.said['What'][0]} ({fault.said['Promise'][0]})")
        return 0
    copy_tree()
    HOME.mkdir(parents=True, exist_ok=True)
    passed, failed = 0, len([fault for fault in left if fault not in faults])
    with open(HOME / "log", "wb") as log:
        set_up(log)
        known = programs()
        sound = sound_tests(faults, known, log)
        for fault in faults:
            began = time.monotonic()
            outcome = ("its test does not pass without it" if not set(fault.tests) <= sound
                       else try_fault(fault, known, log))
            good = outcome.startswith("found")
            passed, failed = passed + good, failed + (not good)
            print(f"{'ok  ' if good else 'FAIL'} {fault.name:40} {outcome} "
                  f"({time.monotonic() - began:.0f} s)", flush=True)
    print(f"mutants: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
