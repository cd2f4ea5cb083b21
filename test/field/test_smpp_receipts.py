# SPDX-License-Identifier: Apache-2.0
"""Receipts in whatever form SMSCs write them: what the caller is told of a message."""

import contextlib
import sqlite3
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.odd_smsc import DATA_SM, DELIVER_SM, RESPONSE, OddSmsc, deliver, tlv
from harness.peer import config
from harness.server import wait_for

ID = "00000001"
TEXT = f"id:{ID} sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000"
ID_TLV = tlv(0x1E, ID.encode() + b"\0")
DELIVERED = tlv(0x427, b"\2")


def served(fresh, smsc, more="", **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own, own.application()


def becomes(own, pin_id, word):
    return wait_for(f"{pin_id} is {word}", lambda: own.get(
        f"/2fa/1/pin/{pin_id}/status").json()[0]["status"] == word)


def receipt_of(own, pin_id):
    """The event of the timeline, when it is there."""
    return wait_for("the receipt", lambda: [
        e for e in own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
        if e["event"] == "receipt"])[0]


def data(behind, esm_class=4):
    """The body of a data_sm."""
    return b"\0\1\1" + b"41793026727\0" + b"\5\0Bar\0" + bytes([esm_class, 0, 0]) + behind


FORMS = {
    "UCS-2, and said so": deliver(TEXT.encode("utf-16-be"), data_coding=8),
    "UCS-2, and not said": deliver(TEXT.encode("utf-16-be"), data_coding=0),
    "UCS-2 behind a byte order mark": deliver(b"\xfe\xff" + TEXT.encode("utf-16-be"),
                                              data_coding=8),
    "little end first": deliver(TEXT.encode("utf-16-le"), data_coding=8),
    "ASCII, said to be UCS-2": deliver(TEXT, data_coding=8),
    "Latin-1 in the message's text": deliver(TEXT + " text:Zürich", data_coding=3),
    "a class in data_coding": deliver(TEXT, data_coding=0xF1),
    "a parameter for the state and none for the id": deliver(f"id:{ID}", behind=DELIVERED),
    "a state without a text": deliver("", behind=ID_TLV + DELIVERED),
    "a text without an id beside its parameter": deliver("stat:DELIVRD", behind=ID_TLV),
    "the text in message_payload": deliver("", behind=tlv(0x424, TEXT.encode())),
    "UCS-2 in message_payload": deliver("", behind=tlv(0x424, TEXT.encode("utf-16-be"))),
    "no mark but a state": deliver(f"id:{ID}", esm_class=0, behind=DELIVERED),
    "UDHI without a header": deliver(TEXT, esm_class=0x44),
    "an unlike id in the parameter": deliver(TEXT, behind=tlv(
        0x1E, b"59f0a2d0-91e5-4d0b\0") + DELIVERED),
}


@pytest.mark.field("1.3")
@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_a_receipt_is_read_every_way_it_may_have_been_meant(fresh, body):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        assert smsc.receipt(body) == (DELIVER_SM | RESPONSE, 0)
        becomes(own, pin_id, "MESSAGE_DELIVERED")


@pytest.mark.field("1.3")
def test_a_receipt_in_a_data_sm_in_ucs2(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        body = data(tlv(0x424, TEXT.replace("DELIVRD", "UNDELIV").encode("utf-16-be")))
        assert smsc.receipt(body, DATA_SM) == (DATA_SM | RESPONSE, 0)
        becomes(own, pin_id, "MESSAGE_NOT_DELIVERED")


@pytest.mark.field("1.3")
def test_a_number_in_the_parameter_that_is_another_messages_reports_nothing_of_it(fresh):
    """Ids 1 and 2 are two people's; `receipt_id: text` says which of them is meant."""
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, receipt_id="text")
        template = own.template(application)
        first = own.send(application, template, "41791000001").json()["pinId"]
        second = own.send(application, template, "41791000002").json()["pinId"]
        smsc.receipt(deliver(TEXT, behind=tlv(0x1E, b"00000002\0")))
        becomes(own, first, "MESSAGE_DELIVERED")
        assert own.get(f"/2fa/1/pin/{second}/status").json()[0][
            "status"] == "MESSAGE_WAITING_DELIVERY"


@pytest.mark.field("1.3")
@pytest.mark.parametrize("parameter,text", [("59f0a2d0-91e5-4d0b", ID), (ID, "59f0a2d0-91e5-4d0b")])
def test_the_other_id_of_a_receipt_waits_for_no_message(fresh, parameter, text):
    """Or all room for early receipts would be taken by an SMSC that writes two ids."""
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        wait_for("its outcome", lambda: own.get(
            f"/watchword/1/pins/{pin_id}").json()["messages"][0]["state"] == "accepted")
        smsc.receipt(deliver(TEXT.replace(ID, text),
                             behind=tlv(0x1E, parameter.encode() + b"\0") + DELIVERED))
        becomes(own, pin_id, "MESSAGE_DELIVERED")
        with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
            assert db.execute("SELECT count(*) FROM receipt_held").fetchone() == (0,)


@pytest.mark.field("1.3")
def test_what_nobody_can_read_is_named_without_its_text(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        own.send(application, own.template(application))
        assert smsc.receipt(deliver("你的验证码 1207".encode("utf-16-be"), data_coding=8)) == (
            DELIVER_SM | RESPONSE, 0)
        event = own.event("receipt_unreadable")
        assert (event["missing"], event["dataCoding"], event["esmClass"]) == ("id", 8, 4)


# ---- times ----


def done(at):
    return deliver(TEXT.replace("2611241201", at.strftime("%y%m%d%H%M%S")))


def at_of(event):
    return datetime.fromisoformat(event["doneAt"].replace("Z", "+00:00"))


@pytest.mark.field("1.8")
@pytest.mark.parametrize("offset,hours", [("+03:00", 3), ("-05:30", -5.5), ("+00:00", 0)])
def test_local_times_are_told_in_utc(fresh, offset, hours):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, receipt_offset=offset)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        meant = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=2)
        smsc.receipt(done(meant + timedelta(hours=hours)))
        assert at_of(receipt_of(own, pin_id)) == meant


@pytest.mark.field("1.8")
@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(minutes=5), timedelta(days=400)])
def test_nothing_was_done_in_the_future(fresh, ahead):
    """The zone is not configured, or the SMSC's clock is wrong."""
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc)
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        smsc.receipt(done(datetime.now(timezone.utc) + ahead))
        assert at_of(receipt_of(own, pin_id)).timestamp() <= time.time()


@pytest.mark.field("1.8")
def test_a_time_of_a_gateway_over_http_is_not_in_the_future_either(fresh):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, receipt_offset="-12:00")
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        smsc.receipt(done(datetime.now(timezone.utc)))  # twelve hours ahead by that offset
        assert at_of(receipt_of(own, pin_id)).timestamp() <= time.time()


@pytest.mark.field("1.8")
@pytest.mark.parametrize("offset", ["3", "+3:00", "UTC+3:", "+25:00", "+03:99"])
def test_an_offset_that_is_none_is_named(tmp_path, offset):
    from harness.server import Server
    own = Server(tmp_path, config=config(2775, receipt_offset=f"'{offset}'"))
    checked = own.command("config", "check", str(own.config), data=False, check=False)
    assert checked.returncode != 0
    assert "carriers[0].receipt_offset" in checked.stderr + checked.stdout
