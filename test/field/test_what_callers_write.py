# SPDX-License-Identifier: Apache-2.0
"""Bodies as editors, libraries and other languages write them: read as they are meant,
and every fault of a body said at once."""

import json

import pytest

from harness.raw import Raw
from harness.server import error_of

MARK = b"\xef\xbb\xbf"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMED = {"name": "x"}


def text(members):
    return json.dumps(members).encode()


# ---- a body as editors and libraries write it ----


@pytest.mark.field("2.3")
@pytest.mark.parametrize("body", [
    MARK + text(NAMED), MARK + b"\r\n " + text(NAMED), MARK + text(NAMED) + b"\n"],
    ids=["a mark in front", "a mark and an empty line", "a mark and a line end behind"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_body_with_a_byte_order_mark_is_read(server, version, body):
    answer = server.post(f"/2fa/{version}/applications", body)
    assert (answer.status_code // 100, answer.json().get("name")) == (2, "x")


@pytest.mark.field("2.3")
def test_a_mark_alone_is_no_body(server, application, template):
    pin_id, _ = server.sent(application, template)
    answer = server.post(f"/2fa/2/pin/{pin_id}/resend", MARK)
    assert answer.status_code == 200


@pytest.mark.field("2.3")
@pytest.mark.parametrize("path,body", [
    ("/2fa/1/applications", b"name=x"),
    ("/auth/1/oauth2/token", b"grant_type=password")], ids=["version 1", "OAuth"])
def test_a_form_with_a_byte_order_mark_is_read(server, path, body):
    plain = server.post(path, body, headers=FORM)
    marked = server.post(path, MARK + body, headers=FORM)
    assert marked.status_code == plain.status_code
    assert set(marked.json()) == set(plain.json())
    if plain.status_code == 400:
        assert marked.json() == plain.json()


@pytest.mark.field("2.3")
@pytest.mark.parametrize("body", [MARK + b"{", MARK + MARK + text(NAMED), b" " + MARK + text(NAMED),
                                  text(NAMED) + MARK],
                         ids=["cut short", "two marks", "behind a blank", "at the end"])
def test_a_mark_anywhere_else_is_no_json(server, body):
    answer = server.post("/2fa/2/applications", body)
    assert (answer.status_code, list(error_of(answer)["validationErrors"])) == (400, ["body"])


LARGE = ["18446744073709551616", "-9223372036854775809", "1" + "0" * 400, "1e999999", "-2.5E+4000"]


@pytest.mark.field("2.3")
@pytest.mark.parametrize("number", LARGE)
@pytest.mark.parametrize("member", ['"unread":%s', '"unread":{"deep":[1,%s]}', '"a\\"b": %s '])
def test_a_large_number_that_nobody_reads_does_not_matter(server, member, number):
    body = '{"name":"x",%s}' % (member % number)
    assert server.post("/2fa/2/applications", body).status_code // 100 == 2


@pytest.mark.field("2.3")
@pytest.mark.parametrize("number", LARGE)
@pytest.mark.parametrize("member,where", [
    ('"configuration":{"pinAttempts":%s}', "configuration.pinAttempts"),
    ('"enabled":%s', "enabled"),
    ('"name":"y","pinAttempts":{%s:1}', "body")])
def test_a_large_number_where_one_is_read_is_named(server, member, where, number):
    body = '{"name":"x",%s}' % (member % number)
    if where == "body":
        body = body.replace('"name":"x",', "")
    answer = server.post("/2fa/2/applications", body)
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == [where]


@pytest.mark.field("2.3")
def test_a_large_number_is_a_text_digit_by_digit(server, application):
    template = server.template(application, messageText="[{{pin}}] {{order}}")
    body = json.dumps({"applicationId": application, "messageId": template, "to": "41793026727",
                       "placeholders": {"order": "ORDER"}})
    answer = server.post("/2fa/2/pin", body.replace('"ORDER"', "98765432109876543210"))
    assert answer.status_code == 200
    assert server.message(answer.json()["pinId"])["text"].endswith("98765432109876543210")


# ---- what default Jackson lets pass ----

CONFIGURATION = "configuration"
# (members of a created application, what is read of them)
TAKEN = [
    ({"name": 5}, {"name": "5"}),
    ({"name": 2.5}, {"name": "2.5"}),
    ({"name": True}, {"name": "true"}),
    ({"enabled": 0}, {"enabled": False}),
    ({"enabled": 1}, {"enabled": True}),
    ({"enabled": -3}, {"enabled": True}),
    ({"enabled": "false"}, {"enabled": False}),
    ({"enabled": " FALSE "}, {"enabled": False}),
    ({"enabled": ""}, {"enabled": True}),
    ({"enabled": "null"}, {"enabled": True}),
    ({CONFIGURATION: []}, {}),
    ({CONFIGURATION: {"pinAttempts": "7"}}, {"pinAttempts": 7}),
    ({CONFIGURATION: {"pinAttempts": " +7 "}}, {"pinAttempts": 7}),
    ({CONFIGURATION: {"pinAttempts": 7.9}}, {"pinAttempts": 7}),
    ({CONFIGURATION: {"pinAttempts": ""}}, {"pinAttempts": 10}),
    ({CONFIGURATION: {"pinAttempts": "null"}}, {"pinAttempts": 10}),
    ({CONFIGURATION: {"allowMultiplePinVerifications": 0}},
     {"allowMultiplePinVerifications": False}),
]
# Jackson refuses these too, or they could mean two things: (members, what is named).
REFUSED = [
    ({"name": ["x"]}, "name"),
    ({"name": []}, "name"),
    ({"name": {}}, "name"),
    ({"enabled": "yes"}, "enabled"),
    ({"enabled": "1"}, "enabled"),
    ({"enabled": 1.0}, "enabled"),
    ({"enabled": []}, "enabled"),
    ({CONFIGURATION: ""}, CONFIGURATION),
    ({CONFIGURATION: [{}]}, CONFIGURATION),
    ({CONFIGURATION: {"pinAttempts": "7.9"}}, "configuration.pinAttempts"),
    ({CONFIGURATION: {"pinAttempts": "7x"}}, "configuration.pinAttempts"),
    ({CONFIGURATION: {"pinAttempts": True}}, "configuration.pinAttempts"),
    ({CONFIGURATION: {"pinAttempts": [7]}}, "configuration.pinAttempts"),
    ({CONFIGURATION: {"pinAttempts": "0x7"}}, "configuration.pinAttempts"),
]


@pytest.mark.field("7.1")
@pytest.mark.parametrize("members,read", TAKEN, ids=[json.dumps(m) for m, _ in TAKEN])
def test_a_value_of_another_type_is_taken_as_the_original_takes_it(server, members, read):
    answer = server.post("/2fa/2/applications", {"name": "x", **members})
    assert answer.status_code // 100 == 2, answer.text
    made = {**answer.json(), **answer.json()[CONFIGURATION]}
    assert {k: made[k] for k in read} == read


@pytest.mark.field("7.1")
@pytest.mark.parametrize("members,named", REFUSED, ids=[json.dumps(m) for m, _ in REFUSED])
def test_a_value_that_the_original_refuses_is_refused(server, members, named):
    answer = server.post("/2fa/2/applications", {"name": "x", **members})
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == [named]


@pytest.mark.field("7.1")
@pytest.mark.parametrize("body", ["[]", " [ ] ", '{"placeholders":[]}', '{"placeholders":{}}', "{}", ""])
@pytest.mark.parametrize("version", [1, 2])
def test_an_empty_php_array_is_an_empty_object(server, application, template, version, body):
    pin_id, pin = server.sent(application, template)
    answer = server.post(f"/2fa/{version}/pin/{pin_id}/resend", body,
                         headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert server.pin(pin_id, 2) == pin


@pytest.mark.field("7.1")
@pytest.mark.parametrize("method,path,named", [
    ("POST", "/2fa/2/applications", "name"), ("POST", "/2fa/1/applications", "name"),
    ("POST", "/2fa/2/pin", "to"), ("POST", "/watchword/1/email-templates", "subject"),
    ("POST", "/watchword/1/route", "to"), ("POST", "/auth/1/session", "username"),
    ("POST", "/2fa/2/pin/0/verify", "pin")])
def test_everywhere_an_empty_array_says_as_little_as_an_empty_object(server, method, path, named):
    answers = [server.call(method, path, body) for body in ("[]", "{}")]
    assert answers[0].status_code == 400
    assert answers[0].text == answers[1].text
    assert named in error_of(answers[0])["validationErrors"]


@pytest.mark.field("7.1")
@pytest.mark.parametrize("value,shown", [
    (100, "100"), (100.5, "100.5"), (0.1, "0.1"), (1e21, "1e+21"), (-3, "-3"), (True, "true"),
    (7.0, "7"), ("", ""), (None, "{{amount}}")])
def test_a_placeholder_that_is_no_text_is_shown_as_one(server, application, value, shown):
    template = server.template(application, messageText="[{{pin}}] {{amount}}.")
    pin_id, _ = server.sent(application, template, placeholders={"amount": value})
    assert server.message(pin_id)["text"].endswith(f" {shown}.")


@pytest.mark.field("7.1")
@pytest.mark.parametrize("value", [[], {}, ["1"], {"a": "1"}])
def test_a_placeholder_that_is_no_scalar_is_named(server, application, template, value):
    answer = server.send(application, template, placeholders={"amount": value})
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == ["placeholders.amount"]


@pytest.mark.field("7.1")
@pytest.mark.parametrize("members,read", [
    ({"pinLength": "5"}, {"pinLength": 5}), ({"speechRate": "1.5"}, {"speechRate": 1.5}),
    ({"senderId": 41790000000}, {"senderId": "41790000000"}),
    ({"repeatDTMF": 1}, {"repeatDTMF": "1"}), ({"regional": []}, {})])
def test_members_of_a_template_in_another_type(server, application, members, read):
    answer = server.post(f"/2fa/2/applications/{application}/messages", {
        "pinType": "NUMERIC", "pinLength": 4, "messageText": "{{pin}}", **members})
    assert answer.status_code == 200, answer.text
    assert {k: answer.json()[k] for k in read} == read


@pytest.mark.field("7.1")
@pytest.mark.parametrize("value", ["900000", 900000, 900000.0, "15m"])
def test_milliseconds_of_version_1_as_a_text(server, value):
    answer = server.post("/2fa/1/applications", {"name": "x", CONFIGURATION: {"pinTimeToLive": value}})
    assert answer.status_code == 200, answer.text
    assert answer.json()[CONFIGURATION]["pinTimeToLive"] in (900000, "15m")


@pytest.mark.field("7.1")
@pytest.mark.parametrize("body,why", [
    ('{"name":"x","name":"y"}', "two readers could read two names"),
    ('{"name":"x"} {"name":"y"}', "two readers could read two requests"),
    ('{"name":"a\\u0000b"}', "C would end the name there"),
    ('{"name":"\\ud83d"}', "half a character")])
def test_what_two_readers_may_read_in_two_ways_stays_refused(server, body, why):
    answer = server.post("/2fa/2/applications", body)
    assert (answer.status_code, list(error_of(answer)["validationErrors"])) == (400, ["body"]), why


# ---- all faults at once ----

KEY = {"Authorization": ""}
MANY = [f"p{n}" for n in range(40)]
# path, body, every field that is at fault
FAULTS = {
    "an attempt too few, a life that is none": (
        "/2fa/2/applications", {"name": "x", CONFIGURATION: {
            "pinAttempts": 0, "pinTimeToLive": "soon"}},
        {"configuration.pinAttempts", "configuration.pinTimeToLive"}),
    "version 1, by numbers and by texts": (
        "/2fa/1/applications", {"enabled": "maybe", CONFIGURATION: {
            "pinTimeToLive": [], "verificationAttempts": 0, "initiationIntervalLength": -1,
            "sendPinPerApplicationLimit": "many"}},
        {"name", "enabled", "configuration.pinTimeToLive", "configuration.verificationAttempts",
         "configuration.initiationIntervalLength", "configuration.sendPinPerApplicationLimit"}),
    "a template": (
        "/2fa/2/applications/{application}/messages", {
            "pinType": "WORDS", "pinLength": 99, "language": "tlh", "speechRate": 9,
            "messageText": "no PIN", "senderId": "a\nb", "regional": {"indiaDlt": {}}},
        {"pinType", "pinLength", "language", "speechRate", "messageText", "senderId",
         "regional.indiaDlt.principalEntityId"}),
    "a template whose text has no right type": (
        "/2fa/1/applications/{application}/messages", {
            "pinType": "NUMERIC", "pinLength": 9, "messageText": {}, "repeatDTMF": "x"},
        {"messageText", "pinLength", "repeatDTMF"}),
    "a template whose placeholder has no right type": (
        "/2fa/2/applications/{application}/messages", {
            "pinType": "NUMERIC", "pinLength": 0, "messageText": "<pin>", "pinPlaceholder": []},
        {"pinPlaceholder", "pinLength"}),
    "a template for email": (
        "/2fa/2/applications/{application}/email/messages", {
            "emailTemplateId": "x", "from": "nobody", "pinType": "x", "landingPageId": "a b"},
        {"emailTemplateId", "from", "pinType", "landingPageId"}),
    "a send": (
        "/2fa/2/pin", {"applicationId": "x", "to": "abc", "from": "a\u202eb", "trackDelivery": "x",
                       "placeholders": {"pin": "1", "a": []}},
        {"messageId", "to", "from", "trackDelivery", "placeholders.pin", "placeholders.a"}),
    "a resend": (
        "/2fa/2/pin/0/resend", {"trackDelivery": "x", "placeholders": {n: [] for n in MANY}},
        {"trackDelivery", *(f"placeholders.{n}" for n in MANY)}),
    "a text for emails": (
        "/watchword/1/email-templates", {"subject": "a\tb", "html": [], "landingPageId": "?"},
        {"subject", "html", "landingPageId"}),
    "a route": (
        "/watchword/1/route", {"to": "x", "text": [], "applicationId": {}},
        {"to", "text", "applicationId"}),
    "a sign-in": ("/auth/1/session", {"unsafe": "x", "username": []},
                  {"unsafe", "username", "password"}),
    "a token": ("/auth/1/oauth2/token", {"grant_type": "password", "client_id": {}},
                {"grant_type", "client_id", "client_secret"}),
}


@pytest.mark.field("9.2")
@pytest.mark.parametrize("path,body,named", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_of_a_body_is_named_at_once(server, application, path, body, named):
    answer = server.post(path.format(application=application), body)
    assert answer.status_code == 400, answer.text
    assert set(error_of(answer)["validationErrors"]) == named


@pytest.mark.field("9.2")
@pytest.mark.parametrize("generation,path", [(1, "/settings/1/accounts/_/api-keys"),
                                             (2, "/settings/2/api-keys")])
def test_every_fault_of_a_key_is_named_at_once(server, generation, path):
    from harness.access import new_user
    admin = new_user(server, f"admin{generation}", "account-management:manage")
    answer = server.post(path, {"enabled": "x", "allowedIPs": ["nowhere"], "validTo": "soon",
                                "permissions": ["FLY"]}, headers={"Authorization": admin})
    assert answer.status_code == 400, answer.text
    said = (answer.json()["violations"] if generation == 2 else
            error_of(answer)["validationErrors"])
    named = {v["property"] for v in said} if generation == 2 else set(said)
    assert named == {"name", "enabled", "allowedIPs", "validTo", "permissions"}


@pytest.mark.field("9.2")
def test_a_change_is_not_judged_by_what_it_does_not_say(server, application):
    """The stored placeholder is another than the usual one, and the text fits it."""
    template = server.template(application, messageText="Code <pin>", pinPlaceholder="<pin>")
    answer = server.put(f"/2fa/2/applications/{application}/messages/{template}",
                        {"messageText": "Your <pin>", "pinLength": 99, "speechRate": 9})
    assert set(error_of(answer)["validationErrors"]) == {"pinLength", "speechRate"}


# ---- one line ----

BREAKS = {"CR": "\r", "LF": "\n", "tab": "\t", "NEL": "\x85", "DEL": "\x7f", "bell": "\x07",
          "line separator": "\u2028", "right to left override": "\u202e",
          "left to right mark": "\u200e", "first strong isolate": "\u2068",
          "Arabic letter mark": "\u061c"}


@pytest.mark.field("8.6")
@pytest.mark.parametrize("mark", BREAKS.values(), ids=BREAKS.keys())
@pytest.mark.parametrize("version,member", [(2, "senderId"), (1, "senderId"), (1, "sender"),
                                            (2, "voiceName")])
def test_a_sender_of_a_template_is_one_line_in_one_direction(server, application, version, member,
                                                             mark):
    made = server.template(application)
    body = {"pinType": "NUMERIC", "messageText": "{{pin}}", member: f"Ba{mark}nk"}
    at = f"/2fa/{version}/applications/{application}/messages"
    for answer in (server.post(at, body), server.put(f"{at}/{made}", body)):
        assert answer.status_code == 400, answer.text
        assert list(error_of(answer)["validationErrors"]) == [member]


@pytest.mark.field("8.6")
@pytest.mark.parametrize("mark", BREAKS.values(), ids=BREAKS.keys())
@pytest.mark.parametrize("version", [1, 2])
def test_a_sender_of_a_message_is_one_line_in_one_direction(server, application, template, version,
                                                            mark):
    answer = server.post(f"/2fa/{version}/pin", {
        "applicationId": application, "messageId": template, "to": "41793026727",
        "from": f"{mark}Bank"})
    assert answer.status_code == 400, answer.text
    assert list(error_of(answer)["validationErrors"]) == ["from"]


@pytest.mark.field("8.6")
@pytest.mark.parametrize("mark", BREAKS.values(), ids=BREAKS.keys())
def test_a_sender_and_a_subject_of_an_email_are_one_line(server, application, mark):
    answer = server.post("/watchword/1/email-templates", {"subject": f"a{mark}", "text": "{{pin}}"})
    assert list(error_of(answer)["validationErrors"]) == ["subject"]
    made = server.post("/watchword/1/email-templates", {"subject": "a", "text": "{{pin}}"}).json()
    answer = server.post(f"/2fa/2/applications/{application}/email/messages", {
        "emailTemplateId": made["id"], "from": f"A{mark}B <a@example.com>"})
    assert list(error_of(answer)["validationErrors"]) == ["from"]


@pytest.mark.field("8.6")
@pytest.mark.parametrize("name", ["Bank", "Müller & Söhne", "שלום", "بنك", "+41 79 000 00 00"])
def test_a_sender_of_any_script_is_taken(server, application, template, name):
    pin_id, _ = server.sent(application, template, **{"from": name})
    assert server.message(pin_id)["from"] == name


def test_octets_of_a_body_with_a_mark_are_counted(server):
    """The mark is part of the length that the client gives."""
    body = MARK + text(NAMED)
    raw = Raw(server).send(b"POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App %s\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (server.key.encode(), len(body), body))
    assert raw.response()[0] // 100 == 2
    raw.close()
