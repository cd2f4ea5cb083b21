# SPDX-License-Identifier: Apache-2.0
"""Sending, sending again, verifying, and the limits of each."""

import time

import pytest

from harness.server import error_of, wait_for, wrong


# ---- send ----

def test_lookup_is_asked_for_unless_told_not_to(server, application, template):
    body = {"applicationId": application, "messageId": template, "to": "41790000001"}
    for query, status in (("", "NC_NOT_CONFIGURED"), ("?ncNeeded=true", "NC_NOT_CONFIGURED"),
                          ("?ncNeeded=false", "NC_DESTINATION_UNKNOWN")):
        assert server.post("/2fa/2/pin" + query, body).json()["ncStatus"] == status


def test_the_sender_of_the_request_goes_before_the_templates(server, application, template):
    answer = server.send(application, template, "41790000002", **{"from": "Other"})
    assert server.message(answer.json()["pinId"])["from"] == "Other"


@pytest.mark.parametrize("to", ["", "abc", "+", "0123456", "1234567890123456", "4179 x", None, 0.5])
def test_a_number_that_is_none_is_named(server, application, template, to):
    answer = server.send(application, template, to)
    assert answer.status_code == 400
    assert "to" in error_of(answer)["validationErrors"]


def test_unknown_ids_are_404(server, application, template):
    for a, t in ((application, "0" * 32), ("0" * 32, template), (application, "x"), ("x", "y")):
        assert server.send(a, t).status_code == 404


def test_a_disabled_application_sends_nothing(server):
    application = server.application()
    template = server.template(application)
    server.put(f"/2fa/2/applications/{application}", {"name": "off", "enabled": False})
    answer = server.send(application, template, "41790000003")
    assert answer.status_code == 400
    assert not [m for m in server.messages() if m["to"] == "41790000003"]


def test_the_limit_of_a_number_counts_it_in_every_spelling(server):
    application = server.application(sendPinPerPhoneNumberLimit="2/1h")
    template = server.template(application)
    assert server.send(application, template, "+41 79 000 00 04").status_code == 200
    assert server.send(application, template, "41790000004").status_code == 200
    refused = server.send(application, template, "+41-79-000-00-04")
    assert refused.status_code == 429
    assert error_of(refused)["messageId"] == "TOO_MANY_REQUESTS"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert server.send(application, template, "41790000005").status_code == 200


