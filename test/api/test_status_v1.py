# SPDX-License-Identifier: Apache-2.0
"""v1's status of a PIN: one entry for each message that was sent for it, oldest first."""

import pytest

from harness.server import wait_for

MEMBERS = ["status", "description", "finalStatus"]


def status(server, pin_id, path="status"):
    answer = server.get(f"/2fa/1/pin/{pin_id}/{path}")
    assert answer.status_code == 200, answer.text
    entries = answer.json()
    for entry in entries:
        assert list(entry) == MEMBERS and isinstance(entry["finalStatus"], bool)
    return entries


def test_one_entry_for_each_message(server):
    application = server.application()
    pin_id, _ = server.sent(application, server.template(application), "41795000001")
    assert len(status(server, pin_id)) == 1
    for _ in range(2):
        assert server.post(f"/2fa/1/pin/{pin_id}/resend").status_code == 200
    assert len(status(server, pin_id)) == 3


def test_the_alias_of_the_javascript_client(server):
    application = server.application()
    pin_id, _ = server.sent(application, server.template(application), "41795000002")
    assert status(server, pin_id, "status/sms") == status(server, pin_id)


@pytest.mark.parametrize("pin_id", ["0" * 32, "x", "8F0792F86035A", "%20"])
def test_an_unknown_pin(server, pin_id):
    answer = server.get(f"/2fa/1/pin/{pin_id}/status")
    assert answer.status_code == 404
    assert answer.json()["requestError"]["serviceException"]["messageId"] == "RESOURCE_NOT_FOUND"


def test_there_is_none_on_v2(server):
    assert server.get(f"/2fa/2/pin/{'0' * 32}/status").status_code == 404


def test_a_message_that_no_route_takes_is_not_sent(fresh):
    own = fresh(config="carriers:\n- {name: a, type: file, path: messages.jsonl}\n"
                "routes:\n- {prefix: \"41\", carriers: [a]}\n")
    application = own.application()
    answer = own.send(application, own.template(application), "43795000003").json()
    assert answer["smsStatus"] == "MESSAGE_NOT_SENT"
    assert status(own, answer["pinId"]) == [{
        "status": "MESSAGE_NETWORK_NOT_ALLOWED",
        "description": "Message not sent, network not allowed", "finalStatus": True}]
    assert own.messages() == []


def test_a_message_that_waits_says_so(fresh):
    """For a carrier that is not there."""
    own = fresh(config="carriers:\n- {name: a, type: smpp, host: 127.0.0.1, port: 1,"
                " system_id: x, password: y}\ndelivery: {accept_wait: 100ms}\n")
    application = own.application(pinTimeToLive="3s")
    answer = own.send(application, own.template(application), "41795000004").json()
    assert answer["smsStatus"] == "MESSAGE_SENT"
    assert status(own, answer["pinId"]) == [{
        "status": "MESSAGE_WAITING_DELIVERY",
        "description": "Message sent, waiting for delivery", "finalStatus": False}]
    over = wait_for("the end of its life", lambda: [
        e for e in status(own, answer["pinId"]) if e["finalStatus"]])
    assert over == [{
        "status": "MESSAGE_EXPIRED", "description": "Message expired", "finalStatus": True}]
