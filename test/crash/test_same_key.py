# SPDX-License-Identifier: Apache-2.0
"""kill -9 among requests with idempotency keys; what got no answer is asked again after it.

The carrier's file counts: a key may never have two PINs. Two messages of the same PIN
are what a crash between the submit and its record is allowed to leave."""

import json
import random
import time
from collections import defaultdict

import pytest

from harness.crowd import Doomed, crowd
from harness.server import Server, wait_for

ROUNDS = 24
WORKERS = 8
LONGEST_S = 0.15


class Deed:
    """A request under a key, and what the server has said to it."""

    def __init__(self, path, body, key):
        self.path = path
        self.body = body
        self.key = key
        self.octets = None

    def do(self, caller):
        """The answer; the same one whenever it is asked for again."""
        status, octets, headers = caller.exchange(
            "POST", self.path, self.body, **{"Idempotency-Key": self.key})
        assert status == 200, (self.__dict__, status, octets)
        if self.octets is not None:
            assert octets == self.octets, (self.octets, octets)
            assert headers["Idempotency-Replayed"] == "true"
        self.octets = octets
        return json.loads(octets)


class Load(Doomed):
    """Callers that send, guess and resend, each under a key, until the connection breaks."""

    def __init__(self, server, application, template, number):
        super().__init__(server, WORKERS)
        self.application = application
        self.template = template
        self.number = number
        self.deeds = []

    def _deed(self, caller, path, body, key):
        deed = Deed(path, body, key)
        self.deeds.append(deed)
        return deed.do(caller)

    def one(self, caller, worker, n):
        to = f"4177{self.number:02d}{worker}{n:04d}"
        body = {"applicationId": self.application, "messageId": self.template, "to": to}
        pin_id = self._deed(caller, "/2fa/2/pin", body, f"send {to}")["pinId"]
        self._deed(caller, f"/2fa/2/pin/{pin_id}/verify", {"pin": "wrong"}, f"guess {to}")
        self._deed(caller, f"/2fa/1/pin/{pin_id}/resend", None, f"resend {to}")


@pytest.fixture(scope="module")
def survivor(tmp_path_factory):
    config = "limits: {resend_interval: 0s}\n"
    with Server(tmp_path_factory.mktemp("same-key"), config=config) as running:
        application = running.application()
        yield running, application, running.template(application), []


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_key_is_good_for_one_pin_whenever_the_process_dies(survivor, number):
    server, application, template, all_deeds = survivor
    with Load(server, application, template, number) as load:
        wait_for("an answer", lambda: load.deeds or load.faults)
        time.sleep(random.Random(number).uniform(0, LONGEST_S))  # any moment will do
        server.kill()
    assert not load.faults, load.faults
    server.start()
    # what was answered and what was not, all of it once more, and then again
    for _ in range(2):
        crowd(server, [deed.do for deed in load.deeds], WORKERS)
    all_deeds.extend(load.deeds)


def whole_messages(server):
    """By destination; a line that a kill cut off is no message."""
    found = defaultdict(list)
    for line in (server.data / "messages.jsonl").read_bytes().split(b"\n"):
        try:
            message = json.loads(line)
        except ValueError:
            continue
        found[message["to"]].append(message)
    return found


def sends_of(deeds):
    return [deed for deed in deeds if deed.path == "/2fa/2/pin"]


def test_no_key_was_good_for_two_pins(survivor):
    server, _, _, deeds = survivor
    sends = sends_of(deeds)
    assert len(sends) > 4 * ROUNDS
    wait_for("every message", lambda: len(whole_messages(server)) >= len(sends))
    messages = whole_messages(server)
    assert set(messages) == {deed.body["to"] for deed in sends}
    for deed in sends:
        of_deed = messages[deed.body["to"]]
        assert {m["pinId"] for m in of_deed} == {json.loads(deed.octets)["pinId"]}
        assert len({m["text"] for m in of_deed}) == 1


def test_a_message_is_sent_twice_only_where_the_process_died(survivor):
    """A send and a resend for each key; one more where a kill fell between submit and record."""
    server, _, _, deeds = survivor
    resends = {deed.path.split("/")[4] for deed in deeds if deed.path.endswith("/resend")}
    extra = 0
    for of_deed in whole_messages(server).values():
        extra += len(of_deed) - (2 if of_deed[0]["pinId"] in resends else 1)
    assert 0 <= extra <= ROUNDS * WORKERS


def test_a_guess_was_counted_once(survivor):
    server, _, _, deeds = survivor
    guesses = [deed for deed in deeds if deed.path.endswith("/verify")]
    assert {json.loads(deed.octets)["attemptsRemaining"] for deed in guesses} == {9}
    left = crowd(server, [lambda c, d=d: c.post(d.path, d.body) for d in guesses[:500]], WORKERS)
    assert {body["attemptsRemaining"] for _, body in left} == {8}
