# SPDX-License-Identifier: Apache-2.0
"""Single damaged rows and tables, and what a person then sees."""

import contextlib
import sqlite3

import pytest

from harness import access
from harness.server import Server, wait_for, wrong

PASSWORD = "a long password"


def tell(server, *statements):
    """By hand, beside the server or while it is stopped."""
    with contextlib.closing(sqlite3.connect(server.data / "watchword.db",
                                            isolation_level=None)) as db:
        for statement in statements:
            assert db.execute(statement).rowcount >= 1, statement


def overwrite_root(server, table):
    """The first page of a table becomes nonsense."""
    path = server.data / "watchword.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                           (table,)).fetchone()
        size, = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x55" * size)


def named(server):
    return [(e["table"], e["column"]) for e in server.events if e["event"] == "row_damaged"]


# ---- what is asked ----

COLUMNS = {
    # a statement that damages the first PIN, and what then cannot be answered
    "length of the PIN": ("UPDATE pin SET pin_length = 200", "verify", "pin.pin_length"),
    "no length of the PIN": ("UPDATE pin SET pin_length = 0", "verify", "pin.pin_length"),
    "kind of the PIN": ("UPDATE pin SET pin_type = 77", "verify", "pin.pin_type"),
    "salt of the PIN": ("UPDATE pin SET salt = x'00'", "verify", "pin.salt"),
    "key of the PIN": ("UPDATE pin SET key_id = -1", "verify", "pin.key_id"),
    "number of the PIN": ("UPDATE pin SET destination = ''", "verify", "pin.destination"),
    "attempts of the PIN": ("UPDATE pin SET attempts = -5", "verify", "pin.attempts"),
    "attempts it may have": ("UPDATE pin SET attempts_max = 9223372036854775807", "verify",
                             "pin.attempts_max"),
    "end of the PIN": ("UPDATE pin SET expires_at = 9223372036854775807", "verify",
                       "pin.expires_at"),
    "log whose requests wrap": (
        "UPDATE pin SET verifies = x'80a0b0c0d034ffffffffffffffff7f00'", "verify",
        "pin.verifies"),
    "log that is cut": ("UPDATE pin SET verifies = x'ff'", "verify", "pin.verifies"),
    "channel of the message": ("UPDATE message SET channel = 9", "timeline", "message.channel"),
    "state of the message": ("UPDATE message SET state = 77", "timeline", "message.state"),
    "reason of the message": ("UPDATE message SET reason = 99", "timeline", "message.reason"),
    "lookup of the message": ("UPDATE message SET lookup = 44, lookup_at = 1", "timeline",
                              "message.lookup"),
    "status of the message": ("UPDATE message SET status = 4711", "timeline", "message.status"),
    "error of the message": ("UPDATE message SET error = 65000", "timeline", "message.error"),
    "time of the message": ("UPDATE message SET updated_at = -1", "timeline",
                            "message.updated_at"),
    "carrier of the message": ("UPDATE message SET carrier = CAST(x'c3' AS TEXT)", "timeline",
                               "message.carrier"),
}


@pytest.mark.field("8.3")
@pytest.mark.parametrize("what", COLUMNS)
def test_a_damaged_column_fails_its_request_alone(fresh, what):
    statement, asked, column = COLUMNS[what]
    server = fresh()
    application = server.application()
    template = server.template(application)
    pin_id, pin = server.sent(application, template, "41790000001")
    other_id, other = server.sent(application, template, "41790000002")
    wait_for("the messages' rows", lambda: server.rows("SELECT count(*) FROM message") == [(2,)])
    server.stop()
    key = "id" if " pin " in statement else "pin"
    tell(server, f"{statement} WHERE {key} = x'{pin_id}'")
    server.start()
    if asked == "verify":
        for typed in (wrong(pin), pin, pin):
            assert server.verify(pin_id, typed).status_code == 500
    else:
        for _ in range(3):
            assert server.get(f"/watchword/1/pins/{pin_id}").status_code == 500
    assert server.get(f"/watchword/1/pins/{other_id}").status_code == 200
    assert server.verify(other_id, other).json()["verified"] is True
    assert named(server) == [tuple(column.split("."))]
    assert "41790000001" not in server.log.decode()


@pytest.mark.field("8.3")
def test_guesses_whose_count_is_damaged_are_not_given_back(fresh):
    """The journal of guesses is read at a start."""
    server = fresh()
    application = server.application(pinAttempts=3, verifyPinLimit="100/1d")
    template = server.template(application)
    pins = [server.sent(application, template, f"4179000001{n}") for n in range(3)]
    for pin_id, pin in pins:
        assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 2
    server.kill()
    tell(server, f"UPDATE guess SET attempts = -1 WHERE pin = x'{pins[0][0]}'",
         f"UPDATE guess SET verifies = x'ff' WHERE pin = x'{pins[1][0]}'")
    for _ in range(2):
        server.start()
        answer = server.verify(*pins[0]).json()
        assert (answer["verified"], answer["pinError"]) == (False, "NO_MORE_PIN_ATTEMPTS")
        assert server.verify(*pins[1]).status_code == 500
        assert server.send(application, template, "41790000011").status_code == 500
        server.kill()
    server.start()
    assert server.verify(pins[2][0], wrong(pins[2][1])).json()["attemptsRemaining"] == 1
    # an operator begins the log of the number anew
    assert server.post("/watchword/1/lift", {
        "to": "41790000011", "applicationId": application}).status_code == 200
    assert server.verify(*pins[1]).json()["verified"] is True


