# SPDX-License-Identifier: Apache-2.0
"""Servers under load: watchword, the sketch and the null handler, and what they cost."""

import json
import os
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from pathlib import Path

START_S = 60
STOP_S = 60
WIDE = {"pinAttempts": 1000, "verifyPinLimit": "1000000/1s", "pinTimeToLive": "1h",
        "sendPinPerApplicationLimit": "1000000000/1d", "sendPinPerPhoneNumberLimit": "1000000/1d"}
LIMITS = "limits: {resends_per_pin: 1000, resend_interval: 0s}\n"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A started program and what the kernel says of it."""

    def __init__(self, words, folder, preload=None):
        self.syncs_file = Path(folder) / f"syncs-{time.monotonic_ns()}"
        self.counted = preload is not None
        env = dict(os.environ)
        if preload:
            env.update(LD_PRELOAD=str(preload), COUNT_SYNCS=str(self.syncs_file))
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=env)
        self.pid = self.process.pid

    def cpu_s(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mb(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def written(self):
        return int(Path(f"/proc/{self.pid}/io").read_text().split("write_bytes: ")[1].split()[0])

    def syncs(self):
        if self.counted and not self.syncs_file.exists():
            raise SystemExit("the syncs are not counted: is bench/count_syncs.c loaded?")
        if not self.counted:
            return 0
        return struct.unpack("=Q", self.syncs_file.read_bytes()[:8])[0]

    def wake_ups(self):
        """How often any of its threads has begun to run after a wait."""
        total = 0
        for status in Path(f"/proc/{self.pid}/task").glob("*/status"):
            total += int(status.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Watchword(Process):
    """The product with a store of its own; PINs come out of a pipe unless it has carriers."""

    def __init__(self, tools, folder, carriers=None, data=None, listeners=""):
        self.folder = Path(folder) / f"watchword-{time.monotonic_ns()}"
        self.folder.mkdir()
        self.data = Path(data) if data else self.folder / "data"
        self.pipe = self.folder / "pins"
        os.mkfifo(self.pipe)
        # somebody has to hold it open, or writing into it would wait
        self.pipe_fd = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
        carriers = carriers or f"- {{name: pipe, type: file, path: {self.pipe}}}\n"
        path = self.folder / "watchword.yaml"
        path.write_text(f"carriers:\n{carriers}listeners:\n- {{address: 127.0.0.1:0}}\n"
                        f"{listeners}{LIMITS}")
        begun = time.monotonic()
        super().__init__([tools.watchword, "serve", "--config", str(path), "--data",
                          str(self.data)], folder, tools.syncs)
        ports = [self.listening() for _ in range(2 if listeners else 1)]
        self.port, self.tls_port = ports[0], ports[-1]
        self.start_s = time.monotonic() - begun
        self.base = f"http://127.0.0.1:{self.port}"
        self.key = (self.data / "api-key").read_text().strip()

    def listening(self):
        for line in self.process.stderr:
            if '"event":"listening"' in line:
                return int(json.loads(line)["address"].rsplit(":", 1)[1])
        raise SystemExit("watchword did not start")

    def drain(self):
        """Nobody reads the pipe just now; what stands in it is old."""
        try:
            while os.read(self.pipe_fd, 1 << 20):
                pass
        except BlockingIOError:
            pass

    def post(self, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {
            "Authorization": f"App {self.key}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def configure(self):
        """An application with wide limits, and a template with the PIN in brackets."""
        self.application = self.post("/2fa/2/applications", {
            "name": "bench", "configuration": WIDE})["applicationId"]
        self.template = self.post(f"/2fa/2/applications/{self.application}/messages", {
            "pinType": "NUMERIC", "pinLength": 6,
            "messageText": "Your PIN is [{{pin}}]"})["messageId"]
        return self

    def target(self):
        body = {"applicationId": self.application, "messageId": self.template, "to": "{to}"}
        return ["--port", str(self.port), "--headers",
                f"Host: 127.0.0.1\r\nAuthorization: App {self.key}\r\n"
                "Content-Type: application/json\r\n",
                "--send-path", "/2fa/2/pin", "--send-body", json.dumps(body, separators=(",", ":")),
                "--verify-path", "/2fa/2/pin/{id}/verify", "--verify-body", '{"pin":"{pin}"}',
                "--resend-path", "/2fa/2/pin/{id}/resend", "--resend-body", "",
                "--pins", str(self.pipe)]

    def stop(self):
        super().stop()
        os.close(self.pipe_fd)


class Other(Process):
    """The sketch or the null handler: they take the same send and know nothing else."""

    def __init__(self, tools, folder, program):
        place = Path(folder) / f"{Path(program).name}-{time.monotonic_ns()}"
        place.mkdir()
        self.port = free_port()
        super().__init__([program, str(place), str(self.port)], folder, tools.syncs)
        if not self.process.stdout.readline():
            raise SystemExit(f"{program} did not start: {self.process.stderr.read()}")

    def target(self):
        body = {"applicationId": "0" * 32, "messageId": "0" * 32, "to": "{to}"}
        return ["--port", str(self.port), "--headers",
                f"Host: 127.0.0.1\r\nAuthorization: App ww_{'0' * 33}\r\n"
                "Content-Type: application/json\r\n",
                "--send-path", "/2fa/2/pin", "--send-body", json.dumps(body, separators=(",", ":"))]


class Snapshot:
    """What a server has used so far."""

    def __init__(self, server):
        self.server = server
        self.cpu, self.written, self.syncs = server.cpu_s(), server.written(), server.syncs()
        self.at = time.monotonic()

    def costs(self, requests):
        """Since then, for each of so many requests."""
        s = self.server
        return {"rss_mb": s.rss_mb(),
                "cpu_ms_per_request": (s.cpu_s() - self.cpu) * 1000 / requests,
                "written_per_request": (s.written() - self.written) / requests,
                "syncs_per_s": (s.syncs() - self.syncs) / (time.monotonic() - self.at)}


def load(tools, server, mix, connections, seconds, *more):
    """One run of the generator against a server: its figures, and the server's costs."""
    generator = subprocess.Popen(
        [tools.load, *server.target(), "--mix", mix, "--connections", str(connections),
         "--seconds", str(seconds), *map(str, more)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    prepared = generator.stdout.readline()
    before = Snapshot(server)
    out, errors = generator.communicate(timeout=seconds + 60)
    if generator.returncode != 0 or not prepared:
        raise SystemExit(f"the generator failed: {errors}")
    figures = json.loads(out)
    counted = sum(k["ok"] + k["status_4xx"] + k["status_5xx"] for k in figures["kinds"].values())
    # the requests of the warm-up cost as much and are not among those that were counted
    requests = max(1, counted * seconds / figures["seconds"])
    figures.update(connections=connections, mix=mix, **before.costs(requests))
    return figures
