# SPDX-License-Identifier: Apache-2.0
"""Calls and the end of the process: whoever was being rung at a kill is called again with the
same PIN, and no PIN stands in memory while it is said, or after."""

import json

import pytest

from crash.test_canary import core_of, fragments, search_file
from harness.phone import NetSip, Scenario, Sipp, free_udp_port
from harness.server import PIN, Server, wait_for

TRUNK = {"name": "trunk", "type": "sip", "host": "127.0.0.1", "sender": "41445551234",
         "rtp_port_min": 20000, "rtp_port_max": 29998}
TRIAL = {"name": "trial", "type": "file", "path": "messages.jsonl"}


def config(port):
    return json.dumps({
        "carriers": [{**TRUNK, "port": port}, TRIAL], "limits": {"resend_interval": "0s"},
        "routes": [{"channel": "voice", "carriers": ["trunk"]},
                   {"channel": "sms", "carriers": ["trial"]}]})


def call(server, length=4):
    """The id of a PIN that is being called."""
    application = server.application(pinTimeToLive="5m")
    template = server.template(application, messageText="It is [{{pin}}]", pinLength=length,
                               pinType="ALPHANUMERIC", language="en", speechRate=2)
    sent = server.post("/2fa/2/pin/voice", {
        "applicationId": application, "messageId": template, "to": "41793026727"}).json()
    return sent["pinId"]


def by_text(server, pin_id):
    assert server.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    line = wait_for("the text", lambda: [m for m in server.messages(pin_id)
                                         if m["channel"] == "sms"])[0]
    return PIN.search(line["text"])[1]


def up(server):
    wait_for("the trunk", lambda: any(e["event"] == "sip_up" for e in server.events))


def test_no_pin_is_in_memory_while_it_is_said(tmp_path):
    port = free_udp_port()
    with Sipp(tmp_path, Scenario().invite().answer().until_bye(), port=port) as trunk:
        with Server(tmp_path, config=config(port)) as server:
            up(server)
            pin_id = call(server, 16)
            wait_for("the answer", lambda: trunk.heard("ACK sip:"))
            pieces = fragments([by_text(server, pin_id)])
            assert not trunk.heard("BYE sip:")
            core = core_of(server, tmp_path)
            found = search_file(core, pieces)
            core.unlink()
            assert not found
            kept = [p for p in server.data.rglob("*") if p.is_file()
                    and p.name != "messages.jsonl"]
            assert {p.name: search_file(p, pieces) for p in kept} == {p.name: set() for p in kept}


def test_a_kill_while_it_rings_has_it_called_again(tmp_path):
    port = free_udp_port()
    ringing = Scenario().invite().respond(180, "Ringing").pause(20000)
    server = Server(tmp_path, config=config(port))
    with Sipp(tmp_path, ringing, port=port) as trunk:
        server.start()
        up(server)
        pin_id = call(server)
        wait_for("the ring", lambda: trunk.heard("INVITE sip:"))
        server.kill()
    with Sipp(tmp_path, Scenario().invite().answer().until_bye(), port=port):
        server.start()
        try:
            message = wait_for("the call", lambda: [
                m for m in server.get(f"/watchword/1/pins/{pin_id}").json()["messages"]
                if m["state"] == "delivered"], 60)
            assert len(message) == 1
            pin = by_text(server, pin_id)
            assert server.verify(pin_id, pin).json()["verified"] is True
        finally:
            server.stop()


@pytest.mark.parametrize("signal_first", [False, True], ids=["kill", "stop"])
def test_an_answered_call_is_not_made_again(tmp_path, signal_first):
    with NetSip(tmp_path, wait_s=60) as phone:
        server = Server(tmp_path, config=config(phone.port))
        server.start()
        up(server)
        pin_id = call(server)
        wait_for("the answer", lambda: phone.heard())
        wait_for("its record", lambda: [
            m for m in server.get(f"/watchword/1/pins/{pin_id}").json()["messages"]
            if m["state"] == "accepted"])
        (server.stop if signal_first else server.kill)()
        server.start()
        try:
            up(server)
            assert not phone.heard(1)
            [message] = server.get(f"/watchword/1/pins/{pin_id}").json()["messages"]
            if signal_first:
                assert message["status"]["name"] in ("CANCELLED", "DELIVERED_TO_HANDSET"), message
        finally:
            server.stop()