@pytest.mark.field("8.3")
def test_a_row_that_cannot_be_written_gives_no_guess_back(fresh):
    """A guess goes from the journal into the PIN's row; where that is damaged, it stays."""
    server = fresh()
    application = server.application(pinAttempts=3, verifyPinLimit="100/1d")
    template = server.template(application)
    pin_id, pin = server.sent(application, template, "41790000020")
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data / "watchword.db",
                                            isolation_level=None)) as db:
        sql, = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'pin'").fetchone()
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT,', '') "
                   "WHERE name = 'pin'")
        db.execute("PRAGMA writable_schema = RESET")
        # a column that a verify does not read, in a row that a guess is written into
        db.execute("UPDATE pin SET placeholders = x'00'")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'pin'", (sql,))
    server.start()
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 2
    # guesses at other numbers make the journal go around
    other_id, other = server.sent(application, template, "41790000021")
    for _ in range(3):
        server.verify(other_id, wrong(other))
    server.kill()
    server.start()
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 1


# ---- who may ask ----

@pytest.fixture
def peopled(fresh):
    """A running server with two keys and two users who are signed in."""
    server = fresh()
    server.second = server.command(
        "key", "create", "--account", "default", "--name", "second").stdout.strip()
    server.tokens = []
    for name in ("anna", "bert"):
        server.command("user", "create", name, "--account", "default", typed=PASSWORD + "\n")
        wait_for("the user", lambda n=name: status(server, access.basic(n, PASSWORD)) == 200)
        server.tokens.append(access.token(server, name, PASSWORD))
    return server


def status(server, authorization):
    """What a request that no throttle counts is answered, however often it is asked."""
    return access.status_of(server, authorization)


ROWS = {
    "a session's kind": "UPDATE session SET kind = 9 WHERE hash = (SELECT max(hash) FROM session)",
    "a session's hash": "UPDATE session SET hash = x'00' WHERE hash = "
                        "(SELECT max(hash) FROM session)",
    "a session's end": "UPDATE session SET expires_at = 9223372036854775807 WHERE hash = "
                       "(SELECT max(hash) FROM session)",
    "a user's id": "UPDATE account_user SET id = x'01' WHERE name = 'bert'",
    "a user's scopes": "UPDATE account_user SET scopes = -1 WHERE name = 'bert'",
    "a user's account": "UPDATE account_user SET account = x'02' WHERE name = 'bert'",
    "a key's account": "UPDATE api_key SET account = zeroblob(16) WHERE name = 'third'",
    "a key's hash": "UPDATE api_key SET hash = x'03' WHERE name = 'third'",
    "a key's times": "UPDATE api_key SET valid_to = -7 WHERE name = 'third'",
}


@pytest.mark.field("8.2")
@pytest.mark.parametrize("what", ROWS)
def test_a_damaged_row_takes_nobody_elses_access_away(peopled, what):
    server = peopled
    server.command("key", "create", "--account", "default", "--name", "third")
    tell(server, ROWS[what])
    event = server.event("row_damaged")
    assert event["table"] in ROWS[what] or event["table"] == "account"
    # a command beside it takes effect
    server.command("key", "revoke", "-", typed=server.second + "\n")
    wait_for("the key to be over", lambda: status(server, f"App {server.second}") == 401)
    assert status(server, f"App {server.key}") == 200
    assert status(server, server.tokens[0]) == 200 or "session" in ROWS[what]
    server.stop()
    server.start()
    assert server.http.get(server.base + "/health/ready").status_code == 200
    assert status(server, f"App {server.key}") == 200
    assert status(server, f"App {server.second}") == 401
    assert {status(server, token) for token in server.tokens} <= {200, 401}
    assert len([e for e in server.events if e["event"] == "row_damaged"]) == 1


@pytest.mark.field("8.2")
@pytest.mark.parametrize("table", ("account_user", "session"))
def test_a_table_that_cannot_be_read_is_503_and_not_ready_never_401(peopled, table):
    server = peopled
    server.stop()
    overwrite_root(server, table)
    server.start()
    assert server.event("access_unreadable")
    for authorization in (f"App {server.key}", f"App {server.second}", server.tokens[0],
                          "App nobody", ""):
        answer = server.http.get(server.base + "/2fa/2/applications",
                                 headers={"Authorization": authorization})
        assert (answer.status_code, answer.headers["X-Watchword-Reason"]) == (
            503, "accessUnreadable"), authorization
    assert server.http.get(server.base + "/2fa/2/applications",
                           auth=("anna", PASSWORD)).status_code == 503
    assert server.http.get(server.base + "/health/ready").status_code == 503
    assert server.http.get(server.base + "/health/live").status_code == 200
    assert len([e for e in server.events if e["event"] == "access_unreadable"]) == 1


@pytest.mark.field("8.2")
def test_damaged_keys_alone_do_not_make_a_first_start(fresh):
    server = fresh()
    before = (server.data / "api-key").read_text()
    server.stop()
    tell(server, "UPDATE api_key SET hash = x'00'")
    server.start()
    assert (server.data / "api-key").read_text() == before
    assert status(server, f"App {before.strip()}") == 401
    assert server.rows("SELECT count(*) FROM api_key") == [(1,)]


# ---- no start ----

META = {
    "a negative time": lambda server: tell(
        server, "UPDATE meta SET value = -1 WHERE name = 'clock_high_water'"),
    "a time far beyond": lambda server: tell(
        server, "UPDATE meta SET value = 9223372036854775807 WHERE name = 'clock_high_water'"),
    "the whole table": lambda server: overwrite_root(server, "meta"),
}


@pytest.mark.field("8.6")
@pytest.mark.parametrize("what", META)
def test_a_damaged_table_of_the_stores_clock_is_named_and_there_is_no_start(fresh, what):
    server = fresh()
    server.stop()
    META[what](server)
    with pytest.raises(AssertionError):
        server.start()
    server.process.wait(10)
    said = server.log.decode()
    assert server.process.returncode == 1 and "the table meta" in said, said
    server.process = None
