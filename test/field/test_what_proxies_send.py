# SPDX-License-Identifier: Apache-2.0
"""Requests as proxies, libraries and attackers write them: paths, header fields, methods,
and numbers at the edge of what a type holds."""

import pytest

from harness.raw import Raw
from harness.server import error_of

HEAD_MAX = 32768
FIELDS_MAX = 100


def exchange(server, octets):
    """(status, headers, body) of one request, octet by octet."""
    raw = Raw(server)
    try:
        return raw.send(octets).response()
    finally:
        raw.close()


def request(server, target="/health/live", *fields, method="GET", body=""):
    lines = [f"{method} {target} HTTP/1.1", "Host: x", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return exchange(server, "\r\n".join(lines) + "\r\n\r\n" + body)


def key(server):
    return f"Authorization: App {server.key}"


# ---- paths and header fields of proxies ----


@pytest.mark.field("2.4")
@pytest.mark.parametrize("path", [
    "//2fa/2/pin", "///2fa/2/pin", "/2fa//2/pin", "/2fa/2//pin", "/2fa/2/pin//", "//2fa//2//pin//",
    "//2fa/1/pin"])
def test_a_base_url_that_ends_in_a_slash_works(server, application, template, path):
    answer = server.post(path, {"applicationId": application, "messageId": template,
                                "to": "41793026727"})
    assert (answer.status_code, answer.json()["smsStatus"]) == (200, "MESSAGE_SENT")


@pytest.mark.field("2.4")
@pytest.mark.parametrize("target", ["//health/live", "/health//live", "http://x//health/live"])
def test_slashes_in_a_row_are_one_everywhere(server, target):
    assert request(server, target)[2] == {"status": "live"}


@pytest.mark.field("2.4")
@pytest.mark.parametrize("target", ["//", "//x/health/live", "/health/li//ve", "/2fa//pin"])
def test_slashes_in_a_row_make_no_other_path(server, target):
    assert request(server, target)[0] == 404


@pytest.mark.field("2.4")
@pytest.mark.parametrize("fields,octets,status", [
    (70, 4096, 200), (FIELDS_MAX, 8000, 200), (FIELDS_MAX + 1, 8000, 431),
    (20, HEAD_MAX, 200), (20, HEAD_MAX + 1, 431), (2, HEAD_MAX, 200)],
    ids=["a service mesh's", "as many fields as there may be", "one more", "as long as it may be",
         "an octet longer", "one long field"])
def test_a_head_that_grew_on_its_way(server, fields, octets, status):
    lines = ["GET /health/live HTTP/1.1", "Host: x", *(f"X-{n}: y" for n in range(fields - 1))]
    head = "\r\n".join(lines) + "\r\n\r\n"
    assert len(head) <= octets
    head = head.replace("X-0: y", "X-0: y" + "y" * (octets - len(head)))
    assert len(head) == octets
    assert exchange(server, head)[0] == status


# ---- requests that say a thing twice, or another than they seem to ----


@pytest.mark.field("8.6")
@pytest.mark.parametrize("first,second", [
    ("Authorization: App x", "Authorization: App {key}"),
    ("Authorization: App {key}", "authorization: App {key}"),
    ("Idempotency-Key: a", "Idempotency-Key: b"), ("Idempotency-Key: a", "IDEMPOTENCY-KEY: a"),
    ("Content-Type: application/json", "Content-Type: text/xml"),
    ("Origin: https://a.example", "Origin: https://b.example"),
    ("Expect: 100-continue", "Expect: 100-continue"),
    ("X-Twilio-Signature: a", "X-Twilio-Signature: b"), ("Host: x", "Accept: */*")])
def test_a_field_that_may_come_once_comes_once(server, first, second):
    fields = [f.format(key=server.key) for f in (first, second)]
    status, headers, body = request(server, "/2fa/2/applications", *fields)
    assert (status, headers["connection"]) == (400, "close")
    assert "once" in str(body["requestError"]["serviceException"]["validationErrors"])


@pytest.mark.field("8.6")
def test_fields_that_may_come_often_may(server):
    fields = ["Accept: a", "Accept: b", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2",
              "User-Agent: a", "User-Agent: b"]
    assert request(server, "/2fa/2/applications", key(server), *fields)[0] == 200


@pytest.mark.field("8.6")
@pytest.mark.parametrize("target,status", [
    ("http://x?/health/live", 404), ("http://x?a=/health/live", 404), ("http://x#/health/live", 400),
    ("http://x", 404), ("https://x?", 404), ("http:///health/live", 400),
    ("http://?/health/live", 400), ("http://a@b/health/live", 400), ("http://x/health/live", 200),
    ("HTTP://x:8080/health/live?x=/y", 200), ("https://[::1]/health/live", 200)])
def test_the_path_of_an_absolute_url_is_what_stands_behind_its_host(server, target, status):
    got, _, body = request(server, target)
    assert got == status, body
    assert (body == {"status": "live"}) == (status == 200)


@pytest.mark.field("8.6")
@pytest.mark.parametrize("spell", [str.upper, str.lower, lambda s: s[:16].lower() + s[16:],
                                   lambda s: f"%{ord(s[0]):02x}{s[1:]}"],
                         ids=["upper", "lower", "mixed", "percent"])
def test_an_idempotency_key_is_of_the_pin_however_it_is_spelled(server, application, template, spell):
    pin_id, _ = server.sent(application, template)
    once = {"Idempotency-Key": f"spelled-{pin_id}"}
    first = server.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": "x"}, headers=once)
    again = server.post(f"/2fa/2/pin/{spell(pin_id)}/verify", {"pin": "x"}, headers=once)
    assert again.headers.get("Idempotency-Replayed") == "true"
    assert again.json() == first.json()
    assert first.json()["attemptsRemaining"] == 9


@pytest.mark.field("8.6")
def test_an_idempotency_key_of_another_pin_is_another(server, application, template):
    once = {"Idempotency-Key": "two pins"}
    for _ in range(2):
        pin_id, _ = server.sent(application, template)
        answer = server.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": "x"}, headers=once)
        assert "Idempotency-Replayed" not in answer.headers


# ---- methods ----

PATHS = {"/2fa/2/pin": "POST", "/2fa/1/pin/1/status": "GET, HEAD", "/health/live": "GET, HEAD",
         "/2fa/2/applications": "GET, HEAD, POST", "/settings/2/api-keys": "GET, HEAD, POST",
         "/watchword/1/receipts/x": "GET, HEAD, POST", "/auth/1/session": "POST, DELETE"}
METHODS = ["PATCH", "TRACE", "CONNECT", "FROB", "QUERY", "get", "GETS", "PRI", "PROPFIND", "M-SEARCH",
           "!#$%&'*+-.^_`|~"]


@pytest.mark.field("7.8")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path,allow", PATHS.items())
def test_a_method_that_a_url_does_not_offer_is_405(server, path, allow, method):
    status, headers, body = exchange(
        server, f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}")
    assert (status, set(headers["allow"].split(", "))) == (405, set(allow.split(", ")))
    assert body.get("requestError") or body["errorCode"] == "E405"


@pytest.mark.field("7.8")
@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_url_is_404_for_every_method(server, method):
    assert exchange(server, f"{method} /nothing HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 404


@pytest.mark.field("7.8")
@pytest.mark.parametrize("line", [
    "FR(B /2fa/2/pin HTTP/1.1", "FRÖB /2fa/2/pin HTTP/1.1", "FROB\t/2fa/2/pin HTTP/1.1", "FROB",
    "FROB /2fa/2/pin", " /2fa/2/pin HTTP/1.1", "CONNECT x:443 HTTP/1.1"])
def test_what_is_no_method_is_400(server, line):
    status, headers, _ = exchange(server, f"{line}\r\nHost: x\r\n\r\n")
    assert (status, headers["connection"]) == (400, "close")


@pytest.mark.field("7.8")
def test_the_request_behind_an_unknown_method_is_read(server):
    raw = Raw(server).send("FROB /2fa/2/pin HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                           "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [raw.response()[0], raw.response()[0]] == [405, 200]
    raw.close()


# ---- the status of a created application ----


@pytest.mark.field("7.9")
@pytest.mark.parametrize("agent,status", [
    ("infobip-api-client-python/5.1.1", 200), ("infobip-api-client-python/6.0.0", 200),
    ("infobip-api-client-java/6.4.0", 201), ("infobip-api-client-pythonic/1", 201),
    ("x infobip-api-client-python/5.1.1", 201), ("infobip-api-client-python", 201), ("", 201)])
def test_a_created_application_is_201_but_for_the_client_that_takes_200(server, agent, status):
    answer = server.post("/2fa/2/applications", {"name": "x"}, headers={"User-Agent": agent})
    assert (answer.status_code, answer.json()["name"]) == (status, "x")


@pytest.mark.field("7.9")
@pytest.mark.parametrize("option,statuses", [
    ("auto", (200, 201)), ("200", (200, 200)), ("201", (201, 201))])
def test_the_status_of_a_created_application_can_be_set(fresh, option, statuses):
    own = fresh(config=f"api: {{create_application_status: {option}}}\n")
    agents = ("infobip-api-client-python/5.1.1", "curl/8")
    assert tuple(own.post("/2fa/2/applications", {"name": "x"},
                          headers={"User-Agent": a}).status_code for a in agents) == statuses
    assert own.post("/2fa/1/applications", {"name": "x"}).status_code == 200


# ---- verifications of all numbers ----


@pytest.mark.field("7.3")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("query", ["", "?msisdn=", "?msisdn", "?msisdn=%20", "?verified=true", "?x=y"])
def test_verifications_of_all_numbers(server, version, query):
    application = server.application()
    template = server.template(application)
    numbers = {"41793000001", "41793000002"}
    for number in sorted(numbers):
        pin_id, pin = server.sent(application, template, number)
        assert server.verify(pin_id, pin).json()["verified"] is True
    answer = server.get(f"/2fa/{version}/applications/{application}/verifications{query}")
    assert answer.status_code == 200, answer.text
    found = answer.json()["verifications"] if version == 2 else answer.json()
    assert {v["msisdn"] for v in found} == numbers


@pytest.mark.field("7.3")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("number", ["%FF", "41793000001%FF", "%C3", "nobody", "%2B", "0"])
def test_what_is_no_number_has_no_verifications_and_not_those_of_all(server, version, number):
    application = server.application()
    server.sent(application, server.template(application), "41793000001")
    answer = server.get(f"/2fa/{version}/applications/{application}/verifications?msisdn={number}")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["verifications"] if version == 2 else answer.json()) == []


# ---- values at the edge of what a type holds ----

CREATE = "/2fa/2/applications"


@pytest.mark.field("10.6")
@pytest.mark.parametrize("size", [
    "10000000000000000", "10000000000000002", "ffffffffffffffff", "7fffffffffffffff",
    "8000000000000000", "100000000", "fffffffff", "0000000000002", "1000000000001"])
def test_a_chunk_whose_size_wraps_is_no_chunk(server, size):
    status, headers, _ = exchange(
        server, f"POST {CREATE} HTTP/1.1\r\nHost: x\r\n{key(server)}\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{size}\r\n{{}}" + "\r\n0\r\n\r\n" + "x" * 66000)
    assert (status, headers["connection"]) in ((400, "close"), (413, "close"))


@pytest.mark.field("10.6")
@pytest.mark.parametrize("length,status", [
    ("0", 400), ("00", 400), ("12", 201), ("000000000000012", 201), ("0000000000000012", 400),
    ("65537", 413), ("2147483648", 413), ("4294967296", 413), ("4294967308", 413),
    ("999999999999999", 413), ("1000000000000000", 400), ("9223372036854775807", 400),
    ("9223372036854775808", 400), ("18446744073709551616", 400), ("18446744073709551628", 400),
    ("1" * 100, 400)])
def test_lengths_at_the_edges(server, length, status):
    got, _, _ = exchange(server, f"POST {CREATE} HTTP/1.1\r\nHost: x\r\n{key(server)}\r\n"
                         f"Content-Length: {length}\r\n\r\n" + '{"name":"x"}')
    assert got == status


EDGES = ["2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
         "9223372036854775808", "18446744073709551615", "18446744073709551616",
         "18446744073709551617", "9" * 60, "-1", "-9223372036854775808", "-9223372036854775809", "0"]


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("body,named", [
    ('{"name":"x","configuration":{"pinAttempts":%s}}', "configuration.pinAttempts"),
    ('{"name":"x","configuration":{"pinAttempts":"%s"}}', "configuration.pinAttempts"),
    ('{"name":"x","configuration":{"pinAttempts":%s.0}}', "configuration.pinAttempts"),
    ('{"name":"x","configuration":{"pinTimeToLive":"%sd"}}', "configuration.pinTimeToLive"),
    ('{"name":"x","configuration":{"pinTimeToLive":"%sms"}}', None),
    ('{"name":"x","configuration":{"verifyPinLimit":"%s/1d"}}', None),
    ('{"name":"x","configuration":{"verifyPinLimit":"1/%sd"}}', "configuration.verifyPinLimit"),
    ('{"name":"x","configuration":{"sendPinPerApplicationLimit":"1/%sh"}}',
     "configuration.sendPinPerApplicationLimit")])
def test_numbers_of_an_application_at_the_edges(server, body, named, value):
    answer = server.post(CREATE, body % value)
    if named is None and answer.status_code == 201:
        # what is taken is the value that was given
        assert value in answer.text
        return
    assert answer.status_code == 400, answer.text
    assert named is None or list(error_of(answer)["validationErrors"]) == [named]


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("member", [
    "pinTimeToLive", "pinAttempts", "verificationAttempts", "verificationIntervalLength",
    "initiationAttempts", "initiationIntervalLength", "overallInitiationAttempts",
    "overallInitiationIntervalLength"])
def test_numbers_of_version_1_at_the_edges(server, member, value):
    answer = server.post("/2fa/1/applications", '{"name":"x","configuration":{"%s":%s}}' % (member, value))
    if answer.status_code == 200:
        assert answer.json()["configuration"][member] == int(value)
        return
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == [f"configuration.{member}"]


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("member", ["pinLength", "speechRate"])
def test_numbers_of_a_template_at_the_edges(server, application, member, value):
    answer = server.post(f"/2fa/2/applications/{application}/messages",
                         '{"pinType":"NUMERIC","messageText":"{{pin}}","%s":%s}' % (member, value))
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == [member]


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value", EDGES)
def test_ids_of_email_templates_at_the_edges(server, application, value):
    answer = server.post(f"/2fa/2/applications/{application}/email/messages",
                         '{"emailTemplateId":%s}' % value)
    assert answer.status_code == 400
    assert list(error_of(answer)["validationErrors"]) == ["emailTemplateId"]
    assert server.get(f"/watchword/1/email-templates/{value}").status_code == 404


@pytest.fixture(scope="module")
def admin(server):
    from harness.access import new_user
    return {"Authorization": new_user(server, "admin", "account-management:manage")}


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("path", ["/settings/2/api-keys?page=%s", "/settings/2/api-keys?size=%s",
                                  "/settings/1/accounts/_/api-keys?limit=%s"])
def test_numbers_of_a_query_at_the_edges(server, admin, path, value):
    status = server.get(path % value, headers=admin).status_code
    assert status == (200 if "page" in path and value == "0" else 400)


@pytest.mark.field("10.6")
@pytest.mark.parametrize("value,status", [
    ("k" * 255, 404), ("k" * 256, 400), ('"' + "k" * 255 + '"', 404), ('"' + "k" * 256 + '"', 400),
    ('"' + "\\\\" * 255 + '"', 404), ('""', 400), ("\x7f", 400), ("~", 404)])
def test_idempotency_keys_at_the_edges(server, value, status):
    answer = server.post("/2fa/2/pin/0/verify", {"pin": "1"}, headers={"Idempotency-Key": value})
    assert answer.status_code == status


# ---- times ----


@pytest.mark.field("8.6")
@pytest.mark.parametrize("ms,shown", [
    (1, "1970-01-01T00:00:00.001Z"), (253402300799999, "9999-12-31T23:59:59.999Z"),
    (-1, None), (-1001, None), (-(10 ** 17), None), (253402300800000, None), (2 ** 62, None)])
def test_a_time_that_no_calendar_has_is_a_damaged_row_and_ends_nothing(fresh, ms, shown):
    import sqlite3
    import contextlib
    own = fresh()
    application = own.application()
    pin_id, _ = own.sent(application, own.template(application))
    own.stop()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        db.execute("UPDATE pin SET expires_at = ?", (ms,))
        db.commit()
    own.start()
    timeline = own.get(f"/watchword/1/pins/{pin_id}")
    if shown is None:
        assert timeline.status_code == 500, timeline.text
        assert own.event("row_damaged")["column"] == "expires_at"
    else:
        assert timeline.json()["expiresAt"] == shown
    assert own.get("/health/live").status_code == 200
