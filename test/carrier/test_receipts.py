# SPDX-License-Identifier: Apache-2.0
"""What an SMSC reports of a message later, as the callers of v1's status see it."""

import pytest

from harness.peer import Smsc, config
from harness.server import wait_for


def served(fresh, smsc, more="", **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own, own.application()


def sent(own, application, to="41793026727"):
    return own.send(application, own.template(application), to).json()["pinId"]


def status(own, pin_id):
    return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]


def final(own, pin_id):
    return wait_for("a final status", lambda: (
        lambda s: s if s["status"] != "MESSAGE_WAITING_DELIVERY" else None)(status(own, pin_id)))


@pytest.mark.parametrize("form", ["text", "tlv", "data"])
def test_a_receipt_is_a_status(fresh, form):
    with Smsc("--receipt", "DELIVRD", "--receipt-form", form) as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent(own, application)
        assert final(own, pin_id) == {
            "status": "MESSAGE_DELIVERED", "description": "Message sent and delivered",
            "finalStatus": True}
        wait_for("its answer", lambda: smsc.said("receipt"))
        assert smsc.said("receipt") == [{"receipt": 1, "answered": 0}]


@pytest.mark.parametrize("state,word,is_final", [
    ("UNDELIV 027", "MESSAGE_NOT_DELIVERED", True), ("EXPIRED", "MESSAGE_EXPIRED", True),
    ("REJECTD", "MESSAGE_REJECTED", True), ("UNKNOWN", "MESSAGE_DELIVERY_UNKNOWN", True),
    ("DELETED", "MESSAGE_NOT_DELIVERED", True)])
def test_the_words_of_other_ends(fresh, state, word, is_final):
    with Smsc("--receipt", state) as smsc:
        own, application = served(fresh, smsc)
        entry = final(own, sent(own, application))
        assert (entry["status"], entry["finalStatus"]) == (word, is_final)


def test_under_way_is_no_end(fresh):
    with Smsc("--receipt", "ENROUTE") as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent(own, application)
        wait_for("its answer", lambda: smsc.said("receipt"))
        assert status(own, pin_id)["status"] == "MESSAGE_WAITING_DELIVERY"


LONG = "1234567890" * 17 + " [{{pin}}]"  # two parts


def sent_long(own, application):
    return own.send(application, own.template(application, messageText=LONG)).json()["pinId"]


@pytest.mark.parametrize("by", ["udh", "sar"])
def test_a_long_text_is_delivered_when_all_its_parts_are(fresh, by):
    with Smsc("--receipt", "DELIVRD") as smsc:
        own, application = served(fresh, smsc, long_messages=by)
        pin_id = sent_long(own, application)
        assert smsc.message("41793026727")["parts"] == 2
        assert final(own, pin_id)["status"] == "MESSAGE_DELIVERED"
        wait_for("both", lambda: len(smsc.said("receipt")) == 2)
        assert [line["answered"] for line in smsc.said("receipt")] == [0, 0]
        submit = [e for e in own.get(f"/watchword/1/pins/{pin_id}").json()["events"]
                  if e["event"] == "submit"][0]
        assert submit["carrierMessageId"] == "1"


def test_a_long_text_with_a_part_under_way_is_not_delivered(fresh):
    """Nor is it after a crash; its other part is known then as well."""
    with Smsc("--receipt", "DELIVRD", "--receipt-rest", "none") as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent_long(own, application)
        wait_for("its answer", lambda: smsc.said("receipt"))
        assert status(own, pin_id)["status"] == "MESSAGE_WAITING_DELIVERY"
        own.kill()
        own.start()
        assert status(own, pin_id)["status"] == "MESSAGE_WAITING_DELIVERY"


def test_a_long_text_with_a_part_that_failed_has_failed(fresh):
    with Smsc("--receipt", "DELIVRD", "--receipt-rest", "UNDELIV 027") as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent_long(own, application)
        assert final(own, pin_id)["status"] == "MESSAGE_NOT_DELIVERED"


def test_a_receipt_before_the_response(fresh):
    """By 300 ms, so it waits in the store; its SMSC does not."""
    with Smsc("--receipt", "DELIVRD", "--receipt-first", "--receipt-delay", "300") as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent(own, application)
        assert final(own, pin_id)["status"] == "MESSAGE_DELIVERED"
        assert smsc.said("receipt") == [{"receipt": 1, "answered": 0}]


def test_a_receipt_before_the_response_over_a_crash(fresh):
    """It was acknowledged, so it may not be lost, also where the response never came."""
    with Smsc("--receipt", "UNDELIV 001", "--receipt-first", "--receipt-delay", "600000") as smsc:
        port = smsc.port
        own, application = served(fresh, smsc, "delivery: {accept_wait: 100ms}\n")
        pin_id = sent(own, application)
        wait_for("its answer", lambda: smsc.said("receipt"))
        own.kill()
    # the message goes out again, and the SMSC, which counts from 1 again, calls it so again
    with Smsc(port=port):
        own.start()
        assert final(own, pin_id)["status"] == "MESSAGE_NOT_DELIVERED"


def test_responses_in_hexadecimal_and_receipts_in_decimal(fresh):
    with Smsc("--receipt", "DELIVRD", "--receipt-ids", "decimal") as smsc:
        own, application = served(fresh, smsc, message_id_format="hex_to_decimal")
        template = own.template(application)
        pins = [own.send(application, template, f"417930267{n:02}").json()["pinId"]
                for n in range(20)]
        for pin_id in pins:
            assert final(own, pin_id)["status"] == "MESSAGE_DELIVERED"


def test_a_receipt_of_nobody_is_answered_and_counted(fresh):
    with Smsc("--receipt", "DELIVRD", "--receipt-ids", "decimal") as smsc:
        own, application = served(fresh, smsc, message_id_format="as_is")
        pin_id = sent(own, application)
        wait_for("its answer", lambda: smsc.said("receipt"))
        assert smsc.said("receipt") == [{"receipt": 1, "answered": 0}]
        assert status(own, pin_id)["status"] == "MESSAGE_WAITING_DELIVERY"


def test_a_receipt_after_a_crash(fresh):
    with Smsc("--receipt", "DELIVRD", "--receipt-delay", "1000") as smsc:
        own, application = served(fresh, smsc)
        pin_id = sent(own, application)
        own.kill()
        own.start()
        assert final(own, pin_id)["status"] == "MESSAGE_DELIVERED"


def test_no_text_of_a_receipt_is_logged(fresh):
    with Smsc("--receipt", "PERHAPS") as smsc:
        own, application = served(fresh, smsc, "log: {level: debug}\n")
        sent(own, application)
        assert own.event("receipt_unreadable")["missing"] == "state"
        assert "PIN" not in own.log.decode().replace("pinId", "")
