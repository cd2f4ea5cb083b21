# SPDX-License-Identifier: Apache-2.0
"""kill -9 while 2,000 messages a second flow to an SMSC, fifty times; its log is the judge."""

import random
import time
from collections import Counter, defaultdict

import pytest

from harness.load import Load
from harness.peer import Smsc, config
from harness.server import PIN, Server, wait_for

KILLS = 50
RATE = 2000
WINDOW = 100
LIFE_S = 2
LEAST_S, LONGEST_S = 0.3, 0.7
LATE_EVERY = 10  # kills after which the server stays away for longer than a PIN's life
FINAL = {3: "accepted", 4: "delivered", 5: "failed", 6: "expired"}


class Flow:
    """What happened in fifty runs: what callers were told, and what the SMSC saw."""

    def __init__(self, load, lines, server):
        self.accepted = load.accepted
        self.rounds = load.rounds
        self.states = states_of(server)
        self.committed = {**pins_of(server), **load.accepted}  # number -> pinId
        self.runs = defaultdict(Counter)  # number -> how often in which bind
        self.pins = defaultdict(set)
        self.at = {}
        bind = 0
        for line in lines:
            bind += "bound" in line
            if "to" in line:
                self.runs[line["to"]][bind] += 1
                self.pins[line["to"]].add(PIN.search(line["text"])[1])
                self.at[line["to"]] = max(line["at"], self.at.get(line["to"], 0))
        self.binds = bind

    def lost(self):
        """Neither at the SMSC nor visibly over."""
        return [to for to, pin_id in self.committed.items()
                if to not in self.runs and self.states.get(pin_id) not in (5, 6)]

    def late(self):
        return [to for to, pin_id in self.committed.items()
                if to in self.at and self.at[to] > int(pin_id[:12], 16) + LIFE_S * 1000]

    def duplicates(self):
        """Extra copies by the bind in which they came."""
        extra = Counter()
        for binds in self.runs.values():
            for bind, count in binds.items():
                extra[bind] += count - (1 if bind == min(binds) else 0)
        return +extra


def kill_once(server, load, application, template, seed):
    with_dice = random.Random(seed)
    load.begin(server, application, template, f"417{seed:02d}", RATE)
    wait_for("an answer", lambda: any(to.startswith(f"417{seed:02d}")
                                      for to in list(load.accepted)[-200:]))
    time.sleep(with_dice.uniform(LEAST_S, LONGEST_S))
    server.kill()
    load.end(seed + 1)
    if seed % LATE_EVERY == LATE_EVERY - 1:
        time.sleep(LIFE_S + 0.1)
    server.start()


def rows_of(server, query):
    return dict(server.rows(query))


def states_of(server):
    return rows_of(server, "SELECT hex(pin), max(state) FROM message_all GROUP BY pin")


def pins_of(server):
    return rows_of(server, "SELECT destination, hex(id) FROM pin")


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    with Smsc() as smsc, Load() as load:
        with Server(tmp_path_factory.mktemp("outbox"),
                    config=config(smsc.port, window=WINDOW)) as server:
            application = server.application(
                pinTimeToLive=f"{LIFE_S}s", sendPinPerApplicationLimit="10000000/1d")
            template = server.template(application)
            for seed in range(KILLS):
                server.event("carrier_up")
                kill_once(server, load, application, template, seed)
            wait_for("every fate to be known", lambda: not any(
                state < 2 for state in states_of(server).values()), 30)
            yield Flow(load, list(smsc.lines), server)


def test_nothing_accepted_is_lost_and_nothing_comes_late(flow, tell):
    sent = sum(r["sent"] for r in flow.rounds)
    seconds = sum(r["ms"] for r in flow.rounds) / 1000
    expired = sum(state == 6 for state in flow.states.values())
    extra = flow.duplicates()
    tell(f"kill -9 x {KILLS} under {sent / seconds:.0f} sends/s: {len(flow.accepted)} accepted, "
         f"lost {len(flow.lost())}, late {len(flow.late())}, expired visibly {expired}, "
         f"duplicated {sum(extra.values())}, at most {max(extra.values(), default=0)} a crash "
         f"(window {WINDOW})")
    assert len(flow.accepted) > KILLS * 100
    assert flow.binds == KILLS + 1
    assert set(flow.accepted.values()) <= set(flow.states)
    assert flow.lost() == []
    assert flow.late() == []
    assert expired > 0, "nothing was open when the server stayed away"


def test_a_crash_duplicates_at_most_the_window_and_only_the_same_pin(flow):
    assert all(count <= WINDOW for count in flow.duplicates().values()), flow.duplicates()
    assert [to for to, pins in flow.pins.items() if len(pins) != 1] == []


def test_every_message_has_a_fate(flow):
    assert {FINAL.get(state) for state in flow.states.values()} <= {"accepted", "expired"}
