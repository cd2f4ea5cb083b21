# SPDX-License-Identifier: Apache-2.0
"""No PIN that was typed in XML stays in the memory of the process, in whatever way it was
written there."""

import pytest

from crash.test_canary import core_of, fragments, holds, pins_by_number, prepare, search, search_file
from harness import peer, xml
from harness.crowd import crowd
from harness.server import Server, wait_for, wrong

PINS = 400
WORKERS = 8

# One PIN, as a document may have it. What is not ASCII goes another way through the library,
# and so does what follows a reference.
RIGHT = [
    lambda pin: xml.write("VerifyPinRequest", {"pin": pin}),
    lambda pin: f"<x><pin>{pin[:3]}<![CDATA[{pin[3:]}]]></pin></x>",
    lambda pin: f"<x><pin>&#{ord(pin[0])};{pin[1:]}</pin></x>",
    lambda pin: f"<x><pin>{pin[:2]}<!-- {pin} -->{pin[2:]}</pin></x>",
    lambda pin: f"<x a='{pin}' b='&amp;{pin}'><pin>{pin}</pin></x>",
]
TYPED_ELSEWHERE = [
    lambda pin: f"<x><pin>é{pin}</pin></x>",
    lambda pin: f"<x><pin>{pin}</pin></x>{pin}",
    lambda pin: f"<x><pin>{pin}<b/></pin></x>",
    lambda pin: f"<x><pin>{pin}",
    lambda pin: f"<x><p{pin}>1</p{pin}></x>",
    lambda pin: f"<!DOCTYPE x [<!ENTITY p '{pin}'>]><x><pin>&p;</pin></x>",
    lambda pin: f"<x><?pin {pin}?><pin>1</pin></x>",
]
# The library's errors quote these.
QUOTED = [
    lambda pin: f"<x><pin>&{pin};</pin></x>",
    lambda pin: f"<x><p{pin}></x>",
    lambda pin: f"<x><{pin}:pin/></x>",
]


def typed(caller, path, body, headers=None):
    caller.connection.request("POST", path, body.encode(), {
        **caller.headers, "Content-Type": xml.TYPE, "Accept": xml.TYPE, **(headers or {})})
    answer = caller.connection.getresponse()
    return answer.status, xml.read(answer.read())[1]


def send(caller, application, template, n):
    """A send and its resend; the number, and the pinId."""
    to = f"4177{n:07d}"
    status, sent = typed(caller, "/2fa/2/pin", xml.write("StartAuthenticationRequest", {
        "applicationId": application, "messageId": template, "to": to}))
    assert (status, sent["smsStatus"]) == (200, "MESSAGE_SENT")
    status, again = typed(caller, f"/2fa/2/pin/{sent['pinId']}/resend", "<x/>")
    assert (status, again["smsStatus"]) == (200, "MESSAGE_SENT")
    return to, sent["pinId"]


def guess(caller, n, pin_id, pin):
    """A guess that is nearly right, the right one, and the PIN in what is no document or holds
    another: these come last, when nothing is done that covers their traces."""
    path = f"/2fa/2/pin/{pin_id}/verify"
    way = RIGHT[n % len(RIGHT)]
    assert typed(caller, path, way(wrong(pin)))[1]["pinError"] == "WRONG_PIN"
    key = {"Idempotency-Key": pin_id}
    for _ in range(2):
        assert typed(caller, path, way(pin), key)[1]["verified"] == "true"
    typed(caller, path, TYPED_ELSEWHERE[n % len(TYPED_ELSEWHERE)](pin))
    typed(caller, path, QUOTED[n % len(QUOTED)](pin))


@pytest.fixture
def used(tmp_path):
    """A server at rest, and the PINs that were sent and typed."""
    with peer.Smsc() as smsc, Server(tmp_path, config=peer.config(smsc.port, window=100)) as server:
        application, template = prepare(server)
        sent = crowd(server, [lambda c, n=n: send(c, application, template, n)
                              for n in range(PINS)], WORKERS)
        wait_for("every message", lambda: len(smsc.messages()) >= 2 * PINS, 60)
        pins = pins_by_number(smsc)
        crowd(server, [lambda c, n=n, to=to, i=i: guess(c, n, i, pins[to])
                       for n, (to, i) in enumerate(sent)], WORKERS)
        yield server, set(pins.values())


def test_no_pin_in_xml_is_in_memory(used, tmp_path):
    server, pins = used
    assert len(pins) == PINS
    core = core_of(server, tmp_path)
    try:
        assert holds(core, server.base[7:].encode())
        found = search_file(core, fragments(pins))
        assert len(found) == 0, f"{len(found)} of {PINS} PINs"
        assert search(server.log, fragments(pins)) == set()
    finally:
        core.unlink()
