# SPDX-License-Identifier: Apache-2.0
"""Which channels a carrier carries is known before anything is sent: a route that would hand
it messages of another is refused, with the carrier, its type and the channel."""

import pytest

from harness.checked import check

SMPP = {"name": "s", "type": "smpp", "host": "smsc.example", "system_id": "i", "sender": "S"}
HTTP = {"name": "h", "type": "generic", "url": "https://gw.example/"}
CALLS = {"name": "v", "type": "twilio", "account_sid": "AC1", "auth_token_file": "FILE",
         "sender": "41790000000", "channels": ["voice"]}
MAIL = {**HTTP, "name": "m", "channels": ["voice", "email"], "body": "{{subject}}{{spoken}}",
        "sender": "a@b.example"}
FILE = {"name": "f", "type": "file", "path": "x"}

ROUTES = [
    ({"channel": "voice", "carriers": ["f", "s"]},
     "carriers: s does not carry voice: no carrier of type smpp does"),
    ({"carriers": [{"h": 1, "f": 2}], "channel": "email"},
     "carriers: h does not carry email: its option channels does not name it"),
    ({"channel": "email", "carriers": ["v"]},
     "carriers: v does not carry email: no carrier of type twilio does"),
    ({"carriers": ["v"]},
     "carriers: v does not carry sms: its option channels does not name it"),
    ({"channel": "email", "prefix": "41", "carriers": ["f"]},
     "prefix: is about numbers, and email goes to mailboxes"),
    ({"channel": "email", "carriers": ["f"], "sender": "Shop"},
     "sender: must be a mailbox: the route is for email"),
    ({"carriers": ["f"], "sender": "Shop <shop@example.com>"},
     "sender: has more than 20 characters"),
    ({"channel": "email", "country": ["CH"], "carriers": ["f"]},
     "country: is about numbers, and email goes to mailboxes"),
]


def carriers(folder):
    (folder / "secret").write_text("12345\n")
    return [SMPP, HTTP, FILE, MAIL, {**CALLS, "auth_token_file": str(folder / "secret")}]


@pytest.mark.parametrize(("route", "why"), ROUTES)
def test_a_route_of_a_channel_that_its_carriers_do_not_carry_is_refused(tmp_path, route, why):
    said = check(tmp_path, {"carriers": carriers(tmp_path), "routes": [route]})
    assert (said.status, said.faults) == (1, [f"1: routes[0].{why}"])


@pytest.mark.parametrize("route", [
    {"channel": "sms", "carriers": ["s", "h", "f"]},
    {"channel": "voice", "prefix": "41", "carriers": ["f"]},
    {"channel": "voice", "carriers": ["v", "m"]},
    {"channel": "email", "carriers": ["f", "m"], "sender": "Jane Smith <jane@shop.example>"},
    {"channel": "email", "deny": "not ours"},
])
def test_a_route_of_a_channel_that_they_carry_is_taken(tmp_path, route):
    said = check(tmp_path, {"carriers": carriers(tmp_path), "routes": [route]})
    assert (said.status, said.faults) == (0, []), said.text


def test_a_route_that_is_wrong_otherwise_is_told_that_alone(tmp_path):
    said = check(tmp_path, {"carriers": [{"name": "x", "type": "pigeon"}],
                            "routes": [{"channel": "fax", "carriers": ["x"]}]})
    assert said.faults == [
        "1: carriers[0].type: must be file, smpp, smtp, sip, infobip, twilio, vonage or generic",
        "1: routes[0].channel: must be one of sms|voice|email"]


@pytest.mark.parametrize(("octets", "why"), [
    (b"", "FILE: it is empty"), (b"a\0b", "FILE: it holds a NUL octet; save it as UTF-8"),
    (b"x" * 16001, "must have from 1 to 16000 characters"),
    (b"\xef\xbb\xbf-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
     "is no private key in PEM without a passphrase")], ids=["empty", "nul", "long", "no key"])
def test_a_key_that_is_none_is_named(tmp_path, octets, why):
    file = tmp_path / "key"
    file.write_bytes(octets)
    file.chmod(0o604)
    calls = {"name": "v", "type": "vonage", "application_id": "a", "private_key_file": str(file),
             "sender": "41790000000", "channels": ["voice"]}
    said = check(tmp_path, {"carriers": [calls]})
    assert said.faults == [f"1: carriers[0].private_key_file: {why.replace('FILE', str(file))}"]
    if "PEM" in why:
        assert f"{file}: mode 0604 lets everybody" in said.warnings[0]


def test_a_call_by_vonage_needs_its_application(tmp_path):
    calls = {"name": "v", "type": "vonage", "sender": "41790000000"}
    for more, field, why in (({"channels": ["voice"]}, "application_id", "is needed for voice"),
                             ({"channels": ["voice"], "application_id": "a"},
                              "private_key_file", "is needed for voice"),
                             ({}, "api_key", "is needed"),
                             ({"channels": ["voice", "email"]}, "channels",
                              "email is no channel that vonage carries")):
        said = check(tmp_path, {"carriers": [{**calls, **more}]})
        assert said.faults == [f"1: carriers[0].{field}: {why}"]


@pytest.mark.parametrize(("text", "channels"), [
    ({}, "by sms, voice, email"),
    ({"carriers": [SMPP]}, "by sms"),
    ({"carriers": [SMPP, FILE]}, "by sms, voice, email"),
    ({"carriers": [SMPP, FILE], "routes": [{"channel": "email", "carriers": ["f"]}]}, "by email"),
    ({"carriers": [SMPP, FILE], "routes": [{"carriers": ["s"]}, {"channel": "voice", "carriers": ["f"]}]},
     "by sms, voice"),
])
def test_a_check_says_which_channels_are_served(tmp_path, text, channels):
    said = check(tmp_path, text)
    assert said.out.splitlines()[-1] == f"{tmp_path}/checked.yaml: PINs go {channels}"
