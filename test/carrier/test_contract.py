# SPDX-License-Identifier: Apache-2.0
"""The carrier's rules in the running server, against SMSCs of different makers."""

import re

import pytest

from harness.peer import KINDS, Smsc, config
from harness.server import wait_for

PIN = re.compile(r"\[(\d+)\]")
FAST = {"enquire_link": "300ms", "response_timeout": "300ms", "connect_timeout": "300ms"}


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return request.param


def served(fresh, smsc, more="", **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own, own.application()


def verified(own, pin_id, message):
    return own.verify(pin_id, PIN.search(message["text"])[1]).json()["verified"]


def state(own, pin_id):
    return own.get(f"/watchword/1/pins/{pin_id}").json()["messages"][-1]["status"]["name"]


@pytest.mark.parametrize("text,parts,coding", [
    ("Ära {x} € ~ ^ [{{pin}}] \\ |", 1, 0), ("Пароль [{{pin}}]", 1, 8),
    ("long " * 40 + "[{{pin}}]", 2, 0), ("й" * 100 + "[{{pin}}]", 2, 8)])
def test_what_was_written_is_what_arrives(fresh, kind, text, parts, coding):
    with Smsc(kind=kind) as smsc:
        own, application = served(fresh, smsc)
        template = own.template(application, messageText=text)
        sent = own.send(application, template).json()
        assert sent["smsStatus"] == "MESSAGE_SENT"
        message = smsc.message("41793026727")
        assert message["text"] == text.replace("{{pin}}", PIN.search(message["text"])[1])
        assert (message["parts"], message["dataCoding"]) == (parts, coding)
        assert verified(own, sent["pinId"], message)


@pytest.mark.parametrize("form", ["text", "tlv", "data"])
@pytest.mark.parametrize("order", [(), ("--receipt-first",)])
def test_receipts(fresh, kind, form, order):
    with Smsc("--receipt", "UNDELIV 027", "--receipt-form", form, *order, kind=kind) as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        wait_for("the receipt", lambda: state(own, pin_id) == "UNDELIVERABLE_NOT_DELIVERED")
        events = own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
        assert [e["error"]["id"] for e in events if e["event"] == "receipt"] == [27]
        wait_for("its answer", lambda: smsc.said("receipt"))
        assert smsc.said("receipt")[0]["answered"] == 0


@pytest.mark.parametrize("code,sent", [
    (0x0b, "MESSAGE_NOT_SENT"), (0x58, "MESSAGE_SENT"), (0x14, "MESSAGE_SENT"),
    (0x411, "MESSAGE_SENT")])
def test_refusals(fresh, kind, code, sent):
    with Smsc("--reject", str(code), kind=kind) as smsc:
        own, application = served(
            fresh, smsc, "delivery: {accept_wait: 200ms, attempts: 20}\n")
        answer = own.send(application, own.template(application)).json()
        assert answer["smsStatus"] == sent
        assert own.event("message")["code"] == code


def test_one_that_goes_silent_and_comes_back(fresh, kind):
    with Smsc("--silent", kind=kind) as smsc:
        port = smsc.port
        own, application = served(
            fresh, smsc, "delivery: {accept_wait: 100ms, attempts: 20}\n", **FAST)
        template = own.template(application, messageText="[{{pin}}]")
        sent = own.send(application, template).json()
        assert own.event("message")["result"] == "unknown"
    with Smsc(port=port, kind=kind) as smsc:
        assert verified(own, sent["pinId"], smsc.message("41793026727"))


def test_a_wrong_password(fresh, kind):
    with Smsc("--password", "other", kind=kind) as smsc:
        own = fresh(config=config(smsc.port))
        assert "ESME_RBINDFAIL" in own.event("carrier_down")["reason"]


def test_a_pair(fresh, kind):
    with Smsc("--receipt", "DELIVRD", kind=kind) as smsc:
        own = fresh(config=config(smsc.port, bind="pair"))
        wait_for("both binds", lambda: len(smsc.said("bound")) == 2)


def test_cancel(fresh, kind):
    with Smsc(kind=kind) as smsc:
        own, _ = served(fresh, smsc, cancel_on_expiry="true")
        application = own.application(pinTimeToLive="1s")
        own.send(application, own.template(application))
        wait_for("cancel_sm", lambda: smsc.said("cancelled"))
