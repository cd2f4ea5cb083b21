# SPDX-License-Identifier: Apache-2.0
"""PINs by voice from the API to the phone: the server, a trunk's proxy with a password and a
registration, and a phone that records what it hears."""

import json

import pytest

from harness import heard
from harness.checked import check
from harness.names import NameServer, Names
from harness.phone import Baresip, Kamailio, Sipp, free_udp_port, said_no
from harness.server import Server, wait_for

TRUNK = {"name": "trunk", "type": "sip", "host": "127.0.0.1", "sender": "41445551234",
         "rtp_port_min": 20000, "rtp_port_max": 29998}


def config(**carrier):
    return json.dumps({"carriers": [{**TRUNK, **carrier}], "limits": {"resend_interval": "0s"}})


class Calls:
    def __init__(self, server, **template):
        self.server = server
        self.application = server.application(pinTimeToLive="2m")
        self.template = server.template(
            self.application, messageText="It is {{pin}}.", pinLength=4, language="en", **template)

    def send(self, to="41793026727"):
        answer = self.server.post("/2fa/2/pin/voice", {
            "applicationId": self.application, "messageId": self.template, "to": to})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, sent, seconds=30):
        """What the timeline says of its only message, when that is over."""
        def message():
            [one] = self.server.get(f"/watchword/1/pins/{sent['pinId']}").json()["messages"]
            return one if one["state"] in ("delivered", "failed", "expired") else None
        return wait_for("the end of the call", message, seconds)

    def verified(self, sent, pin):
        return self.server.verify(sent["pinId"], pin).json()["verified"]


def test_a_pin_is_called_through_a_proxy_and_heard_twice(tmp_path):
    """SRV records name a server that is dead before the one that lives; that one wants a
    password and a registration."""
    (tmp_path / "password").write_text("secret\n")
    phone_dir = tmp_path / "phone"
    phone_dir.mkdir()
    with Baresip(phone_dir) as phone, Kamailio(
            tmp_path, f"sip:callee@127.0.0.1:{phone.port}", registrar=True) as proxy:
        zone = {"_sip._udp.trunk.test": [(10, 1, free_udp_port(), "dead.test"),
                                         (20, 1, proxy.port, "proxy.test")],
                "dead.test": ["127.0.0.1"], "proxy.test": ["127.0.0.1"]}
        names = Names(tmp_path)
        with NameServer(zone) as dns:
            names.servers(dns.address)
            with Server(tmp_path, env=names.env, config=config(
                    host="trunk.test", username="trunk", transport="udp",
                    password_file=str(tmp_path / "password"), register=True,
                    register_expires="1m", response_timeout="600ms", ring_timeout="20s",
                    answer_timeout="25s", call_max="1m", repeat_wait="1s",
                    local_address="127.0.0.1")) as server:
                wait_for("the registration", lambda: any(e["event"] == "sip_up" for e in server.events), 20)
                calls = Calls(server)
                sent = calls.send()
                assert sent["callStatus"] == "PENDING_ACCEPTED"
                message = calls.ended(sent)
                text = heard.transcribe(phone.recording(), heard.kept(server.data, "en"))
                assert calls.verified(sent, text.replace("?", "")[:4]), text
    assert message["state"] == "delivered", message
    digits = text.replace("?", "")
    assert len(digits) == 8 and digits[:4] == digits[4:], text
    assert "_sip._udp.trunk.test" in dns.asked


def test_a_trunk_is_told_what_the_configuration_says(tmp_path):
    """And what it refuses with is what the API says."""
    port = free_udp_port()
    with Sipp(tmp_path, said_no(486, rang=True)) as trunk, Server(tmp_path, config=config(
            port=trunk.port, domain="trunk.test", username="u1", password="secret",
            number_prefix="00", asserted_identity=True, calls_max=3, codec="pcma",
            srtp="offered", local_port=port, public_address="192.0.2.7")) as server:
        wait_for("the trunk", lambda: any(e["event"] == "sip_up" for e in server.events))
        calls = Calls(server, senderId="41445551234")
        sent = calls.send()
        message = calls.ended(sent)
        [invite] = trunk.heard("INVITE sip:")
        status = server.get(f"/2fa/1/pin/{sent['pinId']}/status").json()[0]
    assert message["state"] == "failed" and message["status"]["name"] == "BUSY"
    assert status["status"] == "MESSAGE_NOT_DELIVERED"
    assert "INVITE sip:0041793026727@trunk.test SIP/2.0" in invite
    assert "From: <sip:0041445551234@trunk.test>;tag=" in invite
    assert "P-Asserted-Identity: <sip:0041445551234@trunk.test>" in invite
    assert f"Contact: <sip:u1@192.0.2.7:{port}>" in invite
    assert "c=IN IP4 192.0.2.7" in invite
    assert " RTP/AVP 8 0 101" in invite
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in invite


@pytest.mark.parametrize("field,options,why", [
    ("rtp_port_max", {"rtp_port_min": 20000, "rtp_port_max": 20009, "calls_max": 6},
     "two ports each"),
    ("rtp_port_max", {"rtp_port_min": 20000, "rtp_port_max": 19999}, "less than"),
    ("answer_timeout", {"ring_timeout": "30s", "answer_timeout": "20s"}, "less than"),
    ("local_address", {"local_address": "here"}, "IP address"),
    ("public_address", {"public_address": "here"}, "IP address"),
    ("username", {"register": True}, "missing"),
    ("tls_ca", {"tls_ca": "/nowhere.pem"}, "without transport: tls"),
    ("tls_ca", {"tls_ca": "/nowhere.pem", "transport": "tls"}, "/nowhere.pem"),
    ("tls_key", {"tls_certificate": "/nowhere.pem", "transport": "tls"}, "go together"),
])
def test_a_configuration_that_cannot_work_is_refused(tmp_path, field, options, why):
    said = check(tmp_path, config(**options))
    assert said.status != 0
    assert any(f"carriers[0].{field}" in f and why in f for f in said.faults), said.text
