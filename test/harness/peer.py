# SPDX-License-Identifier: Apache-2.0
"""The SMSCs that we did not write, as processes."""

import json
import subprocess
import threading
from pathlib import Path

from harness.server import wait_for

PEERS = Path(__file__).parents[1] / "peer"
KINDS = {"node-smpp": ["node", PEERS / "smsc.js"], "Net::SMPP": ["perl", PEERS / "smsc.pl"]}


class Smsc:
    """One of test/peer on a port of its own choice, or on a given one."""

    def __init__(self, *options, port=0, kind="node-smpp"):
        self.process = subprocess.Popen(
            [*KINDS[kind], "--port", str(port), "--password", "secret", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()
        self.port = wait_for("the SMSC", lambda: self.lines)[0]["listening"]

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def messages(self, to=None):
        return [m for m in self.lines if "to" in m and (to is None or m["to"] == to)]

    def said(self, name):
        """The lines of another kind: "bound", "receipt", "cancelled"."""
        return [line for line in self.lines if name in line]

    def message(self, to, count=1):
        return wait_for(f"message {count} to {to}",
                        lambda: (self.messages(to)[count - 1:count] or [None])[0])

    def stop(self):
        self.process.kill()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """What it found wrong with what we sent fails the test."""
        self.stop()
        assert kind is not None or not self.said("fault"), self.said("fault")


def config(port, **more):
    """A configuration with this SMSC as the only carrier."""
    entry = {"name": "main", "type": "smpp", "host": "127.0.0.1", "port": port,
             "system_id": "watchword", "password": "secret", **more}
    carrier = ", ".join(f"{k}: {v}" for k, v in entry.items())
    return f"carriers:\n  - {{{carrier}}}\nlimits: {{resend_interval: 0s}}\n"
