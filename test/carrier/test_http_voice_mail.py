# SPDX-License-Identifier: Apache-2.0
"""Calls and emails over HTTP through the running server: one server, whose routes lead to
vendors that are one gateway of ours, told apart by their paths."""

import base64
import hashlib
import hmac
import json
import re
import subprocess

import pytest
import requests

from harness.gateway import RESET, SILENT, Gateway
from harness.server import Server, wait_for

PUBLIC = "https://pins.example.net"
PATH_SECRET = "s3cr3t-of-the-receipts"
SIGNING = "a signature secret"
ROUTES = {"4178": ["twilio"], "4177": ["vonage"], "4176": ["infobip"], "4175": ["gateway"],
          "4174": ["twilio", "vonage"]}
MAILGUN = ("from={{from}}&to={{to}}&subject={{subject}}{{?text}}&text={{text}}{{/}}"
           "{{?html}}&html={{html}}{{/}}&v:reference={{reference}}")
POSTMARK = ('{"From": "{{from}}", "To": "{{to}}", "Subject": "{{subject}}"'
            '{{?text}}, "TextBody": "{{text}}"{{/}}{{?html}}, "HtmlBody": "{{html}}"{{/}}}')
MAILS = {  # carriers of emails, each in a server of its own: their options, their answer
    "infobip": ({}, (200, {"messages": [{"messageId": "M1", "status": {"groupId": 1, "id": 26}}]})),
    "postmark": ({"type": "generic", "body": POSTMARK, "message_id": "/MessageID",
                  "headers": {"X-Postmark-Server-Token": "{{password}}"},
                  "password_file": "secret", "result": "/ErrorCode",
                  "results": {"=0": "accepted", "=406": "refused"}, "receipt_id": "/MessageID",
                  "receipt_status": "/RecordType", "receipt_statuses": {
                      "Delivery": "DELIVERED_TO_HANDSET",
                      "Bounce": "UNDELIVERABLE_NOT_DELIVERED EC_HARD_BOUNCE"}},
                 (200, {"To": "ada@example.com", "MessageID": "M1", "ErrorCode": 0,
                        "Message": "OK"})),
    "mailgun": ({"type": "generic", "body": MAILGUN, "body_format": "form", "auth": "basic",
                 "username": "api", "password_file": "secret",
                 "receipt_id": "/event-data/user-variables/reference",
                 "receipt_status": "/event-data/event", "receipt_statuses": {
                     "delivered": "DELIVERED_TO_HANDSET",
                     "failed": "UNDELIVERABLE_NOT_DELIVERED EC_HARD_BOUNCE"}},
                (200, {"id": "<1@mg.example.com>", "message": "Queued. Thank you."})),
}
REPORTS = {  # that the message with that reference came back
    "infobip": lambda _: [{"results": [{"messageId": "M1", "status": {"groupId": 2, "id": 9},
                                        "error": {"id": 6012}}]}],
    "postmark": lambda _: [{"RecordType": "Open", "MessageID": "M1"},
                           {"RecordType": "Bounce", "MessageID": "M1", "Type": "HardBounce"}],
    "mailgun": lambda reference: [{"signature": {}, "event-data": {
        "event": "failed", "user-variables": {"reference": reference}}}],
}


def files(folder):
    for name, text in (("secret", "12345"), ("path", PATH_SECRET), ("signing", SIGNING)):
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    subprocess.run(["openssl", "genrsa", "-out", folder / "key", "2048"], check=True,
                   capture_output=True)
    (folder / "key").chmod(0o600)


def entry(folder, gateway, name, **more):
    """A carrier with what all of them need here; files by their whole names."""
    made = {"name": name, "type": name, "url": gateway.url, "allow_http": True,
            "allow_private": True, "timeout": "300ms", **more}
    return {k: str(folder / v) if k.endswith("_file") else v for k, v in made.items()}


def voice_carriers(folder, gateway):
    return [
        entry(folder, gateway, "twilio", account_sid="AC1", auth_token_file="secret",
              sender="+41430000000", channels=["voice"]),
        entry(folder, gateway, "vonage", application_id="app-1", private_key_file="key",
              signature_secret_file="signing", receipt_secret_file="path",
              channels=["voice"], sender="41430000000"),
        entry(folder, gateway, "infobip", api_key_file="secret", receipt_secret_file="path",
              channels=["voice"], sender="41430000000"),
        entry(folder, gateway, "gateway", type="generic", url=gateway.url + "/call",
              channels=["voice"], sender="41430000000",
              body='{"to": "{{to}}", "say": "{{spoken}}", "language": "{{language}}"}',
              message_id="/id", receipt_secret_file="path", receipt_id="/id",
              receipt_status="/state", receipt_statuses={"done": "DELIVERED_TO_HANDSET"}),
    ]


