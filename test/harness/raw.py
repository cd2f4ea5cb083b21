# SPDX-License-Identifier: Apache-2.0
"""HTTP octet by octet, for what no client library would send."""

import json
import socket

from harness import described


class Raw:
    """A connection to a server; reads responses as RFC 9112 frames them."""

    def __init__(self, server, timeout=15):
        self.socket = socket.create_connection((server.address[0], int(server.address[1])), timeout)
        self.left = b""

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())
        return self

    def end(self):
        """No more from us."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def _more(self):
        got = self.socket.recv(65536)
        self.left += got
        return bool(got)

    def response(self):
        """(status, headers by lower-case name, JSON or text of the body)."""
        while b"\r\n\r\n" not in self.left:
            assert self._more(), f"closed after {self.left!r}"
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {k.lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:])}
        if status == 100:
            return status, headers, ""
        length = int(headers["content-length"])
        while len(self.left) < length:
            assert self._more(), "closed within a body"
        body, self.left = self.left[:length], self.left[length:]
        body = json.loads(body) if body else ""
        described.check_refusal(status, body)
        return status, headers, body

    def is_closed(self):
        """Waits for the other side to close; octets before that are a fault."""
        try:
            return not self.left and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()
