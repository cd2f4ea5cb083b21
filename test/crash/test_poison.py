# SPDX-License-Identifier: Apache-2.0
"""A message whose rendering ends the process, or whose row is damaged, fails alone."""

import sqlite3

import pytest

from harness.compiled import shim
from harness.peer import Smsc, config
from harness.server import Server, wait_for

POISON, RENDER = 8, 5
OTHERS = 60


@pytest.fixture(scope="module")
def deadly(tmp_path_factory):
    return shim(tmp_path_factory.mktemp("shim"), "render_dies")


def change(server, *queries):
    with sqlite3.connect(server.data / "watchword.db") as db:
        for query in queries:
            assert db.execute(query).rowcount == 1


def queued(server, poison=False):
    """Messages that wait for an SMSC that is away; the pinId of one in their midst."""
    application = server.application()
    template = server.template(application, messageText="[{{pin}}] {{poison}}")
    ids = []
    for n in range(OTHERS + 1):
        members = {"placeholders": {"poison": "x"}} if poison and n == OTHERS // 2 else {}
        answer = server.send(application, template, f"417920{n:05d}", **members).json()
        assert answer["smsStatus"] == "MESSAGE_SENT", answer
        ids.append(answer["pinId"])
    return ids[OTHERS // 2]


def starts_until_it_stays(server):
    """How often it had to be started before it went on running."""
    for count in range(1, 12):
        try:
            server.start()
            wait_for("an end of it or of all messages", lambda: server.process.poll() is not None
                     or server.rows("SELECT count(*) FROM message_all WHERE state < 2") == [(0,)], 30)
        except AssertionError:
            assert server.process.poll() is not None, "it neither runs nor ended"
        if server.process.poll() is None:
            return count
        server.process.wait(10)
    raise AssertionError("it never stayed")


def test_a_message_that_ends_the_process_is_given_up_after_three_times(deadly, tmp_path, tell):
    with Smsc() as closed:
        port = closed.port
    trigger = tmp_path / "now"
    server = Server(tmp_path, config=config(port, window=10) + "delivery: {accept_wait: 1ms}\n",
                    env={"LD_PRELOAD": str(deadly), "RENDER_DIES": str(trigger)})
    server.start()
    poisonous = queued(server, poison=True)
    server.kill()
    trigger.touch()
    with Smsc(port=port) as smsc:
        starts = starts_until_it_stays(server)
        died = len((tmp_path / "now.log").read_bytes())
        wait_for("the others", lambda: len({m["to"] for m in smsc.messages()}) == OTHERS)
        assert server.rows("SELECT hex(pin), reason FROM message WHERE state = 5") == [
            (poisonous, POISON)]
        status = server.get(f"/2fa/1/pin/{poisonous}/status").json()[0]["status"]
        assert status not in ("MESSAGE_SENT", "MESSAGE_WAITING_DELIVERY"), status
        server.stop()
    tell(f"a message that ends the process: given up after {died} times, {starts} starts, "
         f"{OTHERS} of {OTHERS} others sent")
    assert died == 3


def test_a_damaged_row_fails_alone(tmp_path):
    with Smsc() as closed:
        port = closed.port
    with Server(tmp_path, config=config(port) + "delivery: {accept_wait: 1ms}\n") as server:
        first = queued(server)
        second, third, fourth = [pin for (pin,) in server.rows(
            "SELECT hex(pin) FROM message_all ORDER BY pin DESC LIMIT 3")]
        server.kill()
        server.start()  # what it takes over gets rows in the table of messages
        server.kill()
        change(server, f"UPDATE pin SET salt = x'00' WHERE id = x'{first}'",
               f"UPDATE pin SET pin_type = 99 WHERE id = x'{second}'",
               f"DELETE FROM pin WHERE id = x'{third}'",
               f"UPDATE message SET placeholders = '[]' WHERE pin = x'{fourth}'")
        with Smsc(port=port) as smsc:
            server.start()
            wait_for("the others", lambda: len({m["to"] for m in smsc.messages()}) == OTHERS - 3)
            wait_for("all to be recorded", lambda: server.rows(
                "SELECT count(*) FROM message_all WHERE state < 2") == [(0,)])
            assert server.rows("SELECT hex(pin), reason FROM message WHERE state = 5 "
                                "ORDER BY pin") == sorted(
                (pin, RENDER) for pin in (first, second, third, fourth))
