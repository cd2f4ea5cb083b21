# SPDX-License-Identifier: Apache-2.0
"""`watchword config check` on a text, and what it said."""

import json
import subprocess

from harness.server import binary


class Said:
    """Exit status, and the lines of faults and of warnings without the file's name."""

    def __init__(self, path, done):
        self.status = done.returncode
        self.text = done.stderr
        self.out = done.stdout
        lines = [line.removeprefix(f"{path}:") for line in done.stderr.splitlines()]
        self.warnings = [line.replace("warning: ", "", 1) for line in lines if ": warning: " in line]
        self.faults = [line for line in lines if ": warning: " not in line]


def check(folder, text, *words):
    """A configuration as YAML text, or as a value that is written as JSON."""
    path = folder / "checked.yaml"
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text if isinstance(text, str) else json.dumps(text))
    done = subprocess.run([binary(), "config", "check", str(path), *words],
                          capture_output=True, text=True, timeout=30, check=False)
    return Said(path, done)
