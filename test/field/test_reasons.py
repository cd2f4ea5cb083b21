# SPDX-License-Identifier: Apache-2.0
"""Refusals that say their reason: in the text, in a header, in validationErrors, and in the
log by the number that the caller has."""

import re
import time

import pytest

from harness.access import add_user, basic
from harness.server import error_of, wait_for, wrong

NOBODY = "0" * 32
HEADER = "X-Watchword-Reason"
FREE_AT = re.compile(r"there is room again at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$")


def reason(answer):
    return answer.headers.get(HEADER)


def said(answer):
    """{field: the first of its reasons}"""
    return {k: v[0] for k, v in error_of(answer).get("validationErrors", {}).items()}


# ---- the text ----


@pytest.mark.field("7.6")
@pytest.mark.parametrize("version,words", [(1, "Invalid argument"), (2, "Bad request")])
@pytest.mark.parametrize("body,behind", [
    ('{"name":"x","configuration":{"pinAttempts":0}}',
     "configuration.pinAttempts must be between 1 and 1000"),
    ('{"configuration":{"pinAttempts":0}}', "name must not be blank"),
    ("{", "the body is not valid JSON at line 1, column 1"), ("5", "the body must be an object")])
def test_the_text_of_a_refusal_ends_in_its_first_reason(server, version, words, body, behind):
    answer = server.post(f"/2fa/{version}/applications", body)
    assert error_of(answer)["text"] == f"{words}: {behind}"


@pytest.mark.field("7.6")
def test_a_field_of_any_length_makes_no_text_of_any_length(server, application, template):
    answer = server.send(application, template, placeholders={"n" * 3000: []})
    assert answer.status_code == 400 and len(error_of(answer)["text"]) < 300
    assert list(said(answer)) == ["placeholders." + "n" * 3000]


@pytest.mark.field("7.6")
@pytest.mark.parametrize("path,key,text", [
    ("/2fa/2/applications", "x", "Invalid login details"),
    ("/2fa/1/applications", "x", "Invalid login details"),
    ("/2fa/2/nothing", None, "Requested URL not found: /2fa/2/nothing")])
def test_a_text_that_clients_compare_stays(server, path, key, text):
    answer = server.get(path, key=key)
    assert error_of(answer)["text"] == text
    assert "validationErrors" not in error_of(answer)


# ---- which thing ----

GONE = [
    ("GET", "/2fa/2/applications/{x}", None, "unknownApplication", "applicationId"),
    ("PUT", "/2fa/2/applications/{x}", {"name": "x"}, "unknownApplication", "applicationId"),
    ("GET", "/2fa/2/applications/{x}/messages", None, "unknownApplication", "applicationId"),
    ("GET", "/2fa/2/applications/{x}/verifications", None, "unknownApplication", "applicationId"),
    ("POST", "/2fa/2/applications/{x}/messages", {"pinType": "NUMERIC", "messageText": "{{pin}}"},
     "unknownApplication", "applicationId"),
    ("PUT", "/2fa/2/applications/{x}/messages/{x}", {}, "unknownApplication", "applicationId"),
    ("PUT", "/2fa/2/applications/{application}/messages/{x}", {}, "unknownTemplate", "messageId"),
    ("GET", "/2fa/2/applications/{application}/messages/{x}", None, "unknownTemplate", "messageId"),
    ("POST", "/2fa/2/pin", {"applicationId": "{x}", "messageId": "{x}", "to": "41793026727"},
     "unknownApplication", "applicationId"),
    ("POST", "/2fa/2/pin", {"applicationId": "{application}", "messageId": "{x}", "to": "41793026727"},
     "unknownTemplate", "messageId"),
    ("POST", "/2fa/2/pin/{x}/resend", {}, "unknownPin", "pinId"),
    ("POST", "/2fa/2/pin/{x}/verify", {"pin": "1"}, "unknownPin", "pinId"),
    ("GET", "/2fa/1/pin/{x}/status", None, "unknownPin", "pinId"),
    ("GET", "/watchword/1/pins/{x}", None, "unknownPin", "pinId"),
    ("POST", "/watchword/1/lift", {"to": "41793026727", "applicationId": "{x}"},
     "unknownApplication", "applicationId"),
    ("GET", "/watchword/1/email-templates/7777", None, "unknownEmailTemplate", "id"),
]


def filled(value, **ids):
    if isinstance(value, dict):
        return {k: filled(v, **ids) for k, v in value.items()}
    return value if value is None or value == "{{pin}}" else value.format(**ids)


