# SPDX-License-Identifier: Apache-2.0
"""The same sends and verifies against other servers, which an adapter describes: a JSON
file with `headers` (an object), `send` and `verify` (each {"path", "body"}), in whose
texts {to}, {id} and {pin} stand for what the request names. `id` and `pin` of the
verify are fixed ones, since nobody reads this server's messages: every guess is wrong.

A server must be on this machine: the generator speaks plain HTTP to IPv4 addresses.
"""

import json
import os
import time
import urllib.parse
from pathlib import Path

from served import load


class Stranger:
    """A server that somebody else started; what it costs is not known."""

    def __init__(self, url, adapter):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        headers = {"Host": parts.netloc, "Content-Type": "application/json", **adapter["headers"]}
        lines = "".join(f"{k}: {os.path.expandvars(v)}\r\n" for k, v in headers.items())
        verify = adapter["verify"]
        fixed = {"{id}": adapter.get("id", "0"), "{pin}": adapter.get("pin", "0000")}
        for name, value in fixed.items():
            verify = {k: v.replace(name, value) for k, v in verify.items()}
        self.words = ["--host", self.host, "--port", str(self.port), "--headers", lines,
                      "--verify-path", verify["path"], "--verify-body", verify["body"],
                      "--send-path", adapter["send"]["path"],
                      "--send-body", os.path.expandvars(adapter["send"]["body"])]
        self.as_send = self.words[:-4] + ["--send-path", verify["path"], "--send-body", verify["body"]]

    def target(self):
        return self.words

    def cpu_s(self):
        return 0.0

    rss_mb = written = syncs = cpu_s


def measure(b):
    adapter = json.loads(Path(b.options.adapter).read_text())
    for url in b.options.compare:
        server = Stranger(url, adapter)
        b.note(url, load(b.tools, server, "send=1", 64, b.seconds))
        time.sleep(0.2)
        server.words = server.as_send
        b.note(f"{url} verify", load(b.tools, server, "send=1", 64, b.seconds))
