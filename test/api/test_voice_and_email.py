# SPDX-License-Identifier: Apache-2.0
"""The same PIN by voice and by email: what is asked, what is answered, and what a carrier gets
(the trial carrier writes it down)."""

import pytest

from harness.server import error_of, wrong

MAILBOX = "ada@example.com"
ACCEPTED = {"name": "PENDING_ACCEPTED", "description": "Message accepted, pending for delivery."}


class Post:
    """Sends and resends over the channels, with templates of both kinds."""

    def __init__(self, server, **configuration):
        self.server = server
        self.application = server.application(**configuration)
        self.spoken = server.template(self.application, language="pt-BR", voiceName="Ana",
                                      repeatDTMF="1#", speechRate=1.5)
        self.written = self.email_template()

    def email_template(self, **members):
        made = self.server.post("/watchword/1/email-templates", {
            "subject": "{{firstName}}, your PIN", "text": "It is [{{pin}}]",
            "html": "<p>{{firstName}}: <b>[{{pin}}]</b>", "landingPageId": "1_23456"})
        answer = self.server.post(f"/2fa/2/applications/{self.application}/email/messages", {
            "emailTemplateId": made.json()["id"], "pinLength": 6, "from": "Shop <shop@example.com>",
            **members})
        assert answer.status_code == 200, answer.text
        return answer.json()["messageId"]

    def voice(self, to="41793026727", version=2, query="", **members):
        return self.server.post(f"/2fa/{version}/pin/voice{query}", {
            "applicationId": self.application, "messageId": self.spoken, "to": to, **members})

    def email(self, to=MAILBOX, **members):
        return self.server.post("/2fa/2/pin/email", {
            "applicationId": self.application, "messageId": self.written, "to": to, **members})

    def resend(self, pin_id, channel, body=None, version=2):
        return self.server.post(f"/2fa/{version}/pin/{pin_id}/resend/{channel}", body)


@pytest.fixture(scope="module")
def mail(server):
    return Post(server)


def faults(answer):
    assert answer.status_code == 400, answer.text
    return error_of(answer)["validationErrors"]


# ---- voice ----

@pytest.mark.parametrize("version", [1, 2])
def test_a_pin_is_called_with_all_that_its_template_says(server, mail, version):
    answer = mail.voice("+41 79 302 67 27", version).json()
    assert answer == {"pinId": answer["pinId"], "to": "41793026727",
                      "callStatus": "PENDING_ACCEPTED"}
    call = server.message(answer["pinId"])
    assert call["text"].startswith("Your PIN is [")
    assert {k: call[k] for k in ("channel", "language", "voiceName", "repeatDTMF", "speechRate",
                                 "from")} == {
        "channel": "voice", "language": "pt_br", "voiceName": "Ana", "repeatDTMF": "1#",
        "speechRate": 1.5, "from": "Bar"}
    pin = server.pin(answer["pinId"])
    assert server.verify(answer["pinId"], wrong(pin)).json()["verified"] is False
    assert server.verify(answer["pinId"], pin).json()["verified"] is True


@pytest.mark.parametrize(("query", "status"), [
    ("", None), ("?ncNeeded=false", None), ("?ncNeeded=true", "NC_NOT_CONFIGURED")])
def test_a_call_is_looked_up_where_that_is_asked_for(mail, query, status):
    assert mail.voice(query=query).json().get("ncStatus") == status


def test_the_caller_of_the_request_goes_before_that_of_the_template(server, mail):
    answer = mail.voice(**{"from": "41431234567"}, trackDelivery=True).json()
    assert len(answer["externalMessageId"]) == 36
    assert server.message(answer["pinId"])["from"] == "41431234567"


@pytest.mark.parametrize("version", [1, 2])
def test_a_pin_goes_by_phone_both_ways(server, mail, version):
    """COM-python and COM-rust send by SMS, and resend by voice and SMS."""
    pin_id, pin = server.sent(mail.application, mail.spoken)
    said = mail.resend(pin_id, "voice", version=version)
    assert said.json() == {"pinId": pin_id, "to": "41793026727", "callStatus": "PENDING_ACCEPTED"}
    assert server.post(f"/2fa/{version}/pin/{pin_id}/resend").json()["smsStatus"] == "MESSAGE_SENT"
    assert [server.message(pin_id, n)["channel"] for n in (1, 2, 3)] == ["sms", "voice", "sms"]
    assert {server.pin(pin_id, n) for n in (2, 3)} == {pin}


