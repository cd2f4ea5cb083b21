# SPDX-License-Identifier: Apache-2.0
"""kill -9 while the PINs of numbers grow old: each stands somewhere, once, and counts for a
limit that reaches back to it."""

import os
import random
import sqlite3
import threading
import time

import pytest

from harness.crowd import Doomed, crowd
from harness.server import Server

ROUNDS = 6
WORKERS = 8
NUMBERS = 8000
LIMIT = 2  # in thirty days: the old PIN of a number and one more
PLACES = "(SELECT pin FROM destination_young UNION ALL SELECT pin FROM destination_pin)"


def number(i):
    return f"4178{i:07d}"


def make_old(path):
    """As many PINs of three days ago as there are numbers, like the one that was sent; in a
    store that has not looked so far for what is old."""
    begin_ms = int(time.time() * 1000) - 3 * 86_400_000
    with sqlite3.connect(path) as db:
        assert db.execute("UPDATE destination_aged SET pin = zeroblob(16)").rowcount == 1
        names = [row[1] for row in db.execute("PRAGMA table_info(pin)")]
        row = dict(zip(names, db.execute("SELECT * FROM pin").fetchone()))
        for i in range(NUMBERS):
            row["id"] = (begin_ms + i).to_bytes(6, "big") + os.urandom(10)
            row["destination"] = number(i)
            row["expires_at"] = begin_ms + 900_000
            db.execute(f"INSERT INTO pin ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                       list(row.values()))
            db.execute("INSERT INTO destination_young (run, application, destination, pin) "
                       "VALUES (0, ?, ?, ?)",
                       (row["application"], row["destination"], row["id"]))


class Sends(Doomed):
    """Each caller sends to numbers of its own until the connection breaks."""

    def __init__(self, aged, seed):
        super().__init__(aged.server, WORKERS)
        self.aged = aged
        self.dice = [random.Random(seed * 100 + n) for n in range(WORKERS)]

    def one(self, caller, worker, n):
        i = self.dice[worker].randrange(worker, NUMBERS, WORKERS)
        self.aged.send(caller, i)


class Aged:
    """The server, and how many PINs each number has at least and at most."""

    def __init__(self, server):
        self.server = server
        self.application = server.application(
            sendPinPerPhoneNumberLimit=f"{LIMIT}/30d", sendPinPerApplicationLimit="1000000/1d")
        self.template = server.template(self.application)
        server.sent(self.application, self.template, to="41791112233")
        server.stop()
        make_old(server.data / "watchword.db")
        server.start()
        self.moved = []
        self.least = [1] * NUMBERS
        self.most = [1] * NUMBERS

    def send(self, caller, i):
        self.most[i] = min(self.most[i] + 1, LIMIT)
        status, body = caller.send(self.application, self.template, number(i))
        assert (status == 200) or self.most[i] == LIMIT, (number(i), status, body)
        assert (status != 200) or self.least[i] < LIMIT, (number(i), status, body)
        if status == 200:
            self.least[i] += 1
        else:
            self.least[i] = LIMIT
        self.most[i] = self.least[i]


@pytest.fixture(scope="module")
def aged(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("aged")) as running:
        yield Aged(running)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_each_pin_counts_once_over_a_kill(aged, seed):
    with Sends(aged, seed) as load:
        threading.Event().wait(random.Random(seed).uniform(0.1, 0.4))
        aged.server.kill()
    assert not load.faults, load.faults
    aged.server.start()
    aged.moved.append(aged.server.rows("SELECT count(*) FROM destination_pin")[0][0])


def test_each_number_has_its_limit(aged):
    assert sum(0 < moved < NUMBERS for moved in aged.moved) >= ROUNDS / 2, aged.moved
    for _ in range(LIMIT):
        crowd(aged.server, [lambda c, i=i: aged.send(c, i) for i in range(NUMBERS)], WORKERS)
    assert aged.least == [LIMIT] * NUMBERS
    print(f"{ROUNDS} kills while PINs grew old: {aged.moved} of {NUMBERS}")


def test_all_stand_in_one_place(aged):
    rows = aged.server.rows
    assert rows(f"SELECT count(*), count(DISTINCT pin) FROM {PLACES}")[0][0] >= NUMBERS
    assert rows(f"SELECT pin FROM {PLACES} GROUP BY pin HAVING count(*) > 1") == []
    assert rows("SELECT count(*) FROM destination_pin, destination_aged "
                "WHERE destination_pin.pin > destination_aged.pin") == [(0,)]
