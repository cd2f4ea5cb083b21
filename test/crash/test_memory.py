# SPDX-License-Identifier: Apache-2.0
"""What connections cost in memory, of the release build."""

import json
import socket
from pathlib import Path

from harness.raw import Raw
from harness.server import Server

SILENT = 1000
SILENT_KIB_MAX = 2
BUSY = 300
AHEAD = 48 * 1024
BUSY_KIB_MAX = 32
NOWHERE = "carriers:\n- {name: main, type: smpp, host: 127.0.0.1, port: %d, system_id: a, password: b}\n"


def kib(server, what):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0])


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def used_once(server):
    """A connection that had its answer and stays open."""
    c = Raw(server)
    c.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
    c.response()
    return c


def test_an_idle_connection_costs_little_more_than_its_socket(tmp_path):
    with Server(tmp_path) as server:
        warm = [used_once(server) for _ in range(50)]
        before = kib(server, "VmRSS")
        idle = [used_once(server) for _ in range(SILENT)]
        each = (kib(server, "VmRSS") - before) / SILENT
        for c in warm + idle:
            c.close()
        assert each < SILENT_KIB_MAX, f"{each:.1f} KiB each"


def test_what_comes_ahead_of_its_turn_waits_outside(tmp_path):
    with Server(tmp_path, config=NOWHERE % closed_port()) as server:
        application = server.application()
        template = server.template(application)
        body = json.dumps({"applicationId": application, "messageId": template,
                           "to": "41790000001"}).encode()
        ask = (b"POST /2fa/2/pin?ncNeeded=false HTTP/1.1\r\nHost: a\r\nAuthorization: App " +
               server.key.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        all_of_them = [Raw(server) for _ in range(BUSY)]
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # the peak from here on
        before = kib(server, "VmHWM")
        for c in all_of_them:
            c.send(ask + b"\r\n" * (AHEAD // 2))  # empty lines before a request are allowed
        for c in all_of_them:
            assert c.response()[0] == 200
            c.close()
        each = (kib(server, "VmHWM") - before) / BUSY
        assert each < BUSY_KIB_MAX, f"{each:.1f} KiB each"
