#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/twofa/numbering.def: the numbering plan of each calling code. The facts are
those of libphonenumber (Apache-2.0), by the package phonenumbers at the version that
test/requirements.txt names; a test says when the file is not what this program writes.

usage: tools/numbering.py > src/twofa/numbering.def
"""

import re
from re import _parser as re_parser  # of Python 3.11 and later; it has no public name

import phonenumbers
from phonenumbers import PhoneMetadata

# Numbers that a message or a call from abroad may go to; a voicemail's access number and a
# company's short one (UAN) are none, and have lengths of their own.
REACHABLE = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost",
             "personal_number", "voip", "pager")
DIGITS_MAX = 15
# Every prefix that people put in front of a national number.
TRUNKS = ("0", "1", "8", "06", "80")
# Plans with short numbers grow: by one digit or two in Gabon, the Ivory Coast and Benin.
GROWING, GROWTH = 8, 2

HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by tools/numbering.py from the metadata of libphonenumber {version} (Apache-2.0,
 * Copyright The Libphonenumber Authors; package phonenumbers).
 *
 * NUMBERING(code, lengths, trunks, free): a calling code of ITU-T E.164; how many digits
 * may follow it, bit n for n of them; the trunk prefixes that people put between the two,
 * the longer first, with spaces between; whether no number of the plan begins with the
 * first digit of one, but for 00. A leading zero belongs to the number where no trunk
 * prefix is a zero (Italy, Gabon). Lengths that only voicemails and UANs have are left
 * out. Where there is no trunk prefix and no number has more than {growing} digits, {growth} more
 * are let be, because such plans grow.
 */"""


def plans():
    """Calling code -> the metadata of all its regions."""
    found = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.metadata_for_region(region)
        found.setdefault(plan.country_code, []).append(plan)
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        found.setdefault(code, []).append(PhoneMetadata.metadata_for_nongeo_region(code))
    return found


def lengths_of(regions, trunks):
    """Lengths of whole numbers; what is dialled within a town alone is none."""
    kinds = [getattr(plan, name) for plan in regions for name in REACHABLE]
    named = {n for kind in kinds if kind is not None and kind.national_number_pattern
             for n in kind.possible_length or ()}
    every = {n for plan in regions for n in plan.general_desc.possible_length}
    # A kind without lengths of its own has those of the plan, written as -1.
    found = {n for n in named & every if n > 0} or every
    if max(found) <= GROWING and not trunks:
        found |= set(range(max(found) + 1, max(found) + GROWTH + 1))
    return sorted(n for n in found if n <= DIGITS_MAX)


def trunks_of(regions):
    patterns = {plan.national_prefix_for_parsing for plan in regions} - {None}
    found = {t for t in TRUNKS for pattern in patterns if re.fullmatch(pattern, t)}
    return sorted(found, key=lambda t: (-len(t), t))


def beginnings(items):
    """The first two digits of what a parsed pattern matches."""
    found = {""}
    for op, value in items:
        found = {(a + b)[:2] for a in found for b in beginnings_of(str(op), value)}
    return found


def beginnings_of(op, value):
    if op == "LITERAL":
        return {chr(value)}
    if op == "IN":
        return set().union(*map(members_of, value))
    if op == "SUBPATTERN":
        return beginnings(value[-1])
    if op == "MAX_REPEAT":
        least, most, items = value
        return set().union(*(beginnings(list(items) * n) for n in range(least, min(most, 2) + 1))
                           ) or beginnings(list(items) * 2)
    assert op == "BRANCH", op
    return set().union(*(beginnings(branch) for branch in value[1]))


def members_of(member):
    op, value = str(member[0]), member[1]
    if op == "LITERAL":
        return {chr(value)}
    if op == "RANGE":
        return {chr(c) for c in range(value[0], value[1] + 1)}
    assert op == "CATEGORY", op
    return set("0123456789")


def is_free(regions, trunks):
    """Numbers that begin with 00 are told from a trunk zero by their second one."""
    begins = set()
    for plan in regions:
        begins |= beginnings(re_parser.parse(plan.general_desc.national_number_pattern))
    return bool(trunks) and not {b[0] for b in begins - {"00"}} & {t[0] for t in trunks}


def main():
    print(HEAD.format(version=phonenumbers.__version__, growing=GROWING, growth=GROWTH))
    for code, regions in sorted(plans().items(), key=lambda plan: str(plan[0])):
        trunks = trunks_of(regions)
        lengths = sum(1 << n for n in lengths_of(regions, trunks))
        free = "true" if is_free(regions, trunks) else "false"
        print(f'NUMBERING({code}, 0x{lengths:04x}, "{" ".join(trunks)}", {free})')


main()
