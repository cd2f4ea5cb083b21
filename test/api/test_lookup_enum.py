# SPDX-License-Identifier: Apache-2.0
"""Number lookup by ENUM, against a DNS server that we did not write: what the caller is
told, and whether the message goes out."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from harness.crowd import crowd
from harness.dns import BROKEN, ZONE, Dns, free_port, naptr
from harness.server import Server

SENT = "MESSAGE_SENT"
NOT_SENT = "MESSAGE_NOT_SENT"
REACHABLE = "NC_DESTINATION_REACHABLE"
NOT_REACHABLE = "NC_DESTINATION_NOT_REACHABLE"
UNKNOWN = "NC_DESTINATION_UNKNOWN"

NUMBERS = [  # number, its records, what the lookup says
    ("41790000001", [("E2U+pstn:tel", {})], REACHABLE),
    ("41790000002", [("E2U+sip", {})], REACHABLE),
    ("41790000003", [("E2U+unused:data", {})], NOT_REACHABLE),
    ("41790000004", [("E2U+unused:data", {"order": 20}), ("E2U+sip", {"order": 10})], REACHABLE),
    ("41790000005", [("E2U+unused:data", {"preference": 1}), ("E2U+sip", {"preference": 2})],
     NOT_REACHABLE),
    ("41790000006", [("E2U+email:mailto", {"order": 1}), ("E2U+unused:data", {"order": 2})],
     NOT_REACHABLE),
    ("41790000007", [("E2U+email:mailto", {})], UNKNOWN),
    ("41790000008", [("E2U+unused:data", {"flags": "", "regexp": ""})], UNKNOWN),
    ("41790000009", [], UNKNOWN),  # NXDOMAIN
]
# More than one datagram holds, so that DNS goes on over TCP.
LONG = [naptr("41790000010", "E2U+pstn:tel", order=i + 10, regexp=f"!^.*$!tel:{i:0200d}!")
        for i in range(40)]


def config(port, zone=ZONE, more=""):
    return (f"lookup: {{type: enum, suffix: {zone}, servers: '127.0.0.1:{port}', "
            f"timeout: 1s, cache_age_unreachable: 100ms{more}}}\n"
            "limits: {resend_interval: 0s}\nlog: {level: debug}\n")


@pytest.fixture(scope="module")
def dns(tmp_path_factory):
    records = [naptr(number, services, **more)
               for number, rows, _ in NUMBERS for services, more in rows]
    with Dns(tmp_path_factory.mktemp("dns"), records + LONG) as running:
        yield running


def sends(server):
    """A function that sends to a number: (ncStatus, smsStatus, pinId, seconds)."""
    application = server.application()
    template = server.template(application)

    def send(to, query=""):
        started = time.monotonic()
        answer = server.post("/2fa/2/pin" + query, {
            "applicationId": application, "messageId": template, "to": to})
        assert answer.status_code == 200, answer.text
        said = answer.json()
        return said["ncStatus"], said["smsStatus"], said["pinId"], time.monotonic() - started

    return send


@pytest.fixture(scope="module")
def asked(dns, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("enum"), config=config(dns.port)) as running:
        yield running, sends(running)


@pytest.mark.parametrize("number, status", [(n, s) for n, _, s in NUMBERS] + [
    ("41790000010", REACHABLE)])
def test_what_the_tree_says_is_what_the_caller_is_told(asked, number, status):
    server, send = asked
    nc, sms, pin_id, _ = send(number)
    assert (nc, sms) == (status, NOT_SENT if status == NOT_REACHABLE else SENT)
    assert len(server.messages(pin_id)) == (0 if status == NOT_REACHABLE else 1)


def test_who_wants_no_lookup_gets_none(asked, dns):
    before = dns.queries()
    assert asked[1]("41790000003", "?ncNeeded=false")[:2] == (UNKNOWN, SENT)
    assert dns.queries() == before


def test_a_withheld_pin_has_a_status_and_can_be_sent_again(asked):
    """Nothing was sent; the person switches the phone on, and the resend asks anew."""
    server, send = asked
    pin_id = send("41790000003")[2]
    assert server.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"] == "MESSAGE_NOT_SENT"
    again = server.post(f"/2fa/2/pin/{pin_id}/resend").json()
    assert (again["ncStatus"], again["smsStatus"]) == (NOT_REACHABLE, NOT_SENT)
    assert again["pinId"] == pin_id
    assert server.messages(pin_id) == []


def test_fifty_sends_to_one_number_ask_once(asked, dns):
    server, _ = asked
    application = server.application()
    template = server.template(application)
    before = dns.queries()
    said = crowd(server, [lambda c: c.send(application, template, "41790000011")] * 50, 50)
    assert {status for status, _ in said} == {200}
    assert dns.queries() == before + 1


def test_a_tree_that_is_complete_withholds_what_it_does_not_list(dns, fresh):
    server = fresh(config=config(dns.port, more=", unlisted: not_reachable"))
    send = sends(server)
    assert send("41790000001")[:2] == (REACHABLE, SENT)
    assert send("41790000009")[:2] == (NOT_REACHABLE, NOT_SENT)


def test_a_server_that_fails_holds_nothing_up(dns, fresh):
    """SERVFAIL: the zone is configured and cannot be loaded."""
    send = sends(fresh(config=config(dns.port, BROKEN)))
    nc, sms, _, took = send("41790000001")
    assert (nc, sms) == (UNKNOWN, SENT)
    assert took < 1.5


def test_nobody_at_the_port_holds_nothing_up(fresh):
    send = sends(fresh(config=config(free_port())))
    assert send("41790000001")[:2] == (UNKNOWN, SENT)


def test_silence_is_unknown_after_the_time_out_and_soon_costs_nothing(fresh):
    """Five in a row, then nobody waits; the first answer after that closes the breaker."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = fresh(config=config(silent.getsockname()[1]))
        send = sends(server)
        for n in range(5):
            nc, sms, _, took = send(f"4179111111{n}")
            assert (nc, sms) == (UNKNOWN, SENT)
            assert 0.9 < took < 1.9
        assert server.event("lookup_down")["reason"]
        took = [send(f"4179222222{n}")[3] for n in range(10)]
        assert sorted(took)[5] < 0.5, took