@pytest.mark.field("9.6")
@pytest.mark.parametrize("method,path,body,word,field", GONE,
                         ids=[f"{g[0]} {g[1]} {g[3]}" for g in GONE])
def test_a_404_says_which_thing(server, application, method, path, body, word, field):
    ids = {"x": NOBODY, "application": application}
    answer = server.call(method, filled(path, **ids), filled(body, **ids))
    assert (answer.status_code, reason(answer)) == (404, word), answer.text
    assert list(said(answer)) == [field]


@pytest.mark.field("9.6")
def test_a_url_that_is_not_there_is_another_404(server):
    for path in ("/nothing", "/2fa/1/nothing", "/settings/2/nothing"):
        answer = server.get(path)
        assert (answer.status_code, reason(answer)) == (404, "unknownUrl")
    answer = server.call("PATCH", "/2fa/2/pin")
    assert (answer.status_code, reason(answer)) == (405, "unknownMethod")


@pytest.mark.field("9.6")
def test_what_another_account_has_is_answered_as_what_nobody_has(server, application, template):
    pin_id, _ = server.sent(application, template)
    server.command("account", "create", "another")
    other = add_user(server, "other", "2fa:manage", account="another")
    headers = {"Authorization": other}
    wait_for("the user", lambda: server.get("/2fa/2/applications", headers=headers).status_code == 200)
    for method, path, body, *_ in GONE:
        answers = []
        for theirs in (True, False):
            ids = {"x": (pin_id if "pin" in path else template) if theirs else NOBODY,
                   "application": application if theirs else NOBODY}
            answer = server.call(method, filled(path, **ids), filled(body, **ids), headers=headers)
            names = {k: v for k, v in answer.headers.items()
                     if k not in ("Date", "X-Request-ID")}
            answers.append((answer.status_code, names, answer.text))
        assert answers[0] == answers[1] and answers[0][0] == 404, path


# ---- which limit, and until when ----


