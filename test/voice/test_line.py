# SPDX-License-Identifier: Apache-2.0
"""The line itself: TCP, TLS with the name checked, SRTP, keys that are pressed, a trunk that
goes and comes back, and a stop in the middle of calls."""

import array
import math

import pytest

from harness.certificates import Authority
from harness.phone import (Baresip, Caller, Scenario, Sipp, decoded, find, free_udp_port, listens,
                           sdp, to_ulaw)
from harness.server import wait_for

pytestmark = pytest.mark.together


def share_heard(recording, samples):
    """How much of what was said is found in a recording, sample by sample."""
    sent = decoded(to_ulaw(samples))
    slices = [sent[i:i + 400] for i in range(0, len(sent) - 400, 400)]
    return sum(find(recording, s) >= 0 for s in slices) / len(slices)


# ---- what SIP goes over ----

def test_a_call_over_tcp(tmp_path, pcm):
    with Sipp(tmp_path, Scenario().invite().answer().until_bye(), transport="t1") as trunk:
        call = Caller(trunk.port, transport=1, pcm=pcm[1])
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET", call.end()
        assert "SIP/2.0/TCP" in trunk.heard("INVITE")[0]


@pytest.mark.parametrize("names,trusted,name,called", [
    (["localhost", "127.0.0.1"], True, None, True),
    (["sip.example.net"], True, None, False),
    (["127.0.0.1"], False, None, False),
    (["sip.example.net"], True, "sip.example.net", True)],
    ids=["right", "other-name", "nobody-we-trust", "name-that-was-given"])
def test_a_call_over_tls_needs_the_right_certificate(tmp_path, pcm, names, trusted, name, called):
    certificate, key = Authority(tmp_path).pair(names=names)
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    (tmp_path / "other").mkdir()
    ca = tmp_path / "ca.pem" if trusted else Authority(tmp_path / "other").path
    more = {"tls_name": name} if name else {}
    with Baresip(tmp_path, certificate=both) as phone:
        call = Caller(phone.tls_port, transport=2, pcm=pcm[1], tls_ca=ca, number_prefix="",
                      to="callee", **more)
        told = call.outcome()
        assert ("established" in phone.said()) == called, call.end()
    if called:
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
    else:
        assert (told["result"], told["untried"]) == ("retry", 1)


# ---- the sound ----

@pytest.mark.parametrize("ours,theirs", [(2, "srtp-mand"), (1, "srtp"), (1, "")],
                         ids=["required", "offered", "offered-to-one-without"])
def test_sound_goes_encrypted_where_both_can(tmp_path, pcm, ours, theirs):
    with Baresip(tmp_path, media=theirs) as phone:
        call = Caller(phone.port, pcm=pcm[1], srtp=ours, number_prefix="", to="callee")
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET", call.end()
        heard = phone.recording()
    assert share_heard(heard, pcm[0]) > 0.7


def test_no_call_goes_in_the_clear_where_srtp_is_required(tmp_path, pcm):
    with Baresip(tmp_path) as phone:
        told = Caller(phone.port, pcm=pcm[1], srtp=2, number_prefix="", to="callee").outcome()
    assert (told["result"], told["elsewhere"]) == ("refused", 1)


# ---- keys ----

def test_a_key_has_it_said_again(tmp_path, pcm):
    samples, file = pcm
    with Baresip(tmp_path) as phone:
        call = Caller(phone.port, pcm=file, keys="1#", number_prefix="", to="callee",
                      repeat_wait_ms=1500)
        wait_for("the call", lambda: "established" in phone.said())
        wait_for("its end", lambda: len(phone.recording() or []) > 8000 * 2.6)
        phone.press("2")  # no key of the template
        phone.press("1")
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        heard = phone.recording()
    piece = decoded(to_ulaw(samples))[8000:8400]
    first = find(heard, piece)
    assert first >= 0 and find(heard, piece, first + 400) > first
    assert call.receipt()["ms"] - call.outcome()["ms"] > 6000


def tone(first, second, seconds):
    """A key as two tones (ITU-T Q.23)."""
    return array.array("h", (
        int(9000 * (math.sin(2 * math.pi * first * i / 8000)
                    + math.sin(2 * math.pi * second * i / 8000)))
        for i in range(int(seconds * 8000))))


def test_a_key_is_heard_in_the_sound(tmp_path, pcm):
    silence = array.array("h", [0] * 8000)
    (tmp_path / "key.ul").write_bytes(to_ulaw(silence + tone(697, 1209, 0.2) + silence * 3))
    s = (Scenario().invite().answer(sdp(formats="0").replace(" 101", "", 1)).add(
        f'<nop><action><exec rtp_stream="{tmp_path}/key.ul,1,0"/></action></nop>').until_bye())
    with Sipp(tmp_path, s) as trunk:
        call = Caller(trunk.port, pcm=pcm[1], keys="1", repeat_wait_ms=500)
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
    assert call.receipt()["ms"] - call.outcome()["ms"] > 4000  # from its beginning after 1.1 s


# ---- a trunk that goes and comes back ----

def test_a_trunk_that_restarts(tmp_path, pcm):
    """The call of before is lost, nobody is called meanwhile, and calls go on after it."""
    port = free_udp_port()
    trunk = Sipp(tmp_path, Scenario().invite().answer().until_bye(), port=port)
    call = Caller(port, pcm=pcm[1], calls=3, gap_ms=2500, response_timeout_ms=500,
                  pin_end=16000)
    wait_for("the first call", lambda: trunk.heard("ACK"))
    trunk.kill()
    wait_for("the port", lambda: not listens(port))
    with Sipp(tmp_path, Scenario().invite().answer().until_bye(), port=port):
        call.end()
    results = [o["result"] for o in call.of("outcome")]
    assert results[0] == "accepted" and results[-1] == "accepted", call.end()


# ---- a stop ----

def test_a_stop_lets_a_call_end_that_can(tmp_path, pcm):
    with Sipp(tmp_path, Scenario().invite().answer().until_bye()) as trunk:
        call = Caller(trunk.port, pcm=pcm[1], stop_ms=600, within_ms=8000)
        assert call.receipt()["status"] == "DELIVERED_TO_HANDSET"
        assert trunk.heard("BYE sip:")


def test_a_stop_hangs_up_what_would_take_longer(tmp_path, pcm):
    with Sipp(tmp_path, Scenario().invite().answer().until_bye()) as trunk:
        call = Caller(trunk.port, pcm=pcm[1], stop_ms=600, within_ms=1500)
        assert call.receipt()["status"] == "CANCELLED"
        [stop] = call.of("stop")
        assert call.receipt()["ms"] - stop["ms"] < 1500
        assert trunk.heard("BYE sip:")


def test_a_stop_cancels_who_is_rung_and_does_not_call_again(tmp_path):
    ringing = (Scenario().invite().respond(180, "Ringing").recv("CANCEL", timeout=8000)
               .respond(200, "OK"))
    with Sipp(tmp_path, ringing) as trunk:
        call = Caller(trunk.port, stop_ms=600, within_ms=1500)
        told = call.outcome()
        assert (told["result"], told["status"]) == ("refused", "CANCELLED")
        wait_for("the CANCEL", lambda: trunk.heard("CANCEL sip:"))


def test_a_stop_before_anybody_was_rung_leaves_it_to_the_next_start(tmp_path):
    trying = Scenario().invite().respond(100, "Trying").recv("CANCEL", timeout=8000)
    with Sipp(tmp_path, trying) as trunk:
        told = Caller(trunk.port, stop_ms=600, within_ms=1500).outcome()
    assert told["result"] == "retry"
