# SPDX-License-Identifier: Apache-2.0
"""Version 2 in XML, as the published description offers it: the same rules as in JSON, the same
members, and nothing that XML brings with it."""

import random

import pytest

from harness import described, xml
from harness.server import wrong

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


def test_the_description_names_the_roots_of_requests():
    for method, path, request_root, _, _ in OPERATIONS:
        known = described.OURS.find_path("/2fa/2/" + path.format(
            application="a", template="t", mail="m", pin="p", mailed="p"))
        operation = described.OURS.operations[method, known]
        if request_root:
            content = described.OURS.resolve(operation["requestBody"])["content"]
            assert content[xml.TYPE]["schema"]["xml"]["name"] == request_root, path


def test_one_pin_over_another_channel_in_xml(server, house):
    sent = xml.ask(server, "POST", "/2fa/2/pin", ("StartAuthenticationRequest", {
        **house.ids(), "placeholders": {"firstName": "Ada"}, "alternatives": {
            "voice": "41443026727", "email": {"to": MAILBOX, "messageId": house.mail["messageId"]}}}))
    pin_id = sent.value["pinId"]
    pin = server.pin(pin_id)
    at = f"/2fa/2/pin/{pin_id}"
    called = xml.ask(server, "POST", at + "/resend/voice", ("ResendPinRequest", {}))
    assert (called.status, called.value["to"]) == (200, "41443026727")
    mailed = xml.ask(server, "POST", at + "/resend/email", ("ResendPinRequestViaEmail", {}))
    assert (mailed.value["pinId"], mailed.value["to"]) == (pin_id, MAILBOX)
    ways = {m["channel"]: m["to"] for m in (server.message(pin_id, n) for n in (1, 2, 3))}
    assert ways == {"sms": TO, "voice": "41443026727", "email": MAILBOX}
    done = xml.ask(server, "POST", at + "/verify", ("VerifyPinRequest", {"pin": pin}))
    assert done.value["verified"] == "true"
    refused = xml.ask(server, "POST", "/2fa/2/pin", ("StartAuthenticationRequest", {
        **house.ids(), "alternatives": {"pigeon": "1", "email": {"messageId": "x"}}}))
    assert (refused.status, set(refused.error["validationErrors"])) == (
        400, {"alternatives.pigeon", "alternatives.email.to"})


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


@pytest.mark.parametrize(("accept", "kind"), [
    (None, "json"), ("*/*", "json"), ("", "json"), ("application/json", "json"),
    ("application/xml", "xml"), ("text/xml", "text"), ("APPLICATION/XML;charset=utf-8", "xml"),
    ("application/xml, application/json", "json"), ("application/*", "json"), ("text/*", "text"),
    ("application/json;q=0.5, application/xml", "xml"), ("application/xml;q=0.9, */*;q=0.8", "xml"),
    ("application/xml;q=0.8, */*;q=0.9", "json"), ("application/json;q=0, */*", "xml"),
    ("application/xml;q=0, application/json;q=0", "json"), ("text/html", "json"),
    ("text/html, image/gif, *; q=.2, */*; q=.2", "json"), ("application/xml;q=.5;x=1, */*;q=.1", "xml"),
    ("application/xmlx, ,;q=1,/", "json")])
def test_accept_chooses_the_format(server, accept, kind):
    answer = server.http.get(server.base + "/2fa/2/applications", timeout=30, headers={
        "Authorization": f"App {server.key}", "Accept": accept})
    types = {"json": "application/json", "xml": "application/xml", "text": "text/xml"}
    assert answer.headers["Content-Type"] == types[kind] + ";charset=UTF-8"
    assert answer.content[:1] == (b"[" if kind == "json" else b"<")


