# SPDX-License-Identifier: Apache-2.0
"""Calls by the carrier `sip` to parts that we did not write: what the person hears, and
what is said of it afterwards."""

import pytest

from harness.phone import (Baresip, Caller, Kamailio, NetSip, Scenario, Sipp, decoded, find, said_no,
                           sdp, to_ulaw)
from harness.server import wait_for

pytestmark = pytest.mark.together

BREATH = 4000  # samples of silence before the first word
FRAME = 160


# ---- what is heard ----

def test_each_octet_arrives(tmp_path, pcm):
    samples, file = pcm
    with NetSip(tmp_path) as phone:
        call = Caller(phone.port, pcm=file)
        assert call.outcome()["result"] == "accepted"
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        assert call.receipt()["error"] == "VOICE_ANSWERED"
        heard = phone.heard()
    said = to_ulaw(samples)
    assert heard[:BREATH] == b"\xff" * BREATH
    assert heard[BREATH:BREATH + len(said)] == said
    assert set(heard[BREATH + len(said):]) <= {0xFF}


def test_a_pin_through_a_proxy_with_a_password_is_recorded(tmp_path, pcm):
    samples, file = pcm
    with Baresip(tmp_path) as phone, Kamailio(
            tmp_path, f"sip:callee@127.0.0.1:{phone.port}") as proxy:
        call = Caller(proxy.port, pcm=file, username="trunk", password="secret",
                      domain="trunk.test")
        assert call.outcome()["result"] == "accepted", call.end()
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        heard = wait_for("the recording", phone.recording)
    sent = decoded(to_ulaw(samples))
    slices = [sent[i:i + 400] for i in range(0, len(sent) - 400, 400)]
    found = sum(find(heard, s) >= 0 for s in slices)
    assert found >= len(slices) * 3 // 4, (found, len(slices))


# ---- what is said of it ----

REFUSALS = [
    # code, rang, headers: result, status, error, may it go elsewhere
    (486, True, "", "refused", "BUSY", "BUSY", 0),
    (600, False, "", "refused", "BUSY", "BUSY", 0),
    (603, True, "", "refused", "REJECTED", "REJECTED", 0),
    (480, True, "", "refused", "NO_ANSWER", "NO_ANSWER", 0),
    (408, True, "", "refused", "NO_ANSWER", "NO_ANSWER", 0),
    (408, False, "", "retry", "UNDELIVERABLE_NOT_DELIVERED", "EC_ABSENT_SUBSCRIBER", 0),
    (480, False, "", "refused", "UNDELIVERABLE_NOT_DELIVERED", "EC_ABSENT_SUBSCRIBER", 0),
    (404, False, "", "refused", "REJECTED_DESTINATION", "EC_UNKNOWN_SUBSCRIBER", 0),
    (403, False, "", "refused", "UNDELIVERABLE_REJECTED_OPERATOR", "EC_CALL_BARRED", 1),
    (403, False, "Reason: Q.850;cause=1;text=\"x\"\n", "refused", "REJECTED_DESTINATION",
     "EC_UNKNOWN_SUBSCRIBER", 0),
    (503, False, "", "retry", "UNDELIVERABLE_NOT_DELIVERED", "EC_RESOURCE_LIMITATION", 0),
    (500, True, "", "refused", "UNDELIVERABLE_NOT_DELIVERED", "EC_PROVIDER_GENERAL_ERROR", 0),
    (302, False, "", "refused", "UNDELIVERABLE_REJECTED_OPERATOR",
     "EC_FACILITY_NOT_SUPPORTED", 1),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda c: f"{c[0]}{'-rang' if c[1] else ''}")
def test_a_call_that_is_not_answered(tmp_path, case):
    code, rang, headers, result, status, error, elsewhere = case
    with Sipp(tmp_path, said_no(code, rang, headers)) as trunk:
        told = Caller(trunk.port).outcome()
    assert (told["result"], told["status"], told["error"], told["elsewhere"]) == (
        result, status, error, elsewhere)
    assert told["code"] == code and not told["untried"]


def test_a_phone_that_rings_for_too_long_is_let_be(tmp_path):
    ringing = (Scenario().invite().respond(100, "Trying").respond(180, "Ringing")
               .recv("CANCEL", timeout=8000).respond(200, "OK"))
    with Sipp(tmp_path, ringing) as trunk:
        told = Caller(trunk.port, ring_timeout_ms=700).outcome()
        wait_for("the CANCEL", lambda: trunk.heard("CANCEL sip:"))
    assert (told["result"], told["status"]) == ("refused", "NO_ANSWER")
    assert told["reason"] == "no answer"


def test_a_call_that_neither_rings_nor_is_answered(tmp_path):
    trying = Scenario().invite().respond(100, "Trying").recv("CANCEL", timeout=8000)
    with Sipp(tmp_path, trying) as trunk:
        told = Caller(trunk.port, ring_timeout_ms=400, answer_timeout_ms=700).outcome()
    assert (told["result"], told["error"]) == ("refused", "EC_ABSENT_SUBSCRIBER")


def test_a_trunk_that_is_silent_may_have_called(tmp_path):
    with Sipp(tmp_path, Scenario().invite().pause(9000)) as trunk:
        told = Caller(trunk.port, response_timeout_ms=600).outcome()
    assert (told["result"], told["final"], told["untried"]) == ("unknown", 0, 0)


