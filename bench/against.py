# SPDX-License-Identifier: Apache-2.0
"""This build beside another one of the same program, in turn and on like stores: sends at
three crowds, guesses that are right and wrong. A pair is one run of each, and which of the
two comes first alternates, so that neither always meets the machine as the other left it.
"""

import statistics
from pathlib import Path

from served import Watchword, load

CROWDS = (64, 256, 1024)


class Elsewhere:
    """The same tools around another build's server."""

    def __init__(self, tools, build):
        self.__dict__.update(vars(tools), watchword=str(Path(build) / "src/server/watchword"))


def rate(figures):
    return sum(k["per_second"] for k in figures["kinds"].values())


def pairs(b, servers, mix, connections, *more):
    """Runs of both: what each gave, by name."""
    runs = {name: [] for name in servers}
    for turn in range(b.options.pairs):
        for name in sorted(servers, reverse=turn % 2 == 1):
            servers[name].drain()
            runs[name].append(load(b.tools, servers[name], mix, connections, b.seconds, *more))
    return runs


def tell(b, what, runs):
    shares = [rate(own) / rate(other) for own, other in zip(runs["own"], runs["the other"])]
    for name, figures in runs.items():
        middle = sorted(figures, key=rate)[len(figures) // 2]
        b.note(f"{what}, {name}", middle,
               (statistics.median(shares), "the other") if name == "own" else None)
    b.say(f"  {len(shares)} pairs: " + " ".join(f"{share:.2f}" for share in shares))


def measure(b):
    carriers = "- {name: none, type: file, path: /dev/null}\n"
    tools = {"own": b.tools, "the other": Elsewhere(b.tools, b.options.against)}
    servers = {name: Watchword(t, t.folder, carriers=carriers).configure()
               for name, t in tools.items()}
    for connections in (64,) if b.options.smoke else CROWDS:
        tell(b, "send", pairs(b, servers, "send=1", connections))
    for server in servers.values():
        server.stop()
    servers = {name: Watchword(t, t.folder).configure() for name, t in tools.items()}
    for kind in ("right", "wrong"):
        tell(b, kind, pairs(b, servers, f"{kind}=1", 64, "--prepare", b.prepared))
    for server in servers.values():
        server.stop()
