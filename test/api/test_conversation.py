# SPDX-License-Identifier: Apache-2.0
"""The conversation that everything exists for, on v2, on v1, and word for word."""

import json

from harness.server import wrong


def test_v2_from_nothing_to_a_verified_number(server):
    made = server.post("/2fa/2/applications", {"name": "Shop"})
    assert made.status_code == 201
    application = made.json()["applicationId"]
    template = server.post(f"/2fa/2/applications/{application}/messages", {
        "pinType": "NUMERIC", "pinLength": 4, "messageText": "Code: [{{pin}}]", "senderId": "Shop"})
    assert template.status_code == 200

    sent = server.send(application, template.json()["messageId"], "+41 79 302-67 27")
    assert sent.status_code == 200
    pin_id = sent.json()["pinId"]
    assert sent.json() == {"pinId": pin_id, "to": "41793026727",
                           "ncStatus": "NC_NOT_CONFIGURED", "smsStatus": "MESSAGE_SENT"}
    message = server.message(pin_id)
    pin = server.pin(pin_id)
    assert len(pin) == 4 and pin.isdigit()
    assert (message["channel"], message["to"], message["from"], message["applicationId"]) == (
        "sms", "41793026727", "Shop", application)

    again = server.post(f"/2fa/2/pin/{pin_id}/resend", {})
    assert again.status_code == 200
    assert server.pin(pin_id, 2) == pin

    assert server.verify(pin_id, pin).json() == {
        "pinId": pin_id, "msisdn": "41793026727", "verified": True, "attemptsRemaining": 0}
    listed = server.get(
        f"/2fa/2/applications/{application}/verifications?msisdn=41793026727").json()
    assert [v["verified"] for v in listed["verifications"]] == [True]


def test_v1_with_milliseconds(server):
    made = server.post("/2fa/1/applications", {"name": "Old", "configuration": {
        "pinTimeToLive": 600000, "pinAttempts": 5, "verificationAttempts": 100,
        "verificationIntervalLength": 1000}})
    assert made.status_code == 200, made.text
    assert made.json()["configuration"]["pinTimeToLive"] == 600000
    application = made.json()["applicationId"]
    template = server.post(f"/2fa/1/applications/{application}/messages", {
        "pinType": "NUMERIC", "pinLength": 4, "messageText": "Code: [<pin>]",
        "pinPlaceholder": "<pin>", "sender": "Old"})
    assert template.status_code == 200, template.text
    sent = server.post("/2fa/1/pin", {"applicationId": application, "to": "41793020001",
                                      "messageId": template.json()["messageId"]})
    assert sent.status_code == 200, sent.text
    pin_id = sent.json()["pinId"]
    pin = server.pin(pin_id)
    guess = server.post(f"/2fa/1/pin/{pin_id}/verify", {"pin": wrong(pin)})
    assert guess.json()["pinError"] == "WRONG_PIN"
    assert server.get(f"/2fa/1/pin/{pin_id}/status").status_code == 200


def test_the_request_the_project_started_from(server):
    """POST /2fa/1/pin/{pinId}/resend without a body: exactly these members, in this order."""
    application = server.application()
    pin_id, pin = server.sent(application, server.template(application), "41793020002")
    answer = server.call("POST", f"/2fa/1/pin/{pin_id}/resend", headers={
        "Host": server.base[7:], "Content-Type": "application/json", "Accept": "application/json"})
    assert answer.status_code == 200
    assert json.loads(answer.text, object_pairs_hook=list) == [
        ("to", "41793020002"), ("ncStatus", "NC_NOT_CONFIGURED"),
        ("smsStatus", "MESSAGE_SENT"), ("pinId", pin_id)]
    assert server.pin(pin_id, 2) == pin


def test_health_needs_no_key(server):
    for path in ("/health/live", "/health/ready"):
        assert server.get(path, headers={"Authorization": ""}).status_code == 200
