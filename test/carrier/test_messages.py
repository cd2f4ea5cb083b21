# SPDX-License-Identifier: Apache-2.0
"""A message as an operator wants it: long texts, data_sm, India's ids, cancelled in time."""

import re
import time

import pytest

from harness.peer import Smsc, config
from harness.server import wait_for

PIN = re.compile(r"\[(\d+)\]")
LONG = "long " * 40 + "[{{pin}}]"


def served(fresh, smsc, **carrier):
    own = fresh(config=config(smsc.port, **carrier))
    own.event("carrier_up")
    return own, own.application()


def arrived(own, application, smsc, text, to="41793026727", **members):
    pin_id = own.send(
        application, own.template(application, messageText=text, **members), to).json()["pinId"]
    message = smsc.message(to)
    pin = PIN.search(message["text"])[1]
    assert message["text"] == text.replace("{{pin}}", pin)
    assert own.verify(pin_id, pin).json()["verified"] is True
    return message


@pytest.mark.parametrize("text", [LONG, "й" * 100 + "[{{pin}}]"])
@pytest.mark.parametrize("way", ["udh", "sar", "payload"])
def test_long_texts(fresh, way, text):
    with Smsc() as smsc:
        message = arrived(*served(fresh, smsc, long_messages=way), smsc, text)
        assert message["parts"] == (1 if way == "payload" else 2)
        assert message["esmClass"] == (0x40 if way == "udh" else 0)
        assert ("sar_total_segments" in message["tlvs"]) == (way == "sar")


def test_a_short_text_is_a_short_message_whatever_long_ones_are(fresh):
    with Smsc() as smsc:
        message = arrived(*served(fresh, smsc, long_messages="sar"), smsc, "[{{pin}}]")
        assert message["tlvs"] == {}


@pytest.mark.parametrize("text,parts", [("[{{pin}}]", 1), (LONG, 2)])
def test_data_sm(fresh, text, parts):
    with Smsc("--receipt", "DELIVRD") as smsc:
        own, application = served(fresh, smsc, submit_by="data_sm", long_messages="sar")
        message = arrived(own, application, smsc, text)
        assert (message["command"], message["parts"]) == ("data_sm", parts)
        # what is left of 15 minutes
        assert 880 <= message["tlvs"]["qos_time_to_live"] <= 900
        wait_for("the receipt", lambda: smsc.said("receipt"))


def test_the_ids_of_indias_registers(fresh):
    ids = {"principalEntityId": "1234567890123456789", "contentTemplateId": "9876543210"}
    with Smsc() as smsc:
        own, application = served(fresh, smsc)
        template = own.template(application, messageText="[{{pin}}]",
                                regional={"indiaDlt": ids})
        pin_id = own.send(application, template, "919812345678").json()["pinId"]
        assert smsc.message("919812345678")["tlvs"] == {
            "0x1400": "1234567890123456789", "0x1401": "9876543210"}
        assert own.post(f"/2fa/1/pin/{pin_id}/resend").status_code == 200
        again = smsc.message("919812345678", 2)
        assert again["tlvs"]["0x1401"] == "9876543210"


def test_their_tags_are_the_operators(fresh):
    ids = {"principalEntityId": "123", "contentTemplateId": "456"}
    with Smsc() as smsc:
        own, application = served(fresh, smsc, dlt_entity_tag=0, dlt_template_tag=0x1500)
        message = arrived(own, application, smsc, "[{{pin}}]", regional={"indiaDlt": ids})
        assert message["tlvs"] == {"0x1500": "456"}


def test_they_survive_a_crash(fresh):
    with Smsc() as smsc:
        port = smsc.port
    own = fresh(config=config(port) + "delivery: {accept_wait: 100ms}\n")
    application = own.application()
    ids = {"principalEntityId": "123", "contentTemplateId": "456"}
    template = own.template(application, messageText="[{{pin}}]", regional={"indiaDlt": ids})
    own.send(application, template, "919812345678")
    own.kill()
    with Smsc(port=port) as smsc:
        own.start()
        assert smsc.message("919812345678")["tlvs"] == {"0x1400": "123", "0x1401": "456"}


def test_what_was_not_delivered_is_cancelled_when_its_life_is_over(fresh):
    with Smsc() as smsc:
        own, _ = served(fresh, smsc, cancel_on_expiry="true")
        application = own.application(pinTimeToLive="2s")
        pin_id = own.send(application, own.template(
            application, senderId="Bar")).json()["pinId"]
        smsc.message("41793026727")
        wait_for("cancel_sm", lambda: smsc.said("cancelled"))
        assert time.time() * 1000 >= int(pin_id[:12], 16) + 2000, "its life was not over"
        assert smsc.said("cancelled") == [{"cancelled": "00000001", "from": "Bar", "for": ""}]


def test_what_was_delivered_is_not_cancelled(fresh):
    with Smsc("--receipt", "DELIVRD") as smsc:
        own, _ = served(fresh, smsc, cancel_on_expiry="true")
        application = own.application(pinTimeToLive="1s")
        template = own.template(application)
        pin_id = own.send(application, template, "41793026727").json()["pinId"]
        wait_for("the receipt", lambda: smsc.said("receipt"))
        wait_for("the end of its life", lambda: own.get(
            f"/watchword/1/pins/{pin_id}").json()["state"] == "TTL_EXPIRED")
        # in the order of their ends: when a later one could have been cancelled, it was not
        later = own.send(application, template, "41793026728").json()["pinId"]
        wait_for("the end of another", lambda: own.get(
            f"/watchword/1/pins/{later}").json()["state"] == "TTL_EXPIRED")
        assert not smsc.said("cancelled")