def is_limit(answer, name, within_s):
    assert (answer.status_code, reason(answer)) == (429, name), answer.text
    assert list(said(answer)) == [name]
    free = FREE_AT.search(said(answer)[name])[1]
    left = time.mktime(time.strptime(free[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone - time.time()
    assert -2 < left <= within_s * 1.02 + 5  # an application's limit has sub-windows
    assert name in error_of(answer)["text"]


@pytest.mark.field("9.6")
@pytest.mark.parametrize("version", [1, 2])
def test_a_429_says_which_limit_of_an_application(server, version):
    for name, path, within_s in (("sendPinPerPhoneNumberLimit", "pin", 3600),
                                 ("sendPinPerApplicationLimit", "pin", 3600),
                                 ("verifyPinLimit", "verify", 60)):
        application = server.application(**{name: "1/1m" if path == "verify" else "1/1h"})
        template = server.template(application)
        pin_id, _ = server.sent(application, template)
        if path == "verify":
            server.verify(pin_id, "x")
            answer = server.post(f"/2fa/{version}/pin/{pin_id}/verify", {"pin": "x"})
        else:
            answer = server.post(f"/2fa/{version}/pin", {
                "applicationId": application, "messageId": template, "to": "41793026727"})
        is_limit(answer, name, within_s)


@pytest.mark.field("9.6")
def test_a_429_says_which_limit_of_the_server(fresh):
    own = fresh(config="throttles: {application_get: 1/1h}\n"
                "limits: {resends_per_pin: 2, resend_interval: 1h}\nlogins: {per_user: 1}\n")
    pin_id, _ = own.sent(application := own.application(), own.template(application))
    for _ in range(2):
        answer = own.get(f"/2fa/2/applications/{application}")
    is_limit(answer, "throttles", 3600)
    assert "application_get" in said(answer)["throttles"]
    for _ in range(2):
        answer = own.post(f"/2fa/2/pin/{pin_id}/resend", {})
    is_limit(answer, "resendInterval", 3600)
    for _ in range(2):
        answer = own.get("/account/1/balance", headers={"Authorization": basic("nobody")})
    is_limit(answer, "logins", 60)


@pytest.mark.field("9.6")
def test_a_resend_too_many_says_that_waiting_does_not_help(fresh):
    own = fresh(config="limits: {resends_per_pin: 1, resend_interval: 0s}\n")
    pin_id, _ = own.sent(application := own.application(), own.template(application))
    for _ in range(2):
        answer = own.post(f"/2fa/2/pin/{pin_id}/resend", {})
    assert (answer.status_code, reason(answer)) == (429, "resendsPerPin")
    assert said(answer) == {"resendsPerPin": "is used up; there are 1 and no more"}


# ---- the three meanings of NO_MORE_PIN_ATTEMPTS ----


@pytest.mark.field("9.6")
def test_an_attempt_too_many_says_which_of_three_it_is(fresh):
    own = fresh(config="profile: strict\n")
    application = own.application(pinAttempts=2, allowMultiplePinVerifications=False)
    template = own.template(application)
    used, pin = own.sent(application, template, "41790000001")
    answers = [own.verify(used, wrong(pin)) for _ in range(2)] + [own.verify(used, pin)]
    assert [reason(a) for a in answers] == [None, None, "pinAttemptsUsed"]
    assert reason(own.post(f"/2fa/2/pin/{used}/resend", {})) == "pinAttemptsUsed"
    done, pin = own.sent(application, template, "41790000002")
    answers = [own.verify(done, pin) for _ in range(2)]
    assert [reason(a) for a in answers] == [None, "pinVerifiedBefore"]
    assert reason(own.post(f"/2fa/2/pin/{done}/resend", {})) == "pinVerifiedBefore"
    assert answers[1].json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"


@pytest.mark.field("9.6")
def test_a_pin_whose_time_is_over_says_so(server):
    application = server.application(pinTimeToLive="1ms")
    pin_id = server.send(application, server.template(application)).json()["pinId"]
    answer = wait_for("its end", lambda: (a := server.verify(pin_id, "x")).json().get(
        "pinError") == "TTL_EXPIRED" and a)
    assert reason(answer) == "pinExpired"
    again = server.post(f"/2fa/2/pin/{pin_id}/resend", {})
    assert (again.status_code, reason(again), said(again)) == (
        404, "pinExpired", {"pinId": "its time is over"})


# ---- the log ----


def line_of(server, answer, *events):
    """The line of the log that has the answer's number."""
    number = int(answer.headers["X-Request-ID"])
    return wait_for("its line", lambda: next((
        e for e in list(server.events) if e.get("request") == number and e["event"] in events), None))


@pytest.mark.field("9.7")
@pytest.mark.parametrize("method,path,body,operation,status,why", [
    ("POST", "/2fa/2/applications", {}, "application_create", 400, ""),
    ("GET", "/2fa/2/applications/0", None, "application_get", 404, "unknownApplication"),
    ("GET", "/nothing", None, "", 404, "unknownUrl"),
    ("PATCH", "/2fa/2/pin", None, "", 405, "unknownMethod"),
    ("POST", "/2fa/1/pin/0/verify", {"pin": "1"}, "verify", 404, "unknownPin")])
def test_a_refusal_is_in_the_log_by_its_number(fresh, method, path, body, operation, status, why):
    own = fresh()
    answer = own.call(method, path, body)
    line = line_of(own, answer, "request_refused")
    assert (line["operation"], line["status"], line["reason"]) == (operation, status, why)


@pytest.mark.field("9.7")
def test_a_sign_in_that_was_refused_is_in_the_log_by_its_number(fresh):
    own = fresh()
    answer = own.get("/2fa/2/applications", key="x")
    assert line_of(own, answer, "sign_in_refused")["scheme"] == "App"


@pytest.mark.field("9.7")
def test_a_message_is_in_the_log_by_the_number_of_its_send(fresh):
    own = fresh(config="log: {level: debug}\n")
    application = own.application()
    answer = own.send(application, own.template(application))
    assert line_of(own, answer, "message")["pinId"] == answer.json()["pinId"]


@pytest.mark.field("9.7")
@pytest.mark.parametrize("option,logged", [
    ("failed", set()), ("refused", {"request_refused"}), ("all", {"request_refused", "request"})])
def test_which_requests_have_a_line_can_be_set(fresh, option, logged):
    own = fresh(config=f"log: {{requests: {option}}}\n")
    answers = [own.get("/2fa/2/applications"), own.get("/2fa/2/applications/0")]
    own.stop()
    numbers = {int(a.headers["X-Request-ID"]) for a in answers}
    assert {e["event"] for e in own.events if e.get("request") in numbers} == logged


@pytest.mark.field("9.7")
def test_a_flood_of_refusals_is_no_flood_of_lines(fresh):
    own = fresh()
    for _ in range(300):
        own.get("/nothing")
    own.stop()
    lines = [e for e in own.events if e["event"] == "request_refused"]
    assert 0 < len(lines) < 300