def configuration(carriers, routes):
    return json.dumps({"carriers": carriers, "routes": routes, "http": {"public_url": PUBLIC},
                       "limits": {"resend_interval": "0s"},
                       "delivery": {"accept_wait": "5s", "attempts": 3}})


# ---- calls ----

class World:
    """The server and its vendors; `faults` are answered before anything else, in turn."""

    def __init__(self, folder):
        self.faults = []
        self.gateway = Gateway(self.answer)
        self.count = 0
        files(folder)
        (folder / "server").mkdir()
        self.server = Server(folder / "server", config=configuration(
            voice_carriers(folder, self.gateway),
            [{"channel": "voice", "prefix": p, "carriers": c} for p, c in ROUTES.items()]))

    def answer(self, request):
        if self.faults:
            return self.faults.pop(0)
        self.count += 1
        if request.path.endswith("/Calls.json"):
            return 201, json.dumps({"sid": f"ID{self.count}", "status": "queued"})
        if request.path == "/v1/calls":
            return 201, json.dumps({"uuid": f"ID{self.count}", "status": "started"})
        if request.path == "/tts/3/advanced":
            return 200, json.dumps({"messages": [{"messageId": f"ID{self.count}",
                                                  "status": {"groupId": 1, "id": 26}}]})
        return 202, json.dumps({"id": f"ID{self.count}"})

    def call(self, to, *faults):
        """Answer, the requests that it made, the id that the vendor gave."""
        self.faults = list(faults)
        before = len(self.gateway.requests)
        said = self.server.post("/2fa/2/pin/voice", {
            "applicationId": self.application, "messageId": self.template, "to": to}).json()
        return said, self.gateway.requests[before:], f"ID{self.count}"

    def told(self, pin_id):
        return self.server.get(f"/watchword/1/pins/{pin_id}").json()["messages"][0]

    def receipt(self, name, path="", **more):
        return requests.post(f"{self.server.base}/watchword/1/receipts/{name}{path}",
                             timeout=30, **more).status_code

    def start(self):
        self.application = self.server.application(sendPinPerPhoneNumberLimit="100/1d")
        self.template = self.server.template(
            self.application, language="pt-BR", senderId=None, pinLength=6,
            messageText="Seu PIN é {{pin}} <&>")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("calls"))
    with made.server, made.gateway:
        made.start()
        yield made


SPOKEN = re.compile(r"Seu PIN é (\d, \d, \d, \d, \d, \d) ")


def twilio_says(request):
    assert request.form["To"] == "+41780000001" and request.form["From"] == "+41430000000"
    twiml = request.form["Twiml"]
    assert re.fullmatch(r"<Response>(<Pause length=\"1\"/><Say language=\"pt-BR\">[^<]*"
                        r"&#60;&#38;&#62;</Say>){2}</Response>", twiml), twiml
    return twiml


def vonage_says(request):
    body = json.loads(request.body)
    assert body["to"] == [{"type": "phone", "number": "41770000001"}]
    assert body["from"] == {"type": "phone", "number": "41430000000"}
    (talk,) = body["ncco"]
    assert (talk["action"], talk["language"], talk["loop"]) == ("talk", "pt-BR", 2)
    return talk["text"] * 2


def infobip_says(request):
    (message,) = json.loads(request.body)["messages"]
    assert message["destinations"][0]["to"] == "41760000001"
    assert (message["from"], message["language"]) == ("41430000000", "pt-br")
    return message["text"]


def gateway_says(request):
    body = json.loads(request.body)
    assert (body["to"], body["language"]) == ("41750000001", "pt-BR")
    return body["say"]


@pytest.mark.parametrize(("to", "says"), [
    ("41780000001", twilio_says), ("41770000001", vonage_says),
    ("41760000001", infobip_says), ("41750000001", gateway_says)],
    ids=["twilio", "vonage", "infobip", "generic"])
def test_a_pin_is_called_by_each_vendor(world, to, says):
    said, (request,), _ = world.call(to)
    assert said["callStatus"] == "PENDING_ACCEPTED"
    heard = SPOKEN.findall(says(request))
    assert len(heard) == 2 and heard[0] == heard[1]
    pin = heard[0].replace(", ", "")
    assert world.server.verify(said["pinId"], pin).json()["verified"] is True


