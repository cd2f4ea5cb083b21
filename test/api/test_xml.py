# SPDX-License-Identifier: Apache-2.0
"""Version 2 in XML, as the published description offers it: the same rules as in JSON, the same
members, and nothing that XML brings with it."""

import json
import random

import pytest

from harness import described, xml
from harness.server import error_of, wrong

TO = "41793026727"
MAILBOX = "ada@example.com"


class House:
    """An application with a template of each kind."""

    def __init__(self, server):
        self.server = server
        self.application = server.application()
        self.template = server.template(self.application, messageText="[{{pin}}] {{firstName}}")
        made = server.post("/watchword/1/email-templates", {"subject": "PIN", "text": "[{{pin}}]"})
        self.mail = server.post(f"/2fa/2/applications/{self.application}/email/messages", {
            "emailTemplateId": made.json()["id"], "pinLength": 6}).json()
        self.email_template_id = made.json()["id"]

    def ids(self, to=TO, template=None):
        return {"applicationId": self.application, "messageId": template or self.template, "to": to}

    def sent(self):
        return self.server.sent(self.application, self.template)


@pytest.fixture(scope="module")
def house(server):
    return House(server)


APPLICATION = {"name": "a <b> & c", "enabled": True, "configuration": {
    "pinAttempts": 7, "allowMultiplePinVerifications": False, "pinTimeToLive": "10m",
    "verifyPinLimit": "2/4s", "sendPinPerApplicationLimit": "5000/12h",
    "sendPinPerPhoneNumberLimit": "2/1d"}}
TEMPLATE = {"pinType": "NUMERIC", "messageText": "Your pin is {{pin}}", "pinLength": 4,
            "language": "en", "voiceName": "Joanna", "senderId": "Infobip 2FA",
            "repeatDTMF": "1#", "speechRate": 1.5, "regional": {"indiaDlt": {
                "contentTemplateId": "t", "principalEntityId": "e", "teleMarketerId": "m"}}}
SEND = {"placeholders": {"firstName": "John", "a b": "é<&>"}, "trackDelivery": True}
MAIL = {"placeholders": {"firstName": "John"}, "landingPagePlaceholders": {"name": "J"}}

# Method, path, root of the request, its members, root of the answer.
OPERATIONS = [
    ("GET", "applications", None, None, "ApplicationResponses"),
    ("POST", "applications", "ApplicationRequest", APPLICATION, "ApplicationResponse"),
    ("GET", "applications/{application}", None, None, "ApplicationResponse"),
    ("PUT", "applications/{application}", "ApplicationRequest", {"name": "x"},
     "ApplicationResponse"),
    ("GET", "applications/{application}/messages", None, None, "Messages"),
    ("POST", "applications/{application}/messages", "CreateSmsOrVoiceMessageRequest", TEMPLATE,
     "SmsOrVoiceMessage"),
    ("GET", "applications/{application}/messages/{template}", None, None, "Message"),
    ("GET", "applications/{application}/messages/{mail}", None, None, "Message"),
    ("PUT", "applications/{application}/messages/{template}", "UpdateSmsOrVoiceMessageRequest",
     {"senderId": "Infobip", "speechRate": 1}, "SmsOrVoiceMessage"),
    ("POST", "applications/{application}/email/messages", "CreateEmailMessageRequest",
     {"emailTemplateId": 0, "pinLength": 4, "from": "a@example.com", "landingPageId": "1_2"},
     "EmailMessage"),
    ("PUT", "applications/{application}/email/messages/{mail}", "UpdateEmailMessageRequest",
     {"pinLength": 5}, "EmailMessage"),
    ("POST", "pin", "StartAuthenticationRequest", {**SEND, "messageId": "template", "to": TO},
     "StartAuthenticationResponse"),
    ("POST", "pin/{pin}/resend", "ResendPinRequest", SEND, "StartAuthenticationResponse"),
    ("POST", "pin/voice", "StartAuthenticationRequest",
     {**SEND, "messageId": "template", "to": TO}, "StartAuthenticationResponse"),
    ("POST", "pin/{pin}/resend/voice", "ResendPinRequest", SEND, "StartAuthenticationResponse"),
    ("POST", "pin/email", "StartEmailAuthenticationRequest",
     {**MAIL, "messageId": "mail", "to": MAILBOX}, "StartEmailAuthenticationResponse"),
    ("POST", "pin/{mailed}/resend/email", "ResendPinRequestViaEmail", MAIL,
     "StartEmailAuthenticationResponse"),
    ("POST", "pin/{pin}/verify", "VerifyPinRequest", {"pin": "x"}, "VerifyPinResponse"),
    ("GET", f"applications/{{application}}/verifications?msisdn={TO}", None, None,
     "VerificationResponse"),
]
# What differs from one call to the next, though the same is asked.
OF_EACH_CALL = {"applicationId", "messageId", "pinId", "externalMessageId", "attemptsRemaining"}


