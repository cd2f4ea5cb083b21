# SPDX-License-Identifier: Apache-2.0
"""Callers at a rate that Python's threads would not reach, as a process (node)."""

import json
import subprocess
import threading
from pathlib import Path

from harness.server import wait_for

SCRIPT = Path(__file__).parents[1] / "peer/load.js"


class Load:
    """Rounds of sends; what was answered with MESSAGE_SENT stands in `accepted`."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.accepted = {}  # number -> pinId
        self.rounds = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            self.accepted.update(said.get("accepted", []))
            if "over" in said:
                self.rounds.append(said["over"])

    def _say(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def begin(self, server, application, template, prefix, rate, callers=64):
        self._say(port=int(server.address[1]), key=server.key, application=application,
                  template=template, prefix=prefix, rate=rate, callers=callers)

    def end(self, rounds):
        """Waits for the end of so many rounds, which a kill of the server also is."""
        wait_for("the end of a round", lambda: len(self.rounds) >= rounds, 60)

    def stop(self):
        self._say(stop=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)
