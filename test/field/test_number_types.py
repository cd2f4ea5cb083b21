# SPDX-License-Identifier: Apache-2.0
"""What a number is used for, and whose it is: our tables beside libphonenumber itself."""

import json
import random
import subprocess
import time
from collections import Counter
from pathlib import Path
from re import _parser as re_parser  # of Python 3.11 and later; it has no public name

import phonenumbers
import pytest
from harness.server import binary
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberType

NAMES = {
    PhoneNumberType.FIXED_LINE: "fixedLine", PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixedLineOrMobile",
    PhoneNumberType.TOLL_FREE: "tollFree", PhoneNumberType.PREMIUM_RATE: "premiumRate",
    PhoneNumberType.SHARED_COST: "sharedCost", PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal", PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan", PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.UNKNOWN: "unknown",
}
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip",
         "personal_number", "pager", "uan", "voicemail")
TOLD = Path(binary()).parents[2] / "test/unit/told_number"


def told(numbers):
    """(type, country) that the program's tables have for each of these E.164 digits."""
    asked = "".join(number + "\n" for number in numbers)
    done = subprocess.run([TOLD], input=asked, check=True, capture_output=True, text=True)
    return [tuple(line.split()) for line in done.stdout.splitlines()]


def as_number(code, national):
    """The number with just these digits, as nothing is taken off when it is made so."""
    number = PhoneNumber(country_code=code, national_number=int(national))
    zeros = len(national) - len(str(int(national)))
    if zeros:
        number.italian_leading_zero, number.number_of_leading_zeros = True, zeros
    return number


def drawn(dice, items):
    """Digits that a parsed pattern matches."""
    return "".join(drawn_one(dice, str(op), value) for op, value in items)


def drawn_one(dice, op, value):
    if op == "LITERAL":
        return chr(value)
    if op == "IN":
        return dice.choice([c for member in value for c in members(*member)])
    if op == "SUBPATTERN":
        return drawn(dice, value[-1])
    if op == "BRANCH":
        return drawn(dice, dice.choice(value[1]))
    assert op == "MAX_REPEAT", op
    least, most, again = value
    return "".join(drawn(dice, again) for _ in range(dice.randint(least, most)))


def members(op, value):
    if str(op) == "LITERAL":
        return chr(value)
    return [chr(c) for c in range(value[0], value[1] + 1)] if str(op) == "RANGE" else "0123456789"


def descriptions():
    """Calling code, region, type and libphonenumber's description of such numbers."""
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            plan = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            for kind in KINDS:
                found = getattr(plan, kind)
                if found is not None and found.national_number_pattern:
                    yield code, region, kind, found


def examples():
    for code, _, _, kind in descriptions():
        if kind.example_number:
            yield code, kind.example_number


def changed(dice, national):
    """One digit is another, is gone, or is too many: the edges of what is known."""
    at = dice.randrange(len(national))
    middle = dice.choice(["", *"0123456789", national[at] + dice.choice("0123456789")])
    return national[:at] + middle + national[at + 1:] or "0"


def random_numbers(dice, count):
    """Of each type of each region as many, and for each one that is nearly such a number."""
    for code, _, _, kind in descriptions():
        pattern = re_parser.parse(kind.national_number_pattern)
        for _ in range(count):
            national = drawn(dice, pattern)
            yield code, national
            yield code, changed(dice, national)


class Numbers:
    """What libphonenumber says of some numbers, and what we say."""

    def __init__(self, numbers):
        self.digits = [f"{code}{national}" for code, national in numbers]
        self.theirs = [as_number(*number) for number in numbers]
        self.types = [NAMES[phonenumbers.number_type(number)] for number in self.theirs]
        self.codes = {code for code, _ in numbers}
        began = time.monotonic()
        self.told = told(self.digits)
        self.us_each = (time.monotonic() - began) * 1e6 / len(numbers)
        assert len(self.told) == len(numbers)

    def differences(self):
        return [f"+{digits}: {ours}, not {theirs}" for digits, (ours, _), theirs
                in zip(self.digits, self.told, self.types, strict=True) if ours != theirs]


