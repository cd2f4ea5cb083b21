# SPDX-License-Identifier: Apache-2.0
"""Names of a test's own for a server: its hosts file and its DNS servers, and addresses of
loopback where nobody answers or nobody is."""

import contextlib
import os
import socket
import struct
import threading

from harness.compiled import shim

TYPES = {1: (4, socket.AF_INET), 28: (16, socket.AF_INET6)}
SRV = 33


class Names:
    """`env` is for a server; hosts and servers may change while it runs."""

    def __init__(self, folder):
        self.folder = folder
        self.preload = shim(folder, "names")
        self.hosts({})
        self.servers()

    @property
    def env(self):
        return {"LD_PRELOAD": str(self.preload), "NAMES": str(self.folder),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def hosts(self, names):
        self._put("hosts", "".join(f"{address} {name}\n" for name, addresses in names.items()
                                   for address in addresses))

    def servers(self, *servers):
        """"ADDRESS:PORT" each, of IPv4; none: nobody answers there."""
        pairs = [server.split(":") for server in servers or ["127.0.0.9:9"]]
        self._put("ports", "".join(f"{address} {port}\n" for address, port in pairs))
        self._put("resolv.conf", "".join(f"nameserver {address}\n" for address, _ in pairs))

    def _put(self, name, text):
        new = self.folder / (name + ".new")
        new.write_text(text)
        new.rename(self.folder / name)


def service(priority, weight, port, target):
    """The octets of an SRV record (RFC 2782)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in target.split("."))
    return struct.pack("!HHH", priority, weight, port) + labels + b"\0"


class NameServer:
    """Says of every name what `zone` holds: {name: [addresses]}, of an SRV name [(priority,
    weight, port, target)]; of others that there is none."""

    def __init__(self, zone):
        self.zone = zone
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(4096)
                self.socket.sendto(self._answer(packet), peer)
            except OSError:
                return

    def _answer(self, packet):
        """RFC 1035 4.1; what follows the question is dropped."""
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        kind, = struct.unpack_from("!H", packet, at + 1)
        name = ".".join(labels)
        self.asked.append(name)
        _, family = TYPES.get(kind, (0, None))
        octets = [socket.inet_pton(family, a) for a in self.zone.get(name, [])
                  if family is not None and isinstance(a, str)
                  and (":" in a) == (family == socket.AF_INET6)]
        if kind == SRV:
            octets = [service(*record) for record in self.zone.get(name, [])]
        status = 0x8180 if name in self.zone else 0x8183
        return (packet[:2] + struct.pack("!HHHHH", status, 1, len(octets), 0, 0) + packet[12:at + 5]
                + b"".join(struct.pack("!HHHIH", 0xc00c, kind, 1, 0, len(o)) + o for o in octets))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@contextlib.contextmanager
def black_hole(address, port):
    """Who connects there hears nothing, as behind a firewall that drops."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex((address, port))
        yield


@contextlib.contextmanager
def hangs_up(address, port):
    """Takes every connection and closes it: a balancer with nothing behind it."""
    listener = socket.create_server((address, port))
    taken = []

    def run():
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            taken.append(link.getpeername())
            link.close()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
