# SPDX-License-Identifier: Apache-2.0
"""Every status that is not a success, on every dialect: its words, its shape, its headers
(contract 6.1, 6.2, 7.2, 7.8). No client ever meets a body that is not JSON."""

import contextlib
import sqlite3

import pytest

from harness.raw import Raw
from harness.server import wait_for

# (status, messageId on v2, messageId on v1)
ROWS = {
    400: ("BAD_REQUEST", "INVALID_ARGUMENT"),
    401: ("UNAUTHORIZED", "UNAUTHORIZED"),
    403: ("FORBIDDEN", "UNAUTHORIZED"),
    404: ("NOT_FOUND", "RESOURCE_NOT_FOUND"),
    405: ("BAD_REQUEST", "INVALID_ARGUMENT"),
    408: ("BAD_REQUEST", "INVALID_ARGUMENT"),
    413: ("BAD_REQUEST", "INVALID_ARGUMENT"),
    415: ("UNSUPPORTED_CONTENT_TYPE", "UNSUPPORTED_CONTENT_TYPE"),
    429: ("TOO_MANY_REQUESTS", "THROTTLE_EXCEPTION"),
    431: ("BAD_REQUEST", "INVALID_ARGUMENT"),
    500: ("GENERAL_ERROR", "GENERAL_EXCEPTION"),
    503: ("SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
}
VERSIONS = pytest.mark.parametrize("version", [1, 2])


def is_error(status, headers, body, version):
    """The shape of 6.1, the word of the dialect, and a number to ask about."""
    assert headers["content-type"] == "application/json;charset=UTF-8"
    assert headers["x-request-id"].isdigit()
    assert list(body) == ["requestError"] and list(body["requestError"]) == ["serviceException"]
    error = body["requestError"]["serviceException"]
    assert set(error) <= {"messageId", "text", "validationErrors"} and error["text"]
    assert error["messageId"] == ROWS[status][0 if version == 2 else 1]
    assert ("access-control-allow-origin" in headers) == (version == 1)


def checked(answer, status, version):
    assert answer.status_code == status, answer.text
    headers = {k.lower(): v for k, v in answer.headers.items()}
    is_error(status, headers, answer.json(), version)
    return headers


@VERSIONS
def test_what_a_caller_can_do_wrong(server, version):
    at = f"/2fa/{version}"
    sender = server.command("key", "create", "--account", "default", "--name", "s", "--scope",
                            "2fa:pin:send").stdout.strip()
    wait_for("the key", lambda: server.get("/2fa/2/applications", key=sender).status_code == 403)
    for answer, status in (
            (server.post(at + "/applications", "{"), 400),
            (server.get(at + "/applications", key="x"), 401),
            (server.get(at + "/applications", key=sender), 403),
            (server.get(at + "/applications/0"), 404),
            (server.call("PATCH", at + "/applications"), 405),
            (server.post(at + "/applications", "x" * 66000), 413),
            (server.post(at + "/applications", "<a/>", headers={"Content-Type": "image/svg+xml"}), 415)):
        headers = checked(answer, status, version)
        assert "retry-after" not in headers
        assert ("allow" in headers) == (status == 405)
    assert headers["x-request-id"] != checked(
        server.get(at + "/applications/0"), 404, version)["x-request-id"]


def test_what_a_url_offers_is_listed(server):
    assert server.call("PATCH", "/2fa/2/applications").headers["Allow"] == "GET, HEAD, POST"
    assert server.call("DELETE", "/2fa/1/pin/1/status").headers["Allow"] == "GET, HEAD"
    assert server.get("/2fa/2/pin").headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/nothing", "/2fa", "/2fa/3/pin", "/2fa/2", "/2fa/2/",
                                  "/2fa/2/nothing", "/2fa/22/pin", "//2fa/22/pin", "/health"])
def test_a_url_that_is_not_there_is_named(server, path):
    answer = server.get(path)
    checked(answer, 404, 2)
    text = answer.json()["requestError"]["serviceException"]["text"]
    assert text == "Requested URL not found: " + path
    assert server.get("/2fa/1" + path).json()["requestError"]["serviceException"]["text"].endswith(
        "/2fa/1" + path)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    from harness.server import Server
    with Server(tmp_path_factory.mktemp("hasty"), config=(
            "http: {header_timeout: 300ms, body_timeout: 300ms, connections_max: 4}\n")) as server:
        yield server


@VERSIONS
@pytest.mark.parametrize("rest,status", [
    ("Host: x\r\nX: " + "y" * 40000 + "\r\n\r\n", 431),
    ("Host: x\r\n" + "A: b\r\n" * 110 + "\r\n", 431),
    ("Host: x\r\nContent-Length: 1000000\r\n\r\n", 413),
    ("Host: x\r\nContent-Length: 10\r\n\r\n{", 408),
    ("Host: x\r\nHalf-A-Head: ", 408),
    ("Host: x\r\nContent-Length: x\r\n\r\n", 400),
    ("Host : x\r\n\r\n", 400),
    ("\r\n", 400)])
def test_what_never_became_a_request_is_worded_for_its_url(hasty, version, rest, status):
    raw = Raw(hasty).send(f"POST /2fa/{version}/pin?x=y HTTP/1.1\r\n{rest}")
    got, headers, body = raw.response()
    assert got == status and headers["connection"] == "close" and "retry-after" not in headers
    is_error(status, headers, body, version)
    raw.close()


def test_one_connection_too_many(hasty):
    raws = [Raw(hasty).send("GET") for _ in range(5)]
    status, headers, body = raws[4].response()
    assert status == 503
    is_error(503, headers, body, 2)
    for raw in raws:
        raw.close()


@VERSIONS
def test_a_limit_says_when_only_to_a_post(server, version):
    """urllib3 sleeps and repeats a GET or PUT by itself when it sees the header."""
    application = server.application(sendPinPerPhoneNumberLimit="1/1h")
    send = {"applicationId": application, "messageId": server.template(application), "to": "41790000001"}
    assert server.post(f"/2fa/{version}/pin", send).status_code == 200
    headers = checked(server.post(f"/2fa/{version}/pin", send), 429, version)
    assert 0 < int(headers["retry-after"]) <= 3600


@VERSIONS
def test_a_fault_of_ours_is_in_the_log_by_its_number(fresh, version):
    own = fresh()
    application = own.application()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        db.execute("UPDATE application SET pin_ttl = 'nonsense'")
        db.commit()
    headers = checked(own.get(f"/2fa/{version}/applications/{application}"), 500, version)
    logged = own.event("request_failed")
    assert (str(logged["request"]), logged["status"]) == (headers["x-request-id"], 500)


def test_every_answer_has_a_number_of_its_own(fresh):
    own = fresh()
    seen = [int(own.get(p).headers["X-Request-ID"]) for p in ("/health/live", "/2fa/2/applications", "/x")]
    own.stop()
    own.start()
    seen.append(int(own.get("/health/live").headers["X-Request-ID"]))
    assert len(set(seen)) == 4
