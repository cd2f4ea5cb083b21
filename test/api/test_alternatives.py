# SPDX-License-Identifier: Apache-2.0
"""One PIN over any channel: other ways to the person are named at the send (`alternatives`),
and a resend over a channel goes by its own. PIN, attempts, life and resends are one."""

import pytest

from harness.server import error_of, wrong

NUMBER, OTHER, MAILBOX = "41793026727", "41443026727", "ada@example.com"


class Ways:
    """An application with a template for phones, another, and one for mailboxes."""

    def __init__(self, server, key=None, **configuration):
        self.server = server
        self.key = key
        self.application = server.application(key=key, **configuration)
        self.text = server.template(self.application, key=key, messageText="{{name}}: [{{pin}}]")
        self.spoken = server.template(self.application, key=key, language="de", senderId="41440000000",
                                      pinLength=4, messageText="Die PIN ist [{{pin}}]")
        self.mail = self.email_template()

    def email_template(self):
        made = self.server.post("/watchword/1/email-templates", key=self.key, body={
            "subject": "{{name}}", "text": "It is [{{pin}}]"})
        return self.server.post(
            f"/2fa/2/applications/{self.application}/email/messages", key=self.key,
            body={"emailTemplateId": made.json()["id"], "from": "shop@example.com"}
        ).json()["messageId"]

    def by_email(self, to=MAILBOX):
        return {"to": to, "messageId": self.mail}

    def send(self, alternatives, to=NUMBER, path="/2fa/2/pin", template=None, **members):
        return self.server.post(path, key=self.key, body={
            "applicationId": self.application, "messageId": template or self.text, "to": to,
            "alternatives": alternatives, **members})

    def sent(self, *args, **members):
        answer = self.send(*args, **members)
        assert answer.status_code == 200, answer.text
        return answer.json()["pinId"]

    def resend(self, pin_id, channel=None, body=None, version=2, **more):
        way = f"/{channel}" if channel else ""
        return self.server.post(f"/2fa/{version}/pin/{pin_id}/resend{way}", body, key=self.key,
                                **more)


@pytest.fixture(scope="module")
def ways(server):
    return Ways(server)


def faults(answer, status=400):
    assert answer.status_code == status, answer.text
    return error_of(answer)["validationErrors"]


def test_a_text_that_does_not_arrive_goes_by_mail_and_by_a_call(server, ways):
    pin_id = ways.sent({"email": ways.by_email(" Ada@Example.COM"),
                        "voice": {"to": "+41 44 302 67 27", "messageId": ways.spoken}},
                       placeholders={"name": "Ada"}, **{"from": "Shop"})
    pin = server.pin(pin_id)
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 9
    mailed = ways.resend(pin_id, "email").json()
    assert (mailed["to"], mailed["emailStatus"]["name"]) == (MAILBOX, "PENDING_ACCEPTED")
    called = ways.resend(pin_id, "voice", {"placeholders": {"name": "Bob"}}, version=1).json()
    assert called == {"pinId": pin_id, "to": OTHER, "callStatus": "PENDING_ACCEPTED"}
    assert ways.resend(pin_id).json()["to"] == NUMBER
    said = [server.message(pin_id, n) for n in range(1, 5)]
    assert [(m["channel"], m["to"], m["from"]) for m in said] == [
        ("sms", NUMBER, "Shop"), ("email", MAILBOX, "shop@example.com"),
        ("voice", OTHER, "41440000000"), ("sms", NUMBER, "Shop")]
    assert said[1]["subject"] == "Ada" and said[2]["language"] == "de"
    assert {server.pin(pin_id, n) for n in (2, 3, 4)} == {pin} and len(pin) == 6
    assert server.verify(pin_id, wrong(pin)).json() == {
        "pinId": pin_id, "msisdn": NUMBER, "verified": False, "attemptsRemaining": 8,
        "pinError": "WRONG_PIN"}
    assert server.verify(pin_id, pin).json()["verified"] is True


def test_a_mail_goes_by_phone(server, ways):
    pin_id = ways.sent({"sms": {"to": NUMBER, "messageId": ways.text}}, to=MAILBOX,
                       path="/2fa/2/pin/email", template=ways.mail,
                       **{"from": "Other <o@example.com>"}, placeholders={"name": "Ada"})
    assert ways.resend(pin_id).json()["smsStatus"] == "MESSAGE_SENT"
    message = server.message(pin_id, 2)
    assert (message["to"], message["from"], message["text"]) == (
        NUMBER, "Bar", f"Ada: [{server.pin(pin_id)}]")
    assert "channel" in faults(ways.resend(pin_id, "voice"))


