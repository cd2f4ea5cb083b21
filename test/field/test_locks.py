# SPDX-License-Identifier: Apache-2.0
"""A number that too many wrong PINs were typed for is locked (`profile: strict`): whoever
sends to it is told, nothing is sent or paid, and an operator can lift it."""

import pytest

from harness.server import wait_for, wrong

pytestmark = pytest.mark.field("9.1")
TO, OTHER = "41790000077", "41790000078"
BUDGET = 20


def guess_wrong(server, application, template, to, count):
    """So many wrong guesses at PINs of a number, five a PIN."""
    left = count
    while left > 0:
        pin_id, pin = server.sent(application, template, to)
        for _ in range(min(left, 5)):
            assert server.verify(pin_id, wrong(pin)).json()["pinError"] == "WRONG_PIN"
            left -= 1
    return pin_id, pin


@pytest.fixture
def strict(fresh):
    server = fresh(config="profile: strict\n")
    application = server.application()
    return server, application, server.template(application)


@pytest.fixture
def locked(strict):
    server, application, template = strict
    waiting = server.sent(application, template, TO)
    guess_wrong(server, application, template, TO, BUDGET)
    return server, application, template, waiting


def refused(server, application, template, to=TO):
    answer = server.send(application, template, to)
    assert answer.status_code == 429, answer.text
    assert answer.headers["X-Watchword-Reason"] == "numberLocked"
    # the guesses were made just now, and a day must pass
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    return answer


def test_a_send_to_a_locked_number_is_refused_with_the_reason(locked):
    server, application, template, _waiting = locked
    before = len(server.messages())
    said = refused(server, application, template).text
    assert "to" in said and "20 wrong PINs" in said
    assert len(server.messages()) == before
    # another number is another matter
    pin_id, pin = server.sent(application, template, OTHER)
    assert server.verify(pin_id, pin).json()["verified"] is True


def test_the_limit_of_the_application_pays_nothing_for_it(fresh):
    server = fresh(config="profile: strict\n")
    application = server.application(sendPinPerApplicationLimit="6/1d")
    template = server.template(application)
    guess_wrong(server, application, template, TO, BUDGET)  # four PINs
    for _ in range(5):
        refused(server, application, template)
    server.sent(application, template, OTHER)
    server.sent(application, template, OTHER)


def test_the_log_says_so_once_and_hides_the_number(locked):
    server, application, template, (pin_id, pin) = locked
    event = server.event("number_locked")
    assert event["wrong_pins"] == BUDGET and event["to"] == "417******77"
    assert server.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"
    assert len([e for e in server.events if e["event"] == "number_locked"]) == 1
    assert TO.encode() not in server.log


def test_the_timeline_and_the_route_say_so(locked):
    server, application, _template, (pin_id, _pin) = locked
    timeline = server.get(f"/watchword/1/pins/{pin_id}").json()
    assert timeline["state"] == "NUMBER_LOCKED" and "numberLockedUntil" in timeline
    route = server.get(f"/watchword/1/route?to={TO}&applicationId={application}").json()
    assert route["wouldBeSent"] is False and route["stoppedBy"] == "wrongPinsPerPhoneNumber"
    other = server.get(f"/watchword/1/route?to={OTHER}&applicationId={application}").json()
    assert other["wouldBeSent"] is True


def lift(server, application, to=TO):
    return server.post("/watchword/1/lift", {"to": to, "applicationId": application})


def test_an_operator_lifts_it(locked):
    server, application, template, (pin_id, pin) = locked
    answer = lift(server, application, "+41 79 000 00 77")
    assert (answer.status_code, answer.json()) == (
        200, {"to": TO, "applicationId": application, "wasLocked": True})
    assert server.event("number_lifted")["to"] == "417******77"
    assert server.verify(pin_id, pin).json()["verified"] is True
    server.sent(application, template, TO)
    assert lift(server, application).json()["wasLocked"] is False


def test_what_was_lifted_stays_so_over_a_restart_and_what_was_not_too(locked):
    server, application, template, (pin_id, pin) = locked
    server.kill()
    server.start()
    refused(server, application, template)
    lift(server, application)
    server.kill()
    server.start()
    assert server.verify(pin_id, pin).json()["verified"] is True


def test_after_lifting_the_budget_counts_anew(locked):
    server, application, template, _waiting = locked
    lift(server, application)
    guess_wrong(server, application, template, TO, BUDGET)
    refused(server, application, template)


def test_nobody_lifts_what_is_not_his(locked):
    server, application, template, _waiting = locked
    server.command("account", "create", "other")
    key = server.command("key", "create", "--account", "other", "--name", "x").stdout.strip()
    asked = {"to": TO, "applicationId": application}

    def status():
        return server.post("/watchword/1/lift", asked, key=key).status_code

    wait_for("the key", lambda: status() != 401)
    assert status() == 404
    refused(server, application, template)
    assert lift(server, application, "nobody").status_code == 400


def test_what_is_wrong_with_a_lift_is_said_at_once(strict):
    server, _application, _template = strict
    answer = server.post("/watchword/1/lift", {"to": "4179302672"})
    faults = answer.json()["requestError"]["serviceException"]["validationErrors"]
    assert answer.status_code == 400 and sorted(faults) == ["applicationId", "to"]
    assert "9 digits come after the calling code 41, not 8" in faults["to"][0]


def test_one_guess_before_the_last_locks_nothing(strict):
    server, application, template = strict
    guess_wrong(server, application, template, TO, BUDGET - 1)
    pin_id, pin = server.sent(application, template, TO)
    assert server.verify(pin_id, pin).json()["verified"] is True


def test_without_the_profile_there_is_no_budget(fresh):
    server = fresh()
    application = server.application()
    template = server.template(application)
    guess_wrong(server, application, template, TO, BUDGET + 5)
    pin_id, pin = server.sent(application, template, TO)
    assert server.verify(pin_id, pin).json()["verified"] is True
