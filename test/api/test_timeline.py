# SPDX-License-Identifier: Apache-2.0
"""GET /watchword/1/pins/{pinId}: what happened to a PIN, and never the PIN."""

import re
import time

import pytest

from harness.peer import Smsc, config
from harness.server import wait_for

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def timeline(server, pin_id):
    answer = server.get(f"/watchword/1/pins/{pin_id}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert all(TIME.fullmatch(e["at"]) for e in told["events"])
    assert [e["at"] for e in told["events"]] == sorted(e["at"] for e in told["events"])
    return told


def names(told):
    return [e["event"] for e in told["events"]]


def settled(server, pin_id, event, count=1):
    return wait_for(event, lambda: (
        lambda t: t if names(t).count(event) >= count else None)(timeline(server, pin_id)))


def test_the_life_of_a_pin(server):
    application = server.application(verifyPinLimit="100/1s")
    template = server.template(application)
    pin_id, pin = server.sent(application, template, "41796000001")
    told = settled(server, pin_id, "submit")
    assert (told["pinId"], told["applicationId"], told["messageId"], told["to"]) == (
        pin_id, application, template, "41796000001")
    assert (told["state"], told["attempts"], told["attemptsMax"]) == ("WAITING", 0, 10)
    assert "verifiedAt" not in told
    assert [e for e in names(told) if e != "lookup"] == ["created", "send", "submit"]
    server.verify(pin_id, "0000" if pin != "0000" else "1111")
    told = timeline(server, pin_id)
    assert told["events"][-1]["event"] == "verify" and told["events"][-1]["result"] == "wrong"
    assert told["attempts"] == 1
    server.verify(pin_id, pin)
    told = timeline(server, pin_id)
    assert (told["state"], told["attempts"]) == ("VERIFIED", 2)
    assert told["events"][-1]["result"] == "right"
    assert told["verifiedAt"] == told["events"][-1]["at"]
    assert pin not in [str(v) for e in told["events"] for v in e.values()]


def test_a_resend_is_a_message_of_its_own(server):
    application = server.application()
    pin_id, _ = server.sent(application, server.template(application), "41796000002")
    assert server.post(f"/2fa/1/pin/{pin_id}/resend").status_code == 200
    told = settled(server, pin_id, "submit", 2)
    assert [m["message"] for m in told["messages"]] == [0, 1]
    assert [e["message"] for e in told["events"] if e["event"] == "submit"] == [0, 1]
    assert "resend" in names(told)


def test_each_submit_and_what_its_smsc_said_of_it(fresh):
    with Smsc("--reject", "88") as smsc:  # ESME_RTHROTTLED
        port = smsc.port
        own = fresh(config=config(port) + "delivery: {accept_wait: 100ms, attempts: 20}\n")
        own.event("carrier_up")
        application = own.application()
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        own.event("message")
    with Smsc("--receipt", "UNDELIV 027", port=port):
        told = settled(own, pin_id, "receipt")
    submits = [e for e in told["events"] if e["event"] == "submit"]
    assert (submits[0]["carrier"], submits[0]["result"], submits[0]["code"],
            submits[0]["reason"]) == ("main", "retry", 88, "ESME_RTHROTTLED")
    assert (submits[-1]["result"], submits[-1]["carrierMessageId"]) == ("accepted", "1")
    receipt = told["events"][-1]
    assert (receipt["event"], receipt["carrier"], receipt["message"]) == ("receipt", "main", 0)
    assert receipt["status"]["name"] == "UNDELIVERABLE_NOT_DELIVERED"
    assert receipt["error"] == {
        "groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "name": "EC_ABSENT_SUBSCRIBER",
        "description": "Absent Subscriber", "permanent": False}
    assert receipt["doneAt"] == "2026-11-24T12:01:00.000Z"
    assert told["messages"][0]["state"] == "failed"
    assert told["messages"][0]["status"]["groupName"] == "UNDELIVERABLE"


def test_what_was_refused_for_good(fresh):
    with Smsc("--reject", "11") as smsc:  # ESME_RINVDSTADR
        own = fresh(config=config(smsc.port))
        own.event("carrier_up")
        application = own.application()
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        told = timeline(own, pin_id)
        assert names(told)[-2:] == ["submit", "failed"]
        assert told["events"][-2]["reason"] == "ESME_RINVDSTADR"
        assert told["messages"][0]["status"]["name"] == "REJECTED_DESTINATION"
        assert own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"] == (
            "MESSAGE_INVALID_DESTINATION_ADDRESS")


@pytest.mark.parametrize("pin_id", ["0" * 32, "x"])
def test_an_unknown_pin(server, pin_id):
    assert server.get(f"/watchword/1/pins/{pin_id}").status_code == 404


def test_other_keys(server):
    application = server.application()
    pin_id, _ = server.sent(application, server.template(application), "41796000003")
    path = f"/watchword/1/pins/{pin_id}"

    def key(account, scope):
        return server.command(
            "key", "create", "--account", account, "--name", "k" + str(time.time_ns()),
            "--scope", scope).stdout.split()[-1]

    server.command("account", "create", "elsewhere")
    assert server.get(path, key="ww_" + "0" * 33).status_code == 401
    sender = key("default", "2fa:pin:send")
    wait_for("the key", lambda: server.get(path, key=sender).status_code == 403)
    other = key("elsewhere", "2fa:pin:manage")
    wait_for("the other key", lambda: server.get(path, key=other).status_code == 404)
    unknown = server.get(f"/watchword/1/pins/{'0' * 32}", key=other)
    assert server.get(path, key=other).text == unknown.text
