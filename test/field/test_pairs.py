# SPDX-License-Identifier: Apache-2.0
"""Two features together: what one does must still be right beside the other. Each test is a
conversation that only goes wrong where the two meet."""

import json
import re
import signal
import threading
import time

import pytest
import requests

from harness.access import new_key
from harness.gateway import Gateway
from harness.odd_smsc import ESME_RINVDSTADR, OddSmsc, deliver
from harness.peer import config
from harness.server import PIN, error_of, wait_for, wrong
from harness.sink import Sink, subscription

pytestmark = pytest.mark.field("10.4")

TO, OTHER = "41791000001", "41791000002"
SYSTEM_ERROR, BAD_SENDER, THROTTLED = 0x08, 0x0A, 0x58
QUICK = "delivery: {accept_wait: 100ms}\n"
LONG = "1234567890" * 17 + " [{{pin}}]"  # two parts
KEY = {"headers": {"Idempotency-Key": "once"}}
RELATIVE = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)000R")


def served(fresh, smsc, more=QUICK, **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own


def carriers(**ports):
    lines = "".join(f"- {{name: {name}, type: smpp, host: 127.0.0.1, port: {port}, "
                    "system_id: watchword, password: secret}\n" for name, port in ports.items())
    return (f"carriers:\n{lines}routes:\n- {{carriers: [{', '.join(ports)}]}}\n{QUICK}"
            "limits: {resend_interval: 0s}\n")


def looked_up(said, more=QUICK):
    """A gateway that knows of numbers whether they can be reached, and a carrier of its own."""
    gateway = Gateway(lambda request: (200, json.dumps({"r": said[0]})))
    return gateway, more + (
        f"lookup:\n  type: generic\n  url: '{gateway.url}/{{{{to}}}}'\n  allow_http: true\n"
        "  allow_private: true\n  result: /r\n  reachable: ['yes']\n  not_reachable: ['no']\n"
        "  cache_age_unreachable: 0s\n")


def body(application, template, to=TO, **members):
    return {"applicationId": application, "messageId": template, "to": to, **members}


def text_of(submit):
    """With the brackets, which GSM writes as two septets."""
    return submit.text.replace("\x1b<", "[").replace("\x1b>", "]")


def pin_of(submit):
    return PIN.search(text_of(submit))[1]


def told(own, pin_id):
    return own.get(f"/watchword/1/pins/{pin_id}").json()


def state(own, pin_id, message=0):
    return told(own, pin_id)["messages"][message]["state"]


def change(own, application, template, **members):
    answer = own.put(f"/2fa/2/applications/{application}/messages/{template}", {
        "pinType": "NUMERIC", "pinLength": 6, "messageText": "[{{pin}}]", **members})
    assert answer.status_code == 200, answer.text


# ---- waiting and validity ----


def validity_s(submit):
    years, months, days, hours, minutes, seconds = map(
        int, RELATIVE.fullmatch(submit.fields["validity"]).groups())
    assert (years, months) == (0, 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize("status", [THROTTLED, SYSTEM_ERROR, 0x14],
                         ids=["throttled", "an error of its system", "its queue is full"])
def test_what_had_to_wait_is_valid_for_what_is_left(fresh, status):
    """The SMSC takes it after two seconds at the earliest: those are gone."""
    came = []

    def on_submit(smsc, link, submit):
        came.append((time.monotonic(), validity_s(submit)))
        if came[-1][0] - came[0][0] < 2:
            link.answer(submit.sequence, status=status)
        else:
            smsc.accept(link, submit)

    with OddSmsc(on_submit) as smsc:
        own = served(fresh, smsc, "delivery: {accept_wait: 100ms, attempts: 20}\n")
        application = own.application(pinTimeToLive="2m")
        pin_id = own.send(application, own.template(application), TO).json()["pinId"]
        wait_for("its acceptance", lambda: state(own, pin_id) == "accepted", 60)
    (first, all_of_it), (last, left) = came[0], came[-1]
    assert 117 <= all_of_it <= 120
    assert abs((all_of_it - left) - (last - first)) <= 1.1, came
    assert len({submit.to for submit in smsc.submits}) == 1


def test_the_second_carrier_gets_what_the_first_one_left(fresh):
    """The first takes two seconds for its refusal."""
    def slow(smsc, link, submit):
        threading.Timer(2.1, link.answer, (submit.sequence,), {"status": SYSTEM_ERROR}).start()

    with OddSmsc(slow) as first, OddSmsc() as second:
        own = fresh(config=carriers(a=first.port, b=second.port))
        wait_for("both", lambda: sum(e["event"] == "carrier_up" for e in own.events) == 2)
        application = own.application(pinTimeToLive="2m")
        own.send(application, own.template(application), TO)
        left = validity_s(second.message(TO))
        assert 1 <= validity_s(first.message(TO)) - left <= 30
        assert pin_of(first.message(TO)) == pin_of(second.message(TO))


# ---- a changed template ----


@pytest.mark.parametrize("how", ["a resend", "a start after a kill"])
def test_a_template_that_was_changed_changes_the_text_and_not_the_pin(fresh, how):
    """The PIN keeps its length and kind; the text is that of the moment it is sent."""
    held = how != "a resend"
    with OddSmsc(lambda smsc, link, submit: held or smsc.accept(link, submit)) as smsc:
        own = served(fresh, smsc)
        application = own.application()
        template = own.template(application, messageText="Old [{{pin}}]", pinLength=6)
        pin_id = own.send(application, template, TO).json()["pinId"]
        pin = pin_of(smsc.message(TO))
        change(own, application, template, messageText="New [{{pin}}]", pinLength=4,
               pinType="ALPHA")
        if held:
            own.kill()
            held = False
            own.start()
        else:
            assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
        wait_for("the second", lambda: smsc.count(TO) == 2)
        assert [text_of(s) for s in smsc.submits] == [f"Old [{pin}]", f"New [{pin}]"]
        assert len(pin) == 6 and pin.isdigit()
        assert own.verify(pin_id, pin).json()["verified"] is True
        other = own.send(application, template, OTHER).json()["pinId"]
        short = pin_of(smsc.message(OTHER))
        assert len(short) == 4 and short.isalpha()
        assert own.verify(other, short).json()["verified"] is True


def test_an_application_that_was_changed_changes_no_pin_that_is_out(fresh):
    """Its life and attempts are those of the moment it was sent, also for a resend."""
    own = fresh(config="limits: {resend_interval: 0s}\n")
    application = own.application(pinAttempts=3, pinTimeToLive="15m")
    pin_id, pin = own.sent(application, own.template(application))
    answer = own.put(f"/2fa/2/applications/{application}", {
        "name": "x", "configuration": {"pinAttempts": 1, "pinTimeToLive": "1s"}})
    assert answer.status_code == 200
    assert own.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 2
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    assert own.pin(pin_id, 2) == pin
    assert own.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 1
    assert own.verify(pin_id, pin).json()["verified"] is True


# ---- parts ----


def parts_of(smsc):
    """The numbers of the parts that came, a list for each reference."""
    seen = {}
    for submit in smsc.submits:
        seen.setdefault(submit.header[3], []).append(submit.header[5])
    return list(seen.values())


def busy_with(part, times):
    """An SMSC that is too busy for a part of that number, so many times."""
    left = [times]

    def on_submit(smsc, link, submit):
        if submit.header[5] == part and left[0] > 0:
            left[0] -= 1
            link.answer(submit.sequence, status=THROTTLED)
        else:
            smsc.accept(link, submit)
    return on_submit


def test_a_long_text_that_has_to_wait_goes_out_once(fresh):
    """It is told to wait more often than it may be tried, and none of it was taken so far."""
    with OddSmsc(busy_with(1, 5)) as smsc:
        own = served(fresh, smsc, "delivery: {accept_wait: 100ms, attempts: 2}\n", window=1)
        application = own.application()
        pin_id = own.send(application, own.template(application, messageText=LONG),
                          TO).json()["pinId"]
        wait_for("its acceptance", lambda: state(own, pin_id) == "accepted", 60)
        assert parts_of(smsc) == [[1]] * 5 + [[1, 2]]
        assert told(own, pin_id)["messages"][0]["attempts"] == 1


def test_a_long_text_of_which_a_part_was_taken_is_tried_as_often_as_any(fresh):
    """Again is the whole of it, as half a text is worth nothing, and each time costs a part:
    so it is an attempt, and no mere wait. A phone tells one try from the other."""
    with OddSmsc(busy_with(2, 100)) as smsc:
        own = served(fresh, smsc, "delivery: {accept_wait: 100ms, attempts: 2}\n")
        application = own.application()
        pin_id = own.send(application, own.template(application, messageText=LONG),
                          TO).json()["pinId"]
        wait_for("its end", lambda: state(own, pin_id) == "failed", 60)
        own.stop()
        assert parts_of(smsc) == [[1, 2]] * 2


def test_a_long_text_goes_whole_to_the_second_carrier(fresh):
    """The first takes a part and refuses the other for a reason of its own; a phone puts
    nothing together of parts by two ways."""
    def half(smsc, link, submit):
        if submit.header[5] == 1:
            smsc.accept(link, submit)
        else:
            link.answer(submit.sequence, status=BAD_SENDER)

    with OddSmsc(half) as first, OddSmsc() as second:
        own = fresh(config=carriers(a=first.port, b=second.port))
        wait_for("both", lambda: sum(e["event"] == "carrier_up" for e in own.events) == 2)
        application = own.application()
        pin_id = own.send(application, own.template(application, messageText=LONG),
                          TO).json()["pinId"]
        wait_for("its acceptance", lambda: state(own, pin_id) == "accepted")
        assert parts_of(first) == [[1, 2]] and parts_of(second) == [[1, 2]]
        assert told(own, pin_id)["messages"][0]["attempts"] == 2


# ---- limits and PINs that are over ----


def verified(own, pin_id, pin):
    assert own.verify(pin_id, pin).json()["verified"] is True


def spent(own, pin_id, pin):
    for _ in range(2):
        own.verify(pin_id, wrong(pin))
    assert own.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"


def expired(own, pin_id, pin):
    wait_for("its end", lambda: own.verify(pin_id, pin).json().get("pinError") == "TTL_EXPIRED")


@pytest.mark.parametrize("over", [verified, spent, expired])
@pytest.mark.parametrize("killed", [False, True], ids=["", "and a kill"])
def test_a_pin_that_is_over_still_counts_for_its_number(fresh, over, killed):
    own = fresh()
    application = own.application(
        sendPinPerPhoneNumberLimit="2/1h", pinAttempts=2, allowMultiplePinVerifications=False,
        pinTimeToLive="1s" if over is expired else "15m")
    template = own.template(application)
    for _ in range(2):
        over(own, *own.sent(application, template, TO))
    if killed:
        own.kill()
        own.start()
    assert own.send(application, template, TO).status_code == 429
    assert own.send(application, template, OTHER).status_code == 200


def test_a_message_that_was_refused_counts_for_its_number(fresh):
    """Whoever may ask for as many refusals as he likes learns which numbers exist."""
    with OddSmsc(lambda smsc, link, submit: link.answer(
            submit.sequence, status=ESME_RINVDSTADR)) as smsc:
        own = served(fresh, smsc)
        application = own.application(sendPinPerPhoneNumberLimit="2/1h")
        template = own.template(application)
        said = [own.send(application, template, TO) for _ in range(3)]
        assert [s.status_code for s in said] == [200, 200, 429]
        assert [s.json()["smsStatus"] for s in said[:2]] == ["MESSAGE_NOT_SENT"] * 2
        assert smsc.count(TO) == 2


# ---- kills ----


@pytest.mark.parametrize("key", [{}, KEY], ids=["", "with a key"])
def test_a_refused_message_is_not_sent_after_a_kill(fresh, key):
    """Also where the SMSC would take it now, and where the caller asks again."""
    refuses = [True]

    def on_submit(smsc, link, submit):
        if refuses[0]:
            link.answer(submit.sequence, status=ESME_RINVDSTADR)
        else:
            smsc.accept(link, submit)

    with OddSmsc(on_submit) as smsc:
        own = served(fresh, smsc)
        application = own.application()
        template = own.template(application)
        asked = body(application, template)
        first = own.post("/2fa/2/pin", asked, **key)
        assert first.json()["smsStatus"] == "MESSAGE_NOT_SENT"
        own.kill()
        refuses[0] = False
        own.start()
        own.event("carrier_up")
        if key:
            again = own.post("/2fa/2/pin", asked, **key)
            assert again.content == first.content
            assert again.headers["Idempotency-Replayed"] == "true"
        own.send(application, template, OTHER)
        smsc.message(OTHER)
        wait_for("an end of all", lambda: own.rows(
            "SELECT count(*) FROM message_all WHERE state < 2") == [(0,)])
        assert smsc.count(TO) == 1


def test_what_was_accepted_under_a_key_is_accepted_once_over_kills(fresh):
    with OddSmsc() as smsc:
        own = served(fresh, smsc)
        application = own.application()
        asked = body(application, own.template(application))
        first = own.post("/2fa/2/pin", asked, **KEY)
        wait_for("its record", lambda: state(own, first.json()["pinId"]) == "accepted")
        for _ in range(2):
            own.kill()
            own.start()
            own.event("carrier_up")
            assert own.post("/2fa/2/pin", asked, **KEY).content == first.content
        own.send(application, asked["messageId"], OTHER)
        smsc.message(OTHER)
        assert smsc.count(TO) == 1
        assert own.verify(first.json()["pinId"], pin_of(smsc.message(TO))).json()["verified"]


def test_wrong_guesses_count_over_a_resend_and_a_kill(fresh):
    with OddSmsc() as smsc:
        own = served(fresh, smsc)
        application = own.application(pinAttempts=3)
        pin_id = own.send(application, own.template(application), TO).json()["pinId"]
        pin = pin_of(smsc.message(TO))
        for left in (2, 1):
            assert own.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == left
            assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
            own.kill()
            own.start()
        assert own.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 0
        assert own.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"
        assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 404


# ---- a stop ----


def test_who_waits_for_a_carrier_at_a_stop_is_answered_and_the_message_goes_on(fresh):
    """The answer says that it is queued, and so it is: the next start sends the same PIN."""
    with OddSmsc(lambda smsc, link, submit: None) as smsc:
        own = served(fresh, smsc, "delivery: {accept_wait: 3s}\n")
        application = own.application()
        template = own.template(application)
        said = []
        caller = threading.Thread(target=lambda: said.append(
            own.send(application, template, TO, http=requests.Session())))
        caller.start()
        pin = pin_of(smsc.message(TO))
        own.process.send_signal(signal.SIGTERM)
        caller.join(30)
        assert said[0].json()["smsStatus"] == "MESSAGE_SENT"
        assert own.process.wait(30) == 0
        smsc.on_submit = lambda smsc, link, submit: smsc.accept(link, submit)
        own.start()
        wait_for("it once more", lambda: smsc.count(TO) == 2)
        assert [pin_of(s) for s in smsc.submits] == [pin, pin]
        assert own.verify(said[0].json()["pinId"], pin).json()["verified"] is True


# ---- lookup ----


def test_a_withheld_send_is_withheld_again_under_its_key(fresh):
    """The phone is back meanwhile; a repetition is the answer of before, and no message."""
    said = ["no"]
    with OddSmsc() as smsc:
        gateway, more = looked_up(said)
        with gateway:
            own = served(fresh, smsc, more)
            application = own.application()
            template = own.template(application)
            asked = body(application, template)
            first = own.post("/2fa/2/pin", asked, **KEY)
            assert first.json()["smsStatus"] == "MESSAGE_NOT_SENT"
            said[0] = "yes"
            again = own.post("/2fa/2/pin", asked, **KEY)
            assert again.content == first.content
            assert len(gateway.requests) == 1
            resent = own.post(f"/2fa/2/pin/{first.json()['pinId']}/resend").json()
            assert (resent["ncStatus"], resent["smsStatus"]) == (
                "NC_DESTINATION_REACHABLE", "MESSAGE_SENT")
            assert smsc.count(TO) == 1
            verified(own, first.json()["pinId"], pin_of(smsc.message(TO)))


def test_a_withheld_message_is_reported(fresh):
    """Tracked and never sent: one report says so."""
    with OddSmsc() as smsc, Sink() as sink:
        gateway, more = looked_up(["no"])
        with gateway:
            own = served(fresh, smsc, more + "reports:\n" + subscription(sink))
            application = own.application()
            sent = own.send(application, own.template(application), TO, trackDelivery=True).json()
            assert sent["smsStatus"] == "MESSAGE_NOT_SENT"
            (_, result), = sink.wait(1)
            assert result["messageId"] == sent["externalMessageId"]
            assert result["status"]["groupName"] in ("UNDELIVERABLE", "REJECTED")
            wait_for("an empty queue", lambda: own.rows("SELECT count(*) FROM report") == [(0,)])
            assert len(sink.got) == 1 and smsc.submits == []


# ---- routes and reports ----


def test_a_denied_number_is_reported_and_nothing_is_sent(fresh):
    with Sink() as sink:
        own = fresh(config=(
            "carriers:\n- {name: main, type: file, path: messages.jsonl}\n"
            "routes:\n- {prefix: '4179', deny: premium numbers}\n- {carriers: [main]}\n"
            "reports:\n" + subscription(sink)))
        application = own.application()
        template = own.template(application)
        denied = own.send(application, template, TO, trackDelivery=True).json()
        assert denied["smsStatus"] == "MESSAGE_NOT_SENT"
        (_, result), = sink.wait(1)
        assert result["messageId"] == denied["externalMessageId"]
        assert result["status"]["groupName"] == "REJECTED"
        own.kill()
        own.start()
        sent = own.send(application, template, "41781000001").json()
        own.message(sent["pinId"])
        assert own.messages(denied["pinId"]) == []
        wait_for("an empty queue", lambda: own.rows("SELECT count(*) FROM report") == [(0,)])
        assert len({event for event, _ in sink.reports()}) == 1


def test_a_refused_send_and_its_resend_are_two_reports(fresh):
    """And the PIN of both is one."""
    with Sink() as sink, OddSmsc(lambda smsc, link, submit: link.answer(
            submit.sequence, status=ESME_RINVDSTADR) if len(smsc.submits) == 1
            else smsc.accept(link, submit, "7")) as smsc:
        own = served(fresh, smsc, QUICK + "reports:\n" + subscription(sink))
        application = own.application()
        first = own.send(application, own.template(application), TO, trackDelivery=True).json()
        assert first["smsStatus"] == "MESSAGE_NOT_SENT"
        second = own.post(f"/2fa/2/pin/{first['pinId']}/resend", {"trackDelivery": True}).json()
        assert second["smsStatus"] == "MESSAGE_SENT"
        smsc.receipt(deliver("id:7 sub:001 dlvrd:001 submit date:2611241200 "
                             "done date:2611241201 stat:DELIVRD err:000"))
        reports = {r["messageId"]: r["status"]["groupName"] for _, r in sink.wait(2)}
        assert reports == {first["externalMessageId"]: "REJECTED",
                           second["externalMessageId"]: "DELIVERED"}
        assert [state(own, first["pinId"], n) for n in (0, 1)] == ["failed", "delivered"]
        assert len({pin_of(s) for s in smsc.submits}) == 1


def test_a_receipt_that_comes_when_the_pin_is_over_still_tells(fresh):
    with OddSmsc(lambda smsc, link, submit: smsc.accept(link, submit, "9")) as smsc:
        own = served(fresh, smsc)
        application = own.application(pinTimeToLive="2s")
        pin_id = own.send(application, own.template(application), TO).json()["pinId"]
        pin = pin_of(smsc.message(TO))
        expired(own, pin_id, pin)
        smsc.receipt(deliver("id:9 sub:001 dlvrd:001 submit date:2611241200 "
                             "done date:2611241201 stat:DELIVRD err:000"))
        wait_for("the receipt", lambda: state(own, pin_id) == "delivered")
        assert own.verify(pin_id, pin).json()["pinError"] == "TTL_EXPIRED"


# ---- the strict profile ----


def test_strict_holds_for_a_resend(fresh):
    """Six digits where four were asked for, and attempts that a resend does not refill."""
    own = fresh(config="profile: strict\nlimits: {resend_interval: 0s}\n")
    application = own.application(pinAttempts=10)
    pin_id, pin = own.sent(application, own.template(application, pinLength=4))
    assert len(pin) == 6
    for _ in range(4):
        own.verify(pin_id, wrong(pin))
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    assert own.pin(pin_id, 2) == pin
    assert own.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 0
    assert own.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 404


def test_a_locked_number_gets_no_message_by_a_resend_either(fresh):
    """Nobody could verify it, and it would be paid; when the lock is lifted it goes again."""
    own = fresh(config="profile: strict\nlimits: {resend_interval: 0s}\n")
    application = own.application()
    template = own.template(application)
    kept, right = own.sent(application, template, TO)
    for _ in range(4):
        pin_id, pin = own.sent(application, template, TO)
        for _ in range(5):
            own.verify(pin_id, wrong(pin))
    refused = own.post(f"/2fa/2/pin/{kept}/resend")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 80000
    assert "is locked" in error_of(refused)["validationErrors"]["to"][0]
    assert refused.headers["X-Watchword-Reason"] == "numberLocked"
    assert len(own.messages(kept)) == 1
    lifted = own.post("/watchword/1/lift", {"to": TO, "applicationId": application})
    assert lifted.json()["wasLocked"] is True
    assert own.post(f"/2fa/2/pin/{kept}/resend").status_code == 200
    assert own.pin(kept, 2) == right
    verified(own, kept, right)


# ---- access and keys ----


def test_an_answer_under_a_key_is_not_for_who_may_no_longer_ask(fresh):
    """The record is the account's: its other keys get the answer, a revoked one does not."""
    own = fresh()
    application = own.application()
    asked = body(application, own.template(application))
    gone, other = (new_key(own).split()[1] for _ in range(2))
    first = own.post("/2fa/2/pin", asked, key=gone, **KEY)
    assert first.status_code == 200
    own.command("key", "revoke", "-", typed=gone + "\n")
    wait_for("its end", lambda: own.get("/2fa/2/applications", key=gone).status_code == 401)
    assert own.post("/2fa/2/pin", asked, key=gone, **KEY).status_code == 401
    again = own.post("/2fa/2/pin", asked, key=other, **KEY)
    assert again.content == first.content
    own.message(first.json()["pinId"])
    assert len(own.messages()) == 1


# ---- gateways over HTTP ----


def by_http(gateway, more=QUICK, **options):
    entry = {"name": "main", "type": "generic", "url": gateway.url, "allow_http": True,
             "allow_private": True, "sender": "Bar",
             "body": '{"to":"{{to}}","text":"{{text}}","for":"{{validity_ms}}"}', **options}
    return f"carriers:\n- {json.dumps(entry)}\n{more}"


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_that_had_no_time_is_told_what_is_left(fresh, status):
    came = []

    def answer(request):
        came.append((request.at, int(json.loads(request.body)["for"])))
        return (status, "{}") if came[-1][0] - came[0][0] < 2 else (202, "{}")

    with Gateway(answer) as gateway:
        own = fresh(config=by_http(gateway, "delivery: {accept_wait: 100ms, attempts: 20}\n"))
        application = own.application(pinTimeToLive="2m")
        pin_id = own.send(application, own.template(application), TO).json()["pinId"]
        wait_for("its acceptance", lambda: state(own, pin_id) == "accepted", 60)
    (first, all_of_it), (last, left) = came[0], came[-1]
    assert 110000 <= all_of_it <= 120000
    assert abs((all_of_it - left) - (last - first) * 1000) <= 1100, came  # whole seconds


def test_a_gateway_that_wants_more_time_than_is_left_gets_nothing_late(fresh):
    """It says an hour, and the PIN has three seconds."""
    with Gateway(lambda request: (429, "{}", {"Retry-After": "3600"})) as gateway:
        own = fresh(config=by_http(gateway))
        application = own.application(pinTimeToLive="3s")
        pin_id = own.send(application, own.template(application), TO).json()["pinId"]
        wait_for("its end", lambda: state(own, pin_id) == "expired", 30)
        assert len(gateway.requests) == 1
        gateway.answer = lambda request: (202, "{}")


# ---- what an operator changes, and what waits ----


def test_a_number_that_is_denied_from_a_restart_on_gets_nothing_that_waited(fresh):
    """Somebody pumps messages to a prefix; the operator denies it and starts anew."""
    with OddSmsc() as smsc:
        port = smsc.port
        smsc.on_submit = lambda smsc, link, submit: None
        route = "routes:\n{}- {{carriers: [main]}}\n"
        own = fresh(config=config(port) + QUICK + route.format(""))
        own.event("carrier_up")
        application = own.application()
        template = own.template(application)
        denied, good = (own.send(application, template, to).json()["pinId"]
                        for to in ("41791000001", "41781000002"))
        wait_for("both", lambda: len(smsc.submits) == 2)
        own.kill()
        smsc.on_submit = lambda smsc, link, submit: smsc.accept(link, submit)
        own.config.write_text(config(port) + QUICK + route.format(
            "- {prefix: '4179', deny: pumping}\n"))
        own.start()
        wait_for("the good one", lambda: state(own, good) == "accepted")
        wait_for("the other's end", lambda: state(own, denied) == "failed")
        assert [smsc.count(to) for to in ("41791000001", "41781000002")] == [1, 2]


@pytest.mark.parametrize("limit,ask", [
    ("resends", lambda own, pin_id: own.post(f"/2fa/2/pin/{pin_id}/resend")),
    ("verifies", lambda own, pin_id: own.verify(pin_id, "wrong"))])
def test_a_limit_that_is_reached_is_reached_after_a_kill(fresh, limit, ask):
    own = fresh(config="limits: {resends_per_pin: 2, resend_interval: 0s}\n")
    application = own.application(verifyPinLimit="2/1h")
    pin_id, pin = own.sent(application, own.template(application))
    assert [ask(own, pin_id).status_code for _ in range(3)] == [200, 200, 429]
    own.kill()
    own.start()
    assert ask(own, pin_id).status_code == 429
    left = told(own, pin_id)
    assert left["attempts"] == (2 if limit == "verifies" else 0)
    assert len(left["messages"]) == (3 if limit == "resends" else 1)
    if limit == "resends":
        assert own.verify(pin_id, pin).json()["verified"] is True


def test_an_answer_under_a_key_is_repeated_when_the_pin_is_over(fresh):
    """It says what became of that request; a new one is told that it is too late."""
    own = fresh(config="limits: {resend_interval: 0s}\n")
    application = own.application(pinTimeToLive="3s")
    pin_id, pin = own.sent(application, own.template(application), TO)
    resent = own.post(f"/2fa/2/pin/{pin_id}/resend", **KEY)
    guess = own.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": pin}, **KEY)
    assert (resent.status_code, guess.json()["verified"]) == (200, True)
    expired(own, pin_id, pin)
    for first, again in (
            (resent, own.post(f"/2fa/2/pin/{pin_id}/resend", **KEY)),
            (guess, own.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": pin}, **KEY))):
        assert again.content == first.content
        assert again.headers["Idempotency-Replayed"] == "true"
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 404
    assert len(own.messages(pin_id)) == 2
