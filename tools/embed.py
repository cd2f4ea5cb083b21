#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the numbered schema files into a C array: embed.py OUT FILE..."""
import os
import sys


def main():
    out, files = sys.argv[1], sys.argv[2:]
    lines = ["/* Made by tools/embed.py from the numbered files in src/store/schema. */"]
    for number, path in enumerate(files, 1):
        assert int(os.path.basename(path)[:4]) == number, path
        with open(path, encoding="utf-8") as f:
            text = f.read()
        lines.append("SCHEMA_STEP(%d," % number)
        for line in text.splitlines():
            escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
            lines.append('    "%s\\n"' % escaped)
        lines.append(")")
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


main()
