# SPDX-License-Identifier: Apache-2.0
"""Time that is over although something still happens, and what is not done where nobody
looked: each of these asserts what a wrong program would do, not only what a right one does."""

import json
import socket
import ssl

import pytest

from harness.certificates import Authority
from harness.drip import ended_while_octets_come
from harness.gateway import Gateway
from harness.server import Server, wait_for
from harness.sink import Sink, subscription

pytestmark = pytest.mark.field("10.2")

TIME_S = 1
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"GET /health/live HTTP/1.1\r\nX: "
POST = b"POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App %s\r\n"


# ---- one octet now and then ----


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A server with a second for each stage of a request, in the clear and over TLS."""
    folder = tmp_path_factory.mktemp("hasty")
    authority = Authority(folder)
    pair = authority.pair("hasty")
    with Server(folder, listen=None, ca=authority.path, config=(
            f"listeners: [{{address: '127.0.0.1:0', certificate: '{pair[0]}', key: '{pair[1]}'}},"
            " {address: '127.0.0.1:0'}]\n"
            "http: {header_timeout: 1s, body_timeout: 1s, idle_timeout: 1s}\n")) as server:
        server.trust = ssl.create_default_context(cafile=authority.path)
        yield server


def plain(server, octets=b"", scheme="http"):
    """A connection on which so much was said."""
    port = next(u for u in server.listening() if u.startswith(scheme + ":")).rsplit(":", 1)[1]
    over = socket.create_connection(("127.0.0.1", int(port)), 10)
    over.sendall(octets)
    return over


def asked_before(server):
    over = plain(server, LIVE)
    while not over.recv(65536).endswith(b"}"):
        pass
    return over


def over_tls(server):
    return server.trust.wrap_socket(plain(server, scheme="https"), server_hostname="localhost")


def client_hello(server):
    out = ssl.MemoryBIO()
    half = server.trust.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return out.read()


def with_body(server, more):
    return plain(server, POST % server.key.encode() + more)


STAGES = {  # how it begins at once; what then comes octet by octet; what is said of it
    "the head": (plain, HEAD, b"y", b"HTTP/1.1 408 "),
    "the head over TLS": (over_tls, HEAD, b"y", b"HTTP/1.1 408 "),
    "the head of a second request": (asked_before, HEAD, b"y", b"HTTP/1.1 408 "),
    "short fields without end": (plain, b"GET / HTTP/1.1\r\n", b"A: b\r\n", b"HTTP/1.1 408 "),
    "the body": (lambda s: with_body(s, b"Content-Length: 5000\r\n\r\n"), b"{", b" ",
                 b"HTTP/1.1 408 "),
    "a chunk": (lambda s: with_body(s, b"Transfer-Encoding: chunked\r\n\r\n1000\r\n"), b"{", b" ",
                b"HTTP/1.1 408 "),
    "small chunks": (lambda s: with_body(s, b"Transfer-Encoding: chunked\r\n\r\n"), b"",
                     b"1\r\n \r\n", b"HTTP/1.1 408 "),
    "empty lines": (plain, b"", b"\r\n", b""),
    "empty lines after an answer": (asked_before, b"", b"\r\n", b""),
}


@pytest.mark.parametrize("begin,first,then,said", STAGES.values(), ids=STAGES)
def test_the_time_of_a_stage_does_not_begin_anew_with_each_octet(hasty, begin, first, then, said):
    got = ended_while_octets_come(lambda: begin(hasty), first, then, TIME_S)
    assert got[:len(said) or 1] == said


def test_the_time_of_a_handshake_does_not_begin_anew_with_each_octet(hasty):
    hello = client_hello(hasty)
    assert len(hello) * 0.03 > 3 * TIME_S
    assert ended_while_octets_come(lambda: plain(hasty, scheme="https"), hello, b"", TIME_S) == b""


# ---- what is not done later either ----


def lookup_config(gateway):
    return ("lookup:\n  type: generic\n  url: '" + gateway.url + "/{{to}}'\n  allow_http: true\n"
            "  allow_private: true\n  result: /r\n  reachable: ['yes']\n  not_reachable: ['no']\n"
            "  cache_age_unreachable: 10ms\nlimits: {resend_interval: 0s}\n")


def test_a_message_withheld_before_a_kill_is_not_sent_when_the_phone_is_back(fresh):
    """A start that had forgotten the end of it would ask anew, and be told that it may."""
    said = ["no"]
    with Gateway(lambda request: (200, json.dumps({"r": said[0]}))) as gateway:
        own = fresh(config=lookup_config(gateway))
        application = own.application()
        template = own.template(application)
        withheld = own.send(application, template, "41790000001").json()
        assert withheld["smsStatus"] == "MESSAGE_NOT_SENT"
        own.kill()
        said[0] = "yes"
        own.start()
        sent = own.send(application, template, "41790000002").json()
        own.message(sent["pinId"])
        own.stop()
        assert own.messages(withheld["pinId"]) == []
        assert [r.path for r in gateway.requests].count("/41790000001") == 1


def test_a_report_for_another_account_is_not_only_late(fresh):
    """The queue is empty before it is said that nothing came."""
    route = ("carriers:\n- {name: main, type: file, path: messages.jsonl}\n"
             "routes: [{prefix: '999', carriers: [main]}]\nreports:\n")
    with Sink() as mine, Sink() as theirs:
        own = fresh(config=route + subscription(theirs, "theirs", account="other")
                    + subscription(mine))
        application = own.application()
        own.send(application, own.template(application), trackDelivery=True)
        mine.wait(1)
        wait_for("an empty queue", lambda: own.rows("SELECT count(*) FROM report") == [(0,)])
        assert (len(mine.got), theirs.got) == (1, [])
