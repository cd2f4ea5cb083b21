#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends and verifies a second with wrk, on the file carrier that writes to /dev/null.

usage: tools/bench/run.py [--binary FILE] [--connections 64] [--seconds 10]

Starts a server of its own on a directory of its own (under --folder: put that on
the disk that matters), and prints one line for each kind of request.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "carriers: [{name: none, type: file, path: /dev/null}]\nlog: {level: info}\n"
WIDE = {"pinAttempts": 1000, "verifyPinLimit": "1000000/1s",
        "sendPinPerApplicationLimit": "1000000000/1d", "sendPinPerPhoneNumberLimit": "1000000/1d"}
LUA = """
wrk.method = "POST"
wrk.headers["Authorization"] = "App %(key)s"
wrk.headers["Content-Type"] = "application/json"
local threads = 0
function setup(thread) thread:set("lane", threads); threads = threads + 1 end
local n = 0
%(more)s
"""
SEND = """
request = function()
  n = n + 1
  local to = string.format("41%%02d%%09d", lane, n)
  return wrk.format(nil, "/2fa/2/pin", nil,
    '{"applicationId":"%(app)s","messageId":"%(template)s","to":"' .. to .. '"}')
end
"""
VERIFY = """
local ids = {}
for id in io.lines("%(ids)s") do ids[#ids + 1] = id end
request = function()
  n = n + 1
  local id = ids[(n * 2 + lane) %% #ids + 1]
  return wrk.format(nil, "/2fa/2/pin/" .. id .. "/verify", nil, '{"pin":"x"}')
end
"""


def post(base, key, path, body):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {
        "Authorization": f"App {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def start(binary, folder):
    config = folder / "bench.yaml"
    config.write_text(CONFIG)
    process = subprocess.Popen([binary, "serve", "--config", str(config), "--data",
                                str(folder / "data"), "--listen", "127.0.0.1:0"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "listening":
            return process, "http://" + event["address"]
    raise SystemExit("the server did not start")


def wrk(base, script, options):
    done = subprocess.run(
        ["wrk", "--latency", "-t2", f"-c{options.connections}", f"-d{options.seconds}s", "-s",
         str(script), base], capture_output=True, text=True, check=True)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
            "p50": re.search(r"50%\s+(\S+)", done.stdout)[1],
            "p99": re.search(r"99%\s+(\S+)", done.stdout)[1], "refused": int(bad[1]) if bad else 0}


def measure(base, key, folder, options):
    app = post(base, key, "/2fa/2/applications", {"name": "b", "configuration": WIDE})
    app = app["applicationId"]
    template = post(base, key, f"/2fa/2/applications/{app}/messages", {
        "pinType": "NUMERIC", "pinLength": 6, "messageText": "Your PIN is {{pin}}"})["messageId"]
    ids = folder / "ids"
    ids.write_text("\n".join(post(base, key, "/2fa/2/pin", {
        "applicationId": app, "messageId": template, "to": f"4170{n:07d}"})["pinId"]
        for n in range(options.pins)))
    for name, more in (("sends", SEND), ("verifies", VERIFY)):
        values = {"app": app, "template": template, "ids": ids}
        script = folder / f"{name}.lua"
        script.write_text(LUA % {"key": key, "more": more % values})
        result = wrk(base, script, options)
        print(f"{name:9} {result['rate']:9.0f}/s  p50 {result['p50']:>8}  p99 {result['p99']:>8}"
              f"  not 2xx: {result['refused']}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/src/server/watchword"))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--pins", type=int, default=2000)
    parser.add_argument("--folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        process, base = start(options.binary, folder)
        try:
            time.sleep(0.1)
            key = (folder / "data/api-key").read_text().strip()
            measure(base, key, folder, options)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
