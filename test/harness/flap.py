# SPDX-License-Identifier: Apache-2.0
"""A link to a carrier that comes and goes."""

import select
import socket
import threading
import time

CONNECT_S = 5


class Flapper:
    """A port before another port: passes octets on, then falls silent, then hangs up and
    refuses, and again."""

    def __init__(self, to, passes=0.6, silent=0.4, gone=0.6):
        self.to = to
        self.phases = (passes, silent, gone)
        self.pairs = {}
        self.stopped = threading.Event()
        self.port = self._listen().getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _listen(self, port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(16)
        return self.listener

    def _run(self):
        passes, silent, gone = self.phases
        while not self.stopped.is_set():
            self._pass_on(time.monotonic() + passes)
            self.stopped.wait(silent)
            self._hang_up()
            self.stopped.wait(gone)
            if not self.stopped.is_set():
                self._listen(self.port)
        self._hang_up()

    def _pass_on(self, until):
        while time.monotonic() < until and not self.stopped.is_set():
            ready = select.select([self.listener, *self.pairs], [], [], 0.02)[0]
            for one in ready:
                if one is self.listener:
                    self._accept()
                else:
                    self._copy(one)

    def _accept(self):
        near = self.listener.accept()[0]
        far = socket.create_connection(("127.0.0.1", self.to), CONNECT_S)
        self.pairs[near] = far
        self.pairs[far] = near

    def _copy(self, one):
        if one not in self.pairs:
            return
        octets = one.recv(65536)
        if octets:
            self.pairs[one].sendall(octets)
            return
        other = self.pairs.pop(one)
        self.pairs.pop(other)
        one.close()
        other.close()

    def _hang_up(self):
        self.listener.close()
        for one in self.pairs:
            one.close()
        self.pairs = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join(10)
