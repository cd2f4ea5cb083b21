# SPDX-License-Identifier: Apache-2.0
"""Small C programs and shims of the tests, made when they are needed."""

import subprocess
from pathlib import Path

TESTS = Path(__file__).parents[1]


def compiled(folder, source, *options):
    """The path of what became of test/SOURCE."""
    made = folder / Path(source).stem
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-o", str(made), str(TESTS / source), *options],
                   check=True)
    return made


def shim(folder, name):
    """test/shim/NAME.c, for LD_PRELOAD."""
    return compiled(folder, f"shim/{name}.c", "-shared", "-fPIC", "-ldl")