def test_the_limit_of_an_application(server):
    application = server.application(sendPinPerApplicationLimit="3/1h")
    template = server.template(application)
    statuses = [server.send(application, template, f"4179000010{n}").status_code for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_a_window_passes(server):
    application = server.application(sendPinPerPhoneNumberLimit="1/300ms")
    template = server.template(application)
    assert server.send(application, template, "41790000006").status_code == 200
    assert server.send(application, template, "41790000006").status_code == 429
    wait_for("the window to pass", lambda: server.send(
        application, template, "41790000006").status_code == 200)


# ---- verify ----

def test_wrong_right_and_what_is_left(server, application, template):
    pin_id, pin = server.sent(application, template)
    answer = server.verify(pin_id, wrong(pin)).json()
    assert answer == {"pinId": pin_id, "msisdn": "41793026727", "verified": False,
                      "attemptsRemaining": 9, "pinError": "WRONG_PIN"}
    assert server.verify(pin_id, pin).json()["verified"] is True
    assert server.verify(pin_id, pin).json()["verified"] is True  # multiple are allowed


def test_the_last_attempt_is_the_last(server):
    application = server.application(pinAttempts=2)
    pin_id, pin = server.sent(application, server.template(application))
    assert [server.verify(pin_id, p).json().get("pinError") for p in (wrong(pin), wrong(pin), pin)
            ] == ["WRONG_PIN", "WRONG_PIN", "NO_MORE_PIN_ATTEMPTS"]


def test_once_only(server):
    application = server.application(allowMultiplePinVerifications=False)
    pin_id, pin = server.sent(application, server.template(application))
    assert server.verify(pin_id, pin).json()["verified"] is True
    again = server.verify(pin_id, pin).json()
    assert (again["verified"], again["pinError"]) == (False, "NO_MORE_PIN_ATTEMPTS")


def test_a_life_ends(server):
    application = server.application(pinTimeToLive="500ms", pinAttempts=1000)
    pin_id, pin = server.sent(application, server.template(application))
    assert server.verify(pin_id, pin).json()["verified"] is True
    answer = wait_for("the PIN to expire", lambda: next(
        (b for b in [server.verify(pin_id, pin).json()] if not b["verified"]), None))
    assert answer["pinError"] == "TTL_EXPIRED"
    assert server.post(f"/2fa/2/pin/{pin_id}/resend", {}).status_code == 404


def test_the_verify_limit_spends_no_attempt(server):
    application = server.application(verifyPinLimit="1/400ms")
    pin_id, pin = server.sent(application, server.template(application), "41790000007")
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 9
    refused = server.verify(pin_id, wrong(pin))
    assert refused.status_code == 429 and "Retry-After" in refused.headers
    answer = wait_for("the window to pass", lambda: next(
        (a for a in [server.verify(pin_id, wrong(pin))] if a.status_code == 200), None))
    assert answer.json()["attemptsRemaining"] == 8


@pytest.mark.parametrize("body", [{}, {"pin": ""}, {"pin": None}, {"pin": ["1"]}, {"pin": {}}])
def test_a_guess_that_is_none_is_not_counted(server, application, template, body):
    pin_id, pin = server.sent(application, template)
    answer = server.post(f"/2fa/2/pin/{pin_id}/verify", body)
    assert answer.status_code == 400 and "pin" in error_of(answer)["validationErrors"]
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 9


def test_a_guess_may_be_a_number(server, application, template):
    for _ in range(20):
        pin_id, pin = server.sent(application, template)
        if pin[0] != "0":
            break
    answer = server.post(f"/2fa/2/pin/{pin_id}/verify", '{"pin": %s}' % pin)
    assert answer.json()["verified"] is True


# ---- resend ----

def test_the_same_pin_as_often_as_the_cap_says(server, application, template):
    pin_id, pin = server.sent(application, template)
    statuses = [server.post(f"/2fa/2/pin/{pin_id}/resend").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert {server.pin(pin_id, n) for n in range(1, 7)} == {pin}


def test_resends_do_not_count_against_the_send_limit(server):
    application = server.application(sendPinPerPhoneNumberLimit="1/1h")
    pin_id, _ = server.sent(application, server.template(application), "41790000008")
    assert server.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200


def test_a_resend_can_have_other_placeholders(server, application):
    template = server.template(application, messageText="{{name}}: [{{pin}}]")
    pin_id = server.send(application, template, placeholders={"name": "Ann"}).json()["pinId"]
    server.post(f"/2fa/2/pin/{pin_id}/resend", {})
    server.post(f"/2fa/2/pin/{pin_id}/resend", {"placeholders": {"name": "Bob"}})
    names = [server.message(pin_id, n)["text"].split(":")[0] for n in (1, 2, 3)]
    assert names == ["Ann", "Ann", "Bob"]


def test_resends_are_spaced_but_for_the_first(fresh):
    own = fresh(config="limits: {resend_interval: 1s}\n")
    application = own.application()
    pin_id, _ = own.sent(application, own.template(application))
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    started = time.monotonic()
    refused = own.post(f"/2fa/2/pin/{pin_id}/resend")
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
    wait_for("the interval", lambda: own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200)
    assert time.monotonic() - started > 0.7


def test_an_exhausted_or_unknown_pin_is_not_sent_again(server):
    application = server.application(pinAttempts=1)
    pin_id, pin = server.sent(application, server.template(application))
    server.verify(pin_id, wrong(pin))
    assert server.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 404
    assert server.post(f"/2fa/2/pin/{'0' * 32}/resend").status_code == 404


# ---- what is kept of it ----

def test_verifications_by_number_and_state(server, application, template):
    number = "41790000009"
    pin_id, pin = server.sent(application, template, number)
    server.verify(pin_id, pin)
    server.sent(application, template, number)
    path = f"/2fa/2/applications/{application}/verifications?msisdn=%2B41790000009"
    every = server.get(path).json()["verifications"]
    assert sorted(v["verified"] for v in every) == [False, True]
    assert all(v["msisdn"] == number and isinstance(v["sentAt"], int) for v in every)
    for flag in ("true", "false"):
        some = server.get(f"{path}&verified={flag}").json()["verifications"]
        assert [v["verified"] for v in some] == [flag == "true"]
