# SPDX-License-Identifier: Apache-2.0
"""Clocks that are wrong: for a moment, for good, at a start, over a restart. People keep
their history, and PINs live as long as they should."""

import contextlib
import sqlite3
import threading
import time
from datetime import datetime, timezone

import pytest

from harness.access import new_user
from harness.clocks import DAY, HOUR, MINUTE, SECOND, YEAR, Clocks
from harness.server import wait_for

CONFIG = "store: {retention: 30d}\nlimits: {resend_interval: 0s}\n"
STEPS = {"a minute and a second": 61, "an hour": HOUR, "a day": DAY, "60 days": 60 * DAY,
         "a year": YEAR}
BOTH_WAYS = {**{f"{name} ahead": by for name, by in STEPS.items()},
             **{f"{name} back": -by for name, by in STEPS.items()}}
NAMED_STEPS = pytest.mark.parametrize("by", BOTH_WAYS.values(), ids=BOTH_WAYS.keys())


@pytest.fixture()
def machine(tmp_path, fresh):
    """A server and the clocks of its machine."""
    clocks = Clocks(tmp_path)
    own = fresh(config=CONFIG, env=clocks.env)
    own.clocks = clocks
    return own


def texts(own, **configuration):
    application = own.application(**configuration)
    return application, own.template(application)


def tick(own, seconds=61):
    """Housekeeping has looked after this: the mark of its last round moves."""
    def mark():
        return own.rows("SELECT value FROM meta WHERE name = 'clock_steady'")
    before = mark()
    own.clocks.pass_(seconds)
    wait_for("housekeeping", lambda: mark() != before)


def stamped(pin_id):
    """When it was sent, by its id, in seconds since 1970."""
    return int(pin_id[:12], 16) / 1000


def named(own, *events):
    return [(e["event"], e["seconds"]) for e in list(own.events) if e["event"] in events]


def steps_logged(own):
    return named(own, "clock_step_seen", "clock_step_taken", "clock_step_undone")


@pytest.mark.field("3.1")
@NAMED_STEPS
def test_a_clock_that_was_wrong_for_a_second_leaves_everything(machine, by):
    """What was verified before it, what was sent in it, and the timelines of both."""
    texts_of = texts(machine)
    verified, pin = machine.sent(*texts_of)
    assert machine.verify(verified, pin).json()["verified"] is True
    machine.clocks.step(by)
    inside, its_pin = machine.sent(*texts_of)
    machine.clocks.step(-by)
    for _ in range(3):
        tick(machine)
    assert abs(stamped(inside) - time.time()) < 30
    assert machine.verify(inside, its_pin).json()["verified"] is True
    assert machine.get(f"/watchword/1/pins/{verified}").status_code == 200
    assert [name for name, _ in steps_logged(machine)] == ["clock_step_seen", "clock_step_undone"]
    assert abs(steps_logged(machine)[0][1] - by) <= 1


@pytest.mark.field("3.1")
def test_a_step_is_taken_once_when_it_has_held(machine):
    texts_of = texts(machine)
    machine.clocks.step(DAY)
    machine.sent(*texts_of)
    machine.clocks.pass_(4 * MINUTE)
    before, _ = machine.sent(*texts_of)
    machine.clocks.pass_(MINUTE)
    machine.sent(*texts_of)
    after, _ = machine.sent(*texts_of)
    assert stamped(after) - stamped(before) >= DAY
    tick(machine)
    assert [name for name, _ in steps_logged(machine)] == ["clock_step_seen", "clock_step_taken"]


def old_rows(own):
    """One row for everything that is deleted by age, as if it were of now."""
    now = own.rows("SELECT value FROM meta WHERE name = 'clock_high_water'")[0][0]
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db", timeout=10)) as db:
        db.executescript(f"""
            INSERT INTO idempotency (account, name, created_at, secret, fingerprint, run)
                VALUES (x'00', zeroblob(32), {now}, 1, zeroblob(32), 1);
            INSERT INTO receipt_held (carrier, carrier_message_id, status, error, done_at, at)
                VALUES ('c', 'nobody', 5, 0, 0, {now + DAY * 1000});
            INSERT INTO session (hash, account_user, kind, address, expires_at)
                VALUES (zeroblob(32), zeroblob(16), 1, NULL, {now + DAY * 1000});""")


DELETED = {
    "a PIN": "SELECT count(*) FROM pin",
    "its message": "SELECT count(*) FROM message",
    "its place in the young numbers": "SELECT 1 - count(*) FROM destination_pin",
    "an idempotency record": "SELECT count(*) FROM idempotency",
    "a receipt that is held": "SELECT count(*) FROM receipt_held",
    "a session": "SELECT count(*) FROM session",
}


