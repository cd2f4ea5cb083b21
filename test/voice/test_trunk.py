# SPDX-License-Identifier: Apache-2.0
"""PINs by voice from the API to the phone: the server, a trunk's proxy with a password and a
registration, and a phone that records what it hears."""

import json

import pytest

from harness import heard
from harness.names import NameServer, Names
from harness.phone import Baresip, Kamailio, Scenario, Sipp, free_udp_port, said_no
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
                recording = phone.recording()
                text = heard.transcribe(recording, heard.kept(server.data, "en"))
    assert message["state"] == "delivered", message
    digits = text.replace("?", "")
    assert len(digits) == 8 and digits[:4] == digits[4:], text
    assert "_sip._udp.trunk.test" in dns.asked
    return digits[:4]
