# SPDX-License-Identifier: Apache-2.0
"""Every odd way of asking that some client has, as a table (contract 3.1, 7.7, 7.8)."""

import json
import urllib.parse

import pytest

from harness.raw import Raw

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def ids(server):
    application = server.application()
    return {"applicationId": application, "messageId": server.template(application),
            "to": "41798000001"}


@pytest.mark.parametrize("kind", [
    None, "", "application/json", "application/json;charset=UTF-8",
    'Application/JSON; charset="utf-8"', "application/vnd.api+json", "text/plain",
    "application/octet-stream", FORM, "*/*", "nonsense"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_body_that_is_json_is_json_whatever_it_is_called(server, version, kind):
    body = '{"name":"x"}'
    named = "" if kind is None else f"Content-Type: {kind}\r\n"
    raw = Raw(server).send(
        f"POST /2fa/{version}/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App {server.key}\r\n"
        f"{named}Content-Length: {len(body)}\r\n\r\n{body}")
    assert raw.response()[0] == (200 if version == 1 else 201)
    raw.close()


GETS = ["applications", "applications/{applicationId}", "applications/{applicationId}/messages",
        "applications/{applicationId}/messages/{messageId}",
        "applications/{applicationId}/verifications?msisdn=41798000001"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("path", GETS)
def test_a_slash_at_the_end_and_parameters_nobody_knows(server, ids, version, path):
    path, _, query = path.format(**ids).partition("?")
    plain = server.get(f"/2fa/{version}/{path}?{query}")
    odd = server.get(f"/2fa/{version}/{path}/?{query}&unknown=1&&=&x")
    assert (odd.status_code, odd.json()) == (200, plain.json())


@pytest.mark.parametrize("path", GETS)
def test_a_head_is_the_get_without_its_body(server, ids, path):
    for target in (path.format(**ids), "nothing", "applications/0"):
        of_get = server.get("/2fa/2/" + target)
        of_head = server.call("HEAD", "/2fa/2/" + target)
        assert of_head.status_code == of_get.status_code and of_head.content == b""
        assert int(of_head.headers["Content-Length"]) == len(of_get.content)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("query", [
    "", "?ncNeeded=true", "?ncNeeded=false", "?ncNeeded=FALSE", "?ncNeeded=null",
    "?ncNeeded=undefined", "?ncNeeded=", "?ncNeeded", "?ncneeded=x&other=y"])
def test_every_way_to_say_ncneeded(server, ids, version, query):
    for slash in ("", "/"):
        answer = server.post(f"/2fa/{version}/pin{slash}{query}", ids)
        assert (answer.status_code, answer.json()["smsStatus"]) == (200, "MESSAGE_SENT")


@pytest.mark.parametrize("members", [
    {"from": None}, {"unknown": {"a": [1]}}, {"placeholders": None}, {"placeholders": {}},
    {"trackDelivery": False}, {"trackDelivery": "False"}, {"trackDelivery": None},
    {"to": "+41 79 800 00 01"}, {"to": "41-79-800-00-01"}, {"to": 41798000001}])
@pytest.mark.parametrize("version", [1, 2])
def test_members_of_a_send(server, ids, version, members):
    answer = server.post(f"/2fa/{version}/pin", {**ids, **members})
    assert (answer.status_code, answer.json()["to"]) == (200, "41798000001")


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null", b" \r\n", b'{"placeholders":{}}'])
@pytest.mark.parametrize("version", [1, 2])
def test_a_resend_with_and_without_a_body(server, ids, version, body):
    pin_id, _ = server.sent(ids["applicationId"], ids["messageId"])
    answer = server.post(f"/2fa/{version}/pin/{pin_id}/resend", body,
                         headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["pinId"]) == (200, pin_id)


def test_a_resend_without_any_sign_of_a_body(server, ids):
    pin_id, _ = server.sent(ids["applicationId"], ids["messageId"])
    raw = Raw(server).send(f"POST /2fa/1/pin/{pin_id}/resend HTTP/1.1\r\nHost: x\r\n"
                           f"Authorization: App {server.key}\r\n\r\n")
    assert raw.response()[0] == 200
    raw.close()


@pytest.mark.parametrize("given", ["number", "spaces"])
def test_a_pin_as_a_number_or_with_spaces(server, ids, given):
    template = server.template(ids["applicationId"], pinLength=4)
    for n in range(20):
        pin_id, pin = server.sent(ids["applicationId"], template, f"4179810{n:04d}")
        if pin[0] != "0":
            break
    answer = server.verify(pin_id, int(pin) if given == "number" else f" {pin} ")
    assert answer.json()["verified"] is True


@pytest.mark.parametrize("members", [
    {"speechRate": 1}, {"speechRate": 1.5}, {"language": "pt-br"}, {"language": "PT_BR"},
    {"pinPlaceholder": "{{pin}}"}, {"senderId": None}, {"regional": None}, {"unknown": 1}])
def test_members_of_a_template(server, ids, members):
    answer = server.post(f"/2fa/2/applications/{ids['applicationId']}/messages", {
        "pinType": "NUMERIC", "pinLength": 4, "messageText": "{{pin}}", **members})
    assert answer.status_code == 200


@pytest.mark.parametrize("query", [
    "verified=true", "verified=True", "verified=undefined", "verified=", "sent=undefined", "x=y"])
def test_filters_of_the_verifications(server, ids, query):
    for version in (1, 2):
        answer = server.get(f"/2fa/{version}/applications/{ids['applicationId']}/verifications/"
                            f"?msisdn=%2241798000001%22&{query}")
        assert answer.status_code == 200


def test_no_answer_has_a_null_or_a_space_between_its_members(server, ids):
    for path in GETS:
        answer = server.get("/2fa/2/" + path.format(**ids))
        assert answer.text == json.dumps(answer.json(), separators=(",", ":"))
        assert "null" not in answer.text


# ---- forms ----


def post_form(server, path, members, kind=FORM):
    body = members if isinstance(members, (str, bytes)) else urllib.parse.urlencode(members)
    return server.post(path, body, headers={"Content-Type": kind})


def test_the_whole_way_of_a_pin_by_forms(server, ids):
    sent = post_form(server, "/2fa/1/pin", {**ids, "to": "+41798000002", "from": "Foo & Söhne"})
    assert (sent.status_code, sent.json()["to"]) == (200, "41798000002")
    pin_id = sent.json()["pinId"]
    assert server.message(pin_id)["from"] == "Foo & Söhne"
    assert post_form(server, f"/2fa/1/pin/{pin_id}/resend", "").status_code == 200
    assert post_form(server, f"/2fa/1/pin/{pin_id}/resend", "a=b").status_code == 200
    verified = post_form(server, f"/2fa/1/pin/{pin_id}/verify", {"pin": server.pin(pin_id)},
                         FORM + "; charset=utf-8")
    assert verified.json()["verified"] is True


def test_the_flat_members_of_what_is_configured(server, ids):
    made = post_form(server, "/2fa/1/applications", "name=by+form&enabled=true")
    assert (made.status_code, made.json()["name"], made.json()["enabled"]) == (200, "by form", True)
    template = post_form(server, f"/2fa/1/applications/{made.json()['applicationId']}/messages", {
        "pinType": "NUMERIC", "pinPlaceholder": "<pin>", "messageText": "Code <pin>",
        "pinLength": "5", "sender": "Foo", "speechRate": "1.5"})
    assert template.status_code == 200
    assert (template.json()["pinLength"], template.json()["speechRate"]) == (5, 1.5)


def test_leading_zeros_of_a_pin_stay(server, ids):
    """A form has no types: what looks like a number is one only where one is wanted."""
    pin_id, pin = server.sent(ids["applicationId"], ids["messageId"], "41798000003")
    n = 3
    while pin[0] != "0" and n < 200:
        n += 1
        pin_id, pin = server.sent(ids["applicationId"], ids["messageId"], f"4179810{n:04d}")
    answer = post_form(server, f"/2fa/1/pin/{pin_id}/verify", {"pin": pin})
    assert pin[0] == "0" and answer.json()["verified"] is True


@pytest.mark.parametrize("body", [
    "name=%ff", "name=a%00b", "name=x&name=y", "nonsense", "&&&", "=x", "name=",
    "pinLength=4", "&".join(f"a{n}=1" for n in range(300)) + "&name=x"])
def test_forms_that_make_no_sense(server, body):
    answer = post_form(server, "/2fa/1/applications", body)
    assert answer.status_code == 400
    assert answer.json()["requestError"]["serviceException"]["messageId"] == "INVALID_ARGUMENT"


def test_v2_reads_no_forms(server, ids):
    answer = post_form(server, "/2fa/2/pin", ids)
    assert answer.status_code == 415
    error = answer.json()["requestError"]["serviceException"]
    assert error["messageId"] == "UNSUPPORTED_CONTENT_TYPE"