def counts(own):
    return {name: own.rows(query)[0][0] for name, query in DELETED.items()}


def keys(own):
    return len([line for line in (own.data / "keyring").read_text().splitlines()
                if not line.startswith("#")])


@pytest.mark.field("3.1")
@pytest.mark.parametrize("ahead", [60 * DAY, YEAR], ids=["60 days", "a year"])
def test_nothing_is_deleted_by_a_clock_that_has_not_held_for_an_hour(machine, ahead):
    """All that ages, by name; the keys of PINs too. After an hour it is believed."""
    sent, _ = machine.sent(*texts(machine))
    wait_for("the outcome", lambda: counts(machine)["its message"] == 1)
    tick(machine)
    old_rows(machine)
    before = counts(machine)
    assert set(before.values()) == {1}
    machine.clocks.step(ahead)
    for _ in range(11):
        tick(machine, 5 * MINUTE)
        assert counts(machine) == before, "it held for less than an hour"
    key = keys(machine)
    tick(machine, 20 * MINUTE)
    wait_for("what is old by now to go",
             lambda: tick(machine) or counts(machine)["a PIN"] == 0)
    assert counts(machine)["an idempotency record"] == 0
    assert machine.get(f"/watchword/1/pins/{sent}").status_code == 404
    assert key >= 1


@pytest.mark.field("3.1")
@pytest.mark.parametrize("ahead", [DAY, 60 * DAY, YEAR], ids=["a day", "60 days", "a year"])
@pytest.mark.parametrize("reboot", [True, False], ids=["of the machine", "of the server"])
def test_a_start_with_a_clock_ahead_leaves_everything(machine, ahead, reboot):
    sent, _ = machine.sent(*texts(machine))
    wait_for("the outcome", lambda: counts(machine)["its message"] == 1)
    tick(machine)
    old_rows(machine)
    before = counts(machine)
    machine.stop()
    machine.clocks.step(ahead)
    if reboot:
        machine.clocks.reboot()
    machine.start()
    for _ in range(3):
        tick(machine)
    machine.clocks.step(-ahead)
    for _ in range(3):
        tick(machine)
    assert counts(machine) == before
    assert machine.get(f"/watchword/1/pins/{sent}").status_code == 200


@pytest.mark.field("3.2")
@pytest.mark.parametrize("back", [25 * SECOND, HOUR, DAY, YEAR],
                         ids=["25 seconds", "an hour", "a day", "a year"])
@pytest.mark.parametrize("asked", [True, False], ids=["busy", "idle"])
def test_a_clock_set_back_lengthens_no_life(machine, back, asked):
    texts_of = texts(machine, pinTimeToLive="20m")
    sent, pin = machine.sent(*texts_of)
    machine.clocks.step(-back)
    for _ in range(19):
        machine.clocks.pass_(MINUTE)
        if asked:
            machine.sent(*texts_of)
    assert machine.verify(sent, pin).json()["verified"] is True
    machine.clocks.pass_(MINUTE + SECOND)
    assert machine.verify(sent, pin).json()["pinError"] == "TTL_EXPIRED"


@pytest.mark.field("3.2")
@pytest.mark.parametrize("step", [0, -DAY, -YEAR, 60 * DAY],
                         ids=["right", "a day back", "a year back", "60 days ahead"])
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_what_passes_while_it_is_down_counts(machine, step, killed):
    """The clock is set while the server is down."""
    texts_of = texts(machine, pinTimeToLive="20m")
    short, short_pin = machine.sent(*texts_of)
    long, long_pin = machine.sent(*texts(machine, pinTimeToLive="40m"))
    machine.kill() if killed else machine.stop()
    machine.clocks.pass_(21 * MINUTE)
    machine.clocks.step(step)
    machine.start()
    assert machine.verify(short, short_pin).json()["pinError"] == "TTL_EXPIRED"
    assert machine.verify(long, long_pin).json()["verified"] is True


@pytest.mark.field("3.2")
def test_a_reboot_counts_by_the_wall_clock(machine):
    sent, pin = machine.sent(*texts(machine, pinTimeToLive="20m"))
    machine.stop()
    machine.clocks.pass_(21 * MINUTE)
    machine.clocks.reboot()
    machine.start()
    assert machine.verify(sent, pin).json()["pinError"] == "TTL_EXPIRED"


