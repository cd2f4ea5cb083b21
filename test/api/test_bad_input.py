# SPDX-License-Identifier: Apache-2.0
"""Bodies that make no sense: a clear error in the contract's shape, and nothing changed."""

import pytest

from harness.raw import Raw


def refused(answer, status=400):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["requestError"] and list(body["requestError"]) == ["serviceException"]
    error = body["requestError"]["serviceException"]
    assert error["messageId"] and error["text"]
    return error


MALFORMED = [
    b"{", b"{]", b"nonsense", b'{"name":"x"', b'{"name":"x",}', b'{"name" "x"}', b"[]", b'"x"',
    b"5", b"null", b'{"name":"x"} {"name":"y"}', b'{"name":"x","name":"y"}',
    b'{"name":"\xff\xfe"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}',
    b'{"name":"\\ud800"}', b'{"name":"a\\u0000b"}', b"{'name':'x'}", b'{"name":NaN}',
    b'{"name":"x\ny"}', b"\xef\xbb\xbf{", b'{"a":1e,"name":"x"}',
    b"[" * 10000, b'{"a":' * 5000 + b"1" + b"}" * 5000,
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("version,word", [(1, "INVALID_ARGUMENT"), (2, "BAD_REQUEST")])
def test_what_is_no_request_is_refused(server, body, version, word):
    before = server.get("/2fa/2/applications").text
    error = refused(server.post(f"/2fa/{version}/applications", body))
    assert error["messageId"] == word
    assert error["validationErrors"]
    assert server.get("/2fa/2/applications").text == before


@pytest.mark.parametrize("name", ["", "pin", "pin/x/verify", "applications/1/messages"])
def test_every_route_reads_its_body_the_same_way(server, application, name):
    for body in (b"{", b"[1]", b'{"x":"\xff"}'):
        if name and "/" not in name:
            refused(server.post(f"/2fa/2/{name}", body))


def test_unknown_members_and_nulls_are_passed_over(server):
    answer = server.post("/2fa/2/applications", {
        "name": "x", "unknown": {"deep": [1, {"a": None}]}, "configuration": None, "enabled": None})
    assert answer.status_code == 201


@pytest.mark.parametrize("version,kind", [
    (1, "application/xml"), (1, "text/xml; charset=utf-8"), (2, "application/soap+xml"),
    (2, "application/xml; charset=ISO-8859-1")])
def test_an_xml_that_is_not_spoken(server, version, kind):
    answer = server.post(f"/2fa/{version}/applications", b"<a/>", headers={"Content-Type": kind})
    refused(answer, 415)


def test_a_missing_content_type_is_taken_for_json(server):
    raw = Raw(server)
    body = b'{"name":"x"}'
    raw.send(b"POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App %s\r\n"
             b"Content-Length: %d\r\n\r\n%s" % (server.key.encode(), len(body), body))
    assert raw.response()[0] == 201
    raw.close()


def test_a_body_that_is_too_large(server):
    body = b'{"name":"' + b"x" * 65536 + b'"}'
    error = refused(server.post("/2fa/2/applications", body), 413)
    assert error["messageId"]
    refused(server.post("/2fa/1/applications", body), 413)


def test_just_as_large_as_allowed(server):
    pad = 65536 - len('{"name":"x","pad":""}')
    body = '{"name":"x","pad":"%s"}' % ("y" * pad)
    assert server.post("/2fa/2/applications", body).status_code == 201


@pytest.mark.parametrize("method,path,status", [
    ("GET", "/", 404), ("GET", "/2fa/2/nothing", 404), ("GET", "/2fa/3/applications", 404),
    ("GET", "/2fa/2/applications/", 200), ("DELETE", "/2fa/2/applications", 405),
    ("PATCH", "/2fa/2/pin", 405), ("GET", "/2fa/2/pin", 405),
    ("GET", "/2fa/2/applications/%00", 404), ("GET", "/2fa/2/applications/..%2f..%2fetc", 404),
    ("GET", "/2fa/2/applications/" + "A" * 33, 404), ("GET", "/2fa/2/applications/%", 404),
    ("GET", "/2fa/2/applications/" + "x" * 8000, 404)])
def test_urls(server, method, path, status):
    answer = server.call(method, path)
    assert answer.status_code == status
    if status == 405:
        assert answer.headers["Allow"]
    if status != 200:
        refused(answer, status)


def test_a_head_is_answered_without_a_body(server):
    raw = Raw(server)
    raw.send("HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        head += raw.socket.recv(1)
    assert head.startswith(b"HTTP/1.1 200")
    assert raw.response()[0] == 200
    raw.close()
