# SPDX-License-Identifier: Apache-2.0
"""Other processes on the same data: commands, backup tools, somebody with a shell. What
they change holds at once, and when they are in the way the log says who it is."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from harness.access import basic, status_of
from harness.server import wait_for

MIB = 2**20
KNOWN_S = 1.0
CONFIG = "logins: {per_address: 100000, per_user: 100000, hash_share: 100}\n"
HOLDER = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for words in sys.argv[2].split(";"):
    db.execute(words).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holding(own, words):
    """Another process that has done these statements and goes on having its locks."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(own.data / "watchword.db"), words],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.stdin.close()


def log_octets(own):
    return os.stat(own.data / "watchword.db-wal").st_size


# ---- changes by commands ----


def seconds_until(condition):
    begin = time.monotonic()
    wait_for("the change to hold", condition)
    return time.monotonic() - begin


@pytest.mark.field("6.2")
@pytest.mark.parametrize("after", [0, 0.3, 0.6, 0.9, 1.2])
def test_a_key_made_right_after_a_start_is_known_within_a_second(fresh, after):
    own = fresh()
    time.sleep(after)  # the moment is what is tried
    key = own.command("key", "create", "--account", "default", "--name", "n").stdout.strip()
    assert seconds_until(lambda: status_of(own, f"App {key}") == 200) < KNOWN_S
    own.command("key", "revoke", "-", typed=key)
    assert seconds_until(lambda: status_of(own, f"App {key}") == 401) < KNOWN_S


@pytest.mark.field("6.2")
def test_work_does_not_put_off_what_others_have_changed(fresh):
    """A request now and then is what kept the store from looking."""
    own = fresh()
    application = own.application()
    template = own.template(application)
    own.sent(application, template)
    key = own.command("key", "create", "--account", "default", "--name", "n").stdout.strip()
    begin = time.monotonic()
    while status_of(own, f"App {key}", "/2fa/2/applications") != 200:
        assert time.monotonic() - begin < KNOWN_S
        own.sent(application, template)
        time.sleep(0.3)  # a pace of work


@pytest.mark.field("6.2")
def test_a_user_that_was_made_right_after_a_start_signs_in_at_once(fresh):
    own = fresh(config=CONFIG)
    own.command("user", "create", "bob", "--account", "default", typed="correct horse\n")
    time.sleep(KNOWN_S)  # what the manual says
    assert status_of(own, basic("bob")) == 200


# ---- who has the lock ----


def asks(own, sent):
    answer = own.send(*sent)
    return answer.status_code


@pytest.mark.field("6.3")
@pytest.mark.parametrize("words", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE",
                                   "BEGIN;UPDATE meta SET value = value WHERE name = 'none'"],
                         ids=["a transaction", "an exclusive one", "a change"])
def test_a_foreign_write_lock_is_named(fresh, words):
    own = fresh()
    application = own.application()
    sent = (application, own.template(application))
    assert asks(own, sent) == 200
    with holding(own, words) as process:
        assert asks(own, sent) == 503
        event = own.event("store_locked", seconds=1)
        assert event["pid"] == process.pid
        assert event["process"].startswith("python")
        assert "write lock" in event["reason"]
    wait_for("a send", lambda: asks(own, sent) == 200)
    assert own.event("store_unlocked")["waited_ms"] >= 4500
    assert [e["event"] for e in own.events].count("store_locked") == 1


@pytest.mark.field("6.3")
def test_a_short_lock_is_waited_for_without_a_word(fresh):
    own = fresh()
    application = own.application()
    sent = (application, own.template(application))
    answers = []
    with holding(own, "BEGIN IMMEDIATE"):
        asking = threading.Thread(target=lambda: answers.append(asks(own, sent)))
        asking.start()
        time.sleep(0.4)  # that is how short it is
    asking.join(30)
    assert answers == [200]
    assert not [e for e in own.events if e["event"] == "store_locked"]


# ---- a long reader ----


def write_much(own, mib):
    """The log does not tell whose octets they are."""
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db", timeout=30)) as db:
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute("CREATE TABLE much (octets BLOB)")
        db.execute(f"INSERT INTO much VALUES (zeroblob({mib * MIB}))")
        db.commit()


@pytest.mark.field("5.3")
@pytest.mark.parametrize("ends", ["closed", "killed"])
def test_a_long_reader_is_named_and_leaves_no_large_log(fresh, ends):
    own = fresh()
    with holding(own, "BEGIN;SELECT count(*) FROM meta") as process:
        write_much(own, 24)
        own.application()
        event = own.event("store_log_held")
        assert event["pid"] == process.pid
        assert event["mib"] >= 16
        if ends == "killed":
            process.kill()
    application = own.application()
    template = own.template(application)
    wait_for("the log to be small again",
             lambda: own.sent(application, template) and log_octets(own) <= 16 * MIB)
    own.event("store_log_freed")
    held = [e["mib"] for e in own.events if e["event"] == "store_log_held"]
    assert held == sorted(set(held))
    assert len(held) <= 2


@pytest.mark.field("5.3")
def test_a_short_reader_is_not_worth_a_line(fresh):
    own = fresh()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        for _ in range(50):
            own.application()
            db.execute("SELECT count(*) FROM application").fetchall()
    assert not [e for e in own.events if e["event"].startswith("store_log")]
