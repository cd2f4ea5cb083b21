# SPDX-License-Identifier: Apache-2.0
"""PINs through an SMSC that we did not write."""

import pytest

from harness import peer
from harness.server import PIN, Server, wait_for, wrong

RECONNECTED_S = 60


@pytest.fixture(scope="module")
def smsc():
    with peer.Smsc() as running:
        yield running


@pytest.fixture(scope="module")
def bound(smsc, tmp_path_factory):
    """A server with this SMSC as its only carrier."""
    folder = tmp_path_factory.mktemp("bound")
    with Server(folder, config=peer.config(smsc.port, window=10)) as running:
        running.event("carrier_up")
        yield running


@pytest.fixture(scope="module")
def application(bound):
    return bound.application()


def impatient(port):
    """Answers before the carrier does, when that takes its time."""
    return peer.config(port) + "delivery: {accept_wait: 300ms}\n"


def unused_port():
    """Of an SMSC that was there, and is not now."""
    with peer.Smsc() as gone:
        return gone.port


def pin_of(message):
    return PIN.search(message["text"])[1]


def test_the_text_that_arrives_verifies(bound, smsc, application):
    answer = bound.send(application, bound.template(application), "+41 79 400 00 01").json()
    assert answer["smsStatus"] == "MESSAGE_SENT"
    message = smsc.message("41794000001")
    pin = pin_of(message)
    assert message["text"] == f"Your PIN is [{pin}]"
    assert (message["from"], message["parts"], message["dataCoding"]) == ("Bar", 1, 0)
    assert message["registeredDelivery"] == 1
    assert (message["destTon"], message["destNpi"], message["sourceTon"]) == (1, 1, 5)
    assert bound.verify(answer["pinId"], wrong(pin)).json()["pinError"] == "WRONG_PIN"
    assert bound.verify(answer["pinId"], pin).json()["verified"] is True


def test_the_second_text_has_the_same_pin(bound, smsc, application):
    pin_id = bound.send(application, bound.template(application), "41794000002").json()["pinId"]
    first = smsc.message("41794000002")
    again = bound.post(f"/2fa/1/pin/{pin_id}/resend")
    assert again.json()["smsStatus"] == "MESSAGE_SENT"
    second = smsc.message("41794000002", 2)
    assert second["text"] == first["text"]
    assert bound.verify(pin_id, pin_of(second)).json()["verified"] is True
    statuses = bound.get(f"/2fa/1/pin/{pin_id}/status").json()
    assert len(statuses) == 2


def test_the_carrier_is_told_how_long_the_pin_lives(bound, smsc):
    """A relative validity period (SMPP 3.4, 7.1.1), no longer than the life."""
    application = bound.application(pinTimeToLive="5m")
    bound.send(application, bound.template(application), "41794000003")
    validity = smsc.message("41794000003")["validity"]
    assert validity not in ("", "null", "undefined")