def test_an_answer_that_cannot_be_read_is_no_reason_to_call_again(tmp_path):
    """Somebody has picked up; who was asked again would ring again."""
    long = f"Record-Route: <sip:{'x' * 5000}@192.0.2.1;lr>\n"
    odd = Scenario().invite().respond(200, "OK", sdp(), headers=long).pause(3000)
    with Sipp(tmp_path, odd) as trunk:
        told = Caller(trunk.port).outcome()
    assert (told["result"], told["untried"], told["elsewhere"]) == ("refused", 0, 0)


def test_a_trunk_that_cannot_be_connected_saw_nothing():
    told = Caller(1, transport=1).outcome()
    assert (told["result"], told["untried"]) == ("retry", 1)


def test_early_media_is_no_answer(tmp_path, pcm):
    """An announcement before the answer, and then none: nothing was said to anybody."""
    early = (Scenario().invite().respond(183, "Session Progress", sdp())
             .recv("CANCEL", timeout=8000).respond(200, "OK"))
    with Sipp(tmp_path, early) as trunk:
        call = Caller(trunk.port, pcm=pcm[1], ring_timeout_ms=900)
        assert (call.outcome()["result"], call.outcome()["status"]) == ("refused", "NO_ANSWER")
    assert not call.of("receipt")


def test_an_answer_without_a_body_has_that_of_early_media(tmp_path, pcm):
    early = (Scenario().invite().respond(183, "Session Progress", sdp()).pause(300)
             .respond(200, "OK").recv("ACK").until_bye())
    with Sipp(tmp_path, early) as trunk:
        call = Caller(trunk.port, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"


# ---- what was said, and to the end ----

@pytest.mark.parametrize("after,said", [(900, False), (1900, True)])
def test_somebody_hangs_up_in_the_middle(tmp_path, pcm, after, said):
    """The PIN is over after 1.5 s: half a second of breath and one of sound."""
    s = Scenario().invite().answer().pause(after).request("BYE", 2).expect(200)
    with Sipp(tmp_path, s) as trunk:
        call = Caller(trunk.port, pcm=pcm[1], pin_end=8000)
        receipt = call.receipt()
    assert call.outcome()["result"] == "accepted"
    assert receipt["status"] == (
        "DELIVERED_TO_HANDSET" if said else "UNDELIVERABLE_NOT_DELIVERED")
    assert receipt["error"] == ("VOICE_ANSWERED" if said else "VOICE_ANSWERED_MACHINE")


def test_a_hold_has_it_said_from_the_beginning(tmp_path, pcm):
    samples, file = pcm
    held = (Scenario().invite().answer().pause(1200)
            .request("INVITE", 2, sdp(2, direction="inactive")).expect(100, True).expect(200)
            .ack(2).pause(800)
            .request("INVITE", 3, sdp(3)).expect(100, True).expect(200).ack(3).until_bye())
    with Sipp(tmp_path, held) as trunk:
        call = Caller(trunk.port, pcm=file)
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
    seconds = (call.receipt()["ms"] - call.outcome()["ms"]) / 1000
    assert 1.2 + 0.8 + 2.5 < seconds < 6.5


def test_another_codec_in_the_middle(tmp_path, pcm):
    changed = (Scenario().invite().answer(sdp(formats="0")).pause(800)
               .request("INVITE", 2, sdp(2, formats="8")).expect(100, True).expect(200).ack(2)
               .until_bye())
    with Sipp(tmp_path, changed) as trunk:
        call = Caller(trunk.port, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        [answer] = trunk.heard("SIP/2.0 200 OK")
    assert " RTP/AVP 8 101" in answer


def test_an_offer_that_cannot_be_taken_changes_nothing(tmp_path, pcm):
    odd = (Scenario().invite().answer().pause(300)
           .request("INVITE", 2, sdp(2).replace("0 8 101", "3").replace("101", "3"))
           .expect(488).ack(2).until_bye())
    with Sipp(tmp_path, odd) as trunk:
        call = Caller(trunk.port, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"


def test_a_session_is_refreshed_by_us(tmp_path, pcm):
    refreshed = (Scenario().invite()
                 .answer(headers="Session-Expires: 2;refresher=uac\nRequire: timer\n")
                 .recv("INVITE").respond(200, "OK", sdp(2),
                                         "Session-Expires: 2;refresher=uac\n")
                 .recv("ACK").until_bye())
    with Sipp(tmp_path, refreshed) as trunk:
        call = Caller(trunk.port, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        [refresh] = [m for m in trunk.heard("INVITE") if "CSeq" in m][1:2]
        assert "Session-Expires: 2;refresher=uac" in refresh and "m=audio" in refresh


def test_a_session_is_refreshed_by_them(tmp_path, pcm):
    refreshed = (Scenario().invite()
                 .answer(headers="Session-Expires: 90;refresher=uas\n").pause(500)
                 .request("UPDATE", 2, headers="Session-Expires: 90;refresher=uac\n")
                 .expect(200).until_bye())
    with Sipp(tmp_path, refreshed) as trunk:
        call = Caller(trunk.port, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        assert trunk.heard("Session-Expires: 90;refresher=uac\nRequire: timer")
