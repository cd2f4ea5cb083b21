# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 itself (RFC 9112): what is ambiguous is refused, what is slow is ended."""

import pytest

from harness.drip import ended_while_octets_come
from harness.raw import Raw

LIVE = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture()
def raw(server):
    connection = Raw(server)
    yield connection
    connection.close()


def refused(raw, status=400):
    got, headers, body = raw.response()
    assert got == status
    assert headers["content-type"] == "application/json;charset=UTF-8"
    assert headers["connection"] == "close"
    assert body["requestError"]["serviceException"]["messageId"]
    assert raw.is_closed()
    return body


POST = "POST /2fa/2/applications HTTP/1.1\r\n"
AMBIGUOUS = {
    "both lengths": POST + "Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + "Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "same length twice": POST + "Host: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": POST + "Host: x\r\nContent-Length: 2, 2\r\n\r\n{}",
    "signed length": POST + "Host: x\r\nContent-Length: +2\r\n\r\n{}",
    "negative length": POST + "Host: x\r\nContent-Length: -2\r\n\r\n{}",
    "hex length": POST + "Host: x\r\nContent-Length: 0x2\r\n\r\n{}",
    "empty length": POST + "Host: x\r\nContent-Length:\r\n\r\n",
    "huge length": POST + "Host: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "gzip coding": POST + "Host: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    "gzip, chunked": POST + "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "xchunked": POST + "Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked on 1.0": "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "blank before colon": POST + "Host: x\r\nContent-Length : 2\r\n\r\n{}",
    "blank in a name": POST + "Host: x\r\nContent Length: 2\r\n\r\n{}",
    "name without colon": POST + "Host: x\r\nNonsense\r\n\r\n",
    "empty name": POST + "Host: x\r\n: 2\r\n\r\n",
    "folded": POST + "Host: x\r\nX: a\r\n b\r\n\r\n",
    "folded first": POST + " Host: x\r\n\r\n",
    "bare LF": POST + "Host: x\nContent-Length: 2\r\n\r\n{}",
    "bare CR": POST + "Host: x\r\nX: a\rb\r\n\r\n",
    "NUL": POST + "Host: x\r\nX: a\0b\r\n\r\n",
    "no host": "GET /health/live HTTP/1.1\r\n\r\n",
    "two hosts": "GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "host with a path": "GET /health/live HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "no version": "GET /health/live\r\n\r\n",
    "version 2": "GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n",
    "a name like HTTP": "GET /health/live HTAP/1.1\r\nHost: x\r\n\r\n",
    "small letters": "GET /health/live http/1.1\r\nHost: x\r\n\r\n",
    "blank after the version": "GET /health/live HTTP/1.1 \r\nHost: x\r\n\r\n",
    "tab in a URL": "GET /health/live\tx HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL without a slash": "GET health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": " / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "bad chunk": POST + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk without end": POST + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx",
    "negative chunk": POST + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("octets", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_ambiguous_framing_is_refused_and_ends_the_connection(raw, server, octets):
    before = server.get("/2fa/2/applications").text
    smuggled = octets if isinstance(octets, bytes) else octets.encode()
    raw.send(smuggled)
    refused(raw)
    assert server.get("/2fa/2/applications").text == before


def test_a_chunked_body_is_read(raw, server):
    raw.send(POST + f"Host: x\r\nAuthorization: App {server.key}\r\nTransfer-Encoding: Chunked\r\n"
             "\r\n4;ext=1\r\n{\"na\r\n8\r\nme\":\"x\"}\r\n0\r\nTrailer: y\r\n\r\n" + LIVE)
    assert raw.response()[0] == 201
    assert raw.response()[2] == {"status": "live"}


def test_requests_in_a_row_are_answered_in_a_row(raw):
    raw.send(LIVE * 50)
    assert [raw.response()[0] for _ in range(50)] == [200] * 50


def test_octet_by_octet(raw, server):
    body = '{"name":"x"}'
    text = POST + f"Host: x\r\nAuthorization: App {server.key}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    for octet in text:
        raw.send(octet)
    assert raw.response()[0] == 201


def test_empty_lines_before_a_request_do_not_count(raw):
    assert raw.send("\r\n\r\n" + LIVE).response()[0] == 200


def test_an_absolute_target(raw):
    raw.send("GET http://anything/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert raw.response()[0] == 200


def test_http_1_0_is_answered_and_closed(raw):
    status, headers, _ = raw.send("GET /health/live HTTP/1.0\r\n\r\n").response()
    assert (status, headers["connection"]) == (200, "close")
    assert raw.is_closed()


def test_http_1_0_with_keep_alive(raw):
    raw.send("GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert raw.response()[1]["connection"] == "keep-alive"
    assert raw.send(LIVE).response()[0] == 200


def test_close_is_obeyed(raw):
    raw.send("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert raw.response()[1]["connection"] == "close"
    assert raw.is_closed()


@pytest.mark.parametrize("fields", [
    "Connection: close, TE", "Connection: TE\t, close", "Connection: , Close", "Connection: TE\r\nConnection: close",
    "Connection: keep-alive, close"])
def test_close_is_obeyed_wherever_it_stands(raw, fields):
    raw.send(f"GET /health/live HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n")
    assert raw.response()[1]["connection"] == "close"
    assert raw.is_closed()


def test_a_client_that_says_no_more_gets_its_answer(raw):
    assert raw.send(LIVE).end().response()[0] == 200
    assert raw.is_closed()


def test_an_upgrade_is_passed_over(raw):
    raw.send("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
             "Upgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n")
    assert raw.response()[0] == 200


def test_a_client_that_waits_for_continue(raw, server):
    body = '{"name":"x"}'
    raw.send(POST + f"Host: x\r\nAuthorization: App {server.key}\r\nExpect: 100-continue\r\n"
             f"Content-Length: {len(body)}\r\n\r\n")
    assert raw.response()[0] == 100
    assert raw.send(body).response()[0] == 201


def test_headers_that_are_too_large(raw):
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n" + "X: " + "y" * 40000 + "\r\n\r\n")
    refused(raw, 431)


def test_more_headers_than_are_read(raw):
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 100 + "\r\n")
    refused(raw, 431)


def test_a_body_too_large_is_refused_before_it_is_sent(raw):
    raw.send(POST + "Host: x\r\nContent-Length: 70000\r\n\r\n")
    refused(raw, 413)


def test_chunks_without_end_are_refused(raw):
    raw.send(POST + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    raw.send(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    for _ in range(8):
        raw.send(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    refused(raw, 413)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    from harness.server import Server
    with Server(tmp_path_factory.mktemp("hasty"), config=(
            "http: {header_timeout: 300ms, body_timeout: 300ms, idle_timeout: 400ms,"
            " connections_max: 3}\n")) as server:
        yield server


def test_slow_headers_and_bodies_are_ended(hasty):
    for octets in ("GET / HT", POST + "Host: x\r\nContent-Length: 10\r\n\r\n{"):
        raw = Raw(hasty).send(octets)
        refused(raw, 408)
        raw.close()


def test_one_octet_now_and_then_does_not_help(hasty):
    """The time is over while octets still come; test/field has the other stages."""
    said = ended_while_octets_come(
        lambda: Raw(hasty).socket, b"GET /health/live HTTP/1.1\r\nX: ", b"y", 0.3)
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_says_nothing_is_closed(hasty):
    raw = Raw(hasty)
    assert raw.is_closed()
    raw.close()
    raw = Raw(hasty).send(LIVE)
    assert raw.response()[0] == 200
    assert raw.is_closed()
    raw.close()


def test_more_connections_than_allowed(hasty):
    open_ones = [Raw(hasty).send("GET") for _ in range(3)]
    status, headers, body = Raw(hasty).response()
    assert status == 503 and body["requestError"]["serviceException"]["messageId"] == "SERVICE_UNAVAILABLE"
    assert headers["connection"] == "close"
    for raw in open_ones:
        raw.close()
