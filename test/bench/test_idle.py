# SPDX-License-Identifier: Apache-2.0
"""A server with nothing to do lets the machine sleep, and notices all the same what another
process does to its keys."""

import time
from pathlib import Path

from harness.access import new_key, status_of, wait_until
from harness.server import wait_for

RSS_MB = 20
# At most one a second is the promise; one that is asleep is not woken at all, and a look
# each second would be seen.
WAKE_UPS, WINDOW_S = 2, 4
# What follows the last request (the store looks around, connections are still looked after).
SETTLED_S = 20


def status(server, task="self"):
    folder = f"/proc/{server.process.pid}" + ("" if task == "self" else f"/task/{task}")
    return dict(line.split(":", 1) for line in Path(folder, "status").read_text().splitlines())


def wake_ups(server):
    """How often each thread has begun to run after a wait."""
    said = [status(server, task.name)
            for task in Path(f"/proc/{server.process.pid}/task").iterdir()]
    return {s["Name"].strip(): int(s["voluntary_ctxt_switches"]) for s in said}


def woken(server, seconds):
    before = wake_ups(server)
    time.sleep(seconds)
    return {name: n - before[name] for name, n in wake_ups(server).items() if n != before[name]}


def wait_until_idle(server):
    """For a window without housekeeping, which once a minute wakes several threads at once."""
    def still():
        seen = woken(server, WINDOW_S)
        return sum(seen.values()) <= WAKE_UPS and [seen]
    return wait_for("a server with nothing to do to be asleep", still, SETTLED_S)[0]


def test_a_server_with_nothing_to_do_sleeps(fresh, tell):
    server = fresh()
    seen = wait_until_idle(server)
    rss = int(status(server)["VmRSS"].split()[0]) / 1024
    tell(f"idle: {sum(seen.values()) / WINDOW_S:.2f} wake-ups a second ({seen}), RSS {rss:.1f} MB")
    assert rss < RSS_MB


def test_a_server_that_sleeps_learns_of_a_key_that_another_process_revokes(fresh):
    server = fresh()
    key = new_key(server)
    assert status_of(server, key) == 200
    wait_until_idle(server)
    server.command("key", "revoke", "-", typed=key.split()[1] + "\n")
    wait_until(server, key, 401, seconds=1)