@pytest.mark.field("3.2")
@pytest.mark.parametrize("step", [-DAY, -50 * YEAR], ids=["a day back", "1976"])
def test_a_pin_that_was_over_stays_so_after_a_reboot_into_the_past(machine, step):
    texts_of = texts(machine, pinTimeToLive="1m")
    sent, pin = machine.sent(*texts_of)
    machine.clocks.pass_(MINUTE + SECOND)
    assert machine.verify(sent, pin).json()["pinError"] == "TTL_EXPIRED"
    machine.stop()
    machine.clocks.step(step)
    machine.clocks.reboot()
    machine.start()
    assert machine.verify(sent, pin).json()["pinError"] == "TTL_EXPIRED"
    sent, pin = machine.sent(*texts_of)
    assert machine.verify(sent, pin).json()["verified"] is True


@pytest.mark.field("3.1", "3.2")
def test_a_clock_that_goes_wild_under_load_is_not_noticed(machine):
    """All that is asked is answered as ever, and the log has a few lines of it."""
    texts_of = texts(machine)
    answers = []
    ended = threading.Event()

    def ask(number):
        while not ended.is_set():
            sent, pin = machine.sent(*texts_of, to=f"4179302672{number}")
            answers.append(machine.verify(sent, pin).json())

    workers = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        for by in BOTH_WAYS.values():
            machine.clocks.step(by)
            time.sleep(0.02)
            machine.clocks.step(-by)
    ended.set()
    for worker in workers:
        worker.join(30)
    assert len(answers) > 10
    assert {a["verified"] for a in answers} == {True}
    assert len(steps_logged(machine)) <= 4


@pytest.mark.field("3.1")
def test_an_api_key_is_not_over_because_a_clock_was_wrong(machine):
    """Its validTo is in a month; the clock is two months ahead, for a moment and longer."""
    user = new_user(machine, "alice")
    in_a_month = datetime.fromtimestamp(time.time() + 30 * DAY, timezone.utc)
    key = machine.post("/settings/2/api-keys", {
        "name": "short", "validTo": in_a_month.strftime("%Y-%m-%dT%H:%M:%S")},
        headers={"Authorization": user}).json()["apiKeySecret"]
    assert machine.get("/2fa/2/applications", key=key).status_code == 200
    machine.clocks.step(60 * DAY)
    assert machine.get("/2fa/2/applications", key=key).status_code == 200
    machine.clocks.pass_(4 * MINUTE)
    assert machine.get("/2fa/2/applications", key=key).status_code == 200
    machine.clocks.pass_(2 * MINUTE)
    machine.get("/2fa/2/applications", key=key)
    assert machine.get("/2fa/2/applications", key=key).status_code == 401
    machine.clocks.step(-60 * DAY)
    machine.get("/2fa/2/applications", key=key)
    machine.clocks.pass_(6 * MINUTE)
    machine.get("/2fa/2/applications", key=key)
    assert machine.get("/2fa/2/applications", key=key).status_code == 200


@pytest.mark.field("3.1")
def test_an_operator_brings_a_store_back_that_was_ahead_for_too_long(machine):
    """The step held and was taken, and then the clock was mended."""
    texts_of = texts(machine)
    before, before_pin = machine.sent(*texts_of)
    machine.clocks.step(60 * DAY)
    for _ in range(3):
        machine.clocks.pass_(3 * MINUTE)
        ahead, ahead_pin = machine.sent(*texts_of)
    assert stamped(ahead) - time.time() > 59 * DAY
    machine.clocks.step(-60 * DAY)
    refused = machine.command("clock", "lower", check=False)
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr
    machine.stop()
    done = machine.command("clock", "lower")
    assert '"event":"clock_lowered"' in done.stderr
    machine.start()
    after, after_pin = machine.sent(*texts_of)
    assert abs(stamped(after) - time.time()) < HOUR
    assert machine.verify(before, before_pin).json()["pinError"] == "TTL_EXPIRED"
    assert machine.verify(ahead, ahead_pin).status_code == 404
    assert machine.verify(after, after_pin).json()["verified"] is True
    assert machine.rows("SELECT count(*) FROM pin") == [(5,)]
    assert machine.rows(f"SELECT count(*) FROM pin WHERE expires_at > {1000 * (time.time() + DAY)}") \
        == [(0,)]


@pytest.mark.field("3.1")
def test_a_store_that_is_not_ahead_is_not_lowered(machine):
    machine.sent(*texts(machine))
    machine.stop()
    refused = machine.command("clock", "lower", check=False)
    assert refused.returncode == 1
    assert "not ahead" in refused.stderr
