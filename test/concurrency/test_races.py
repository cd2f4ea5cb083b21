# SPDX-License-Identifier: Apache-2.0
"""64 callers at the same moment: every limit holds exactly, whoever comes first."""

from collections import Counter

from harness.crowd import crowd
from harness.server import Server, wrong

CALLERS = 64


def outcomes(answers):
    """How often each outcome of a verification was answered."""
    assert {status for status, _ in answers} == {200}
    return Counter("verified" if body["verified"] else body["pinError"] for _, body in answers)


def statuses(answers):
    return Counter(status for status, _ in answers)


def test_512_wrong_guesses_on_one_pin_compare_as_often_as_allowed(server):
    application = server.application(pinAttempts=10)
    pin_id, pin = server.sent(application, server.template(application), "41791000001")
    guesses = [g for g in (f"{n:06d}" for n in range(100000, 100513)) if g != pin][:512]
    answers = crowd(server, [lambda c, g=g: c.verify(pin_id, g) for g in guesses], CALLERS)
    assert outcomes(answers) == {"WRONG_PIN": 10, "NO_MORE_PIN_ATTEMPTS": 502}
    left = [body["attemptsRemaining"] for _, body in answers if body["pinError"] == "WRONG_PIN"]
    assert sorted(left) == list(range(10))
    assert server.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"


def test_the_right_pin_among_wrong_ones_wins_only_within_the_attempts(server):
    application = server.application(pinAttempts=5)
    template = server.template(application)
    for n in range(8):
        pin_id, pin = server.sent(application, template, f"4179100010{n}")
        guesses = [pin if i % 8 == n else wrong(pin) for i in range(CALLERS)]
        answers = crowd(server, [lambda c, g=g: c.verify(pin_id, g) for g in guesses], CALLERS)
        found = outcomes(answers)
        assert found["WRONG_PIN"] + found["verified"] == 5, found


def test_64_right_guesses_of_a_pin_for_one_use_succeed_once(server):
    application = server.application(allowMultiplePinVerifications=False)
    template = server.template(application)
    for n in range(4):
        pin_id, pin = server.sent(application, template, f"4179100020{n}")
        answers = crowd(server, [lambda c: c.verify(pin_id, pin)] * CALLERS, CALLERS)
        assert outcomes(answers)["verified"] == 1


def test_a_throttled_guess_is_not_compared(server):
    application = server.application(verifyPinLimit="5/1h")
    pin_id, pin = server.sent(application, server.template(application), "41791000003")
    answers = crowd(server, [lambda c: c.verify(pin_id, wrong(pin))] * CALLERS, CALLERS)
    assert statuses(answers) == {200: 5, 429: CALLERS - 5}
    left = [body["attemptsRemaining"] for status, body in answers if status == 200]
    assert sorted(left) == [5, 6, 7, 8, 9]


def test_sends_to_one_number_keep_its_limit_in_every_spelling(server):
    application = server.application(sendPinPerPhoneNumberLimit="7/1h")
    template = server.template(application)
    spellings = ["41791000004", "+41791000004", "+41 79 100 00 04", "4179-1000004"]
    answers = crowd(server, [lambda c, n=n: c.send(application, template, spellings[n % 4])
                             for n in range(CALLERS * 2)], CALLERS)
    assert statuses(answers) == {200: 7, 429: CALLERS * 2 - 7}
    for status, body in answers:
        if status == 200:
            server.message(body["pinId"])
    assert len([m for m in server.messages() if m["to"] == "41791000004"]) == 7


def test_sends_that_name_one_mailbox_keep_its_limit(server):
    """As alternatives of many numbers, in both spellings, and as the mailbox of a PIN."""
    application = server.application(sendPinPerPhoneNumberLimit="7/1h")
    template = server.template(application)
    email = server.post("/watchword/1/email-templates", {"subject": "n", "text": "[{{pin}}]"}).json()
    mail = server.post(f"/2fa/2/applications/{application}/email/messages",
                       {"emailTemplateId": email["id"]}).json()["messageId"]
    body = {"applicationId": application, "messageId": mail, "to": "ada@example.com"}
    named = [{"email": {"to": to, "messageId": mail}} for to in ("Ada@example.com", body["to"])]
    answers = crowd(server, [
        lambda c, n=n: c.post("/2fa/2/pin/email", body) if n % 4 == 0 else
        c.send(application, template, f"41791003{n:03d}", alternatives=named[n % 2])
        for n in range(CALLERS * 2)], CALLERS)
    assert statuses(answers) == {200: 7, 429: CALLERS * 2 - 7}


def test_sends_of_one_application_keep_its_limit(server):
    """It may refuse up to 2 % early, and never late."""
    application = server.application(sendPinPerApplicationLimit="100/1h")
    template = server.template(application)
    answers = crowd(server, [lambda c, n=n: c.send(application, template, f"41791001{n:03d}")
                             for n in range(CALLERS * 4)], CALLERS)
    found = statuses(answers)
    assert set(found) == {200, 429}
    assert 98 <= found[200] <= 100


def test_resends_of_one_pin_keep_their_cap(server):
    application = server.application()
    pin_id, pin = server.sent(application, server.template(application), "41791000006")
    answers = crowd(server, [lambda c: c.post(f"/2fa/2/pin/{pin_id}/resend")] * CALLERS, CALLERS)
    assert statuses(answers) == {200: 5, 429: CALLERS - 5}
    assert {server.pin(pin_id, n) for n in range(1, 7)} == {pin}
    assert len(server.messages(pin_id)) == 6


def test_each_caller_gets_the_answer_of_its_own_request(server):
    application = server.application()
    template = server.template(application)
    numbers = [f"41791002{n:03d}" for n in range(CALLERS * 4)]
    sent = crowd(server, [lambda c, to=to: c.send(application, template, to)
                          for to in numbers], CALLERS)
    assert [body["to"] for _, body in sent] == numbers
    ids = [body["pinId"] for _, body in sent]
    assert len(set(ids)) == len(ids)
    pins = {pin_id: server.pin(pin_id) for pin_id in ids}
    answers = crowd(server, [lambda c, i=i: c.verify(i, pins[i]) for i in ids], CALLERS)
    assert [(body["pinId"], body["msisdn"], body["verified"]) for _, body in answers] == [
        (pin_id, to, True) for pin_id, to in zip(ids, numbers)]


def test_200_at_once_do_not_pass_a_throttle(tmp_path):
    with Server(tmp_path, config="http: {threads: 4}\nthrottles: {application_list: 20/1h}\n") as own:
        answers = crowd(own, [lambda c: c.call("GET", "/2fa/2/applications")] * 200, CALLERS)
    assert statuses(answers) == {200: 20, 429: 180}