TEXTS = {
    "extension": ("{^}\\~€ [{{pin}}] |", 1, 0),
    "greek": ("ΔΦΓ £¥ñà [{{pin}}]", 1, 0),
    "cyrillic": ("Ваш код [{{pin}}]", 1, 8),
    "emoji": ("Hello 👋🏽 [{{pin}}] 🎉", 1, 8),
    "long": ("0123456789" * 20 + " [{{pin}}]", 2, 0),
    "long extension": ("€" * 120 + " [{{pin}}]", 2, 0),
    "long emoji": ("🎉👋" * 40 + " [{{pin}}]", 3, 8),
    "longer emoji": ("x" + "🎉" * 120 + " [{{pin}}]", 4, 8),
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_arrives_as_it_was_written(bound, smsc, application, name):
    text, parts, coding = TEXTS[name]
    to = f"4179401{list(TEXTS).index(name):04d}"
    template = bound.template(application, messageText=text)
    answer = bound.send(application, template, to).json()
    assert answer["smsStatus"] == "MESSAGE_SENT"
    message = smsc.message(to)
    pin = pin_of(message)
    assert message["text"] == text.replace("{{pin}}", pin)
    assert (message["parts"], message["dataCoding"]) == (parts, coding)
    assert bound.verify(answer["pinId"], pin).json()["verified"] is True


def test_an_smsc_that_is_down_gets_the_message_when_it_is_back(fresh):
    port = unused_port()
    own = fresh(config=impatient(port))
    application = own.application()
    answer = own.send(application, own.template(application), "41794000004")
    assert answer.json()["smsStatus"] == "MESSAGE_SENT"
    with peer.Smsc(port=port) as smsc:
        message = wait_for("the message", lambda: smsc.messages("41794000004"), RECONNECTED_S)[0]
        assert own.verify(answer.json()["pinId"], pin_of(message)).json()["verified"] is True
        own.stop()


def test_what_waits_for_an_smsc_outlives_a_restart(fresh):
    port = unused_port()
    own = fresh(config=impatient(port))
    application = own.application()
    pin_id = own.send(application, own.template(application), "41794000005").json()["pinId"]
    own.kill()
    own.start()
    with peer.Smsc(port=port) as smsc:
        message = wait_for("the message", lambda: smsc.messages("41794000005"), RECONNECTED_S)[0]
        assert own.verify(pin_id, pin_of(message)).json()["verified"] is True
        own.stop()


def test_a_link_that_breaks_comes_back(fresh):
    with peer.Smsc() as first:
        own = fresh(config=impatient(first.port))
        own.event("carrier_up")
        application = own.application()
        template = own.template(application)
        own.send(application, template, "41794000006")
        first.message("41794000006")
    own.event("carrier_down")
    answer = own.send(application, template, "41794000007").json()
    with peer.Smsc(port=first.port) as second:
        message = wait_for("the message", lambda: second.messages("41794000007"), RECONNECTED_S)[0]
        assert own.verify(answer["pinId"], pin_of(message)).json()["verified"] is True
        own.stop()


def test_a_number_that_the_smsc_refuses_is_not_sent(fresh):
    """11 is ESME_RINVDSTADR: no use in trying again."""
    with peer.Smsc("--reject", "11") as smsc:
        own = fresh(config=peer.config(smsc.port))
        own.event("carrier_up")
        application = own.application()
        answer = own.send(application, own.template(application), "41794000008").json()
        assert answer["smsStatus"] == "MESSAGE_NOT_SENT"
        status = own.get(f"/2fa/1/pin/{answer['pinId']}/status").json()
        assert len(status) == 1 and status[0]["status"] != "MESSAGE_WAITING_DELIVERY"
        path = f"/2fa/2/applications/{application}/verifications?msisdn=41794000008"
        listed = own.get(f"{path}&sent=false").json()["verifications"]
        assert len(listed) == 1 and "sentAt" not in listed[0]
        assert own.get(f"{path}&sent=true").json() == {"verifications": []}


def test_an_smsc_that_is_busy_is_asked_again(fresh):
    """88 is ESME_RTHROTTLED: the answer does not wait for the next try."""
    with peer.Smsc("--reject", "88") as smsc:
        own = fresh(config=impatient(smsc.port))
        own.event("carrier_up")
        application = own.application()
        answer = own.send(application, own.template(application), "41794000009").json()
        assert answer["smsStatus"] == "MESSAGE_SENT"

        def tries():
            return [e for e in list(own.events) if e.get("pinId") == answer["pinId"]]

        wait_for("a second try", lambda: len(tries()) >= 2)
        assert {(e["result"], e["code"]) for e in tries()} == {("retry", 88)}


def test_a_bind_that_is_refused_is_in_the_log_and_nothing_is_lost(fresh):
    with peer.Smsc("--system-id", "somebody") as strict:
        own = fresh(config=impatient(strict.port))
        own.event("carrier_down")
        application = own.application()
        answer = own.send(application, own.template(application), "41794000010").json()
        assert own.get("/health/live").status_code == 200
    with peer.Smsc(port=strict.port) as smsc:
        message = wait_for("the message", lambda: smsc.messages("41794000010"), RECONNECTED_S)[0]
        assert own.verify(answer["pinId"], pin_of(message)).json()["verified"] is True
        own.stop()


def test_a_silent_smsc_holds_no_caller(fresh):
    with peer.Smsc("--silent") as smsc:
        own = fresh(config=impatient(smsc.port))
        own.event("carrier_up")
        application = own.application()
        answer = own.send(application, own.template(application), "41794000011").json()
        assert answer["smsStatus"] == "MESSAGE_SENT"
        own.stop()
