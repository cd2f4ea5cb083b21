# SPDX-License-Identifier: Apache-2.0
"""Retries in any order, with kills and restarts between them, against a model of what a
caller may expect. Hypothesis looks for an order in which the server breaks it."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (RuleBasedStateMachine, initialize, rule,
                                 run_state_machine_as_test)

from harness.crowd import LOST, Caller
from harness.server import Server, wait_for

EXAMPLES = 30
STEPS = 25
ATTEMPTS = 200
KEYS = st.sampled_from(["a", "b", '"a"', "c"])
NUMBERS = st.sampled_from([0, 1])
GUESSES = st.sampled_from(["wrong", "also wrong"])
examples = itertools.count()


class Expected:
    """What a key stands for: one body with its answer, or, as long as no answer came, one
    of those bodies that may have arrived, or none."""

    def __init__(self):
        self.bodies = []
        self.octets = None

    def may_be_another(self, body):
        return any(other != body for other in self.bodies)

    def settle(self, body, octets):
        self.bodies = [body]
        self.octets = octets


class Retries(RuleBasedStateMachine):
    server = application = template = None  # set by the test

    @initialize()
    def begin(self):
        self.number = next(examples)
        self.expected = {}
        self.guesses = {}
        self.pin_id = None
        self.caller = Caller(self.server)

    def teardown(self):
        self.caller.close()

    # ---- requests ----

    def headers(self, key):
        """Every example has keys of its own; quotes are no part of them."""
        name = f"{self.number} {key.strip(chr(34))}"
        return {"Idempotency-Key": f'"{name}"' if key.startswith('"') else name}

    def at(self, path, key):
        return self.expected.setdefault((path, key.strip('"')), Expected())

    def post(self, path, body, key):
        """The answer of a request that was not done before, None of a repetition."""
        known = self.at(path, key)
        status, octets, headers = self.caller.exchange("POST", path, body, **self.headers(key))
        replayed = headers["Idempotency-Replayed"] == "true"
        if status == 422:
            assert known.may_be_another(body), octets
            if not known.octets and body in known.bodies:
                known.bodies.remove(body)
            return None
        assert status == 200, (status, octets)
        if known.octets:
            assert (replayed, [body], octets) == (True, known.bodies, known.octets)
        elif body not in known.bodies:
            assert not replayed
        known.settle(body, octets)
        return None if replayed else json.loads(octets)

    def lose(self, path, body, key):
        """The request arrives, or does not; the process dies before its answer is read."""
        headers = {**self.caller.headers, **self.headers(key)}
        try:
            self.caller.connection.request("POST", path, json.dumps(body), headers)
        except LOST:
            pass
        self.server.kill()
        self.caller.close()
        if not self.at(path, key).octets:
            self.at(path, key).bodies.append(body)
        self.server.start()
        self.caller = Caller(self.server)

    def send_body(self, number):
        return {"applicationId": self.application, "messageId": self.template,
                "to": f"417{self.number:07d}{number}"}

    # ---- rules ----

    @rule(key=KEYS, number=NUMBERS)
    def send(self, key, number):
        fresh = self.post("/2fa/2/pin", self.send_body(number), key)
        if fresh:
            self.pin_id = fresh["pinId"]
            self.guesses[self.pin_id] = 0

    @rule(key=KEYS, number=NUMBERS)
    def send_and_never_hear(self, key, number):
        self.lose("/2fa/2/pin", self.send_body(number), key)

    @rule(key=KEYS, guess=GUESSES)
    def guess(self, key, guess):
        if self.pin_id is None:
            return
        fresh = self.post(f"/2fa/2/pin/{self.pin_id}/verify", {"pin": guess}, key)
        if fresh:
            self.guesses[self.pin_id] += 1
            assert fresh["attemptsRemaining"] == ATTEMPTS - self.guesses[self.pin_id]

    @rule()
    def restart(self):
        self.caller.close()
        self.server.stop()
        self.server.start()
        self.caller = Caller(self.server)

    @rule(number=st.integers(0, 1000))
    def ask_for_something_again(self, number):
        asked = [(place, body) for place, known in self.expected.items() for body in known.bodies]
        if asked:
            (path, key), body = asked[number % len(asked)]
            self.post(path, body, key)

    @rule()
    def count_messages(self):
        """Every send that was answered has one PIN, and no PIN is without a send."""
        sends = [known for (path, _), known in self.expected.items() if path == "/2fa/2/pin"]
        done = {json.loads(known.octets)["pinId"] for known in sends if known.octets}
        own = f"417{self.number:07d}"

        def pins():
            return {m["pinId"] for m in self.server.messages() if m["to"].startswith(own)}

        wait_for("the messages", lambda: done <= pins())
        assert len(pins() - done) <= sum(not known.octets for known in sends)


@pytest.fixture(scope="module")
def survivor(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("retries")) as running:
        Retries.server = running
        Retries.application = running.application(pinAttempts=ATTEMPTS)
        Retries.template = running.template(Retries.application)
        yield running


def test_retries_in_any_order_with_deaths_between_them(survivor):
    run_state_machine_as_test(Retries, settings=settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=False, derandomize=True))
    assert len(survivor.messages()) > EXAMPLES
