#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watchword under load on this machine, beside the sketch and the null handler.

usage: script/bench [--smoke] [--only NAME ...] [--seconds S] [--rows N ...] [--days D] [--json FILE]
       script/bench --compare URL --adapter FILE
       script/bench --against BUILD [--pairs N]

Every workload starts servers of its own on fresh stores below --folder: put that on
the disk that matters. What is compared with another is measured in turn with it, in the
same run, and the medians are shown: on a shared machine read the ratios.
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows
from served import Other, Process, Watchword, load

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
PACED_ROUNDS = 7  # of what has a p99 to be compared
PREPARED = 20000
MIX = "send=70,right=20,resend=10"
FLOOD_CONNECTIONS = 6000


class Tools:
    def __init__(self, build, folder):
        self.watchword = str(build / "src/server/watchword")
        self.load = str(build / "bench/bench_load")
        self.sketch = str(build / "bench/bench_sketch")
        self.null = str(build / "bench/bench_null")
        self.syncs = build / "bench/libcount_syncs.so"
        self.folder = folder


class Bench:
    """The options of a run and the rows of its table."""

    def __init__(self, tools, options):
        self.tools = tools
        self.options = options
        self.seconds = 0.5 if options.smoke else options.seconds
        self.rounds = 1 if options.smoke else ROUNDS
        self.prepared = 200 if options.smoke else PREPARED
        self.table = []
        self.said = []

    def served(self, **more):
        return Watchword(self.tools, self.tools.folder, **more).configure()

    def note(self, name, figures, ratio=None):
        for kind, k in figures["kinds"].items():
            if not k["ok"] and not k["unavailable"]:
                raise SystemExit(f"{name}: {kind} had no answer that worked: {figures}")
            self.table.append({"what": name, "kind": kind, "ratio": ratio, **k,
                               **{x: figures[x] for x in figures if x != "kinds"}})
        print_rows(self.table[-len(figures["kinds"]):])

    def say(self, text):
        self.said.append(text)
        print(text, flush=True)


def rate(figures):
    return sum(k["per_second"] for k in figures["kinds"].values())


