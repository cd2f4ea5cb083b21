#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/twofa/number_types.def: what the numbers of each country are used for. The
facts are those of libphonenumber (Apache-2.0), by the package phonenumbers at the version
that test/requirements.txt names; a test says when the file is not what this program writes.

usage: tools/number_types.py > src/twofa/number_types.def
"""

import re

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

# In the order in which libphonenumber asks for them: the first that fits is the type.
TYPES = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan",
         "voicemail", "fixed_line", "mobile")
# What the matcher in C knows (twofa/digit_pattern.c), and how deep and long it may work.
TOKEN = re.compile(r"[0-9d|)]|\((?!\?)|\[(?:[0-9](?:-[0-9])?)+\]|\{[0-9]+(?:,[0-9]+)?\}|\?")
DEPTH_MAX = 8
WORK_MAX = 512
DIGITS_MAX = 17
COLUMNS = 76

HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by tools/number_types.py from the metadata of libphonenumber {version} (Apache-2.0,
 * Copyright The Libphonenumber Authors; package phonenumbers).
 *
 * NUMBER_REGION(code, region, beginning, lengths, pattern, types): a calling code of ITU-T
 * E.164 and one of its regions (ISO 3166-1; 001 is the world), in the order in which they
 * are asked; a pattern of how its numbers begin, where that tells it from the others; the
 * lengths and the pattern of all its numbers. NUMBER_TYPE(type, lengths, pattern): those
 * of a type, in the order in which they are asked.
 *
 * Lengths have bit n for n digits after the code. Patterns are as in digit_pattern.h.
 */"""


def written(pattern):
    """A pattern in our letters: d is any digit, and every group is one that only groups."""
    ours = pattern.replace(r"\d", "d").replace("(?:", "(")
    assert "".join(TOKEN.findall(ours)) == ours, pattern
    assert work(ours) <= WORK_MAX, (work(ours), pattern)
    return ours


def repeats_of(token):
    """How often at most a repeat lets the thing before it be looked at."""
    return int(re.findall("[0-9]+", token)[-1]) if token[0] == "{" else 1


def work(pattern):
    """Steps of the matcher: each digit or class, as often as it is looked at."""
    levels, last = [0], 0
    for token in TOKEN.findall(pattern):
        if token == "(":
            levels.append(0)
            assert len(levels) <= DEPTH_MAX, pattern
            continue
        if token[0] in "{?":
            assert last, pattern
            levels[-1] += last * (repeats_of(token) - 1)
            last = 0
            continue
        last = {"|": 0, ")": levels[-1]}.get(token, 1)
        if token == ")":
            levels.pop()
        levels[-1] += last
    assert len(levels) == 1, pattern
    return levels[0]


def mask(lengths):
    assert lengths and 0 < min(lengths) and max(lengths) <= DIGITS_MAX, lengths
    return f"0x{sum(1 << n for n in lengths):05x}"


def quoted(pattern):
    lines = [pattern[at:at + COLUMNS] for at in range(0, len(pattern), COLUMNS)] or [""]
    return "\n        ".join(f'"{line}"' for line in lines)


def types_of(plan):
    """The types that the plan has; one has the plan's lengths if it has none of its own."""
    for name in TYPES:
        kind = getattr(plan, name)
        if kind is None or not kind.national_number_pattern:
            continue
        if plan.same_mobile_and_fixed_line_pattern and name == "fixed_line":
            assert kind.national_number_pattern == plan.mobile.national_number_pattern
            assert kind.possible_length == plan.mobile.possible_length
            name = "fixed_line_or_mobile"
        elif plan.same_mobile_and_fixed_line_pattern and name == "mobile":
            continue
        yield (name.upper(), mask(kind.possible_length or plan.general_desc.possible_length),
               quoted(written(kind.national_number_pattern)))


def write_region(code, region, alone):
    plan = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    whole = plan.general_desc
    # Of a code's only region all numbers are, however they begin.
    beginning = "" if alone else written(plan.leading_digits or "")
    print(f'NUMBER_REGION({code}, "{region}", {quoted(beginning)}, '
          f'{mask(whole.possible_length)},\n'
          f"    {quoted(written(whole.national_number_pattern))},")
    for name, lengths, pattern in types_of(plan):
        print(f"    NUMBER_TYPE({name}, {lengths}, {pattern})")
    print(")")


def main():
    print(HEAD.format(version=phonenumbers.__version__))
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in regions:
            write_region(code, region, len(regions) == 1)


main()
