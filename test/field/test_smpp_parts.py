# SPDX-License-Identifier: Apache-2.0
"""Long texts whose receipts do not all come."""

import threading

import pytest

from harness.odd_smsc import DELIVER_SM, OddSmsc, deliver
from harness.peer import config
from harness.server import wait_for

SOON = "delivery: {parts_wait: 1s}\n"
NEVER = "delivery: {parts_wait: 7d}\n"
TWO, THREE = "1234567890" * 17 + " [{{pin}}]", "1234567890" * 32 + " [{{pin}}]"


def served(fresh, smsc, more):
    own = fresh(config=config(smsc.port) + more)
    own.event("carrier_up")
    return own, own.application()


def sent(own, application, smsc, text):
    before = len(smsc.submits)
    pin_id = own.send(application, own.template(application, messageText=text)).json()["pinId"]
    wait_for("all parts", lambda: len(smsc.submits) == before + (2 if text == TWO else 3))
    wait_for("its outcome", lambda: status(own, pin_id) == "MESSAGE_WAITING_DELIVERY" and [
        e for e in own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
        if e["event"] == "submit"])
    return pin_id


def status(own, pin_id):
    return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]


def becomes(own, pin_id, word):
    wait_for(f"{pin_id} is {word}", lambda: status(own, pin_id) == word)


def receipt_of(part, state="DELIVRD"):
    return deliver(f"id:{part:08x} sub:001 dlvrd:001 submit date:2611241200 "
                   f"done date:2611241201 stat:{state} err:000")


def report(smsc, part, state="DELIVRD"):
    smsc.receipt(receipt_of(part, state))


def report_before_the_last_response(smsc, link, submit):
    """Of the second text the receipt of the first part is there before it is accepted."""
    if len(smsc.submits) == 3:
        link.ask(DELIVER_SM, receipt_of(3))
    if len(smsc.submits) < 4:
        smsc.accept(link, submit)
        return

    def accept():
        wait_for("the answer to its receipt", lambda: len(smsc.answers) == 2)
        smsc.accept(link, submit)
    threading.Thread(target=accept, daemon=True).start()


@pytest.mark.field("1.7")
@pytest.mark.parametrize("text,parts", [(TWO, [1]), (TWO, [2]), (THREE, [3]), (THREE, [1, 3])],
                         ids=["the first of two", "the last of two", "the last of three",
                              "two of three"])
def test_a_text_of_which_some_parts_are_reported_comes_to_an_end(fresh, text, parts):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, SOON)
        pin_id = sent(own, application, smsc, text)
        for part in parts:
            report(smsc, part)
        becomes(own, pin_id, "MESSAGE_DELIVERED")
        assert own.event("receipts_half")["count"] == 1
        told = [e for e in own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
                if e["event"] == "receipt"]
        assert told[0]["doneAt"].startswith("2026-11-24T12:01")


@pytest.mark.field("1.7")
def test_the_only_receipt_may_come_before_the_text_is_accepted(fresh):
    with OddSmsc(report_before_the_last_response) as smsc:
        own, application = served(fresh, smsc, SOON)
        first = sent(own, application, smsc, TWO)
        report(smsc, 1)
        becomes(own, first, "MESSAGE_DELIVERED")  # and now nothing is waited for
        second = own.send(application, own.template(application, messageText=TWO)).json()["pinId"]
        becomes(own, second, "MESSAGE_DELIVERED")


@pytest.mark.field("1.7")
def test_a_start_goes_on_with_those_of_the_last_run(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, NEVER)
        pin_id = sent(own, application, smsc, TWO)
        report(smsc, 1)
        own.kill()
        own.config.write_text(own.config.read_text().replace(NEVER, SOON))
        own.start()
        becomes(own, pin_id, "MESSAGE_DELIVERED")


@pytest.mark.field("1.7")
def test_a_part_that_failed_is_an_end_at_once_and_nothing_overwrites_it(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, SOON)
        failed = sent(own, application, smsc, TWO)
        report(smsc, 1)
        report(smsc, 2, "UNDELIV")
        becomes(own, failed, "MESSAGE_NOT_DELIVERED")
        half = sent(own, application, smsc, TWO)  # its end comes after that of the first would
        report(smsc, 3)
        becomes(own, half, "MESSAGE_DELIVERED")
        assert status(own, failed) == "MESSAGE_NOT_DELIVERED"


@pytest.mark.field("1.7")
def test_a_text_of_which_nothing_is_reported_or_not_yet_long_ago_waits(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, SOON)
        silent = sent(own, application, smsc, TWO)
        half = sent(own, application, smsc, TWO)
        report(smsc, 3)
        becomes(own, half, "MESSAGE_DELIVERED")
        assert status(own, silent) == "MESSAGE_WAITING_DELIVERY"
    with OddSmsc() as smsc:
        other = fresh("other", config=config(smsc.port))  # an hour
        other.event("carrier_up")
        pin_id = sent(other, other.application(), smsc, TWO)
        report(smsc, 1)
        assert status(other, pin_id) == "MESSAGE_WAITING_DELIVERY"
        report(smsc, 2)
        becomes(other, pin_id, "MESSAGE_DELIVERED")
