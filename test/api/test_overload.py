# SPDX-License-Identifier: Apache-2.0
"""More than the store can take: who is refused, and how. A queue of one place makes a crowd of
anybody."""

import json
import os
import socket
import struct

import pytest

from harness.raw import Raw
from harness.server import wait_for

CROWD = 400
THROTTLE = 250
ONE_PLACE = "store: {queue_max: 1}\n"


@pytest.fixture(name="full")
def server_with_one_place(fresh):
    own = fresh(config=ONE_PLACE)
    own.application_id = own.application()
    own.template_id = own.template(own.application_id)
    return own


def send_request(server, number, key=None):
    body = json.dumps({"applicationId": server.application_id, "messageId": server.template_id,
                       "to": f"4179{number:07d}"})
    return (f"POST /2fa/2/pin HTTP/1.1\r\nHost: a\r\nAuthorization: App {key or server.key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")


def flood(server, key=None):
    """Everybody at once: open connections, each with a request under way."""
    crowd = [Raw(server) for _ in range(CROWD)]
    for number, c in enumerate(crowd):
        c.send(send_request(server, number, key))
    return crowd


def test_who_is_refused_is_told_when_to_come_back_and_stays_connected(full):
    refused = []
    for number, c in enumerate(flood(full)):
        status, headers, _ = c.response()
        assert status in (200, 503)
        if status == 503:
            assert headers["retry-after"] == "1"
            assert "connection" not in headers
            refused.append((number, c))
    assert len(refused) > CROWD / 4
    for number, c in refused[:20]:
        status = 503
        while status == 503:
            status, _, _ = c.send(send_request(full, number)).response()
        assert status == 200
    sent = {m["to"] for m in full.messages()}
    assert all(f"4179{number:07d}" in sent for number, _ in refused[:20])
    assert not any(f"4179{number:07d}" in sent for number, _ in refused[20:])


def test_who_is_not_known_is_told_so_in_a_crowd_as_well(full):
    crowd = flood(full)
    strangers = flood(full, key="ww_nobody")
    assert {c.response()[0] for c in strangers} == {401}
    assert {c.response()[0] for c in crowd} <= {200, 503}


def test_a_refused_request_spends_no_throttle(fresh):
    own = fresh(config=ONE_PLACE + f"throttles: {{send: {THROTTLE}/1h}}\n")
    own.application_id = own.application()
    own.template_id = own.template(own.application_id)
    answers = [c.response()[0] for c in flood(own)]
    assert answers.count(503) > CROWD - THROTTLE
    one = Raw(own)
    while answers[-1] != 429:
        answers.append(one.send(send_request(own, len(answers))).response()[0])
    assert answers.count(200) == THROTTLE


def test_a_stop_in_the_middle_says_every_refusal_whole(full):
    """And every answer: who was connected has one, and no PIN is there without it."""
    crowd = flood(full)
    full.stop()
    said = [c.response()[0] for c in crowd]
    assert set(said) == {200, 503}
    assert full.rows("SELECT count(*) FROM pin") == [(said.count(200),)]


def test_clients_that_go_while_they_wait_for_a_refusal_leave_nothing(full):
    def open_files():
        return len(os.listdir(f"/proc/{full.process.pid}/fd"))

    before = open_files()
    for _ in range(3):
        for c in flood(full):
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
    assert full.get("/health/live").status_code == 200
    wait_for("their connections to be gone", lambda: open_files() <= before + 1)
    assert {c.response()[0] for c in flood(full)} == {200, 503}
