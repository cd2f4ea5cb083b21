# SPDX-License-Identifier: Apache-2.0
"""kill -9 while mails flow: each send that was answered arrives, with one PIN, and no file of ours
has it."""

import threading
import time
from collections import defaultdict

import requests
from harness.relay import Post, Relay
from harness.server import wait_for

ROUNDS, SENDERS = 2, 4


def send_until(post, stop, answered, name):
    """Sends to a mailbox each, as long as somebody answers."""
    http, n = requests.Session(), 0
    while not stop.is_set():
        to = f"{name}-{n}@example.com"
        n += 1
        try:
            answer = post.ask(to, http=http)
        except (requests.RequestException, OSError):
            return
        if answer.status_code == 200:
            answered.append((to, answer.json()["pinId"]))


def crash(post, round_):
    """(mailbox, pinId) of those that were answered before the end."""
    stop, answered = threading.Event(), []
    threads = [threading.Thread(target=send_until, args=(post, stop, answered, f"r{round_}-{i}"))
               for i in range(SENDERS)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    post.server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    post.server.start()
    return answered


def test_mails_outlive_a_crash(tmp_path, tell):
    with Relay() as relay, Post(tmp_path, [relay.port], "tls: off, connections: 4") as post:
        relay.say(DOT=lambda *_: time.sleep(0.01))
        answered = [one for round_ in range(ROUNDS) for one in crash(post, round_)]
        wanted = {to for to, _ in answered}
        wait_for("all mails", lambda: wanted <= {m.recipient for m in list(relay.mails)})
        pins = defaultdict(set)
        for mail in relay.mails:
            pins[mail.recipient].add(mail.pin)
        assert len(wanted) > 20
        assert all(len(of_one) == 1 for of_one in pins.values())
        to, pin_id = answered[-1]
        assert post.server.verify(pin_id, next(iter(pins[to]))).json()["verified"] is True
        twice = len(relay.mails) - len(pins)
        assert twice <= ROUNDS * 4  # those that had left and were not noted
        files = b"".join(p.read_bytes() for p in post.server.data.rglob("*") if p.is_file())
        assert b"[" + next(iter(pins[to])).encode() + b"]" not in files
        assert not [mail for mail in relay.mails if b"it is [" + mail.pin.encode() in files]
        tell(f"mails over {ROUNDS} crashes: {len(wanted)} answered, 0 lost, {twice} twice")