def ids_of(house):
    mailed = house.server.post("/2fa/2/pin/email", house.ids(MAILBOX, house.mail["messageId"]))
    return {"application": house.application, "template": house.template,
            "mail": house.mail["messageId"], "pin": house.sent()[0],
            "mailed": mailed.json()["pinId"]}


def body_of(house, ids, members):
    if members is None:
        return None
    given = {"template": house.template, "mail": house.mail["messageId"]}
    body = {k: given.get(v, v) if k == "messageId" else v for k, v in members.items()}
    if "messageId" in body:
        body["applicationId"] = ids["application"]
    if "emailTemplateId" in body:
        body["emailTemplateId"] = house.email_template_id
    return body


def plain(value):
    """Without what is of each call."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: "?" if k in OF_EACH_CALL else plain(v) for k, v in value.items()}
    return value


@pytest.mark.parametrize(("method", "path", "request_root", "members", "root"), OPERATIONS,
                         ids=[f"{o[0]} {o[1].partition('?')[0]}" for o in OPERATIONS])
def test_every_operation_answers_in_xml_what_it_answers_in_json(
        server, house, method, path, request_root, members, root):
    ids = ids_of(house)
    target = "/2fa/2/" + path.format(**ids)
    body = body_of(house, ids, members)
    in_json = server.call(method, target, body)
    in_xml = xml.ask(server, method, target, None if body is None else (request_root, body))
    assert (in_xml.status, in_xml.root) == (in_json.status_code, root)
    if method == "GET" and root == "ApplicationResponses":
        assert in_xml.value == xml.texts(in_json.json())
    assert plain(in_xml.value) == plain(xml.texts(in_json.json()))
    assert list(in_xml.value) == list(xml.texts(in_json.json()))
    assert in_xml.octets.startswith(b'<?xml version="1.0" encoding="UTF-8"?><' + root.encode())


@pytest.mark.skipif(described.PUBLISHED_ONE is None, reason="the published description is not here")
def test_roots_and_shapes_are_those_of_the_published_examples():
    published = described.PUBLISHED_ONE
    for method, path, request_root, _, root in OPERATIONS:
        known = published.find_path("/2fa/2/" + path.format(
            application="a", template="t", mail="m", pin="p", mailed="p"))
        operation = published.operations[method, known]
        success = next(published.resolve(r) for code, r in operation["responses"].items()
                       if code.startswith("2"))
        pairs = [(success["content"], root)]
        if request_root:
            pairs.append((operation["requestBody"]["content"], request_root))
        for content, name in pairs:
            for title, example in content[xml.TYPE]["examples"].items():
                value = content["application/json"]["examples"][title]["value"]
                assert xml.read(example["value"]) == (name, xml.texts(value)), (path, title)


def test_a_pin_from_first_to_last_in_xml_alone(server):
    made = xml.ask(server, "POST", "/2fa/2/applications", ("ApplicationRequest", {
        "name": "x", "configuration": {"verifyPinLimit": "100/1s"}}))
    application = made.value["applicationId"]
    template = xml.ask(server, "POST", f"/2fa/2/applications/{application}/messages", (
        "CreateSmsOrVoiceMessageRequest", {"pinType": "NUMERIC", "pinLength": 4,
                                           "messageText": "[{{pin}}] {{ä b_x}}"}))
    sent = xml.ask(server, "POST", "/2fa/2/pin", ("StartAuthenticationRequest", {
        "applicationId": application, "messageId": template.value["messageId"], "to": TO,
        "placeholders": {"ä b_x": "\U0001f600 <&>\"'\t"}}))
    pin_id = sent.value["pinId"]
    pin = server.pin(pin_id)
    assert server.message(pin_id)["text"] == f"[{pin}] \U0001f600 <&>\"'\t"
    at = f"/2fa/2/pin/{pin_id}/verify"
    assert xml.ask(server, "POST", at, ("VerifyPinRequest", {"pin": wrong(pin)})).value == {
        "pinId": pin_id, "msisdn": TO, "verified": "false", "attemptsRemaining": "9",
        "pinError": "WRONG_PIN"}
    assert xml.ask(server, "POST", at, f"<x><pin>{pin[:2]}<!-- - --><![CDATA[{pin[2:]}]]></pin></x>"
                   ).value["verified"] == "true"
