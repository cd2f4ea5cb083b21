# SPDX-License-Identifier: Apache-2.0
"""Clients of others, each running the same conversation in its own language.

A program of test/peer makes the calls and prints one JSON object a step: {"step", "class"
and "status" and "code" of the error that the library made ("", 0 and "" when there was
none), "got": what the caller can read}. What has to come out of it stands here, once.
"""

import json
import os
import subprocess

# step: (status, messageId) of the error it has to be; None: it succeeds.
STEPS = {
    "application_create": None, "application_get": None, "application_list": None,
    "application_update": None,
    "template_create": None, "template_get": None, "template_list": None,
    "template_update": None,
    "email_template_create": None, "email_template_update": None,
    "send": None, "resend": None, "verify_wrong": None, "verify": None, "verifications": None,
    "send_voice": None, "resend_voice": None, "verify_voice": None,
    "send_email": None, "resend_email": None, "verify_email": None,
    "throttled": (429, "TOO_MANY_REQUESTS"), "expired": None,
    "bad_key": (401, "UNAUTHORIZED"), "missing_scope": (403, "FORBIDDEN"),
    "unknown_application": (404, "NOT_FOUND"), "unknown_pin": (404, "NOT_FOUND"),
    "invalid": (400, "BAD_REQUEST"),
}


def run(server, command, env=None, url=None):
    """The steps that the program printed, by name."""
    text = server.put("/watchword/1/email-templates/1234", {"subject": "{{firstName}}", "text": "[{{pin}}]"})
    assert text.status_code < 300, text.text
    account = "default"
    pin_key = server.command("key", "create", "--account", account, "--name", "pins",
                             "--scope", "2fa:pin:send").stdout.strip()
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, env=dict(
            os.environ, WATCHWORD_URL=url or server.base, WATCHWORD_KEY=server.key,
            WATCHWORD_PIN_KEY=pin_key, WATCHWORD_MESSAGES=str(server.data / "messages.jsonl"),
            **(env or {})))
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
    steps = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {s["step"]: s for s in steps}


def check(steps, classes, left_out=()):
    """`classes`: the name of the library's exception by status; `left_out`: steps that the
    library has no call for."""
    for name, error in STEPS.items():
        if name in left_out:
            assert name not in steps, name
            continue
        step = steps[name]
        said = (step["status"], step["code"])
        assert said == (error or (0, "")), (name, step)
        assert step["class"] == (classes[error[0]] if error else ""), (name, step)
    check_values({name: step["got"] for name, step in steps.items()})


def check_values(got):
    """What the library made of the members of each answer."""
    application, template = got["application_create"]["id"], got["template_create"]["id"]
    pin_id = got["send"]["pinId"]
    assert len({application, template, pin_id}) == 3 and all((application, template, pin_id))
    assert got["application_create"] == {
        "id": application, "name": "Shop", "enabled": True, "pinAttempts": 5,
        "pinTimeToLive": "10m", "sendPinPerPhoneNumberLimit": "2/1d"}
    assert got["application_get"] == got["application_create"]
    assert got["application_list"] == {"found": 1}
    assert got["application_update"] == {**got["application_create"], "name": "Shop 2",
                                         "pinAttempts": 6}
    assert got["template_create"] == {
        "id": template, "application": application, "text": "Your PIN is [{{pin}}]",
        "pinType": "NUMERIC", "pinLength": 4, "language": "en", "senderId": "Shop"}
    assert got["template_get"] == got["template_create"]
    assert got["template_list"] == {"found": 1}
    assert got["template_update"] == {**got["template_create"], "pinLength": 6,
                                      "language": "pt_br"}
    sent = {"pinId": pin_id, "to": "41793026727", "ncStatus": "NC_NOT_CONFIGURED",
            "smsStatus": "MESSAGE_SENT"}
    assert got["send"] == sent and got["resend"] == sent
    assert got["verify_wrong"] == {"pinId": pin_id, "msisdn": "41793026727", "verified": False,
                                   "attemptsRemaining": 5, "pinError": "WRONG_PIN"}
    assert got["verify"] == {"pinId": pin_id, "msisdn": "41793026727", "verified": True,
                             "attemptsRemaining": 0, "pinError": ""}
    assert got["verifications"] == {"msisdn": "41793026727", "verified": True, "dated": True}
    check_other_channels(got)
    assert got["expired"] == {"verified": False, "pinError": "TTL_EXPIRED"}
    if "email_template_create" in got:
        email = got["email_template_create"]
        assert email == {"id": email["id"], "application": application,
                         "emailTemplateId": 1234, "from": "company@example.com",
                         "pinType": "NUMERIC", "pinLength": 4}
        assert got["email_template_update"] == {**email, "pinType": "ALPHANUMERIC",
                                                "pinLength": 6}


def check_other_channels(got):
    """Calls and mails, with the PIN that the person got by each."""
    number, mailbox = "41443026727", "john.smith@example.com"
    call = {"pinId": got["send_voice"]["pinId"], "to": number, "callStatus": "PENDING_ACCEPTED"}
    assert got["send_voice"] == call and got["resend_voice"] == call
    assert got["verify_voice"] == {"pinId": call["pinId"], "msisdn": number, "verified": True,
                                   "attemptsRemaining": 0, "pinError": ""}
    if "send_email" not in got:
        return
    mail = {"pinId": got["send_email"]["pinId"], "to": mailbox, "name": "PENDING_ACCEPTED",
            "description": "Message accepted, pending for delivery."}
    assert got["send_email"] == mail and got["resend_email"] == mail
    assert got["verify_email"] == {"pinId": mail["pinId"], "msisdn": mailbox, "verified": True,
                                   "attemptsRemaining": 0, "pinError": ""}
