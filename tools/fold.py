#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/fold.def: which characters are decimal digits, and which ones between
digits mean nothing. The facts are Unicode's, by the package unicodedata2 at the version that
test/requirements.txt names; a test says when the file is not what this program writes.

usage: tools/fold.py > src/base/fold.def
"""

import sys

import unicodedata2

LAST = sys.maxunicode
WITHOUT_MEANING = {"Zs", "Zl", "Zp", "Pd", "Cf"}
# Tab to carriage return and NEL are the controls that are white space.
BESIDE = [
    *range(0x09, 0x0E), 0x85,
    0x2212,  # minus sign
    0x30FC, 0xFF70,  # what the dash key of a Japanese keyboard writes
    0x20E3, *range(0xFE00, 0xFE10),  # a digit shown as a keycap or as an emoji
]

HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by tools/fold.py from Unicode {version} (package unicodedata2).
 *
 * FOLD_DIGITS(zero): ten characters in a row of General_Category Nd, from 0 to 9.
 * FOLD_NOTHING(first, last): Zs, Zl, Zp, Pd, Cf and white space of Cc; the minus sign,
 * the prolonged sound marks that Japanese keyboards give for a dash, and what makes a
 * keycap or an emoji of a digit.
 */"""


def zeros():
    """The first of each row of digits; that they come in rows is checked."""
    found = [c for c in range(LAST + 1) if unicodedata2.category(chr(c)) == "Nd"]
    assert len(found) % 10 == 0
    for at in range(0, len(found), 10):
        row = found[at : at + 10]
        assert row == list(range(row[0], row[0] + 10))
        assert [unicodedata2.decimal(chr(c)) for c in row] == list(range(10))
        yield row[0]


def spans(numbers):
    """First and last of each run of consecutive numbers."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def nothings():
    named = {c for c in range(LAST + 1) if unicodedata2.category(chr(c)) in WITHOUT_MEANING}
    return spans(named | set(BESIDE))


def main():
    print(HEAD.format(version=unicodedata2.unidata_version))
    for zero in zeros():
        print(f"FOLD_DIGITS(0x{zero:04x})")
    for first, last in nothings():
        print(f"FOLD_NOTHING(0x{first:04x}, 0x{last:04x})")


main()