def unused(question):
    """The answer that the number asked for is not in use (RFC 1035 4.1, RFC 3403 4.1)."""
    end = question.index(b"\0", 12) + 5
    rest = b"\x01u\x0fE2U+unused:data\x11!^.*$!data:,gone!\0"
    record = struct.pack("!HHHIHHH", 0xc00c, 35, 1, 60, 4 + len(rest), 10, 10) + rest
    return question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + question[12:end] + record


def test_a_server_that_was_quick_may_be_slow_once(fresh):
    """Some resolvers give a quick server less time; the time of a lookup is that of its option."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        known = {}  # name -> when the server has found its answer

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    question, who = server.recvfrom(4096)
                    name = question[12:question.index(b"\0", 12)]
                    slow = 1.5 if len(known) == 5 else 0
                    wait = known.setdefault(name, time.monotonic() + slow) - time.monotonic()
                    threading.Timer(max(wait, 0), server.sendto, (unused(question), who)).start()

        threading.Thread(target=answer, daemon=True).start()
        send = sends(fresh(config=config(server.getsockname()[1]).replace("timeout: 1s", "timeout: 4s")))
        took = [send(f"4179444444{n}") for n in range(6)]
        assert [nc for nc, *_ in took] == [NOT_REACHABLE] * 6, took
        assert took[-1][3] > 1.4


def test_garbage_is_no_answer(fresh):
    """Octets that are no DNS message, and a server that refuses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
        liar.bind(("127.0.0.1", 0))

        def lie():
            for n in range(20):
                try:
                    question, who = liar.recvfrom(4096)
                except OSError:
                    return
                head = question[:2] + b"\x81\x80\x00\x01\xff\xff\x00\x00\x00\x00"
                liar.sendto((b"\xff" * n, head, question[:2] + b"\x81\x85" + question[4:])[n % 3],
                            who)

        threading.Thread(target=lie, daemon=True).start()
        send = sends(fresh(config=config(liar.getsockname()[1])))
        assert [send(f"4179333333{n}")[:2] for n in range(3)] == [(UNKNOWN, SENT)] * 3