def test_a_token_of_vonage_is_signed_by_the_key_and_serves_many_calls(world):
    tokens = {world.call(f"4177000001{n}")[1][0].headers["authorization"] for n in range(3)}
    assert len(tokens) == 1
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "==") for part in tokens.pop()[7:].split("."))
    assert json.loads(head) == {"alg": "RS256", "typ": "JWT"} and len(signature) == 256
    said = json.loads(claims)
    assert said["application_id"] == "app-1" and said["exp"] == said["iat"] + 900


# ---- faults ----

def test_wrong_credentials_and_a_refusal_go_to_the_next_carrier(world):
    refused = (401, json.dumps({"code": 20003, "status": 401}))
    said, seen, _ = world.call("41740000001", refused)
    assert said["callStatus"] == "PENDING_ACCEPTED"
    assert [r.path for r in seen] == ["/2010-04-01/Accounts/AC1/Calls.json", "/v1/calls"]


def test_a_number_that_is_none_is_called_by_nobody(world):
    bad = (400, json.dumps({"code": 21211, "status": 400}))
    said, seen, _ = world.call("41740000002", bad)
    assert said["callStatus"] == "REJECTED_DESTINATION" and len(seen) == 1


def test_429_is_waited_for_and_is_no_attempt(world):
    said, seen, _ = world.call("41770000002", (429, "{}"))
    assert said["callStatus"] == "PENDING_ACCEPTED" and len(seen) == 2
    wait_for("its outcome", lambda: world.told(said["pinId"])["attempts"] == 1)


@pytest.mark.parametrize("fault", [(503, "{}"), (500, "{}"), RESET, SILENT],
                         ids=["503", "500", "reset", "silent"])
def test_a_call_that_may_not_have_been_made_is_made_again(world, fault):
    said, seen, _ = world.call("41780000003", fault)
    assert said["callStatus"] == "PENDING_ACCEPTED"
    heard = {SPOKEN.search(r.form["Twiml"])[1] for r in seen}
    assert len(seen) == 2 and len(heard) == 1


def test_an_answer_that_says_well_and_cannot_be_read_makes_no_second_call(world):
    said, seen, _ = world.call("41760000003", (200, "<html>"))
    assert said["callStatus"] == "PENDING_ACCEPTED" and len(seen) == 1


# ---- what became of a call ----

def status_of(world, pin_id):
    return world.told(pin_id).get("status")


def ends_as(world, pin_id, name):
    wait_for(name, lambda: world.told(pin_id).get("status", {}).get("name") == name)


def test_callbacks_of_twilio(world):
    hook = f"{PUBLIC}/watchword/1/receipts/twilio"
    for word, name in (("busy", "BUSY"), ("completed", "DELIVERED_TO_HANDSET")):
        said, (request,), sid = world.call("41780000004")
        assert request.form["StatusCallback"] == hook
        form = {"CallSid": sid, "CallStatus": word, "To": "+41780000004"}
        text = hook + "".join(k + form[k] for k in sorted(form))
        right = base64.b64encode(hmac.new(b"12345", text.encode(), hashlib.sha1).digest()).decode()
        forged = {**form, "CallStatus": "no-answer"}
        assert world.receipt("twilio", data=form) == 403
        assert world.receipt("twilio", data=forged, headers={"X-Twilio-Signature": right}) == 403
        for _ in range(2):  # once more changes nothing
            assert world.receipt("twilio", data=form, headers={"X-Twilio-Signature": right}) == 200
        ends_as(world, said["pinId"], name)


def signed(body, secret=SIGNING, **claims):
    """A token of Vonage over that body."""
    claims = {"iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest(), **claims}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=")
             for p in ({"alg": "HS256", "typ": "JWT"}, claims)]
    mac = hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).digest()
    return "Bearer " + b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def test_events_of_vonage(world):
    said, (request,), uuid = world.call("41770000005")
    (hook,) = json.loads(request.body)["event_url"]
    path = hook.removeprefix(f"{PUBLIC}/watchword/1/receipts/vonage")
    body = json.dumps({"uuid": uuid, "status": "unanswered", "direction": "outbound"}).encode()
    other = body.replace(b"unanswered", b"completed")
    for octets, token, where in ((body, "", path), (other, signed(body), path),
                                 (body, signed(body, "another"), path),
                                 (body, signed(body, payload_hash=None), path),
                                 (body, signed(body), path + "x")):
        assert world.receipt("vonage", where, data=octets, headers={"Authorization": token}) == 403
    assert status_of(world, said["pinId"])["name"] == "PENDING_ENROUTE"
    for _ in range(2):
        assert world.receipt("vonage", path, data=body,
                             headers={"Authorization": signed(body)}) == 200
    ends_as(world, said["pinId"], "NO_ANSWER")
    # one that comes late, and is right, moves nothing back
    assert world.receipt("vonage", path, data=other, headers={"Authorization": signed(other)}) == 200


