# SPDX-License-Identifier: Apache-2.0
"""Message templates, and the PINs that their alphabets give."""

import re

import pytest


def post(server, application, version=2, **members):
    body = {"pinType": "NUMERIC", "pinLength": 4, "messageText": "PIN [{{pin}}]", **members}
    return server.post(f"/2fa/{version}/applications/{application}/messages", body)


def test_create_get_list_change(server, application):
    made = post(server, application, senderId="Bar", language="en", repeatDTMF="1#",
                speechRate=0.8).json()
    assert made["applicationId"] == application and made["pinPlaceholder"] == "{{pin}}"
    path = f"/2fa/2/applications/{application}/messages/{made['messageId']}"
    assert server.get(path).json() == made
    assert made in server.get(f"/2fa/2/applications/{application}/messages").json()
    changed = server.put(path, {"messageText": "New [{{pin}}]"})
    assert changed.status_code == 200
    assert server.get(path).json() == {**made, "messageText": "New [{{pin}}]"}


@pytest.mark.parametrize("pin_type,form", [
    ("NUMERIC", r"[0-9]{8}"), ("ALPHA", r"[A-Z]{8}"), ("HEX", r"[0-9a-f]{8}"),
    ("ALPHANUMERIC", r"[0-9A-Z]{8}")])
def test_every_alphabet(server, application, pin_type, form):
    template = post(server, application, pinType=pin_type, pinLength=8).json()["messageId"]
    pin_id, pin = server.sent(application, template)
    assert re.fullmatch(form, pin)
    assert server.verify(pin_id, pin).json()["verified"] is True


def test_hex_does_not_mind_capitals_and_blanks_do_not_count(server, application):
    template = post(server, application, pinType="HEX", pinLength=16).json()["messageId"]
    pin_id, pin = server.sent(application, template)
    assert server.verify(pin_id, f" {pin.upper()} ").json()["verified"] is True


def test_a_placeholder_of_ones_own(server, application):
    template = post(server, application, messageText="PIN [<pin>] {{pin}}",
                    pinPlaceholder="<pin>").json()["messageId"]
    answer = server.send(application, template)
    text = server.message(answer.json()["pinId"])["text"]
    assert re.fullmatch(r"PIN \[\d{4}\] \{\{pin\}\}", text)


@pytest.mark.parametrize("name,value", [("pin", "1234"), ("a", [1]), ("a", {}), ("a" * 300, "x")])
def test_a_placeholder_that_cannot_be_is_named(server, application, name, value):
    template = post(server, application).json()["messageId"]
    answer = server.send(application, template, placeholders={name: value})
    assert answer.status_code == 400
    assert list(answer.json()["requestError"]["serviceException"]["validationErrors"]) == [
        f"placeholders.{name}"]


def test_placeholders_are_filled_once_and_unknown_ones_stay(server, application):
    template = post(server, application,
                    messageText="{{a}} {{b}} [{{pin}}] {{c}}").json()["messageId"]
    answer = server.send(application, template, placeholders={"a": "{{pin}}", "b": "Ünï"})
    text = server.message(answer.json()["pinId"])["text"]
    assert re.fullmatch(r"\{\{pin\}\} Ünï \[\d{4}\] \{\{c\}\}", text)


@pytest.mark.parametrize("field,members", [
    ("pinType", {"pinType": "EMOJI"}), ("pinType", {"pinType": 7}),
    ("pinLength", {"pinLength": 0}), ("pinLength", {"pinLength": 17}),
    ("pinLength", {"pinLength": "long"}), ("messageText", {"messageText": ""}),
    ("messageText", {"messageText": "no placeholder"}), ("messageText", {"messageText": 5}),
])
def test_what_is_wrong_is_named(server, application, field, members):
    before = server.get(f"/2fa/2/applications/{application}/messages").json()
    answer = post(server, application, **members)
    assert answer.status_code == 400
    assert field in answer.json()["requestError"]["serviceException"]["validationErrors"]
    assert server.get(f"/2fa/2/applications/{application}/messages").json() == before


def test_another_application_does_not_have_it(server, application):
    template = post(server, application).json()["messageId"]
    other = server.application()
    assert server.get(f"/2fa/2/applications/{other}/messages/{template}").status_code == 404
    assert server.send(other, template).status_code == 404


def test_v1_calls_the_sender_sender(server, application):
    made = post(server, application, version=1, sender="Old").json()
    assert made["sender"] == "Old"
    on_v2 = server.get(f"/2fa/2/applications/{application}/messages/{made['messageId']}").json()
    assert on_v2["senderId"] == "Old"
