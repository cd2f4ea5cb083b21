#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns doc/openapi.yaml into the C text of compact JSON that the server shows:
openapi.py OUT YAML. Stands on Debian's python3-yaml alone."""
import json
import sys

import yaml

PIECE = 80


def main():
    out, path = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        text = json.dumps(yaml.safe_load(f), ensure_ascii=True, separators=(",", ":"))
    lines = ["/* Made by tools/openapi.py from doc/openapi.yaml. */",
             "static const char openapi_json[] ="]
    for at in range(0, len(text), PIECE):
        piece = text[at:at + PIECE].replace("\\", "\\\\").replace('"', '\\"')
        # Two question marks would begin a trigraph.
        lines.append('    "%s"' % piece.replace("?", "\\?"))
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + ";\n")


main()
