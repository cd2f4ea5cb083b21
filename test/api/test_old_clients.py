# SPDX-License-Identifier: Apache-2.0
"""What clients of other days send: aliases, odd spellings, the words of v1's errors."""

import re

import pytest

from harness.server import error_of


def test_the_javascript_client(server, application, template):
    """Paths with /sms, ?ncNeeded=null, "from":null, and a resend with headers and no body."""
    sent = server.post("/2fa/1/pin/sms?ncNeeded=null", {
        "applicationId": application, "messageId": template, "to": "41797000001", "from": None})
    assert sent.status_code == 200
    assert list(sent.json()) == ["pinId", "to", "ncStatus", "smsStatus"]
    pin_id = sent.json()["pinId"]
    assert server.message(pin_id)["from"] == "Bar"
    again = server.post(f"/2fa/1/pin/{pin_id}/resend/sms",
                        headers={"Content-Type": "application/json"})
    assert again.status_code == 200
    verified = server.post(f"/2fa/1/pin/{pin_id}/verify", {"pin": server.pin(pin_id)})
    assert list(verified.json().items()) == [
        ("pinId", pin_id), ("msisdn", "41797000001"), ("verified", True), ("attemptsRemaining", 0)]


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null", b"  ", {"trackDelivery": False}])
def test_the_body_of_a_resend_may_be_nothing(server, application, template, body):
    pin_id, pin = server.sent(application, template, "41797000002")
    assert server.post(f"/2fa/2/pin/{pin_id}/resend", body).status_code == 200
    assert server.pin(pin_id, 2) == pin


def test_the_node_client_puts_a_slash_before_the_query(server, application, template):
    answer = server.post("/2fa/2/pin/?ncNeeded=undefined", {
        "applicationId": application, "messageId": template, "to": "41797000003"})
    assert (answer.status_code, answer.json()["ncStatus"]) == (200, "NC_NOT_CONFIGURED")


def test_an_external_id_when_delivery_is_tracked(server, application, template):
    answer = server.send(application, template, "41797000004", trackDelivery=True).json()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["externalMessageId"])
    assert "externalMessageId" not in server.send(application, template, "41797000004").json()


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
def test_a_boolean_may_be_a_text(server, word):
    answer = server.post("/2fa/2/applications", {"name": "x", "enabled": word, "configuration": {
        "allowMultiplePinVerifications": word}})
    assert answer.status_code == 201
    assert answer.json()["enabled"] is True
    assert answer.json()["configuration"]["allowMultiplePinVerifications"] is True


@pytest.mark.parametrize("given,answered", [
    ("pt-br", "pt_br"), ("PT_PT", "pt_pt"), ("zh-CN", "zh_cn"), ("en", "en")])
def test_a_language_with_hyphens(server, application, given, answered):
    answer = server.post(f"/2fa/2/applications/{application}/messages", {
        "pinType": "NUMERIC", "messageText": "{{pin}}", "language": given})
    assert answer.status_code == 200
    assert answer.json()["language"] == answered
    assert answer.json()["pinLength"] == 4


def test_hexa_is_hex(server, application):
    answer = server.post(f"/2fa/1/applications/{application}/messages", {
        "pinType": "HEXA", "pinPlaceholder": "<pin>", "messageText": "<pin>", "pinLength": 5})
    assert (answer.status_code, answer.json()["pinType"]) == (200, "HEX")


@pytest.mark.parametrize("version,length,status", [
    (1, 8, 200), (1, 9, 400), (1, 0, 400), (2, 9, 200), (2, 16, 200), (2, 17, 400)])
def test_the_longest_pin_of_each_version(server, application, version, length, status):
    answer = server.post(f"/2fa/{version}/applications/{application}/messages", {
        "pinType": "NUMERIC", "messageText": "{{pin}}", "pinLength": length})
    assert answer.status_code == status


def test_the_conversion_id_is_v1s_alone(server):
    made = server.post("/2fa/1/applications", {"name": "x"}).json()
    assert re.fullmatch(r"[0-9A-F]{32}", made["processId"])
    assert re.fullmatch(r"[0-9A-F]{32}", made["applicationId"])
    on_v2 = server.get(f"/2fa/2/applications/{made['applicationId']}").json()
    assert "processId" not in on_v2


def test_the_defaults_of_v1(server):
    made = server.post("/2fa/1/applications", {"name": "x"}).json()
    assert made["configuration"] == {
        "pinTimeToLive": 900000, "pinAttempts": 10, "verificationAttempts": 1,
        "verificationIntervalLength": 3000, "initiationAttempts": 3,
        "initiationIntervalLength": 86400000, "overallInitiationAttempts": 10000,
        "overallInitiationIntervalLength": 86400000, "initiationThrottlingProlongationFactor": 1,
        "initiationThrottlingWaitPeriod": 0}


def test_v1_words_its_errors_from_its_own_list(server, application, template):
    limited = server.application(sendPinPerPhoneNumberLimit="1/1h")
    of_limited = server.template(limited)
    send = {"applicationId": limited, "messageId": of_limited, "to": "41797000005"}
    assert server.post("/2fa/1/pin", send).status_code == 200
    throttled = server.post("/2fa/1/pin", send)
    assert (throttled.status_code, error_of(throttled)["messageId"]) == (429, "THROTTLE_EXCEPTION")
    assert int(throttled.headers["Retry-After"]) > 0
    missing = server.post("/2fa/1/pin", {**send, "messageId": "0" * 32})
    assert (missing.status_code, error_of(missing)["messageId"], error_of(missing)["text"]) == (
        404, "RESOURCE_NOT_FOUND", "Application or message with given ID cannot be found.")
    wrong = server.post("/2fa/1/pin", {})
    assert (wrong.status_code, error_of(wrong)["messageId"], error_of(wrong)["text"]) == (
        400, "INVALID_ARGUMENT", "Invalid argument: applicationId must not be blank")


def test_ids_are_the_same_under_both_versions(server, application, template):
    pin_id, pin = server.sent(application, template, "41797000006")
    assert server.post(f"/2fa/1/pin/{pin_id}/resend").status_code == 200
    assert server.get(f"/2fa/1/applications/{application}/messages/{template}").status_code == 200
    assert server.post(f"/2fa/1/pin/{pin_id}/verify", {"pin": pin}).json()["verified"] is True
