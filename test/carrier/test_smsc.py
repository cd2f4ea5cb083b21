# SPDX-License-Identifier: Apache-2.0
"""Through a real SMSC (node-smpp, which we did not write): what the phone would show."""

import pytest

from harness.peer import Smsc, config
from harness.server import PIN, Server, wait_for

FAST = {"response_timeout": "500ms", "enquire_link": "200ms"}


@pytest.fixture(scope="module")
def smsc():
    with Smsc("--system-id", "watchword") as running:
        yield running


@pytest.fixture(scope="module")
def server(smsc, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("smpp"), config=config(smsc.port, window=4)) as running:
        running.event("carrier_up")
        yield running


def send(server, smsc, application, to, text, **members):
    """(pinId, the message as the SMSC received it)."""
    template = server.template(application, messageText=text, **members)
    answer = server.send(application, template, to)
    assert answer.json()["smsStatus"] == "MESSAGE_SENT"
    return answer.json()["pinId"], smsc.message(to)


def test_send_read_verify_resend(server, smsc, application):
    pin_id, message = send(server, smsc, application, "41791000001", "Your PIN is [{{pin}}].")
    pin = PIN.search(message["text"])[1]
    assert message["text"] == f"Your PIN is [{pin}]."
    assert (message["from"], message["sourceTon"], message["sourceNpi"]) == ("Bar", 5, 0)
    assert (message["destTon"], message["destNpi"], message["dataCoding"]) == (1, 1, 0)
    assert message["registeredDelivery"] == 1 and message["parts"] == 1
    assert server.post(f"/2fa/1/pin/{pin_id}/resend").json()["smsStatus"] == "MESSAGE_SENT"
    assert PIN.search(smsc.message("41791000001", 2)["text"])[1] == pin
    assert server.verify(pin_id, pin).json()["verified"] is True


@pytest.mark.parametrize("number,text,parts,coding", [
    ("41791000011", "Ära {x} € ~ ^ [{{pin}}] \\ |", 1, 0),
    ("41791000012", "Пароль [{{pin}}]", 1, 8),
    ("41791000013", "😀" * 34 + "[{{pin}}]", 2, 8),
    ("41791000014", "€" * 100 + "[{{pin}}]", 2, 0),
    ("41791000015", "long " * 150 + "[{{pin}}]", 5, 0),
    ("41791000016", "й" * 600 + "[{{pin}}]", 10, 8),
])
def test_every_text_arrives_as_it_was_written(
        server, smsc, application, number, text, parts, coding):
    pin_id, message = send(server, smsc, application, number, text)
    pin = PIN.search(message["text"])[1]
    assert message["text"] == text.replace("{{pin}}", pin)
    assert (message["parts"], message["dataCoding"]) == (parts, coding)
    assert server.verify(pin_id, pin).json()["verified"] is True


@pytest.mark.parametrize("sender,address,ton,npi", [
    ("+41790000000", "41790000000", 1, 1), ("41790000000", "41790000000", 1, 1),
    ("70707", "70707", 3, 0), ("Bar 2", "Bar 2", 5, 0)])
def test_a_sender_has_the_type_of_its_form(server, smsc, application, sender, address, ton, npi):
    number = f"4179100{len(sender):02d}{ton}1"
    _, message = send(server, smsc, application, number, "[{{pin}}]", senderId=sender)
    assert (message["from"], message["sourceTon"], message["sourceNpi"]) == (address, ton, npi)


def test_what_the_smsc_refuses_for_good_is_not_sent(fresh):
    with Smsc("--reject", "11") as smsc:  # ESME_RINVDSTADR
        own = fresh(config=config(smsc.port))
        own.event("carrier_up")
        application = own.application()
        answer = own.send(application, own.template(application))
        assert answer.json()["smsStatus"] == "MESSAGE_NOT_SENT"
        event = own.event("message")
        assert (event["result"], event["reason"]) == ("refused", "ESME_RINVDSTADR")
        assert "417930267" not in own.log.decode()


def test_a_passing_refusal_is_tried_again_and_answered_meanwhile(fresh):
    with Smsc("--reject", "88") as smsc:  # ESME_RTHROTTLED
        port = smsc.port
        own = fresh(config=config(port) + "delivery: {accept_wait: 200ms, attempts: 20}\n")
        own.event("carrier_up")
        application = own.application()
        answer = own.send(application, own.template(application))
        assert answer.json()["smsStatus"] == "MESSAGE_SENT"
        assert own.event("message")["reason"] == "ESME_RTHROTTLED"
    own.event("carrier_down")
    with Smsc(port=port) as smsc:
        message = smsc.message("41793026727")
        pin = PIN.search(message["text"])[1]
        assert own.verify(answer.json()["pinId"], pin).json()["verified"] is True


def test_a_message_waits_for_a_carrier_that_is_down(fresh):
    with Smsc() as smsc:
        port = smsc.port
    own = fresh(config=config(port) + "delivery: {accept_wait: 100ms}\n")
    application = own.application()
    template = own.template(application)
    pins = [own.send(application, template, f"4179200000{n}").json() for n in range(5)]
    assert {p["smsStatus"] for p in pins} == {"MESSAGE_SENT"}
    with Smsc(port=port) as smsc:
        for n, sent in enumerate(pins):
            pin = PIN.search(smsc.message(f"4179200000{n}")["text"])[1]
            assert own.verify(sent["pinId"], pin).json()["verified"] is True
        assert len(smsc.messages()) == 5


def test_what_waited_survives_a_crash(fresh):
    with Smsc() as smsc:
        port = smsc.port
    own = fresh(config=config(port) + "delivery: {accept_wait: 100ms}\n")
    application = own.application()
    sent = own.send(application, own.template(application), "41792000010").json()
    own.kill()
    with Smsc(port=port) as smsc:
        own.start()
        assert own.event("recovered")["messages"] == 1
        pin = PIN.search(smsc.message("41792000010")["text"])[1]
        assert own.verify(sent["pinId"], pin).json()["verified"] is True


def test_nothing_is_sent_when_the_life_is_nearly_over(fresh):
    with Smsc() as smsc:
        port = smsc.port
    own = fresh(config=config(port) + "delivery: {accept_wait: 100ms}\n")
    application = own.application(pinTimeToLive="1s")
    pin_id = own.send(application, own.template(application), "41792000011").json()["pinId"]
    wait_for("the message to expire", lambda: own.get(
        f"/2fa/1/pin/{pin_id}/status").json()[0]["status"] != "MESSAGE_WAITING_DELIVERY")
    with Smsc(port=port) as smsc:
        own.event("carrier_up")
        application = own.application()
        own.send(application, own.template(application), "41792000012")
        smsc.message("41792000012")
        assert not smsc.messages("41792000011")


def test_a_silent_smsc_is_left_and_the_message_tried_again(fresh):
    with Smsc("--silent") as smsc:
        port = smsc.port
        own = fresh(config=config(port, **FAST) + "delivery: {accept_wait: 100ms}\n")
        own.event("carrier_up")
        application = own.application()
        sent = own.send(application, own.template(application), "41792000013").json()
        assert own.event("message")["result"] == "unknown"
    with Smsc(port=port) as smsc:
        pin = PIN.search(smsc.message("41792000013")["text"])[1]
        assert own.verify(sent["pinId"], pin).json()["verified"] is True


def test_a_wrong_password_is_named_in_the_log(fresh):
    with Smsc("--password", "other") as smsc:
        own = fresh(config=config(smsc.port))
        down = own.event("carrier_down")
        assert "ESME_RBINDFAIL" in down["reason"] and "secret" not in own.log.decode()
