# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load: what was answered is true after the restart, fifty times in a row."""

import json
import random
import sqlite3
import threading

import pytest

from harness.crowd import Doomed, crowd
from harness.server import PIN, Server, wait_for, wrong

ROUNDS = 50
WORKERS = 8
LONGEST_S = 0.3


class Mailbox:
    """The PINs of messages.jsonl, read on as the file grows."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.pins = {}
        self.lock = threading.Lock()

    def pin(self, pin_id):
        """The PIN as the person got it, or None so far. A line that the kill cut off
        is no message; the message is then in another."""
        with self.lock:
            if pin_id not in self.pins:
                self._read_on()
            return self.pins.get(pin_id)

    def _read_on(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            whole = file.read().rpartition(b"\n")[0]
        self.offset += len(whole) + 1 if whole else 0
        for line in whole.split(b"\n"):
            try:
                message = json.loads(line)
            except ValueError:
                continue
            self.pins[message["pinId"]] = PIN.search(message["text"])[1]


class Case:
    """One PIN, and what the server has said about it."""

    def __init__(self, pin_id):
        self.pin_id = pin_id
        self.remaining = 10
        self.verified = False
        self.uncertain = False  # the right PIN was sent, and no answer came


class Load(Doomed):
    """Callers that send and guess until the connection breaks."""

    def __init__(self, server, mailbox, application, template, seed):
        super().__init__(server, WORKERS)
        self.mailbox = mailbox
        self.application = application
        self.template = template
        self.cases = []
        self.dice = [random.Random(seed * 100 + n) for n in range(WORKERS)]
        self.prefix = f"4178{seed:02d}"

    def one(self, caller, worker, n):
        dice = self.dice[worker]
        status, body = caller.send(self.application, self.template,
                                   f"{self.prefix}{worker}{n:04d}")
        assert (status, body["smsStatus"]) == (200, "MESSAGE_SENT"), body
        case = Case(body["pinId"])
        self.cases.append(case)
        for _ in range(dice.randrange(3)):
            body = caller.verify(case.pin_id, "wrong")[1]
            assert body["pinError"] == "WRONG_PIN", body
            case.remaining = body["attemptsRemaining"]
        if dice.random() < 0.3:
            case.uncertain = True
            body = caller.verify(case.pin_id, self.mailbox.pin(case.pin_id))[1]
            assert body["verified"] is True, body
            case.verified, case.uncertain = True, False


@pytest.fixture(scope="module")
def survivor(tmp_path_factory):
    """A server whose PINs are for one use; whoever kills it starts it again."""
    with Server(tmp_path_factory.mktemp("survivor")) as running:
        application = running.application(allowMultiplePinVerifications=False)
        template = running.template(application)
        yield running, Mailbox(running.data / "messages.jsonl"), application, template


def check(caller, mailbox, case):
    """The answers after the restart go with those before it."""
    pin = wait_for(f"the message of {case.pin_id}", lambda: mailbox.pin(case.pin_id), 30)
    status, body = caller.verify(case.pin_id, wrong(pin))
    assert (status, body["verified"]) == (200, False), body
    assert body["attemptsRemaining"] < max(case.remaining, 1), (case.__dict__, body)
    body = caller.verify(case.pin_id, pin)[1]
    if case.verified:
        assert body["verified"] is False, (case.__dict__, body)
    elif not case.uncertain:
        assert body["verified"] is True, (case.__dict__, body)
    return body["verified"]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_what_was_answered_before_a_kill_is_true_after_it(survivor, seed):
    server, mailbox, application, template = survivor
    with Load(server, mailbox, application, template, seed) as load:
        wait_for("an answer", lambda: load.cases or load.faults)
        threading.Event().wait(random.Random(seed).uniform(0, LONGEST_S))
        server.kill()
    assert not load.faults, load.faults
    server.start()
    crowd(server, [lambda c, case=case: check(c, mailbox, case) for case in load.cases], WORKERS)


def test_every_pin_that_was_committed_was_sent(survivor):
    """Whether or not its answer left in time: the start after the kill sends what is open."""
    server, mailbox = survivor[:2]
    committed = [pin_id for (pin_id,) in server.rows("SELECT hex(id) FROM pin")]
    assert len(committed) > ROUNDS
    wait_for("all messages", lambda: all(mailbox.pin(pin_id) for pin_id in committed))


def test_the_database_is_whole_after_all_of_it(survivor):
    server = survivor[0]
    server.stop()
    with sqlite3.connect(server.data / "watchword.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    server.start()