NAME = "<a><name>x</name></a>"
REFUSED = {
    "billion laughs": ('<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><a><name>&b;</name></a>',
                       "document type"),
    "a file": ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><name>&x;</name></a>',
               "document type"),
    "a type elsewhere": ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd">' + NAME, "document type"),
    "a type alone": ("<!DOCTYPE a>" + NAME, "document type"),
    "an entity nobody knows": ("<a><name>&x;</name></a>", "valid XML"),
    "two of one name": ("<a><name>x</name><name>y</name></a>", "given twice"),
    "two by their encoded name": ("<a><name>x</name><n_x0061_me>y</n_x0061_me></a>", "given twice"),
    "text beside elements": ("<a>x<name>y</name></a>", "text beside"),
    "text behind elements": ("<a><name>y</name>x</a>", "text beside"),
    "deep": ("<a>" * 18 + "</a>" * 18, "nested"), "deeper": ("<a>" * 9000, "nested"),
    "wide": ("<a>" + "".join(f"<b{n}/>" for n in range(5000)) + "</a>", "too many"),
    "long": ("<a b='" + "x" * 65536 + "'/>", None),
    "UTF-16": (NAME.encode("utf-16"), "UTF-8"), "UTF-16 unmarked": (NAME.encode("utf-16-le"), "UTF-8"),
    "Latin": (b"<?xml version='1.0' encoding='ISO-8859-1'?><a><name>\xe9</name></a>", "UTF-8"),
    "said to be Latin": ("<?xml version='1.0' encoding='ISO-8859-1'?>" + NAME, "UTF-8"),
    "NUL": (b"<a><name>x\0</name></a>", "UTF-8"),
    "a NUL by number": ("<a><name>&#0;</name></a>", "valid XML"),
    "a control": ("<a><name>\x01</name></a>", "valid XML"),
    "a prefix nobody declared": ("<a><p:name>x</p:name></a>", "valid XML"),
    "garbage behind": (NAME + "x", "valid XML"), "two documents": (NAME + NAME, "valid XML"),
    "cut": (NAME[:-3], "valid XML"), "JSON": ('{"name":"x"}', "valid XML"), "a text": ("<a>x</a>", "object"),
    "included": ('<a xmlns:xi="http://www.w3.org/2001/XInclude"><name><xi:include '
                 'href="file:///etc/passwd" parse="text"/></name></a>', "string"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_xml_that_is_refused_says_why(server, what):
    body, reason = REFUSED[what]
    answer = xml.ask(server, "POST", "/2fa/2/applications", body)
    assert answer.status == (400 if reason else 413)
    assert answer.error["messageId"] == "BAD_REQUEST" and (reason or "") in answer.error["text"]


@pytest.mark.parametrize("body", [
    NAME, "\ufeff" + NAME, " \r\n<?xml version='1.0' encoding='utf-8'?>" + NAME + "\n<!-- -->\n",
    "<?xml version='1.0'?><?x y?><b xmlns='urn:x' xmlns:p='urn:y' z='1'><p:name>x</p:name></b>",
    "<a>\n <name><![CDATA[x]]></name><unknown><b/></unknown><!-- <name>y</name> --></a>",
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><name>&#120;</name>'
    '<enabled i:nil="true"/><configuration/></a>'])
def test_every_way_to_write_one_document(server, body):
    answer = xml.ask(server, "POST", "/2fa/2/applications", body)
    assert (answer.status, answer.value["name"], answer.value["enabled"]) == (201, "x", "true")


def test_errors_are_in_the_format_that_is_asked_for(server, house):
    for path, status in (("applications/0", 404), ("nothing<&", 404), ("pin", 405)):
        answer = xml.ask(server, "GET", "/2fa/2/" + path)
        same = server.get("/2fa/2/" + path)
        assert (answer.status, same.status_code) == (status, status)
        assert answer.value == xml.texts(same.json())
    assert xml.ask(server, "GET", "/2fa/2/applications", key="x").status == 401
    faults = xml.ask(server, "POST", "/2fa/2/pin", ("x", {
        **house.ids(), "placeholders": {"a b": {"c": "d"}}})).error["validationErrors"]
    assert faults == {"placeholders.a b": {"placeholders.a b": "must be a string"}} or \
        list(faults) == ["placeholders.a b"]


def test_a_key_is_of_one_request_in_either_format(server, house):
    body = {**house.ids(), "trackDelivery": True}
    key = {"Idempotency-Key": f"xml-{house.application}"}
    first = server.post("/2fa/2/pin", body, headers=key)
    again = xml.ask(server, "POST", "/2fa/2/pin", ("x", body), **key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.value == xml.texts(first.json())
    assert xml.ask(server, "POST", "/2fa/2/pin", ("y", body), **key).octets == again.octets
    assert server.post("/2fa/2/pin", body, headers=key).content == first.content
    assert xml.ask(server, "POST", "/2fa/2/pin", ("x", {**body, "to": "41793026728"}), **key).status == 422


def test_a_list_of_many_pieces(server):
    application = server.application()
    for n in range(150):
        server.template(application, messageText=f"{{{{pin}}}} {'<&>' * 30} {n}")
    at = f"/2fa/2/applications/{application}/messages"
    answer = xml.ask(server, "GET", at)
    assert answer.value == xml.texts(server.get(at).json()) and len(answer.value) == 150


def test_texts_of_any_kind_are_the_same_in_both(server, house):
    at = f"/2fa/2/applications/{house.application}/messages/{house.template}"
    odd = random.Random(1)
    for _ in range(40):
        text = "{{pin}}" + "".join(odd.choice("a<>&]'\"\\\t\n\r é\u2028\U0001f600") for _ in range(30)) + "."
        assert xml.ask(server, "PUT", at, ("x", {"messageText": text})).value["messageText"] == text
        assert server.get(at).json()["messageText"] == text
    server.put(at, {"messageText": "{{pin}}\x01\ufffe."})
    assert xml.ask(server, "GET", at).value["messageText"] == "{{pin}}\ufffd\ufffd."