def test_calls_and_texts_count_against_one_limit_of_a_number(server):
    mail = Post(server, sendPinPerPhoneNumberLimit="2/1h")
    assert mail.voice().status_code == 200
    assert server.send(mail.application, mail.spoken).status_code == 200
    assert mail.voice().status_code == 429


# ---- email ----

def test_a_pin_is_mailed(server, mail):
    answer = mail.email("Ada@Example.COM", placeholders={"firstName": "<Ada>"},
                        landingPagePlaceholders={"name": "Ada", "surname": "L\n"}).json()
    assert answer == {"pinId": answer["pinId"], "to": MAILBOX, "emailStatus": ACCEPTED}
    message = server.message(answer["pinId"])
    pin = server.pin(answer["pinId"])
    assert {k: message[k] for k in ("channel", "to", "from", "subject", "html", "landingPageId",
                                    "landingPagePlaceholders")} == {
        "channel": "email", "to": MAILBOX, "from": "Shop <shop@example.com>",
        "subject": "<Ada>, your PIN", "html": f"<p>&lt;Ada&gt;: <b>[{pin}]</b>",
        "landingPageId": "1_23456", "landingPagePlaceholders": {"name": "Ada", "surname": "L\n"}}
    assert server.verify(answer["pinId"], pin).json() == {
        "pinId": answer["pinId"], "msisdn": MAILBOX, "verified": True, "attemptsRemaining": 0}


def test_a_mail_is_sent_again_with_what_is_given_anew(server, mail):
    pin_id = mail.email(placeholders={"firstName": "Ada"},
                        landingPagePlaceholders={"name": "A"}).json()["pinId"]
    bodies = [None, {"placeholders": {"firstName": "Bob"}}, {"landingPagePlaceholders": {"name": "B"}}]
    for body in bodies:
        answer = mail.resend(pin_id, "email", body)
        assert answer.json() == {"pinId": pin_id, "to": MAILBOX, "emailStatus": ACCEPTED}
    said = [server.message(pin_id, n) for n in range(1, 5)]
    assert [m["subject"].split(",")[0] for m in said] == ["Ada", "Ada", "Bob", "Ada"]
    assert [m["landingPagePlaceholders"]["name"] for m in said] == ["A", "A", "A", "B"]
    assert len({server.pin(pin_id, n) for n in range(1, 5)}) == 1


def test_the_sender_of_a_mail(server, mail):
    for given, sender in ((None, "Shop <shop@example.com>"), ("", "Shop <shop@example.com>"),
                          ("Other <o@example.org>", "Other <o@example.org>")):
        answer = mail.email(**{"from": given})
        assert server.message(answer.json()["pinId"])["from"] == sender


def test_the_limits_of_a_mailbox_are_those_of_a_number(server):
    mail = Post(server, sendPinPerPhoneNumberLimit="2/1h", verifyPinLimit="1/1h")
    pin_id = mail.email("eve@example.com").json()["pinId"]
    assert mail.email(" EVE@example.com ").status_code == 200
    refused = mail.email("eve@EXAMPLE.com")
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 3600
    assert mail.email("adam@example.com").status_code == 200
    assert server.verify(pin_id, "none").status_code == 200
    assert server.verify(pin_id, "none").status_code == 429
    path = f"/2fa/2/applications/{mail.application}/verifications?msisdn=eve%40example.com"
    assert [v["msisdn"] for v in server.get(path).json()["verifications"]] == ["eve@example.com"] * 2


# ---- what is refused, and changes nothing ----

@pytest.mark.parametrize("to", ["", None, "41793026727", "ada", "a@b@c", "a b@example.com",
                                "a@example.com\r\nBcc: x@example.com", "a@" + "b" * 260, 7])
def test_a_mailbox_that_is_none_is_named(mail, to):
    assert "to" in faults(mail.email(to))


