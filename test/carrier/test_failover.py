# SPDX-License-Identifier: Apache-2.0
"""Two carriers, of which one is ill, and one carrier that is away for too long."""

import time

from harness.crowd import crowd
from harness.flap import Flapper
from harness.load import Load
from harness.odd_smsc import OddSmsc
from harness.peer import Smsc
from harness.server import PIN, wait_for

QUICK = "delivery: {accept_wait: 50ms}\nlimits: {resend_interval: 0s}\n"
FLAP_S = 12
FLAP_RATE = 100
PATIENCE_S = 5
SYSTEM_ERROR, BAD_SENDER, BAD_NUMBER = 8, 10, 11


def carriers(routes="", /, **ports):
    """A configuration with an SMPP carrier for each port, tried in that order."""
    lines = ["carriers:"]
    for name, port in ports.items():
        more = ""
        if isinstance(port, tuple):
            port, more = port
        lines.append(f"- {{name: {name}, type: smpp, host: 127.0.0.1, port: {port}, "
                     f"system_id: watchword, password: secret{more}}}")
    lines.append("routes:")
    lines.append(routes or f"- {{carriers: [{', '.join(ports)}]}}")
    return "\n".join(lines) + "\n" + QUICK


def all_up(own, count):
    wait_for("the carriers", lambda: sum(e["event"] == "carrier_up" for e in own.events) >= count)


def numbers(prefix, count):
    return [f"{prefix}{n:05d}" for n in range(count)]


def send_all(own, application, template, to):
    return crowd(own, [lambda c, n=n: c.send(application, template, n) for n in to], 8)


def test_a_refusal_of_the_carriers_own_goes_to_the_second(fresh):
    with Smsc("--reject", str(BAD_SENDER)) as a, Smsc() as b:
        own = fresh(config=carriers(a=a.port, b=b.port))
        all_up(own, 2)
        application = own.application()
        answer = own.send(application, own.template(application), "41793000001").json()
        assert answer["smsStatus"] == "MESSAGE_SENT"
        assert PIN.search(b.message("41793000001")["text"])
        wait_for("its record", lambda: own.rows(
            "SELECT carrier, attempts FROM message") == [("b", 2)])


def test_a_bad_number_goes_nowhere_else(fresh):
    with Smsc("--reject", str(BAD_NUMBER)) as a, Smsc() as b:
        own = fresh(config=carriers(a=a.port, b=b.port))
        all_up(own, 2)
        application = own.application()
        answer = own.send(application, own.template(application), "41793000001").json()
        assert answer["smsStatus"] == "MESSAGE_NOT_SENT"
        assert b.messages() == []
        assert own.rows("SELECT carrier, attempts, state FROM message") == [("a", 1, 5)]


def test_at_most_two_carriers_and_four_attempts_also_over_a_crash(fresh):
    """A third one is up, and takes what those two have not seen."""
    ill = ("--reject", str(SYSTEM_ERROR))
    refused = []

    def refuse_twice(smsc, link, submit):  # and be silent to the third attempt
        if len(refused) < 2:
            refused.append(smsc)
            link.answer(submit.sequence, status=SYSTEM_ERROR)

    with Smsc() as c:
        with OddSmsc(refuse_twice) as a, OddSmsc(refuse_twice) as b:
            ports = (a.port, b.port)
            own = fresh(config=carriers(a=a.port, b=b.port, c=c.port))
            all_up(own, 3)
            application = own.application()
            template = own.template(application)
            own.send(application, template, "41793000001")
            wait_for("two attempts, and no end", lambda: own.rows(
                "SELECT state < 2, attempts, tried FROM message") == [(1, 2, "a\nb\n")])
            own.kill()
            assert refused == [a, b]
        own.start()
        own.event("carrier_up")
        own.send(application, template, "41793000002")
        c.message("41793000002")
        with Smsc(*ill, port=ports[0]), Smsc(*ill, port=ports[1]):
            wait_for("its end", lambda: own.rows(
                "SELECT state, reason, attempts FROM message ORDER BY pin LIMIT 1") == [(5, 4, 4)], 30)
        assert [e["attempt"] for e in own.events if e["event"] == "message"] == [3, 4]
        assert c.messages("41793000001") == []


def test_a_carrier_that_fails_is_left_alone_and_comes_back(fresh):
    with Smsc("--reject", str(SYSTEM_ERROR)) as a, Smsc() as b:
        port = a.port
        own = fresh(config=carriers(a=port, b=b.port))
        all_up(own, 2)
        application = own.application()
        template = own.template(application)
        send_all(own, application, template, numbers("417931", 40))
        own.event("carrier_suspended")
        tried = len([e for e in own.events if e.get("carrier") == "a" and e["event"] == "message"])
        send_all(own, application, template, numbers("417932", 40))
        wait_for("all at the other", lambda: len(b.messages()) >= 80)
        again = [e for e in own.events if e.get("carrier") == "a" and e["event"] == "message"]
        assert len(again) <= tried + 2, "more than probes"
    with Smsc(port=port) as a:
        all_up(own, 3)
        wait_for("a probe", lambda: own.send(application, template) and any(
            e["event"] == "carrier_resumed" for e in own.events), 20)
        before = len(a.messages())
        send_all(own, application, template, numbers("417933", 10))
        wait_for("all at the first", lambda: len(a.messages()) >= before + 10)


