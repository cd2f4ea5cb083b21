# SPDX-License-Identifier: Apache-2.0
"""How fast messages reach an SMSC, beside a plain client of the library it is made of."""

import subprocess
from pathlib import Path

from harness.load import Load
from harness.peer import Smsc, config
from harness.server import Server, wait_for

CLIENT = Path(__file__).parents[1] / "peer/client.js"
MESSAGES = 10000
WINDOW = 100
LEAST = 0.8


def rate_of(messages):
    """By the SMSC's own clock, from the first message to the last."""
    at = sorted(m["at"] for m in messages)
    assert len(at) == MESSAGES
    return MESSAGES / max((at[-1] - at[0]) / 1000, 0.001)


def of_the_plain_client():
    with Smsc() as smsc:
        subprocess.run(["node", str(CLIENT), str(smsc.port), str(MESSAGES), str(WINDOW)],
                       check=True, timeout=60)
        wait_for("every line", lambda: len(smsc.messages()) >= MESSAGES)
        return rate_of(smsc.messages())


def of_watchword(folder):
    """What has queued up while the SMSC was away, until the last of it is there."""
    with Smsc() as closed:
        port = closed.port
    quick = "delivery: {accept_wait: 1ms}\n"
    with Load() as load, Server(folder, config=config(port, window=WINDOW) + quick) as server:
        application = server.application(sendPinPerApplicationLimit="10000000/1d")
        load.begin(server, application, server.template(application), "4176", 1000000, 64)
        wait_for("a queue", lambda: len(load.accepted) >= MESSAGES, 60)
        load.stop()
        load.end(1)
        with Smsc(port=port) as smsc:
            wait_for("every message", lambda: len(smsc.messages()) >= len(load.accepted), 60)
            return rate_of(smsc.messages()[:MESSAGES])


def test_messages_reach_the_smsc_nearly_as_fast_as_from_a_plain_client(tmp_path, tell):
    plain = of_the_plain_client()
    ours = of_watchword(tmp_path)
    tell(f"to the SMSC at window {WINDOW}: {ours:.0f} messages/s, a plain client of its library "
         f"{plain:.0f}/s, ratio {ours / plain:.2f}")
    assert ours >= LEAST * plain
