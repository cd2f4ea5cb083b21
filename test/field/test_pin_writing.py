# SPDX-License-Identifier: Apache-2.0
"""The right PIN is right however a person, a keyboard or a program writes it."""

import unicodedata
from urllib.parse import urlencode

import pytest
from harness.server import error_of, wrong

pytestmark = pytest.mark.field("2.1")

ARABIC, PERSIAN, DEVANAGARI, THAI = 0x0660, 0x06F0, 0x0966, 0x0E50
FULL_WIDTH, MATHEMATICAL = 0xFF10, 0x1D7CE


def digits_of(zero):
    return lambda pin: "".join(chr(zero + int(c)) if c.isdigit() else c for c in pin)


def joined(separator):
    return lambda pin: pin[:3] + separator + pin[3:]


def full_width(pin):
    return "".join(chr(ord(c) + 0xFEE0) for c in pin)


WRITTEN = {
    "Arabic digits": digits_of(ARABIC),
    "Persian digits": digits_of(PERSIAN),
    "Devanagari digits": digits_of(DEVANAGARI),
    "Thai digits": digits_of(THAI),
    "full-width digits": digits_of(FULL_WIDTH),
    "mathematical digits": digits_of(MATHEMATICAL),
    "two scripts at once": lambda pin: digits_of(ARABIC)(pin[:2]) + pin[2:],
    "a line end behind": lambda pin: pin + "\n",
    "CR LF behind": lambda pin: pin + "\r\n",
    "a tab in front": lambda pin: "\t" + pin,
    "in two groups": joined(" "),
    "with a hyphen": joined("-"),
    "with a dash of a text program": joined("\u2013"),
    "with a Japanese keyboard's dash": joined("\u30fc"),
    "with a no-break space": joined("\u00a0"),
    "with a narrow no-break space": joined("\u202f"),
    "with an ideographic space": joined("\u3000"),
    "with a dot": joined("."),
    "with a comma": joined(","),
    "a blank after each": lambda pin: " ".join(pin),
    "the full stop of two blanks": lambda pin: pin + ". ",
    "a zero-width space": joined("\u200b"),
    "a byte order mark": lambda pin: "\ufeff" + pin,
    "copied with directions": lambda pin: f"\u202d{pin}\u202c",
    "copied with isolates": lambda pin: f"\u2068{pin}\u2069",
    "keycaps": lambda pin: "".join(c + "\ufe0f\u20e3" for c in pin),
}


def verify(server, pin_id, pin, version=2, **more):
    return server.post(f"/2fa/{version}/pin/{pin_id}/verify", {"pin": pin}, **more)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN.keys())
def test_the_right_pin_is_right_when_written_with(server, application, template, write, version):
    pin_id, pin = server.sent(application, template)
    answer = verify(server, pin_id, write(pin), version).json()
    assert answer["verified"] is True, answer


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_wrong_pin_is_counted_when_written_with(server, application, template, write):
    pin_id, pin = server.sent(application, template)
    answer = verify(server, pin_id, write(wrong(pin))).json()
    assert (answer["verified"], answer["attemptsRemaining"], answer["pinError"]) == (
        False, 9, "WRONG_PIN")


@pytest.mark.parametrize("kind,write", [
    ("ALPHA", str.lower), ("ALPHA", full_width), ("ALPHA", lambda pin: " ".join(pin.lower())),
    ("ALPHA", lambda pin: pin.lower().replace("i", "\u0131")),
    ("HEX", str.upper), ("HEX", full_width), ("HEX", digits_of(ARABIC)),
    ("ALPHANUMERIC", str.lower), ("ALPHANUMERIC", digits_of(PERSIAN)),
    ("ALPHANUMERIC", lambda pin: joined("\u2011")(full_width(pin.lower()))),
])
def test_letters_have_no_case(server, application, kind, write):
    template = server.template(application, pinType=kind, pinLength=10)
    pin_id, pin = server.sent(application, template)
    assert verify(server, pin_id, write(pin)).json()["verified"] is True