def test_another_number_by_the_same_template_and_sender(server, ways):
    pin_id = ways.sent({"voice": OTHER}, **{"from": "Shop"})
    assert ways.resend(pin_id, "voice").json()["to"] == OTHER
    message = server.message(pin_id, 2)
    assert (message["to"], message["from"]) == (OTHER, "Shop")
    assert server.pin(pin_id, 2) == server.pin(pin_id)


def test_resends_have_one_cap_and_a_space_on_each_channel(fresh):
    own = fresh(config="limits: {resends_per_pin: 3, resend_interval: 1h}\n")
    ways = Ways(own)
    pin_id = ways.sent({"email": ways.by_email()})
    answers = [ways.resend(pin_id, way) for way in ("email", "voice", None, "email")]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert "resendsPerPin" in faults(answers[3], 429)
    pin_id = ways.sent({"email": ways.by_email()})
    assert ways.resend(pin_id, "email").status_code == 200
    assert "resendInterval" in faults(ways.resend(pin_id, "email"), 429)
    assert ways.resend(pin_id, "voice").status_code == 200


def test_a_timeline_and_a_status_tell_of_each_way(server, ways):
    pin_id = ways.sent({"email": ways.by_email(), "voice": NUMBER})
    for way in ("email", "voice"):
        ways.resend(pin_id, way)
    server.message(pin_id, 3)
    told = server.get(f"/watchword/1/pins/{pin_id}").json()
    assert [(m["channel"], m.get("to")) for m in told["messages"]] == [
        ("sms", None), ("email", MAILBOX), ("voice", None)]
    assert [(e["channel"], e.get("to")) for e in told["events"] if e["event"] == "resend"] == [
        ("email", MAILBOX), ("voice", None)]
    assert len(server.get(f"/2fa/1/pin/{pin_id}/status").json()) == 3


def test_an_idempotency_key_of_a_resend_to_an_alternative(server, ways):
    pin_id = ways.sent({"email": ways.by_email()})
    headers = {"Idempotency-Key": pin_id}
    first, second = (ways.resend(pin_id, "email", headers=headers) for _ in range(2))
    assert first.json() == second.json() and second.headers["Idempotency-Replayed"] == "true"
    assert len(server.messages(pin_id)) == 2
    other = {"Idempotency-Key": f"s{pin_id}"}
    body = {"applicationId": ways.application, "messageId": ways.text, "to": NUMBER}
    assert server.post("/2fa/2/pin", body, headers=other).status_code == 200
    assert server.post("/2fa/2/pin", {**body, "alternatives": {"voice": OTHER}},
                       headers=other).status_code == 422


# ---- nobody is flooded by way of them ----

def test_a_mailbox_counts_the_pins_that_name_it(server):
    ways = Ways(server, sendPinPerPhoneNumberLimit="2/1h")
    assert ways.send({"email": ways.by_email()}, to="41790000001").status_code == 200
    assert ways.send({"email": ways.by_email("ADA@example.com")}, to="41790000002").status_code == 200
    refused = ways.send({"email": ways.by_email()}, to="41790000003")
    assert set(faults(refused, 429)) == {"sendPinPerPhoneNumberLimit", "alternatives.email"}
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    direct = ways.send(None, to=MAILBOX, path="/2fa/2/pin/email", template=ways.mail)
    assert direct.status_code == 429
    # the number of the send that was refused has all of its room
    assert ways.send(None, to="41790000003").status_code == 200
    assert ways.send({"email": ways.by_email("eve@example.com")}, to="41790000003").status_code == 200


def test_what_was_sent_there_counts_for_what_names_it(server):
    ways = Ways(server, sendPinPerPhoneNumberLimit="2/1h")
    for _ in range(2):
        assert ways.send(None, to=OTHER).status_code == 200
    assert "alternatives.voice" in faults(ways.send({"voice": OTHER}), 429)
    assert ways.send({"voice": NUMBER}).status_code == 200


