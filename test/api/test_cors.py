# SPDX-License-Identifier: Apache-2.0
"""Pages in a browser: v1 lets all of them call, v2 those that the operator lists."""

import pytest

from harness.raw import Raw

V1 = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods":
        "GET, POST, PUT, PATCH, DELETE, COPY, HEAD, OPTIONS, LINK, UNLINK, PURGE",
    "access-control-allow-headers": "Authorization, Content-Type",
}
PAGE = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type"}


def cors_of(answer):
    return {k.lower(): v for k, v in answer.headers.items()
            if k.lower().startswith("access-control-")}


def preflight(server, path, **headers):
    return server.http.options(server.base + path, headers={**PAGE, **headers}, timeout=30)


@pytest.mark.parametrize("method,path,body,key,status", [
    ("GET", "/2fa/1/applications", None, None, 200),
    ("POST", "/2fa/1/applications", {"name": "x"}, None, 200),
    ("POST", "/2fa/1/applications", {}, None, 400),
    ("GET", "/2fa/1/applications", None, "wrong", 401),
    ("GET", "/2fa/1/applications/0", None, None, 404),
    ("GET", "/2fa/1/nothing", None, None, 404),
    ("DELETE", "/2fa/1/pin", None, None, 405),
    ("POST", "/2fa/1/pin", "x" * 70000, None, 413),
    ("HEAD", "/2fa/1/applications", None, None, 200)])
def test_every_answer_of_v1_may_be_read_by_any_page(server, method, path, body, key, status):
    answer = server.call(method, path, body, key=key)
    assert (answer.status_code, cors_of(answer)) == (status, V1)


def test_what_the_reader_refuses_on_v1_too(server):
    for head in ("GET /2fa/1/pin HTTP/1.1\r\n\r\n",
                 "GET /2fa/1/pin HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 110 + "\r\n",
                 "GET /2fa/1/pin HTTP/1.1\r\nHost: x\r\nX: " + "y" * 40000 + "\r\n\r\n"):
        raw = Raw(server).send(head)
        status, headers, body = raw.response()
        assert status in (400, 431) and V1.items() <= headers.items()
        assert body["requestError"]["serviceException"]["messageId"] == "INVALID_ARGUMENT"
        raw.close()


@pytest.mark.parametrize("path", [
    "/2fa/1/pin", "/2fa/1/pin/sms?ncNeeded=null", "/2fa/1/pin/123/verify", "/2fa/1/applications/1"])
def test_a_preflight_needs_no_credential(server, path):
    answer = preflight(server, path)
    assert answer.status_code == 200 and answer.content == b""
    assert V1.items() <= cors_of(answer).items()
    assert answer.headers["Allow"]


def test_a_preflight_of_what_is_not_there(server):
    answer = preflight(server, "/2fa/1/nothing")
    assert (answer.status_code, cors_of(answer)) == (404, V1)


def test_v2_is_closed_to_pages_unless_opened(server):
    assert preflight(server, "/2fa/2/pin").status_code == 405
    assert cors_of(server.get("/2fa/2/applications", headers=PAGE)) == {}


def test_v2_for_listed_origins(fresh):
    own = fresh(config='api: {cors_v2: "https://shop.example, https://app.example:8443"}\n')
    for origin in ("https://shop.example", "https://app.example:8443"):
        answer = preflight(own, "/2fa/2/pin", Origin=origin)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        answer = own.get("/2fa/2/applications/0", headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Vary"] == "Origin"
    for origin in ("https://shop.example.evil", "https://shop", "http://shop.example", "null", ""):
        answer = own.get("/2fa/2/applications", headers={"Origin": origin})
        assert cors_of(answer) == {} and answer.headers["Vary"] == "Origin"


def test_v2_for_everybody(fresh):
    own = fresh(config='api: {cors_v2: "*"}\n')
    assert preflight(own, "/2fa/2/pin").headers["Access-Control-Allow-Origin"] == "*"
    answer = own.get("/2fa/2/applications", headers=PAGE)
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Vary" not in answer.headers
    for path in ("/health/live", "/settings/1/accounts/_/api-keys", "/settings/2/api-keys", "/x"):
        assert cors_of(own.http.get(own.base + path, headers=PAGE, timeout=30)) == {}
        assert preflight(own, path).status_code in (404, 405)