def sent_with_zero(server, application, zeros):
    """A PIN of four digits that begins with so many zeros."""
    template = server.template(application, pinLength=4)
    for n in range(3000):
        pin_id, pin = server.sent(application, template, to=f"4179304{n:04d}")
        if pin.startswith("0" * zeros):
            return pin_id, pin
    raise AssertionError("no PIN began with zeros")


@pytest.mark.parametrize("version,number", [(2, int), (1, int), (2, float)])
def test_a_number_has_its_leading_zero_back(server, application, version, number):
    pin_id, pin = sent_with_zero(server, application, 1)
    assert verify(server, pin_id, number(pin), version).json()["verified"] is True


def test_a_number_has_both_its_zeros_back(server, application):
    pin_id, pin = sent_with_zero(server, application, 2)
    assert verify(server, pin_id, int(pin)).json()["verified"] is True


def test_a_text_without_its_zero_is_another_pin(server, application):
    pin_id, pin = sent_with_zero(server, application, 1)
    answer = verify(server, pin_id, str(int(pin))).json()
    assert (answer["verified"], answer["attemptsRemaining"]) == (False, 9)
    assert verify(server, pin_id, int(pin) * 10).json()["attemptsRemaining"] == 8


@pytest.mark.parametrize("write", [
    joined(" "), digits_of(ARABIC), lambda pin: f"\u202d{pin}\u202c", lambda pin: pin + "\r\n"],
    ids=["groups", "Arabic", "directions", "a line end"])
def test_in_a_form_too(server, application, template, write):
    pin_id, pin = server.sent(application, template)
    answer = server.post(f"/2fa/1/pin/{pin_id}/verify", urlencode({"pin": write(pin)}),
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.json()["verified"] is True


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("nothing", [
    "", " ", "\n", "\u00a0", "\u202d\u202c", "\ufeff", "- -", ".", "\u3000\u2013\u200b"],
    ids=ascii)
def test_nothing_typed_is_no_guess(server, application, template, nothing, version):
    pin_id, pin = server.sent(application, template)
    refused = verify(server, pin_id, nothing, version)
    assert refused.status_code == 400, refused.text
    assert "pin" in refused.text and "must not be blank" in refused.text
    assert verify(server, pin_id, wrong(pin)).json()["attemptsRemaining"] == 9


@pytest.mark.parametrize("other", [
    lambda pin: "\u00b9" + pin[1:], lambda pin: pin + "x", lambda pin: pin + "0",
    lambda pin: pin + "\u2460", lambda pin: "\U0001f600" + pin],
    ids=["a superscript", "a letter behind", "a digit behind", "a circled digit", "a face"])
def test_other_characters_are_a_guess(server, application, template, other):
    pin_id, pin = server.sent(application, template)
    answer = verify(server, pin_id, other(pin)).json()
    assert (answer["verified"], answer["attemptsRemaining"]) == (False, 9)


def test_a_text_of_any_length_is_refused_as_ever(server, application, template):
    pin_id, pin = server.sent(application, template)
    refused = verify(server, pin_id, pin + " " * 100)
    assert refused.status_code == 400 and error_of(refused)["messageId"] == "BAD_REQUEST"
    assert verify(server, pin_id, wrong(pin)).json()["attemptsRemaining"] == 9


def test_the_digits_of_every_script_are_digits(server, application, tell):
    """As far as the Unicode of this Python reaches."""
    template = server.template(application, pinType="NUMERIC", pinLength=10)
    zeros = [c for c in map(chr, range(0x110000))
             if unicodedata.category(c) == "Nd" and unicodedata.decimal(c) == 0]
    pin_id, pin = server.sent(application, template)
    for zero in zeros:
        fresh_id, fresh = (pin_id, pin) if zero == zeros[0] else server.sent(
            application, template)
        assert verify(server, fresh_id, digits_of(ord(zero))(fresh)).json()["verified"], (
            unicodedata.name(zero))
    tell(f"PINs: digits of {len(zeros)} scripts read")
