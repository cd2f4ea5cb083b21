# SPDX-License-Identifier: Apache-2.0
"""SMSCs whose PDUs are odd: how often a person gets a PIN, and what is said of it."""

import pytest

from harness.odd_smsc import (DATA_SM, DELIVER_SM, ESME_RINVDSTADR, RESPONSE, OddSmsc,
                              deliver, pdu, tlv)
from harness.peer import config
from harness.server import wait_for

OTHERS = ["41791000001", "41791000002", "41791000003"]
FOURTH = "41791000004"
PATIENT = "delivery: {accept_wait: 100ms}\n"
RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000"


def served(fresh, smsc, more="", **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own, own.application()


def status(own, pin_id):
    return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]


def becomes(own, pin_id, word):
    wait_for(f"{pin_id} is {word}", lambda: status(own, pin_id) == word)


ODD_REFUSALS = {
    "a parameter and no message_id": (ESME_RINVDSTADR, "0425000101"),
    "no body at all": (ESME_RINVDSTADR, ""),
    "an id without its end": (ESME_RINVDSTADR, "313233"),
    "an empty id and half a parameter": (ESME_RINVDSTADR, "000425"),
    "octets that are nothing": (ESME_RINVDSTADR, "ffffffffffff"),
    "a vendor's parameter with a text": (0x15, "1501000c6e6f20737562736372696265"),
}


@pytest.mark.field("1.1")
@pytest.mark.parametrize("code,body", ODD_REFUSALS.values(), ids=ODD_REFUSALS)
def test_a_refused_number_sends_nobody_else_a_second_message(fresh, code, body):
    """Three messages are without their answer when a fourth is refused."""
    def on_submit(smsc, link, submit):
        if submit.to == FOURTH:
            link.answer(submit.sequence, body=bytes.fromhex(body), status=code)
            for other in smsc.submits[:3]:
                smsc.accept(link, other, message_id=other.to)

    with OddSmsc(on_submit) as smsc:
        own, application = served(fresh, smsc, PATIENT)
        template = own.template(application)
        pins = [own.send(application, template, to).json()["pinId"] for to in OTHERS]
        wait_for("all three", lambda: len(smsc.submits) == 3)
        refused = own.send(application, template, FOURTH).json()["pinId"]
        wait_for("its end", lambda: status(own, refused) != "MESSAGE_WAITING_DELIVERY")
        for pin_id, to in zip(pins, OTHERS):
            timeline = wait_for("its submit", lambda p=pin_id: [
                e for e in own.get(f"/watchword/1/pins/{p}").json()["events"]
                if e["event"] == "submit"])
            assert timeline[0]["carrierMessageId"] == to
        assert own.event("message")["result"] == "refused"
        assert [smsc.count(to) for to in [*OTHERS, FOURTH]] == [1, 1, 1, 1]
        assert len(smsc.links) == 1


ODD_ACCEPTANCES = {
    "no body": "", "an id without its end": "414243", "an id and half a parameter": "4100001e",
    "a parameter and no id": "0425000101", "an id of 90 octets": "41" * 90 + "00",
    "an id and a stray octet": "410000",
}


@pytest.mark.field("1.1")
@pytest.mark.parametrize("body", ODD_ACCEPTANCES.values(), ids=ODD_ACCEPTANCES)
def test_an_accepted_message_is_sent_once_whatever_its_answer_holds(fresh, body):
    with OddSmsc(lambda smsc, link, submit: link.answer(
            submit.sequence, body=bytes.fromhex(body))) as smsc:
        own, application = served(fresh, smsc)
        answer = own.send(application, own.template(application), OTHERS[0])
        assert answer.json()["smsStatus"] == "MESSAGE_SENT"
        own.send(application, own.template(application), OTHERS[1])
        assert [smsc.count(to) for to in OTHERS] == [1, 1, 0]
        assert len(smsc.links) == 1


