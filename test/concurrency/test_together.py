# SPDX-License-Identifier: Apache-2.0
"""Everything at once, for the races that no count shows but ThreadSanitizer does."""

import signal
import threading

from harness import peer
from harness.crowd import LOST, Caller, crowd
from harness.server import PIN, wait_for, wrong


def test_sends_reads_changes_and_keys_beside_each_other(server):
    application = server.application(pinAttempts=1000)
    template = server.template(application)
    known, pin = server.sent(application, template, "41792000001")
    path = f"/2fa/2/applications/{application}"
    kinds = [
        lambda c, n: c.send(application, template, f"41792{n:06d}"),
        lambda c, n: c.verify(known, pin),
        lambda c, n: c.post(f"/2fa/1/pin/{known}/resend"),
        lambda c, n: c.call("GET", f"/2fa/1/pin/{known}/status"),
        lambda c, n: c.call("PUT", path, {"name": f"name {n}"}),
        lambda c, n: c.call("GET", f"{path}/verifications?msisdn=41792000001"),
        lambda c, n: c.call("GET", "/2fa/2/applications"),
        lambda c, n: c.post("/2fa/2/pin", {"nothing": "right"}),
    ]
    keys = []

    def change_keys():
        for _ in range(3):
            key = server.command("key", "create", "--account", "default",
                                 "--name", "beside").stdout.strip()
            server.command("key", "revoke", key)
            keys.append(key)

    beside = threading.Thread(target=change_keys)
    beside.start()
    answers = crowd(server, [lambda c, n=n: kinds[n % len(kinds)](c, n) for n in range(1024)])
    beside.join()
    assert len(keys) == 3
    for n, (status, _) in enumerate(answers):
        expected = {2: (200, 429), 7: (400,)}.get(n % len(kinds), (200,))
        assert status in expected, (n, status)


def test_a_carrier_with_a_window_under_parallel_sends(fresh):
    with peer.Smsc() as smsc:
        own = fresh(config=peer.config(smsc.port, window=20))
        own.event("carrier_up")
        application = own.application()
        template = own.template(application)
        numbers = [f"41793{n:06d}" for n in range(256)]
        sent = crowd(own, [lambda c, to=to: c.send(application, template, to) for to in numbers])
        assert {(status, body["smsStatus"]) for status, body in sent} == {(200, "MESSAGE_SENT")}
        wait_for("every message", lambda: len(smsc.messages()) >= len(numbers), 60)
        pins = {m["to"]: PIN.search(m["text"])[1] for m in smsc.messages()}
        answers = crowd(own, [lambda c, b=b: c.verify(b["pinId"], pins[b["to"]]) for _, b in sent])
        assert all(body["verified"] for _, body in answers)
        own.stop()


def test_stopping_in_the_midst_of_it(fresh):
    own = fresh()
    application = own.application()
    template = own.template(application)
    pin_id, pin = own.sent(application, template)
    answered = []

    def load(number):
        caller = Caller(own)
        try:
            for n in range(100000):
                answered.append(caller.send(application, template, f"4179{number:02d}{n:05d}")[0])
                answered.append(caller.verify(pin_id, wrong(pin))[0])
        except LOST:
            caller.close()

    threads = [threading.Thread(target=load, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    wait_for("some load", lambda: len(answered) > 200, 60)
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(30) == 0, own.log.decode()
    for thread in threads:
        thread.join(60)
    assert set(answered) <= {200, 429, 503}
