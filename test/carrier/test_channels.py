# SPDX-License-Identifier: Apache-2.0
"""Which channels a carrier carries is known before anything is sent: a route that would hand
it messages of another is refused, with the carrier, its type and the channel."""

import pytest

from harness.checked import check

SMPP = {"name": "s", "type": "smpp", "host": "smsc.example", "system_id": "i", "sender": "S"}
HTTP = {"name": "h", "type": "generic", "url": "https://gw.example/"}
FILE = {"name": "f", "type": "file", "path": "x"}
ALL = [SMPP, HTTP, FILE]

ROUTES = [
    ({"channel": "voice", "carriers": ["f", "s"]},
     "carriers: s does not carry voice: no carrier of type smpp does"),
    ({"carriers": [{"h": 1, "f": 2}], "channel": "email"},
     "carriers: h does not carry email: no carrier of type generic does"),
    ({"channel": "email", "prefix": "41", "carriers": ["f"]},
     "prefix: is about numbers, and email goes to mailboxes"),
    ({"channel": "email", "country": ["CH"], "carriers": ["f"]},
     "country: is about numbers, and email goes to mailboxes"),
]


@pytest.mark.parametrize(("route", "why"), ROUTES)
def test_a_route_of_a_channel_that_its_carriers_do_not_carry_is_refused(tmp_path, route, why):
    said = check(tmp_path, {"carriers": ALL, "routes": [route]})
    assert (said.status, said.faults) == (1, [f"1: routes[0].{why}"])


@pytest.mark.parametrize("route", [
    {"channel": "sms", "carriers": ["s", "h", "f"]},
    {"channel": "voice", "prefix": "41", "carriers": ["f"]},
    {"channel": "email", "carriers": ["f"]},
    {"channel": "email", "deny": "not ours"},
])
def test_a_route_of_a_channel_that_they_carry_is_taken(tmp_path, route):
    said = check(tmp_path, {"carriers": ALL, "routes": [route]})
    assert (said.status, said.faults) == (0, []), said.text


def test_a_route_that_is_wrong_otherwise_is_told_that_alone(tmp_path):
    said = check(tmp_path, {"carriers": [{"name": "x", "type": "pigeon"}],
                            "routes": [{"channel": "fax", "carriers": ["x"]}]})
    assert said.faults == [
        "1: carriers[0].type: must be file, smpp, infobip, twilio, vonage or generic",
        "1: routes[0].channel: must be one of sms|voice|email"]