def test_several_binds_share_the_line(fresh):
    with Smsc("--delay", "400") as a:
        own = fresh(config=carriers(a=(a.port, ", binds: 3, window: 1")))
        all_up(own, 3)
        wait_for("the binds", lambda: len(a.said("bound")) >= 3)
        assert len(a.said("bound")) == 3
        application = own.application()
        send_all(own, application, own.template(application), numbers("417934", 6))
        wait_for("all", lambda: len(a.messages()) == 6)
        at = sorted(m["at"] for m in a.messages())
        assert at[2] - at[0] < 300 <= at[3] - at[0], "three at a time"


def test_a_configured_rate_is_kept(fresh):
    with Smsc() as a:
        own = fresh(config=carriers(a=(a.port, ", rate: 40, window: 100")))
        all_up(own, 1)
        application = own.application()
        send_all(own, application, own.template(application), numbers("417935", 100))
        wait_for("all", lambda: len(a.messages()) == 100)
        at = sorted(m["at"] for m in a.messages())
        most = max(sum(t <= one < t + 1000 for one in at) for t in at)
        assert most <= 40 * 1.1 + 1, f"{most} in a second"


def test_a_carrier_that_throttles_gets_less_and_loses_nothing(fresh):
    with Smsc("--throttle", "40") as a:
        own = fresh(config=carriers(a=(a.port, ", window: 100")))
        all_up(own, 1)
        application = own.application()
        send_all(own, application, own.template(application), numbers("417939", 120))
        own.event("carrier_throttled")
        wait_for("all", lambda: len(a.messages()) == 120, 30)
        assert own.rows("SELECT count(*) FROM message WHERE state = 5") == [(0,)]


def test_a_lone_carrier_that_throttles_everything_only_delays(fresh):
    """More often than a message may be tried, and once more after a restart."""
    with Smsc("--throttle-for", "4000") as a:
        own = fresh(config=carriers(a=a.port).replace("accept_wait", "attempts: 2, accept_wait"))
        all_up(own, 1)
        application = own.application()
        template = own.template(application)
        pin_id = own.send(application, template, "41793900001").json()["pinId"]
        wait_for("three tries", lambda: len(a.said("throttled")) >= 3)
        own.kill()
        own.start()
        pin = PIN.search(a.message("41793900001")["text"])[1]
        assert own.verify(pin_id, pin).json()["verified"] is True
        wait_for("its record", lambda: own.rows(
            "SELECT state, attempts FROM message") == [(3, 1)])
        assert len(a.messages()) == 1


def test_what_two_carriers_are_too_busy_for_goes_to_the_third(fresh):
    """Neither has had it, so they do not count among the two that may."""
    busy = ("--throttle-for", "600000")
    with Smsc(*busy) as a, Smsc(*busy) as b, Smsc() as c:
        own = fresh(config=carriers(a=a.port, b=b.port, c=c.port))
        all_up(own, 3)
        application = own.application()
        pin_id = own.send(application, own.template(application), "41793920001").json()["pinId"]
        pin = PIN.search(c.message("41793920001")["text"])[1]
        assert own.verify(pin_id, pin).json()["verified"] is True
        assert (len(a.said("throttled")), len(b.said("throttled"))) == (1, 1)
        wait_for("its record", lambda: own.rows(
            "SELECT carrier, attempts FROM message") == [("c", 1)])


def test_a_carrier_that_throttles_for_ever_sends_nothing_late(fresh, tell):
    with Smsc("--throttle-for", "600000") as a:
        own = fresh(config=carriers(a=a.port).replace("accept_wait", "attempts: 1, accept_wait"))
        all_up(own, 1)
        application = own.application(pinTimeToLive="4s")
        template = own.template(application)
        sent = {f"4179391000{n}": own.send(application, template, f"4179391000{n}").json()["pinId"]
                for n in range(3)}
        wait_for("their end", lambda: own.rows(
            "SELECT state, attempts, count(*) FROM message GROUP BY 1, 2") == [(6, 0, 3)])
        tries = a.said("throttled")
        late = [t for t in tries if t["at"] >= int(sent[t["throttled"]][:12], 16) + 4000]
        tell(f"carrier that throttles everything for longer than the life of 3 PINs: "
             f"{len(tries)} tries, late {len(late)}, expired visibly 3")
        assert late == [] and a.messages() == []
        submits = {}
        for to, pin_id in sent.items():
            told = own.get(f"/watchword/1/pins/{pin_id}").json()
            assert (told["messages"][0]["state"], told["events"][-1]["event"]) in [
                ("expired", "expired"), ("expired", "over")]
            submits[to] = sum(e.get("times", 1) for e in told["events"] if e["event"] == "submit")
        assert submits == {to: sum(t["throttled"] == to for t in tries) for to in sent}


