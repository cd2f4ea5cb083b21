# SPDX-License-Identifier: Apache-2.0
"""kill -9 while guesses move from their journal into the rows of their PINs: each counts, once."""

import random
import threading

import pytest

from harness.crowd import Doomed, crowd
from harness.server import Server

ROUNDS = 6
WORKERS = 8
PINS = 240
ATTEMPTS = 1000
NUMBER = "41781112233"


class Guesses(Doomed):
    """Each caller guesses wrong at PINs of its own until the connection breaks."""

    def __init__(self, server, remaining, seed):
        super().__init__(server, WORKERS)
        self.remaining = remaining
        self.uncertain = set()  # sent, and no answer came
        self.dice = [random.Random(seed * 100 + n) for n in range(WORKERS)]
        self.shares = [sorted(remaining)[n::WORKERS] for n in range(WORKERS)]

    def one(self, caller, worker, n):
        pin_id = self.dice[worker].choice(self.shares[worker])
        self.uncertain.add(pin_id)
        body = caller.verify(pin_id, "wrong")[1]
        assert body["attemptsRemaining"] == self.remaining[pin_id] - 1, body
        self.remaining[pin_id] -= 1
        self.uncertain.discard(pin_id)


@pytest.fixture(scope="module")
def guessed(tmp_path_factory):
    """The PINs of one number, whose long log makes a generation full in a second."""
    with Server(tmp_path_factory.mktemp("guessed")) as running:
        application = running.application(
            pinAttempts=ATTEMPTS, verifyPinLimit="1000000/1d", pinTimeToLive="1d",
            sendPinPerPhoneNumberLimit="100000/1d", sendPinPerApplicationLimit="1000000/1d")
        template = running.template(application)
        yield running, {running.sent(application, template, to=NUMBER)[0]: ATTEMPTS
                        for _ in range(PINS)}


def check(caller, load, pin_id):
    """One more guess shows all before it."""
    body = caller.verify(pin_id, "wrong")[1]
    lost = load.remaining[pin_id] - 1 - body["attemptsRemaining"]
    assert lost in ((0, 1) if pin_id in load.uncertain else (0,)), (pin_id, load.remaining[pin_id], body)
    load.remaining[pin_id] = body["attemptsRemaining"]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_each_guess_counts_once_over_a_kill(guessed, seed):
    server, remaining = guessed
    with Guesses(server, remaining, seed) as load:
        threading.Event().wait(random.Random(seed).uniform(0.7, 1.5))
        server.kill()
    assert not load.faults, load.faults
    server.start()
    crowd(server, [lambda c, pin_id=pin_id: check(c, load, pin_id) for pin_id in remaining], WORKERS)


def test_they_did_move(guessed):
    server, remaining = guessed
    first, last = server.rows("SELECT min(seq), max(seq) FROM guess")[0]
    guesses = sum(ATTEMPTS - left for left in remaining.values())
    settled = server.rows("SELECT sum(attempts) FROM pin")[0][0]
    print(f"{guesses} guesses, {settled} of them in PIN rows; journal {first} to {last}")
    assert first > guesses / 4
    assert guesses / 2 < settled <= guesses