def test_one_number_counts_once(server):
    ways = Ways(server, sendPinPerPhoneNumberLimit="2/1h")
    for _ in range(2):
        same = {"voice": {"to": NUMBER, "messageId": ways.spoken}, "email": ways.by_email()}
        assert ways.send(same).status_code == 200
    assert ways.send(None).status_code == 429
    by_mail = {"sms": {"to": OTHER, "messageId": ways.text},
               "voice": {"to": OTHER, "messageId": ways.spoken}}
    sent = [ways.send(by_mail, to=f"m{n}@example.com", path="/2fa/2/pin/email",
                      template=ways.mail).status_code for n in range(3)]
    assert sent == [200, 200, 429]


def test_a_window_of_names_passes_and_a_start_remembers_it(fresh):
    own = fresh()
    ways = Ways(own, sendPinPerPhoneNumberLimit="1/1d")
    ways.sent({"email": ways.by_email()})
    own.kill()
    own.start()
    assert ways.send({"email": ways.by_email()}, to="41790000002").status_code == 429
    own.put(f"/2fa/2/applications/{ways.application}", {
        "name": "n", "configuration": {"sendPinPerPhoneNumberLimit": "1/1ms"}})
    assert ways.send({"email": ways.by_email()}, to="41790000002").status_code == 200


# ---- what is refused, and changes nothing ----

@pytest.mark.parametrize(("given", "field"), [
    ("x", "alternatives"), ([MAILBOX], "alternatives"),
    ({"fax": OTHER}, "alternatives.fax"), ({"EMAIL": MAILBOX}, "alternatives.EMAIL"),
    ({"sms": OTHER}, "alternatives.sms"), ({"voice": MAILBOX}, "alternatives.voice"),
    ({"voice": ""}, "alternatives.voice"), ({"voice": 7}, "alternatives.voice"),
    ({"voice": []}, "alternatives.voice"), ({"voice": {}}, "alternatives.voice.to"),
    ({"voice": {"to": {}}}, "alternatives.voice.to"),
    ({"voice": {"to": OTHER, "messageId": ""}}, "alternatives.voice.messageId"),
    ({"email": MAILBOX}, "alternatives.email"), ({"email": {"to": MAILBOX}}, "alternatives.email"),
    ({"email": {"to": OTHER, "messageId": "x"}}, "alternatives.email"),
])
def test_alternatives_that_are_none_are_named(server, ways, given, field):
    before = len(server.messages())
    assert field in faults(ways.send(given)), given
    assert len(server.messages()) == before


def test_a_template_that_is_none_or_of_another_kind_is_named(server, ways):
    field = "alternatives.email.messageId"
    answer = ways.send({"email": {"to": MAILBOX, "messageId": "0" * 32}})
    assert field in faults(answer, 404)
    assert answer.headers["X-Watchword-Reason"] == "unknownTemplate"
    assert field in faults(ways.send({"email": {"to": MAILBOX, "messageId": "x"}}), 404)
    foreign = Ways(server)
    assert field in faults(ways.send({"email": foreign.by_email()}), 404)
    assert field in faults(ways.send({"email": {"to": MAILBOX, "messageId": ways.text}}))


def test_nothing_is_an_alternative_too(server, ways):
    for none in (None, {}, {"email": None}):
        pin_id = ways.sent(none)
        assert "channel" in faults(ways.resend(pin_id, "email"))


def test_an_alternative_that_no_carrier_serves(fresh):
    own = fresh(config="carriers: [{name: f, type: file, path: messages.jsonl}]\n"
                       "routes: [{channel: sms, carriers: [f]}]\n")
    ways = Ways(own)
    assert "no carrier" in faults(ways.send({"voice": OTHER}))["alternatives.voice"][0]


def test_the_pin_of_another_account_has_no_way(server, ways):
    server.command("account", "create", "way-neighbour")
    key = server.command("key", "create", "--account", "way-neighbour", "--name", "n", "--scope",
                         "2fa:manage").stdout.strip()
    pin_id = ways.sent({"email": ways.by_email()})
    answer = server.post(f"/2fa/2/pin/{pin_id}/resend/email", key=key)
    unknown = server.post(f"/2fa/2/pin/{'0' * 32}/resend/email", key=key)
    assert answer.status_code in (401, 404)  # the key is known within a second
    if answer.status_code == 404:
        assert answer.json() == unknown.json()
