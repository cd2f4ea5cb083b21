# SPDX-License-Identifier: Apache-2.0
"""64 callers at the same moment with one idempotency key: it is done once."""

from harness import peer
from harness.crowd import crowd
from harness.server import wrong

CALLERS = 64


def keyed(path, body, key):
    return lambda caller: caller.exchange("POST", path, body, **{"Idempotency-Key": key})


def only_answer(answers):
    """One was done; the others are its repetitions, or too early. How many were early."""
    good = [(octets, headers) for status, octets, headers in answers if status == 200]
    early = [headers for status, _, headers in answers if status == 409]
    assert len(good) + len(early) == len(answers), {status for status, _, _ in answers}
    assert len({octets for octets, _ in good}) == 1
    assert sum(headers["Idempotency-Replayed"] is None for _, headers in good) == 1
    assert all(int(headers["Retry-After"]) >= 1 for headers in early)
    return good[0][0], len(early)


def test_64_sends_with_one_key_send_one_message(server):
    application = server.application()
    template = server.template(application)
    for n in range(8):
        to = f"4179400000{n}"
        body = {"applicationId": application, "messageId": template, "to": to}
        answers = crowd(server, [keyed("/2fa/2/pin", body, f"send {n}")] * CALLERS, CALLERS)
        octets, _ = only_answer(answers)
        pin_id = server.messages()[-1]["pinId"]
        assert pin_id.encode() in octets
        assert [m["pinId"] for m in server.messages() if m["to"] == to] == [pin_id]


def test_64_sends_with_one_key_beside_a_slow_carrier(fresh):
    """Long enough that all of them come while the first one waits."""
    with peer.Smsc("--delay", "2000") as smsc:
        own = fresh(config=peer.config(smsc.port) + "delivery: {accept_wait: 30s}\n")
        own.event("carrier_up")
        application = own.application()
        body = {"applicationId": application, "messageId": own.template(application),
                "to": "41794000100"}
        _, early = only_answer(crowd(own, [keyed("/2fa/2/pin", body, "slow")] * CALLERS, CALLERS))
        assert early == CALLERS - 1
        assert len(smsc.messages()) == 1
        own.stop()


def test_64_wrong_guesses_with_one_key_cost_one_attempt(server):
    application = server.application()
    pin_id, pin = server.sent(application, server.template(application), "41794000200")
    path = f"/2fa/2/pin/{pin_id}/verify"
    only_answer(crowd(server, [keyed(path, {"pin": wrong(pin)}, "guess")] * CALLERS, CALLERS))
    assert server.verify(pin_id, wrong(pin)).json()["attemptsRemaining"] == 8


def test_64_resends_with_one_key_are_one(server):
    application = server.application()
    pin_id, _ = server.sent(application, server.template(application), "41794000300")
    only_answer(crowd(server, [keyed(f"/2fa/1/pin/{pin_id}/resend", None, "r")] * CALLERS, CALLERS))
    server.message(pin_id, 2)
    assert len(server.messages(pin_id)) == 2


def test_keys_of_many_callers_do_not_mix(server):
    """Each of 64 bodies under its own key and under one that they share."""
    application = server.application()
    template = server.template(application)
    bodies = [{"applicationId": application, "messageId": template, "to": f"417941{n:05d}"}
              for n in range(CALLERS)]
    own = crowd(server, [keyed("/2fa/2/pin", b, f"own {b['to']}") for b in bodies * 2], CALLERS)
    for n, body in enumerate(bodies):
        done = [octets for status, octets, _ in (own[n], own[n + CALLERS]) if status == 200]
        assert done and len(set(done)) == 1 and body["to"].encode() in done[0]
    shared = crowd(server, [keyed("/2fa/2/pin", b, "shared") for b in bodies], CALLERS)
    assert sorted(status for status, _, _ in shared) == [200] + [422] * (CALLERS - 1)
