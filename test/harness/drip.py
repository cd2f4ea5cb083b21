# SPDX-License-Identifier: Apache-2.0
"""A client that sends one octet now and then, so that a time-out which begins anew with
each of them is never over."""

import contextlib
import itertools
import ssl
import time

PAUSE_S = 0.03
TIMES = 5  # as long as a connection may last at all, counted in octets
TRIES = 20


def ended_while_octets_come(connect, begin, then, timeout_s):
    """What the server said, or b"" for a connection that it only closed, while octets came.

    A pause of ours that is as long as the time-out would end any connection, so such a try
    is done again. `then` is repeated; a server that lets it all come is a fault."""
    for _ in range(TRIES):
        with contextlib.closing(connect()) as over:
            said = _drip(over, begin, then, timeout_s)
        if said is not None:
            return said
    raise AssertionError("this machine pauses for longer than the server waits")


def _drip(over, begin, then, timeout_s):
    octets = itertools.chain(begin, itertools.islice(
        itertools.cycle(then), int(TIMES * timeout_s / PAUSE_S)))
    over.settimeout(PAUSE_S)
    last = time.monotonic()
    for octet in octets:
        with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
            try:
                over.sendall(bytes([octet]))
                return over.recv(65536)
            except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
                return b""
        now = time.monotonic()
        if now - last > timeout_s / 2:
            return None
        last = now
    raise AssertionError(f"octets came for {TIMES} times as long as they may")
