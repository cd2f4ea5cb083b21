# SPDX-License-Identifier: Apache-2.0
"""A number is one destination however it is written, by its country's numbering plan."""

import random

import phonenumbers
import pytest
from harness.server import error_of
from phonenumbers import PhoneNumberFormat, PhoneNumberType

pytestmark = pytest.mark.field("2.2")

NUMBER = "41793026727"
ARABIC, PERSIAN, FULL_WIDTH = 0x0660, 0x06F0, 0xFF10
BETWEEN = ["", " ", "-", ".", "/", "\u00a0", "\u202f", "\u2009", "\u3000", "\u2011", "\u2013",
           "\u2212", "\u30fc", "\t", "\r\n", "\u200b", "\u200e", "\u200f", "\u202a", "\u202d",
           "\u202e", "\u202c", "\u2066", "\u2069", "\ufeff", "\u00ad", "~", "\uff0d"]


def in_script(zero, text):
    return "".join(chr(zero + ord(c) - 48) if c in "0123456789" else c for c in text)


def canonical(server, text):
    """What the server makes of it; None: it is refused."""
    answer = server.post("/watchword/1/route", {"to": text})
    assert answer.status_code in (200, 400), answer.text
    return answer.json()["to"] if answer.status_code == 200 else None


WRITTEN = {
    "directions around it": f"\u202d+{NUMBER}\u202c",
    "isolates around it": f"\u2066+{NUMBER}\u2069",
    "Arabic digits": in_script(ARABIC, f"+{NUMBER}"),
    "Persian digits": in_script(PERSIAN, "+41 79 302 67 27"),
    "full-width": "\uff0b" + in_script(FULL_WIDTH, "41\u3000\uff0879\uff09302\uff0d67\uff0f27"),
    "no-break spaces": "+41\u00a079\u00a0302\u202f67\u200927",
    "dashes": "+41\u201079\u2011302\u201367\u221227",
    "a line end": f"{NUMBER}\r\n",
    "a byte order mark": f"\ufeff{NUMBER}",
    "the trunk zero": "+41 (0)79 302 67 27",
    "the trunk zero in full width": "+41\uff080\uff0979 302 67 27",
    "the trunk zero in brackets": "+41 [0] 79 302 67 27",
    "the trunk zero and area code": "+41 (079) 302 67 27",
    "the trunk zero without marks": "+410793026727",
    "Arabic digits with the trunk zero": in_script(ARABIC, "+41 (0)79 302 67 27"),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_number_is_sent_to_when_written_with(server, application, template, text):
    for version in (1, 2):
        answer = server.post(f"/2fa/{version}/pin", {
            "applicationId": application, "messageId": template, "to": text})
        assert answer.status_code == 200, answer.text
        assert answer.json()["to"] == NUMBER


@pytest.mark.parametrize("text,digits", [
    ("+44 (0)20 7946 0018", "442079460018"), ("+49 (0)30 123456", "4930123456"),
    ("+33 (0)6 12 34 56 78", "33612345678"), ("+36 (06) 20 123 4567", "36201234567"),
    ("+36 06 20 123 4567", "36201234567"), ("+7 (8) 916 123-45-67", "79161234567"),
    ("+7 8 916 123-45-67", "79161234567"), ("+7 800 123-45-67", "78001234567"),
    ("+1 (1) 202 555 0123", "12025550123"), ("+370 (8) 612 34567", "37061234567"),
    ("+62 0812-3456-7890", "6281234567890"), ("+353 (0)85 012 3456", "353850123456"),
])
def test_a_trunk_prefix_goes(server, text, digits):
    assert canonical(server, text) == digits


@pytest.mark.parametrize("text,digits", [
    ("+39 06 698 12345", "390669812345"), ("+39 (0)6 698 12345", "390669812345"),
    ("+39 (06) 698 12345", "390669812345"), ("+39 06 698 12345 ".replace(" ", "\u00a0"),
                                              "390669812345"),
    ("+378 0549 886377", "3780549886377"), ("+225 01 23 45 6789", "2250123456789"),
    ("+241 06 03 12 34", "24106031234"), ("+242 06 123 4567", "242061234567"),
    ("+242 (0)6 123 4567", "242061234567"), ("+371 2 123 4567", "37121234567"),
])
def test_a_zero_of_the_number_stays(server, text, digits):
    assert canonical(server, text) == digits


REFUSED = {
    "+41 79 302 67 2": "9 digits come after the calling code 41, not 8",
    "+41 79 302 67 271": "9 digits come after the calling code 41, not 10",
    "+41 79 302 67 27 123": "9 digits come after the calling code 41, not 12",
    "+41 79 302 67 27 9999": "9 digits come after the calling code 41, not 13",
    "+1 202 555 012": "10 digits come after the calling code 1, not 9",
    "+1 202 555 01234": "10 digits come after the calling code 1, not 11",
    "+1 555 0123": "10 digits come after the calling code 1, not 7",
    "+353 85": "come after the calling code 353, not 2",
    "0041793026727": "such as 41793026727",
    "079 302 67 27": "such as 41793026727",
    "+41 79 302 67 27 ext. 5": "such as 41793026727",
    "\u0664\u0661": "such as 41793026727",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_no_plan_has_is_refused_with_its_reason(server, application, template, text):
    reason = REFUSED[text]
    refused = server.send(application, template, text)
    assert refused.status_code == 400, refused.text
    assert reason in error_of(refused)["validationErrors"]["to"][0]
    assert reason in server.post("/watchword/1/route", {"to": text}).text


@pytest.mark.parametrize("digits", [
    "210123456", "9991234567", "8011234567", "41760000000", "226701234567", "4512345678"],
    ids=["a new code", "another", "a third", "a new range", "a plan that has grown",
         "another that has"])
def test_what_the_tables_do_not_know_is_taken(server, application, template, digits):
    answer = server.send(application, template, "+" + digits)
    assert answer.status_code == 200 and answer.json()["to"] == digits


def test_limits_verifications_and_the_log_see_one_number(fresh):
    server = fresh()
    application = server.application(sendPinPerPhoneNumberLimit="3/1d")
    template = server.template(application)
    spellings = ["+41 (0)79 302 67 27", in_script(ARABIC, NUMBER), f"\u202d+{NUMBER}\u202c"]
    ids = [server.sent(application, template, to=text)[0] for text in spellings]
    assert server.send(application, template, "+41\u00a0079\u00a0302 67 27").status_code == 429
    for text in [*spellings, NUMBER]:
        path = f"/2fa/2/applications/{application}/verifications"
        found = server.get(path, params={"msisdn": text}).json()["verifications"]
        assert [one["msisdn"] for one in found] == [NUMBER] * 3
    for pin_id in ids:
        assert server.message(pin_id)["to"] == NUMBER
        assert server.get(f"/watchword/1/pins/{pin_id}").json()["to"] == NUMBER


def test_routes_lookups_and_the_command_see_one_number(fresh):
    server = fresh(config="""\
routes:
  - {prefix: "4179", carriers: [trial], sender: Bar}
  - {prefix: "41", deny: no other Swiss numbers}
  - {carriers: [trial], sender: Else}
carriers:
  - {name: trial, type: file, path: out.jsonl}
""")
    for text in ("+41 (0)79 302 67 27", "\u202d+41 079 302 67 27\u202c", NUMBER):
        told = server.get("/watchword/1/route", params={"to": text}).json()
        assert (told["to"], told["sender"]) == (NUMBER, "Bar")
        assert f'"to":"{NUMBER}"' in server.command(
                "route", "explain", text, "--config", str(server.config), data=False).stdout
    assert server.get("/watchword/1/route", params={"to": "+41 (0)78 302 67 27"}
                      ).json()["stoppedBy"] == "no other Swiss numbers"
    failed = server.command("route", "explain", "+41 79 302 67 2", "--config",
                            str(server.config), check=False, data=False)
    assert failed.returncode != 0 and "9 digits come after the calling code 41" in failed.stderr


# ---- libphonenumber as an oracle ----

UNREACHABLE = (PhoneNumberType.UAN, PhoneNumberType.VOICEMAIL)
TYPES = [t for t in PhoneNumberType.values() if t not in (*UNREACHABLE, PhoneNumberType.UNKNOWN)]


def examples():
    """A number of each type of each plan that libphonenumber knows."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in TYPES:
            yield phonenumbers.example_number_for_type(region, kind)
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        yield phonenumbers.example_number_for_non_geo_entity(code)


def e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def test_the_numbers_of_every_country_are_as_libphonenumber_has_them(server, tell):
    known = {e164(number): number for number in examples() if number is not None}
    written = 0
    for digits, number in known.items():
        for form in (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL):
            text = phonenumbers.format_number(number, form)
            assert canonical(server, text) == digits, text
            written += 1
    codes = {number.country_code for number in known.values()}
    tell(f"numbers: {written} spellings of {len(known)} numbers of {len(codes)} calling codes "
         "as libphonenumber has them")


def with_trunk(number):
    """It as people write it: the trunk prefix of its country in parentheses."""
    region = phonenumbers.region_code_for_number(number)
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region, None) if region else None
    trunk = plan.national_prefix if plan and plan.national_prefix else None
    national = phonenumbers.national_significant_number(number)
    return f"+{number.country_code} ({trunk}){national}" if trunk else None


def test_every_country_s_trunk_prefix_goes(server, tell):
    texts = {with_trunk(number): e164(number) for number in examples() if number is not None}
    texts.pop(None)
    for text, digits in texts.items():
        assert canonical(server, text) == digits, text
    tell(f"numbers: {len(texts)} trunk prefixes in parentheses gone")


def spelled(dice, number):
    """One of very many ways to write it."""
    zero = dice.choice([48, 48, ARABIC, PERSIAN, FULL_WIDTH, 0x0966, 0x1D7CE])
    plain = "".join(dice.choice(BETWEEN) + c for c in e164(number))
    trunk = with_trunk(number)
    if trunk and dice.random() < 0.3:
        plain = trunk[1:]
    plus = dice.choice(["", "+", "\uff0b", "\u202d+", " + "])
    return plus + in_script(zero, plain) + dice.choice(BETWEEN)


def test_every_spelling_of_a_number_is_one_destination(server, tell):
    dice = random.Random(13)
    numbers = [number for number in examples() if number is not None]
    for _ in range(3000):
        number = dice.choice(numbers)
        text = spelled(dice, number)
        if len(text) > 64:
            continue
        assert canonical(server, text) == e164(number), ascii(text)
        assert canonical(server, e164(number)) == e164(number)
    tell("numbers: 3000 spellings drawn")
