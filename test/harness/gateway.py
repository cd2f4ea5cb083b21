# SPDX-License-Identifier: Apache-2.0
"""An HTTP gateway of ours that answers as it is told, also as no real one would."""

import socket
import ssl
import struct
import threading
import time
from urllib.parse import parse_qsl, urlsplit

from harness.server import wait_for

# What an answer may be instead of (status, body) or (status, body, headers).
RESET, CLOSE, SILENT, HALF, HUGE, SLOW = "reset", "close", "silent", "half", "huge", "slow"


class Request:
    """One that came: method, path, query and form as dicts, headers, body."""

    def __init__(self, head, body):
        first, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ", 2)
        self.headers = {name.lower(): value.strip()
                        for name, value in (f.split(":", 1) for f in fields if f)}
        self.body = body
        self.path = urlsplit(self.target).path
        self.query = dict(parse_qsl(urlsplit(self.target).query))
        self.form = dict(parse_qsl(body.decode("utf-8", "replace")))
        self.at = time.monotonic()


class Gateway:
    """Listens on 127.0.0.1; `answer` maps a Request to what is answered."""

    def __init__(self, answer, certificate=None, port=0):
        self.answer = answer
        self.requests = []
        self.connections = 0
        self.stopped = threading.Event()
        self.tls = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            if self.tls is not None:
                link = self.tls.wrap_socket(link, server_side=True)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            octets = b""
            while self._one(link, octets):
                octets = b""
        except OSError:
            pass
        finally:
            link.close()

    def _one(self, link, octets):
        while b"\r\n\r\n" not in octets:
            more = link.recv(65536)
            if not more:
                return False
            octets += more
        head, body = octets.split(b"\r\n\r\n", 1)
        request = Request(head, b"")
        while len(body) < int(request.headers.get("content-length", 0)):
            body += link.recv(65536)
        request = Request(head, body)
        self.requests.append(request)
        return self._reply(link, self.answer(request))

    def _reply(self, link, answer):
        ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        if answer == RESET:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer == CLOSE:
            return False
        if answer == SILENT:
            self.stopped.wait(30)
            return False
        if answer == HALF:
            link.sendall(ok + b'Content-Length: 100\r\n\r\n{"id": ')
            return False
        if answer == HUGE:
            link.sendall(ok + b"Content-Length: 1000000000\r\n\r\n")
            while not self.stopped.is_set():
                link.sendall(b"x" * 65536)
            return False
        if answer == SLOW:
            link.sendall(ok + b"Content-Length: 1000\r\n\r\n")
            while not self.stopped.wait(0.05):
                link.sendall(b"x")
            return False
        status, body, *headers = answer
        octets = body if isinstance(body, bytes) else body.encode()
        fields = "".join(f"{n}: {v}\r\n" for n, v in (headers[0] if headers else {}).items())
        link.sendall(f"HTTP/1.1 {status} X\r\n{fields}Content-Length: {len(octets)}\r\n\r\n"
                     .encode() + octets)
        return True

    def request(self, number=1):
        """The number-th request, when it is there."""
        return wait_for(f"request {number}",
                        lambda: (list(self.requests)[number - 1:number] or [None])[0])

    def stop(self):
        self.stopped.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        except OSError:
            pass
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def in_turn(*answers):
    """One after the other; the last one stays."""
    left = list(answers)

    def answer(_request):
        return left.pop(0) if len(left) > 1 else left[0]
    return answer
