# SPDX-License-Identifier: Apache-2.0
"""The DNS server that we did not write (Knot), with an ENUM tree of a test's own."""

import re
import socket
import subprocess

from harness.server import wait_for

ZONE = "enum.test"
BROKEN = "broken.test"  # configured, but its file is not there: SERVFAIL
CONFIG = """
server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: "{folder}/knot.sock"
database:
    storage: "{folder}"
mod-stats:
  - id: all
    request-protocol: on
template:
  - id: default
    storage: "{folder}"
    global-module: mod-stats/all
zone:
  - domain: {zone}
    file: "enum.zone"
  - domain: {broken}
    file: "missing.zone"
log:
  - target: stderr
    any: warning
"""
HEAD = """$ORIGIN {zone}.
@ 60 SOA ns hostmaster 1 3600 600 86400 1
@ 60 NS ns
ns 60 A 127.0.0.1
"""


def name(number):
    """The owner of a number's records, below the zone."""
    return ".".join(reversed(number))


def naptr(number, services, order=10, preference=10, flags="u", regexp="!^.*$!data:,x!"):
    return f'{name(number)} 60 NAPTR {order} {preference} "{flags}" "{services}" "{regexp}" .\n'


def free_port():
    """One that UDP and TCP both have free just now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


class Dns:
    """knotd with one zone of the given lines."""

    def __init__(self, folder, records):
        self.folder = folder
        self.port = free_port()
        (folder / "enum.zone").write_text(HEAD.format(zone=ZONE) + "".join(records))
        self.conf = folder / "knot.conf"
        self.conf.write_text(CONFIG.format(
            port=self.port, folder=folder, zone=ZONE, broken=BROKEN))
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(self.conf)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("knotd", self._answers)

    def _answers(self):
        assert self.process.poll() is None, "knotd ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def queries(self):
        """How many came over UDP so far."""
        said = subprocess.run(
            ["/usr/sbin/knotc", "-c", str(self.conf), "stats", "mod-stats.request-protocol"],
            capture_output=True, text=True, check=True, timeout=10).stdout
        return sum(map(int, re.findall(r"udp4\] = (\d+)", said)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
