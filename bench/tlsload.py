# SPDX-License-Identifier: Apache-2.0
"""Sends over TLS and plain by one generator, wrk, which speaks both."""

import json
import re
import subprocess

from served import Snapshot

CONNECTIONS = 64
SCRIPT = """
wrk.method = "POST"
wrk.headers["Authorization"] = "App %(key)s"
wrk.headers["Content-Type"] = "application/json"
local lanes, n = 0, 0
function setup(thread) thread:set("lane", lanes); lanes = lanes + 1 end
request = function()
  n = n + 1
  return wrk.format(nil, "/2fa/2/pin", nil, string.format('%(body)s', lane, n * 7919 %% 100000000))
end
"""
UNITS = {"us": 1, "ms": 1e3, "s": 1e6}


def certificate(folder):
    """A certificate for 127.0.0.1 and its key, P-256 as a server of today has it."""
    paths = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", str(paths[1]), "-out", str(paths[0])],
                   check=True, capture_output=True)
    return paths


def wrk(server, url, script, seconds):
    before = Snapshot(server)
    done = subprocess.run(["wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, int(seconds))}s",
                           "-s", str(script), url], capture_output=True, text=True, check=True)
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    at = {p: float(v) * UNITS[u] for p, v, u in
          re.findall(r"\s(\d+)%\s+([\d.]+)(us|ms|s)", done.stdout)}
    kind = {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
            "p50_us": at["50"], "p99_us": at["99"], "p999_us": float("nan"), "unavailable": 0,
            "ok": requests - (int(bad[1]) if bad else 0)}
    return {"kinds": {"send": kind}, "connections": CONNECTIONS, **before.costs(max(1, requests))}


def measure(b):
    """Yields (name, figures): plain and TLS in turn, the medians."""
    from run import median
    from pathlib import Path
    crt, key = certificate(Path(b.tools.folder))
    # nobody reads a pipe here, and a full one would hold the carrier up
    own = b.served(carriers="- {name: none, type: file, path: /dev/null}\n",
                   listeners=f"- {{address: 127.0.0.1:0, certificate: {crt}, key: {key}}}\n")
    body = json.dumps({"applicationId": own.application, "messageId": own.template,
                       "to": "4917%d%08d"}, separators=(",", ":"))
    script = own.folder / "send.lua"
    script.write_text(SCRIPT % {"key": own.key, "body": body})
    urls = {"send by wrk, plain": own.base, "send by wrk, TLS": f"https://127.0.0.1:{own.tls_port}"}
    runs = {name: [] for name in urls}
    for _ in range(b.rounds):
        for name, url in urls.items():
            runs[name].append(wrk(own, url, script, b.seconds))
    own.stop()
    for name in urls:
        yield name, median(runs[name])
