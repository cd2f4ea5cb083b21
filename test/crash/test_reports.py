# SPDX-License-Identifier: Apache-2.0
"""kill -9 while delivery reports flow: the receiver's own log is the oracle. Whatever was
answered is reported at least once; what comes twice is the same event with the same body."""

import collections
import json
import random
import threading

from harness.crowd import LOST, Caller
from harness.server import Server, wait_for
from harness.sink import Sink, subscription

ROUNDS = 20
WORKERS = 4
LONGEST_S = 0.4
CONFIG = """
carriers:
  - {name: main, type: smpp, host: 127.0.0.1, port: 1, system_id: x}
routes:
  - {prefix: '999', carriers: [main]}
reporting: {retry_unit: 20ms, timeout: 500ms, concurrency: 16}
reports:
"""


def send_until_it_dies(server, body, answered, faults):
    """Each message ends at once, without a route; its fate is final when it is answered."""
    try:
        caller = Caller(server)
        while True:
            status, said = caller.post("/2fa/2/pin", body)
            assert (status, said["smsStatus"]) == (200, "MESSAGE_NOT_SENT"), said
            answered.append(said["externalMessageId"])
    except LOST:
        pass
    except Exception as fault:  # told to the test
        faults.append(fault)


def test_reports_survive_twenty_kills(tmp_path):
    dice = random.Random(7)
    answered, faults = [], []
    with Sink(lambda n: 503 if n % 9 == 4 else 200) as sink:
        server = Server(tmp_path, config=CONFIG + subscription(sink)).start()
        application = server.application(sendPinPerPhoneNumberLimit="1000000/1d",
                                         sendPinPerApplicationLimit="1000000/1d")
        body = {"applicationId": application, "messageId": server.template(application),
                "to": "41793026727", "trackDelivery": True}
        for _ in range(ROUNDS):
            threads = [threading.Thread(target=send_until_it_dies,
                                        args=(server, body, answered, faults))
                       for _ in range(WORKERS)]
            before = len(answered)
            for thread in threads:
                thread.start()
            wait_for("an answer", lambda: len(answered) > before or faults)
            threading.Event().wait(dice.uniform(0, LONGEST_S))
            server.kill()
            for thread in threads:
                thread.join(60)
            assert not faults, faults
            server.start()

        def none_waits():
            return server.rows("SELECT count(*) FROM report") == [(0,)]

        wait_for("the queue to be empty", none_waits, 60)
        server.stop()
        bodies = collections.defaultdict(set)
        events = collections.defaultdict(set)
        for _, headers, text in sink.got:
            message = json.loads(text)["results"][0]["messageId"]
            events[message].add(headers["X-Watchword-Event"])
            bodies[message].add(text)
        lost = set(answered) - set(events)
        print(f"{len(answered)} answered, {len(events)} reported, {len(lost)} lost, "
              f"{len(sink.got) - len(events)} came again, over {ROUNDS} kills")
        assert not lost
        assert all(len(one) == 1 for one in events.values())
        assert all(len(one) == 1 for one in bodies.values())
        assert len({next(iter(one)) for one in events.values()}) == len(events)
        sink.reports()  # every signature is good