def test_what_waits_goes_in_the_order_of_the_time_that_is_left(fresh):
    with Smsc() as closed:
        port = closed.port
    own = fresh(config=carriers(a=(port, ", window: 1")))
    long = own.application(pinTimeToLive="15m")
    short = own.application(pinTimeToLive="1m")
    templates = {one: own.template(one) for one in (long, short)}
    for n in range(5):
        own.send(long, templates[long], f"4179360000{n}")
    for n in range(5):
        own.send(short, templates[short], f"4179370000{n}")
    with Smsc(port=port) as a:
        wait_for("all", lambda: len(a.messages()) == 10, 30)
        assert [m["to"][:6] for m in a.messages()] == ["417937"] * 5 + ["417936"] * 5


def test_a_carrier_away_for_longer_than_a_life_sends_nothing_late(fresh, tell):
    with Smsc() as closed:
        port = closed.port
    own = fresh(config=carriers(a=port))
    application = own.application(pinTimeToLive="2s")
    template = own.template(application)
    send_all(own, application, template, numbers("417938", 300))
    wait_for("their end", lambda: own.rows(
        "SELECT count(*) FROM message WHERE state = 6") == [(300,)])
    with Smsc(port=port) as a:
        lasting = own.application()
        own.send(lasting, own.template(lasting), "41793800999")
        a.message("41793800999", 1)
        late = [m for m in a.messages() if m["to"] != "41793800999"]
    tell(f"carrier away for longer than the life of 300 PINs: submitted late {len(late)}, "
         f"expired visibly 300")
    assert late == []
    status = own.get(f"/2fa/1/pin/{own.rows('SELECT hex(pin) FROM message')[0][0]}/status")
    assert status.json()[0]["status"] != "MESSAGE_WAITING_DELIVERY"


def test_a_flapping_carrier_delays_nobody_while_another_is_up(fresh, tell):
    with Smsc() as a, Smsc() as b, Flapper(a.port) as flapper, Load() as load:
        own = fresh(config=carriers(a=(flapper.port, ", window: 100"), b=(b.port, ", window: 100")))
        all_up(own, 2)
        application = own.application()
        load.begin(own, application, own.template(application), "41794", FLAP_RATE, 16)
        time.sleep(FLAP_S)
        load.stop()
        load.end(1)
        arrived = {}
        wait_for("every message", lambda: set(load.accepted) <= {
            m["to"] for m in a.messages() + b.messages()}, 30)
        for m in a.messages() + b.messages():
            arrived[m["to"]] = min(m["at"], arrived.get(m["to"], m["at"]))
        waits = sorted(arrived[to] - int(pin_id[:12], 16) for to, pin_id in load.accepted.items())
        slow = sum(wait > PATIENCE_S * 1000 for wait in waits)
        downs = sum(e["event"] == "carrier_down" for e in own.events)
        tell(f"a carrier that flapped {downs} times beside one that was up: "
             f"{slow} of {len(waits)} messages waited more than {PATIENCE_S} s "
             f"({100 * slow / len(waits):.2f} %), the slowest {waits[-1] / 1000:.1f} s, "
             f"by the flapping one {len(a.messages())}")
        assert downs >= 3 and len(waits) > FLAP_S * FLAP_RATE * 0.7
        assert a.messages() and b.messages()
        assert slow <= len(waits) / 100


def test_a_message_that_has_to_wait_after_all_is_no_suspect_for_it(fresh):
    """It outlived two runs; what is noted before it is rendered is taken back."""
    with Smsc() as closed:
        port = closed.port
    own = fresh(config=carriers(a=(port, ", window: 1")))
    application = own.application()
    template = own.template(application)
    own.send(application, template, "41793000001")
    for _ in range(2):
        own.kill()
        own.start()
    starts = "SELECT starts FROM message ORDER BY pin LIMIT 1"
    assert own.rows(starts) == [(2,)]
    own.send(application, template, "41793000002")
    with Smsc("--delay", "4000", port=port) as a:
        own.event("carrier_up")
        own.send(application, template, "41793000003")  # committed after the mark was
        wait_for("the count of before", lambda: own.rows(starts) == [(2,)], 2)
        assert a.messages() == [], "the second is at the carrier, and the first waits"
        a.message("41793000001", 1)
