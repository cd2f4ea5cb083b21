# SPDX-License-Identifier: Apache-2.0
"""Certificates change while connections begin on every loop."""

import http.client
import signal
import ssl
import threading

from harness.certificates import Authority, put
from harness.server import Server, wait_for

CHANGES = 12


def test_no_handshake_meets_half_of_a_change(tmp_path):
    authority = Authority(tmp_path)
    pair = authority.pair()
    config = (f"listeners: [{{address: '127.0.0.1:0', certificate: '{pair[0]}', key: '{pair[1]}'}}]\n"
              "http: {threads: 4}\n")
    trust = ssl.create_default_context(cafile=authority.path)
    stop = threading.Event()
    faults, answered = [], []

    def call_again_and_again(server):
        try:
            while not stop.is_set():
                caller = http.client.HTTPSConnection(
                    server.address[0], int(server.address[1]), timeout=30, context=trust)
                caller.request("GET", "/health/live")
                answered.append(caller.getresponse().status)
                caller.close()
        except Exception as fault:  # told below
            faults.append(fault)

    with Server(tmp_path, config=config, listen=None, ca=authority.path) as server:
        workers = [threading.Thread(target=call_again_and_again, args=(server,)) for _ in range(6)]
        for worker in workers:
            worker.start()
        for n in range(CHANGES):
            before = len(answered)
            for path, octets in zip(pair, authority.issue(f"number {n}")):
                put(path, octets)
            server.process.send_signal(signal.SIGHUP)
            wait_for("calls", lambda: len(answered) >= before + 10 or faults, 60)
        wait_for("the changes", lambda: sum(
            e["event"] == "certificate_loaded" for e in list(server.events)) >= 2)
        stop.set()
        for worker in workers:
            worker.join(60)
    assert not faults and set(answered) == {200}