def test_a_mailbox_has_no_telephone(server, mail):
    assert "to" in faults(mail.voice(MAILBOX))
    assert "to" in faults(server.send(mail.application, mail.spoken, MAILBOX))


def test_a_sender_that_would_end_a_header_is_named(mail):
    for sender in ("Shop", "Shop <shop@example.com>\r\nBcc: x@example.com", "41793026727"):
        assert "from" in faults(mail.email(**{"from": sender})), sender


def test_a_template_of_another_kind_is_named(mail):
    assert faults(mail.email(messageId=mail.spoken)) == {
        "messageId": ["is a template of another channel"]}
    assert "messageId" in faults(mail.voice(messageId=mail.written))


@pytest.mark.parametrize("member", ["placeholders", "landingPagePlaceholders"])
def test_placeholders_that_are_none_are_named(mail, member):
    for given in ("Ada", 7, [1], {str(n): "x" for n in range(51)}):
        assert member in faults(mail.email(**{member: given}))
    for given in ({"pin": "1"}, {"name": {}}, {"name": "x" * 1001}):
        assert f"{member}.{next(iter(given))}" in faults(mail.email(**{member: given}))


def test_a_pin_that_was_made_for_another_channel(server, mail):
    by_mail = mail.email().json()["pinId"]
    assert faults(mail.resend(by_mail, "voice")) == {"channel": [
        "the PIN was not made for voice: it needs an alternative, named at the send"]}
    assert "channel" in faults(server.post(f"/2fa/2/pin/{by_mail}/resend"))
    by_phone = mail.voice().json()["pinId"]
    assert "channel" in faults(mail.resend(by_phone, "email"))
    assert len(server.messages(by_mail)) == len(server.messages(by_phone)) == 1
    assert mail.resend("0" * 32, "email").status_code == 404


def test_a_channel_without_a_carrier_is_told_before_anything_is_made(fresh):
    own = fresh(config="carriers: [{name: f, type: file, path: messages.jsonl}]\n"
                       "routes: [{channel: email, carriers: [f]}]\n")
    mail = Post(own, sendPinPerApplicationLimit="1/1h")
    for answer, channel in ((mail.voice(), "voice"), (own.send(mail.application, mail.spoken), "sms")):
        assert faults(answer) == {"channel": [f"no carrier of this server serves {channel}"]}
        assert answer.headers["X-Watchword-Reason"] == "channelNotServed"
    pin_id = mail.email().json()["pinId"]
    assert "channel" in faults(mail.resend(pin_id, "voice"))


def test_a_number_that_no_route_takes_is_not_called(fresh):
    own = fresh(config="carriers: [{name: f, type: file, path: messages.jsonl}]\n"
                       "routes: [{channel: voice, prefix: '41', carriers: [f]},"
                       " {channel: email, deny: 'not ours'}]\n")
    mail = Post(own)
    assert mail.voice("41793026727").json()["callStatus"] == "PENDING_ACCEPTED"
    assert mail.voice("4917612345678").json()["callStatus"] == "REJECTED_NETWORK"
    assert mail.email().json()["emailStatus"] == {"name": "REJECTED_NETWORK",
                                                  "description": "Network is forbidden"}


# ---- keys of requests ----

def test_a_key_is_of_one_url(server, mail):
    headers = {"Idempotency-Key": "channels-1"}
    body = {"applicationId": mail.application, "messageId": mail.spoken, "to": "41793026700"}
    answers = [server.post(path, body, headers=headers)
               for path in ("/2fa/2/pin", "/2fa/2/pin/voice", "/2fa/2/pin", "/2fa/2/pin/voice")]
    assert [a.headers.get("Idempotency-Replayed") for a in answers] == [None, None, "true", "true"]
    assert answers[0].json()["pinId"] != answers[1].json()["pinId"]
    assert answers[1].json() == answers[3].json()
    pin_id = answers[0].json()["pinId"]
    said = [server.post(f"/2fa/2/pin/{pin_id}/resend{way}", headers=headers).json()
            for way in ("", "/voice", "/voice")]
    assert said[0]["smsStatus"] == "MESSAGE_SENT" and said[1] == said[2]
    assert len(server.messages(pin_id)) == 3