def test_reports_of_infobip_and_of_a_gateway(world):
    said, (request,), number = world.call("41760000006")
    hook = json.loads(request.body)["messages"][0]["notifyUrl"]
    path = hook.removeprefix(f"{PUBLIC}/watchword/1/receipts/infobip")
    report = {"results": [{"messageId": number, "voiceCall": {"duration": 0}, "status": {
        "groupId": 2, "id": 97}, "error": {"id": 10201}}]}
    assert world.receipt("infobip", json=report) == 403
    assert world.receipt("infobip", path, json=report) == 200
    ends_as(world, said["pinId"], "BUSY")
    said, _, number = world.call("41750000006")
    done = {"id": number, "state": "done"}
    assert world.receipt("gateway", "/x", json=done) == 403
    assert world.receipt("gateway", f"/{PATH_SECRET}", json=done) == 200
    ends_as(world, said["pinId"], "DELIVERED_TO_HANDSET")


# ---- emails ----

def mail_entry(folder, gateway, name):
    more, _ = MAILS[name]
    more = more or {"api_key_file": "secret"}
    return entry(folder, gateway, name, channels=["email"], receipt_secret_file="path",
                 sender="Pins <pins@example.com>", **more)


def mail_of(name, request):
    """From, to, subject, text and HTML of an email in the form of that vendor."""
    if name == "mailgun":
        return [request.form[k] for k in ("from", "to", "subject", "text", "html")]
    body = json.loads(request.body)
    if name == "postmark":
        return [body[k] for k in ("From", "To", "Subject", "TextBody", "HtmlBody")]
    (message,) = body["messages"]
    return [message["sender"], message["destinations"][0]["to"][0]["destination"],
            *(message["content"][k] for k in ("subject", "text", "html"))]


def reference_of(name, request):
    return request.form["v:reference"] if name == "mailgun" else None


@pytest.mark.parametrize("name", list(MAILS))
def test_a_pin_is_mailed_by_each_vendor(fresh, tmp_path, name):
    files(tmp_path)
    good = (MAILS[name][1][0], json.dumps(MAILS[name][1][1]))
    answers = [(429, "{}"), good] if name == "infobip" else [good]
    with Gateway(lambda _: answers.pop(0) if len(answers) > 1 else answers[0]) as gateway:
        own = fresh(config=configuration([mail_entry(tmp_path, gateway, name)], []))
        made = own.post("/watchword/1/email-templates", {
            "subject": "{{who}}, your PIN", "text": "It is [{{pin}}]",
            "html": "<p>{{who}}: <b>[{{pin}}]</b>"}).json()
        application = own.application()
        template = own.post(f"/2fa/2/applications/{application}/email/messages", {
            "emailTemplateId": made["id"], "pinLength": 6}).json()["messageId"]
        said = own.post("/2fa/2/pin/email", {
            "applicationId": application, "messageId": template, "to": "Ada@Example.com",
            "placeholders": {"who": "Zoë \"<&>\"\r\nBcc: x@example.com"}}).json()
        assert said["emailStatus"]["name"] == "PENDING_ACCEPTED"
        request = gateway.request(len(gateway.requests))
        sender, to, subject, text, html = mail_of(name, request)
        pin = re.search(r"\[(\d{6})\]", text)[1]
        assert (sender, to) == ("Pins <pins@example.com>", "ada@example.com")
        assert subject == "Zoë \"<&>\"  Bcc: x@example.com, your PIN"
        assert html.startswith("<p>Zoë &quot;&lt;&amp;&gt;&quot;") and f"[{pin}]" in html
        assert own.verify(said["pinId"], pin).json()["verified"] is True
        url = f"{own.base}/watchword/1/receipts/{name}/"
        for report in REPORTS[name](reference_of(name, request)):
            assert requests.post(url + "forged", json=report, timeout=30).status_code == 403
            assert requests.post(url + PATH_SECRET, json=report, timeout=30).status_code == 200
        wait_for("its end", lambda: own.get(f"/watchword/1/pins/{said['pinId']}").json()[
            "messages"][0]["status"]["name"] == "UNDELIVERABLE_NOT_DELIVERED")