def median(runs):
    """The run whose rate is the median."""
    return sorted(runs, key=rate)[len(runs) // 2]


def median_paced(runs):
    """Of runs at a pace that was given, whose rates are equal: the one with the median p99."""
    return sorted(runs, key=lambda f: max(k["p99_us"] for k in f["kinds"].values()))[len(runs) // 2]


# ---- the table ----

COLUMNS = (("what", "{what:<24}"), ("request", "{kind:<7}"), ("conns", "{connections:>6}"),
           ("a second", "{per_second:>9.0f}"), ("p50 ms", "{p50:>8.2f}"), ("p99 ms", "{p99:>8.2f}"),
           ("p99.9 ms", "{p999:>9.2f}"), ("CPU s/1000", "{cpu_ms_per_request:>10.4f}"),
           ("RSS MB", "{rss_mb:>7.1f}"), ("octets/req", "{written_per_request:>10.0f}"),
           ("fsyncs/s", "{syncs_per_s:>8.0f}"), ("503", "{unavailable:>7}"), ("ratio", "{share}"))


def print_head():
    print("  ".join(c[0].ljust(len(c[1].format(**BLANK))) for c in COLUMNS), flush=True)


BLANK = {"what": "", "kind": "", "connections": 0, "per_second": 0, "p50": 0, "p99": 0, "p999": 0,
         "cpu_ms_per_request": 0, "rss_mb": 0, "written_per_request": 0, "syncs_per_s": 0,
         "unavailable": 0, "share": ""}


def print_rows(table):
    for r in table:
        share = "" if r["ratio"] is None else f"{r['ratio'][0]:.2f} of {r['ratio'][1]}"
        print("  ".join(c[1].format(**{**r, "p50": r["p50_us"] / 1000, "p99": r["p99_us"] / 1000,
                                       "p999": r["p999_us"] / 1000, "share": share})
                        for c in COLUMNS).rstrip(), flush=True)


# ---- workloads ----

def send(b):
    """Sends beside the sketch and the null handler, in turn, at three crowds. Nobody reads
    PINs here, as the sketch has none: reading them would be the generator's work."""
    own = b.served(carriers="- {name: none, type: file, path: /dev/null}\n")
    sketch = Other(b.tools, b.tools.folder, b.tools.sketch)
    null = Other(b.tools, b.tools.folder, b.tools.null)
    for connections in (64,) if b.options.smoke else (64, 256, 1024):
        runs = {"null handler": [], "sketch": [], "send": []}
        for _ in range(b.rounds):
            for name, server in (("null handler", null), ("sketch", sketch), ("send", own)):
                runs[name].append(load(b.tools, server, "send=1", connections, b.seconds))
        for name in runs:
            shares = [rate(a) / rate(s) for a, s in zip(runs[name], runs["sketch"])]
            b.note(name, median(runs[name]), (statistics.median(shares), "sketch"))
    for server in (own, sketch, null):
        server.stop()


def verify(b):
    """Right and wrong guesses, in turn with sends; then a half of the peak, open loop."""
    own = b.served()
    runs = {"send": [], "right": [], "wrong": []}
    for _ in range(b.rounds):
        for kind in runs:
            own.drain()
            runs[kind].append(load(b.tools, own, f"{kind}=1", 64, b.seconds, "--prepare",
                                   b.prepared))
    for kind in runs:
        shares = [rate(a) / rate(s) for a, s in zip(runs[kind], runs["send"])]
        b.note("verify" if kind != "send" else "send", median(runs[kind]),
               (statistics.median(shares), "send"))
    half = rate(median(runs["right"])) / 2
    b.note("verify at half the peak", median_paced([load(
        b.tools, own, "right=1", 256, b.seconds, "--prepare", b.prepared, "--rate", half)
        for _ in range(b.rounds)]))
    own.stop()


def others(b):
    """Resends; a person's send and verify; the mix with a thousand connections."""
    own = b.served()
    for name, mix, connections in (("resend", "resend=1", 64), ("send, then verify", "flow=1", 64),
                                   ("mixed 70/20/10", MIX, 64 if b.options.smoke else 1024)):
        own.drain()
        b.note(name, median([load(b.tools, own, mix, connections, b.seconds, "--prepare",
                                  b.prepared) for _ in range(b.rounds)]))
    own.stop()


def idle(b):
    """What it costs to do nothing; and ten thousand connections beside a load."""
    own = b.served()
    time.sleep(1)
    before, seconds = own.wake_ups(), 1 if b.options.smoke else 10
    time.sleep(seconds)
    b.say(f"idle: RSS {own.rss_mb():.1f} MB, {(own.wake_ups() - before) / seconds:.1f} wake-ups a second")
    crowd = 200 if b.options.smoke else 10000
    pace = rate(load(b.tools, own, "send=1", 64, b.seconds)) / 2
    besides = {"nobody idle": contextlib.nullcontext, f"{crowd} idle": lambda: Crowd(own.port, crowd),
               f"{2 * crowd} open files": lambda: Files(crowd)}
    runs = {name: [] for name in besides}
    for _ in range(1 if b.options.smoke else PACED_ROUNDS):
        for name, beside in besides.items():
            with beside():
                runs[name].append(load(b.tools, own, "send=1", 64, b.seconds, "--rate", pace))
    for name, figures in runs.items():
        b.note(f"half load, {name}", median_paced(figures))
    own.stop()


def raise_file_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


class Crowd:
    """Connections that are open and say nothing."""

    def __init__(self, port, count):
        raise_file_limit()
        self.all = [socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{2 + i % 8}", 0))
                    for i in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.all:
            s.close()


class Files:
    """As many descriptors as such connections have, in two processes as well, and nothing
    behind them: what a machine does about descriptors (an agent that lists those of all
    processes, say) is no cost of connections."""

    OPEN = "import os, sys; all = [os.open(os.devnull, 0) for _ in range(int(sys.argv[1]))]; print(); input()"

    def __init__(self, count):
        raise_file_limit()
        self.all = [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]
        self.other = subprocess.Popen([sys.executable, "-c", self.OPEN, str(count)], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.other.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.other.communicate("\n")
        for fd in self.all:
            os.close(fd)


def tls(b):
    """Sends over TLS, kept alive, by wrk; beside plain ones by the same generator."""
    import tlsload
    for name, figures in tlsload.measure(b):
        b.note(name, figures)


def filled(b, count):
    """A server on a store that holds so many rows already."""
    own = b.served()
    own.stop()
    rows.fill(own.data / "watchword.db", count, own.application, own.template, b.options.days)
    Watchword(b.tools, b.tools.folder, data=own.data).stop()  # it makes what the filling leaves to it
    again = Watchword(b.tools, b.tools.folder, data=own.data)
    again.application, again.template = own.application, own.template
    return again


def stored(b):
    """The same load on stores that hold many rows, each in turn with one that has the fewest."""
    counts = b.options.rows or ([1000] if b.options.smoke else [10_000, 1_000_000])
    for count in counts:
        many = filled(b, count)
        few = filled(b, counts[0]) if count != counts[0] else many
        b.say(f"{count} rows: ready after {many.start_s:.2f} s, "
              f"{os.path.getsize(many.data / 'watchword.db') / 1e6:.0f} MB")
        for mix in ("send=1", "right=1"):
            runs, shares = [], []
            for _ in range(b.rounds):
                base = load(b.tools, few, mix, 64, b.seconds, "--prepare", b.prepared)
                runs.append(base if few is many else
                            load(b.tools, many, mix, 64, b.seconds, "--prepare", b.prepared))
                shares.append(rate(runs[-1]) / rate(base))
            b.note(f"{count} rows", median(runs), (statistics.median(shares), "fewest rows"))
        many.stop()
        if few is not many:
            few.stop()


def overload(b):
    """Three and ten times what it can do, as requests that are due whatever happens. Every kind
    has connections of its own, by its part of the mix, as programs have that send and programs
    that verify; what finds none of them free within a second is never sent. The peak is
    measured anew before every round, with the same mix."""
    own = b.served()
    connections = 200 if b.options.smoke else FLOOD_CONNECTIONS
    runs = {"the peak": [], 1: [], 3: [], 10: []}
    for _ in range(b.rounds):
        runs["the peak"].append(load(b.tools, own, MIX, 256, b.seconds, "--prepare", b.prepared))
        peak = rate(runs["the peak"][-1])
        for factor in (1, 3, 10):
            figures = load(b.tools, own, MIX, connections, b.seconds, "--prepare", b.prepared,
                           "--rate", peak * factor, "--apart")
            runs[factor].append({**figures, "share": rate(figures) / peak, "offered": peak * factor})
    b.note("the peak", median(runs["the peak"]))
    for factor in (1, 3, 10):
        figures = sorted(runs[factor], key=lambda f: f["share"])[b.rounds // 2]
        b.note(f"{factor} x the peak", figures, (figures["share"], "peak"))
        b.say(of_overload(figures))
    own.stop()


def of_overload(figures):
    """What the table has no column for."""
    kinds = figures["kinds"]
    answered = sum(k["per_second"] + k["unavailable"] / figures["seconds"] for k in kinds.values())
    served = ", ".join(f"{name} {k['service_p50_us'] / 1000:.0f} and {k['service_p99_us'] / 1000:.0f}"
                       for name, k in kinds.items())
    return (f"  offered {figures['offered']:.0f} a second, answered {answered:.0f}, the rest found no free "
            f"connection; p50 and p99 since they were sent, in ms: {served}; the generator took "
            f"{figures['generator_cpu_s'] / figures['seconds'] * 0.9:.2f} of a core")


def smpp(b):
    """Sends through an SMSC that we did not write."""
    sys.path.insert(0, str(ROOT / "test"))
    from harness.peer import Smsc
    with Smsc() as smsc:
        own = b.served(carriers="- {name: main, type: smpp, host: 127.0.0.1, "
                       f"port: {smsc.port}, system_id: watchword, password: secret, window: 100}}\n")
        before = len(smsc.messages())
        figures = load(b.tools, own, "send=1", 64, b.seconds)
        b.note("send through SMPP", figures)
        time.sleep(0.5)
        b.say(f"the SMSC has taken {len(smsc.messages()) - before} messages")
        own.stop()


WORKLOADS = {"send": send, "verify": verify, "others": others, "idle": idle, "tls": tls,
             "stored": stored, "overload": overload, "smpp": smpp}


# ---- the machine ----

def sync_us(folder):
    """The median time of an fdatasync after a write of one page."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as f:
        for _ in range(300):
            os.pwrite(f.fileno(), b"x" * 4096, 0)
            begun = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(times)


def describe(folder):
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().split("\n")
                if line.startswith("model name")), "unknown")
    return (f"{os.cpu_count()} cores of {cpu}; Linux {platform.release()}; "
            f"fdatasync {sync_us(folder):.0f} us; the generator runs on the same cores")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--folder", default=str(ROOT / "build"))
    parser.add_argument("--only", nargs="+", choices=WORKLOADS)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rows", nargs="+", type=int)
    parser.add_argument("--days", type=float, default=rows.DAYS,
                        help="of the rows; within the last two sends look at all of them")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--compare", nargs="+", metavar="URL")
    parser.add_argument("--adapter")
    parser.add_argument("--against", metavar="BUILD", help="the build folder of another version")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-") as folder:
        tools = Tools(Path(options.build), folder)
        bench = Bench(tools, options)
        print(describe(folder))
        print_head()
        if options.compare:
            import compare
            compare.measure(bench)
        elif options.against:
            import against
            against.measure(bench)
        else:
            for name in options.only or WORKLOADS:
                WORKLOADS[name](bench)
    if options.json:
        Path(options.json).write_text(json.dumps({"table": bench.table, "said": bench.said}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