@pytest.fixture(scope="module")
def known():
    return Numbers(list(examples()))


@pytest.fixture(scope="module")
def at_random():
    return Numbers(list(random_numbers(random.Random(44), 20)))


@pytest.mark.field("2.2")
def test_the_example_numbers_of_every_country_have_their_types(known, tell):
    assert known.differences() == []
    kinds = set(known.types)
    assert kinds == set(NAMES.values()) - {"unknown"}
    tell(f"number types: {len(known.digits)} example numbers of {len(known.codes)} calling codes "
         f"are of the {len(kinds)} types that libphonenumber says")


@pytest.mark.field("2.2")
def test_random_numbers_of_every_country_have_their_types(at_random, tell):
    assert at_random.differences() == []
    kinds = Counter(at_random.types)
    assert min(kinds.values()) > 100 and set(kinds) == set(NAMES.values())
    tell(f"number types: {len(at_random.digits)} random numbers as libphonenumber has them, "
         f"{kinds['unknown']} of them of no plan; {at_random.us_each:.0f} us a number")


# Where a prefix cannot say what libphonenumber does, or we mean to say something else:
# its region and ours, and how such numbers begin.
OTHERWISE = {
    # numbers of the whole world, and what all of +1 may call free or dear, are of no country
    ("001", "-"): "", ("US", "-"): "1", ("DO", "-"): "1800",
    # seven digits (310 0000), which nobody can dial from abroad
    ("CA", "US"): "1310",
    # the Isle of Man's plan has them too, and is asked later
    ("GB", "IM"): "447924",
    # premium numbers of the whole +44, which only one plan has
    ("GG", "GB"): "4498",
    # their own plan is never asked, as MA's has every beginning
    ("MA", "EH"): "212528",
    # the mobiles of the three islands cannot be told apart
    ("BL", "GP"): "590", ("MF", "GP"): "590",
}


@pytest.mark.field("2.2")
def test_countries_are_those_of_libphonenumber(known, at_random, tell):
    seen, wrong, regions = Counter(), [], Counter()
    for numbers in known, at_random:
        for digits, number, kind, (_, ours) in zip(numbers.digits, numbers.theirs, numbers.types,
                                                   numbers.told, strict=True):
            theirs = None if kind == "unknown" else phonenumbers.region_code_for_number(number)
            regions[theirs] += 1
            if theirs in (None, ours):
                continue
            if digits.startswith(OTHERWISE.get((theirs, ours), "none")):
                seen[theirs, ours] += 1
            else:
                wrong.append(f"+{digits}: {ours}, not {theirs}")
    assert wrong == []
    assert set(seen) == set(OTHERWISE), "what differs no longer"
    del regions[None]
    tell(f"countries: {regions.total()} valid numbers of {len(regions)} regions, "
         f"{seen.total()} of them of another than libphonenumber's, each for a reason")


TYPED = {
    "41793026727": "mobile", "41442345678": "fixedLine", "41900123456": "premiumRate",
    "41840123456": "sharedCost", "41878123456": "personal", "41581234567": "uan",
    "12025550123": "fixedLineOrMobile", "18002345678": "tollFree", "19002345678": "premiumRate",
    "447640123456": "pager", "445612345678": "voip", "447400123456": "mobile",
    "390669812345": "fixedLine", "79123456789": "mobile", "77710009998": "mobile",
    "881612345678": "mobile", "979123456789": "premiumRate", "41760000000": "mobile",
    "210123456": "unknown", "12001234567": "unknown",
}


@pytest.mark.field("2.2")
@pytest.mark.parametrize("digits", TYPED)
def test_the_route_of_a_number_tells_its_type(server, digits):
    assert server.post("/watchword/1/route", {"to": "+" + digits}).json()[
        "numberType"] == TYPED[digits]


def test_the_command_tells_it_too(server):
    done = server.command("route", "explain", "+41 (0)900 123 456", "--config",
                          str(server.config), data=False)
    assert json.loads(done.stdout)["numberType"] == "premiumRate"
