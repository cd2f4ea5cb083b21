# SPDX-License-Identifier: Apache-2.0
"""Kannel, an SMS gateway that we did not write, in front of an SMSC: bearerbox and smsbox
as processes on loopback."""

import os
import shutil
import socket
import subprocess
import urllib.request

from harness.server import wait_for

# Groups are parted by blank lines.
CONFIG = """\
group = core
admin-port = {admin}
admin-interface = "127.0.0.1"
admin-password = secret
smsbox-port = {box}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = peer
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = watchword
smsc-password = secret
system-type = ""
interface-version = 34

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
sendsms-interface = "127.0.0.1"
global-sender = 1234

group = sendsms-user
username = watchword
password = kannel-secret

group = sms-service
keyword = default
text = "nothing"
"""


def free_ports(count):
    """Ports that nobody listens on just now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for one in held:
        one.close()
    return ports


def binary(name):
    """Debian has them where only root looks."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


class Kannel:
    """Sends by the SMSC on that port."""

    def __init__(self, folder, smsc_port):
        self.admin, box, self.port = free_ports(3)
        self.log = folder / "kannel.log"
        file = folder / "kannel.conf"
        file.write_text(CONFIG.format(admin=self.admin, box=box, smsc=smsc_port,
                                      send=self.port))
        self.processes = []
        self._start("bearerbox", file)
        wait_for("the bearerbox to be bound", lambda: "online" in self._status())
        self._start("smsbox", file)
        wait_for("the smsbox", self._listens)
        wait_for("the smsbox at the bearerbox", lambda: "smsbox" in self._status().split(
            "Box connections")[-1])

    def _start(self, name, file):
        log = open(self.log, "ab")
        self.processes.append(subprocess.Popen([binary(name), "-v", "2", str(file)],
                                               stdout=log, stderr=log, cwd=file.parent))
        log.close()

    def _status(self):
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.admin}/status.txt", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
