# SPDX-License-Identifier: Apache-2.0
"""How long an answer takes does not tell whether an id or a name exists elsewhere.

Samples of both kinds alternate on one connection, so that whatever else the machine does
falls on both; medians are compared. The bound is what a stranger could not see over a
network within reason, and far below what one more statement, or a hash of a password, costs.
"""

import json
import socket
import statistics
import time

import pytest

from harness.access import PASSWORD, add_user, sign_in
from harness.server import Server

CONFIG = ("logins: {per_address: 1000000, per_user: 1000000, hash_share: 100}\n"
          "limits: {resend_interval: 0s, resends_per_pin: 1000}\n")
WARM, SAMPLES, ROUNDS_MOST = 50, 2000, 5
BOUND_US, BOUND_RATIO = 5, 0.05


class Line:
    """One connection on which each request is timed to the first octets of its answer."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.address[0], int(server.address[1])), 30)

    def microseconds(self, octets, status):
        begin = time.perf_counter_ns()
        self.socket.sendall(octets)
        answer = self.socket.recv(65536)
        took = (time.perf_counter_ns() - begin) / 1000
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
        return took


def request(method, path, credential, body=None):
    data = b"" if body is None else json.dumps(body).encode()
    return (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {credential}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            ).encode() + data


def difference(server, one, other, status, samples):
    """(median of the one, median of the other) in microseconds, over alternating samples."""
    line = Line(server)
    for _ in range(WARM if samples > WARM else 1):
        line.microseconds(one, status)
        line.microseconds(other, status)
    took = ([], [])
    for n in range(samples):
        for which in ((0, 1) if n % 2 else (1, 0)):
            took[which].append(line.microseconds((one, other)[which], status))
    line.socket.close()
    return statistics.median(took[0]), statistics.median(took[1])


def hold(server, one, other, status, samples=SAMPLES, ratio=BOUND_RATIO):
    """Again when it is unclear: noise goes away by that, a difference does not."""
    seen = []
    for _ in range(ROUNDS_MOST):
        a, b = difference(server, one, other, status, samples)
        seen.append((round(a, 1), round(b, 1)))
        if abs(a - b) <= BOUND_US + ratio * min(a, b):
            print(f"\nmedians in us: {seen}")
            return
    pytest.fail(f"one takes longer than the other, each of {len(seen)} times: {seen}")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("server"), config=CONFIG)
    add_user(one, "alice")
    add_user(one, "other", account="other")
    with one as server:
        application = server.application(pinAttempts=1000)
        template = server.template(application)
        pin_id, _ = server.sent(application, template)
        made = server.post("/settings/2/api-keys", {"name": "k"},
                           headers={"Authorization": sign_in(server, "alice")}).json()
        server.foreign = {"application": application, "template": template, "pin": pin_id,
                          "key": made["id"]}
        assert server.get(f"/2fa/2/applications/{application}").status_code == 200
        server.stranger = sign_in(server, "other")
        yield server


@pytest.mark.parametrize("method,path,body", [
    ("GET", "/2fa/2/applications/{application}", None),
    ("GET", "/2fa/2/applications/{application}/messages/{template}", None),
    ("GET", "/2fa/2/applications/{application}/verifications?msisdn=41793026727", None),
    ("POST", "/2fa/2/pin/{pin}/verify", {"pin": "000000"}),
    ("POST", "/2fa/2/pin/{pin}/resend", None),
    ("GET", "/2fa/1/pin/{pin}/status", None),
    ("GET", "/settings/2/api-keys/{key}", None)])
def test_a_foreign_id_takes_as_long_as_an_unknown_one(world, method, path, body):
    unknown = {name: value[:12] + value[12:][::-1] for name, value in world.foreign.items()}
    hold(world, request(method, path.format(**world.foreign), world.stranger, body),
         request(method, path.format(**unknown), world.stranger, body), 404)


def test_a_foreign_id_in_a_send_takes_as_long_as_an_unknown_one(world):
    def body(ids):
        return {"applicationId": ids["application"], "messageId": ids["template"],
                "to": "41793026728"}
    unknown = {name: value[:12] + value[12:][::-1] for name, value in world.foreign.items()}
    hold(world, request("POST", "/2fa/2/pin", world.stranger, body(world.foreign)),
         request("POST", "/2fa/2/pin", world.stranger, body(unknown)), 404)


def test_a_name_that_is_none_takes_as_long_as_a_wrong_password(world):
    def body(name):
        return {"username": name, "password": PASSWORD[::-1]}
    # the hash is all there is to see, and it has less than its share of busy cores
    hold(world, request("POST", "/auth/1/session", "", body("alice")),
         request("POST", "/auth/1/session", "", body("ecila")), 401, samples=15, ratio=0.4)