STRAY = {
    "a stray 00 behind the text": {"behind": b"\0"},
    "a stray 00 before a parameter": {"behind": b"\0" + tlv(0x427, b"\2")},
    "sm_length one short": {"behind": b"0"},
    "sm_length one too long": {"length": len(RECEIPT.format("00000001")) + 1},
    "sm_length of 255": {"length": 255},
    "a parameter cut short": {"behind": tlv(0x1e, b"00000001\0")[:-4]},
    "half the header of a parameter": {"behind": b"\4\x27"},
}
LONGER = {
    "service_type of 6": {"service_type": b"WAPPSH"},
    "service_type of 7": {"service_type": b"DEFAULT"},
    "an address of 21": {"source": b"1" * 21},
    "an address of 200": {"source": b"+" + b"1" * 199},
}


@pytest.mark.parametrize("odd", [
    *(pytest.param(more, id=name, marks=pytest.mark.field("1.2")) for name, more in STRAY.items()),
    *(pytest.param(more, id=name, marks=pytest.mark.field("7.2"))
      for name, more in LONGER.items())])
def test_a_receipt_with_an_oddity_is_a_receipt(fresh, odd):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        said = smsc.receipt(deliver(RECEIPT.format("00000001"), **odd))
        assert said == (DELIVER_SM | RESPONSE, 0)
        becomes(own, pin_id, "MESSAGE_DELIVERED")


@pytest.mark.field("1.2")
@pytest.mark.parametrize("command", [DELIVER_SM, DATA_SM])
def test_what_has_to_be_refused_is_refused_by_its_own_response(fresh, command):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        assert smsc.receipt(b"\0\1\1\0", command) == (command | RESPONSE, 1)
        smsc.links[-1].say(pdu(0x7, 55, b"\0"))  # replace_sm, which nobody asks of an ESME
        wait_for("its refusal", lambda: (0x80000000, 3, 55) in smsc.answers)
        own.send(application, own.template(application))
        assert smsc.count("41793026727") == 1 and len(smsc.links) == 1


# ---- what we send is looked at by every SMSC of the tests; here on purpose ----


@pytest.mark.field("10.5")
def test_nothing_goes_out_before_the_bind_is_answered(fresh):
    with OddSmsc(hold_bind=True) as smsc:
        own = fresh(config=config(smsc.port) + PATIENT)
        application = own.application()
        wait_for("its bind", lambda: smsc.binds)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        assert smsc.submits == []
        smsc.may_bind.set()
        smsc.message("41793026727")
        wait_for("its outcome", lambda: [
            e for e in own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
            if e["event"] == "submit"])
        assert smsc.count("41793026727") == 1


@pytest.mark.field("10.5")
@pytest.mark.parametrize("way", ["udh", "sar"])
@pytest.mark.parametrize("binds", [1, 3])
def test_long_texts_to_one_phone_are_never_mixed(fresh, way, binds):
    """Whichever session they take: a phone tells them apart by their references alone."""
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, long_messages=way, binds=binds)
        template = own.template(application, messageText="1234567890" * 17 + " [{{pin}}]")
        for _ in range(12):
            own.send(application, template, OTHERS[0])
        wait_for("all parts", lambda: len(smsc.submits) == 24)
        assert len(smsc.references[OTHERS[0]]) == 12
        assert {tuple(sorted(n)) for n in smsc.references[OTHERS[0]].values()} == {(1, 2)}


@pytest.mark.field("10.5")
def test_sequence_numbers_rise_over_probes_messages_and_a_new_link(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, enquire_link="100ms")
        template = own.template(application)
        own.send(application, template, OTHERS[0])
        wait_for("probes", lambda: smsc.links[0].newest > 4)
        smsc.links[0].sock.shutdown(2)
        wait_for("another link", lambda: len(smsc.binds) == 2)
        own.send(application, template, OTHERS[1])
        smsc.message(OTHERS[1])
        assert smsc.links[1].newest > smsc.links[0].newest


@pytest.mark.field("10.5")
@pytest.mark.parametrize("sender", ["Bar", "70707", "+41790000000", "41790000000", "B" * 11])
def test_addresses_have_the_types_of_their_forms(fresh, sender):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        own.send(application, own.template(application, senderId=sender))
        assert smsc.message("41793026727").fields["source"].decode() == sender.lstrip("+")
