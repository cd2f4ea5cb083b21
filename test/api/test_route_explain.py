# SPDX-License-Identifier: Apache-2.0
"""What would become of a message: asked on the command line and over the API."""

import datetime
import json
import time

import pytest

from harness.peer import Smsc
from harness.server import wait_for

CONFIG = """carriers:
- {name: a, type: file, path: messages.jsonl}
- {name: b, type: file, path: b.jsonl, rate: 20}
- {name: c, type: file, path: c.jsonl}
routes:
- {country: [CH], carriers: [{a: 70, b: 30}, c], sender: Bar, senders: {CH: Swiss}, price: 0.045 CHF}
- {prefix: "7", deny: sanctioned}
- {prefix: "1", carriers: [c]}
"""


ROUTE = "/watchword/1/route"


@pytest.fixture()
def own(fresh):
    return fresh(config=CONFIG)


def explain(own, to, text=None):
    """The answer of the API, which is also that of the command."""
    query = {"to": to} | ({"text": text} if text else {})
    answer = own.post(ROUTE, query)
    assert answer.status_code == 200, answer.text
    if text is None:
        assert own.get(ROUTE, params=query).json() == answer.json()
    more = ["--text", text] if text else []
    done = own.command("route", "explain", to, *more, "--config", str(own.config), data=False)
    told = json.loads(done.stdout)
    # where it stands in the configuration is the operator's alone
    assert isinstance(told.get("route", {"line": 1}).pop("line"), int)
    said = answer.json()
    # and who is up now only the server knows
    assert [carrier.pop("state") for carrier in said["carriers"]] == ["up"] * len(said["carriers"])
    assert told == said
    return said


def test_carriers_sender_segments_and_price(own):
    said = explain(own, "+41 79 302 67 27", "é" * 155 + "{{pin}}")
    assert said == {
        "to": "41793026727", "country": "CH", "numberType": "mobile", "channel": "sms",
        "route": {"country": ["CH"]},
        "carriers": [{"name": "a", "type": "file", "place": 1, "weight": 70},
                     {"name": "b", "type": "file", "place": 1, "weight": 30, "rate": 20},
                     {"name": "c", "type": "file", "place": 2, "weight": 1}],
        "sender": "Swiss", "encoding": "GSM7", "segments": 2,
        "price": {"perSegment": "0.045", "total": "0.09", "currency": "CHF"},
        "wouldBeSent": True}
    assert explain(own, "41793026727", "Код")["encoding"] == "UCS2"
    assert own.messages() == []


def test_what_would_stop_it(own):
    said = explain(own, "79161234567")
    assert (said["wouldBeSent"], said["stoppedBy"]) == (False, "sanctioned")
    assert explain(own, "4915112345678")["stoppedBy"] == "no route takes this number"
    done = own.command("route", "explain", "18765550100", "--text", "й" * 20000, "--config",
                       str(own.config), data=False)
    assert json.loads(done.stdout)["stoppedBy"] == "the text needs too many segments"


def test_a_denied_number_is_not_sent_to(own):
    application = own.application()
    answer = own.send(application, own.template(application), "79161234567").json()
    assert answer["smsStatus"] == "MESSAGE_NOT_SENT"


def test_who_may_not_ask_and_what_is_no_number(own):
    for query in ({}, {"to": "nobody"}):
        assert own.get(ROUTE, params=query).status_code == 400
        assert own.post(ROUTE, query).status_code == 400
    done = own.command("route", "explain", "nobody", "--config", str(own.config), check=False,
                       data=False)
    assert (done.returncode, done.stderr) == (1, "watchword: nobody is no number\n")
    key = own.command("key", "create", "--account", "default", "--name", "sender", "--scope",
                      "2fa:pin:send").stdout.strip()
    wait_for("the key to be known", lambda: own.get(
        ROUTE, params={"to": "41"}, key=key).status_code == 403)


def test_where_accounts_are_strangers_nobody_is_told_the_operators_routes(fresh):
    own = fresh(config=CONFIG + "api: {route_explain: false}\n")
    for answer in (own.get(ROUTE, params={"to": "41793026727"}),
                   own.post(ROUTE, {"to": "41793026727"})):
        assert answer.status_code == 404
        assert "Swiss" not in answer.text
    done = own.command("route", "explain", "41793026727", "--config", str(own.config), data=False)
    assert json.loads(done.stdout)["sender"] == "Swiss"


def test_a_text_does_not_belong_in_a_url(own):
    answer = own.get(ROUTE, params={"to": "41793026727", "text": "PIN {{pin}}"})
    assert "segments" not in answer.json()


# ---- what the limits of an application leave ----

def left(own, application, to, **more):
    answer = own.post(ROUTE, {"to": to, "applicationId": application, **more})
    assert answer.status_code == 200, answer.text
    query = own.get(ROUTE, params={"to": to, "applicationId": application}).json()
    told = answer.json()
    assert [(e["name"], e["limit"], e["left"]) for e in query["limits"]] == [
        (e["name"], e["limit"], e["left"]) for e in told["limits"]]
    return told, {e["name"]: e for e in told["limits"]}


def at_ms(text):
    return round(datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp() * 1000)


def test_which_limit_is_used_up_and_when_it_frees(own):
    application = own.application(sendPinPerPhoneNumberLimit="2/1d",
                                  sendPinPerApplicationLimit="3/1h")
    template = own.template(application)
    told, limits = left(own, application, "41793000001")
    assert told["wouldBeSent"] is True
    assert limits == {
        "sendPinPerApplicationLimit": {
            "name": "sendPinPerApplicationLimit", "limit": "3/1h", "left": 3},
        "sendPinPerPhoneNumberLimit": {
            "name": "sendPinPerPhoneNumberLimit", "limit": "2/1d", "left": 2}}
    first = [own.send(application, template, "41793000001").json()["pinId"] for _ in range(2)][0]
    told, limits = left(own, application, "+41 79 300 00 01")
    assert (told["wouldBeSent"], told["stoppedBy"]) == (False, "sendPinPerPhoneNumberLimit")
    assert limits["sendPinPerApplicationLimit"]["left"] == 1
    free_at = limits["sendPinPerPhoneNumberLimit"]["freeAt"]
    assert own.send(application, template, "41793000001").status_code == 429
    # a day after the send that has the last place, whose id tells when it was
    assert at_ms(free_at) == int(first[:12], 16) + 86400000
    # another number of the same application has its own
    told, limits = left(own, application, "41793000002")
    assert (told["wouldBeSent"], limits["sendPinPerPhoneNumberLimit"]["left"]) == (True, 2)
    own.send(application, template, "41793000002")
    told, limits = left(own, application, "41793000003")
    assert (told["wouldBeSent"], told["stoppedBy"]) == (False, "sendPinPerApplicationLimit")
    in_ms = at_ms(limits["sendPinPerApplicationLimit"]["freeAt"]) - time.time() * 1000
    assert 3590000 < in_ms <= 3600000 * 65 / 64, "an hour, or up to a 64th more"
    assert own.send(application, template, "41793000003").status_code == 429
    # and a rule is told before a limit
    assert left(own, application, "79161234567")[0]["stoppedBy"] == "sanctioned"


def test_asking_takes_nothing_of_a_limit(own):
    application = own.application(sendPinPerPhoneNumberLimit="1/1d")
    for _ in range(3):
        told, _ = left(own, application, "41793000004", text="PIN {{pin}}")
        assert told["wouldBeSent"] is True and told["segments"] == 1
    assert own.send(application, own.template(application), "41793000004").status_code == 200


def test_an_application_that_is_disabled(own):
    application = own.application()
    own.put(f"/2fa/2/applications/{application}", {"name": "test", "enabled": False})
    told, _ = left(own, application, "41793000005")
    assert (told["wouldBeSent"], told["stoppedBy"]) == (False, "the application is disabled")


def test_an_application_of_another_account_is_unknown(own):
    application = own.application()
    own.command("account", "create", "elsewhere")
    key = own.command("key", "create", "--account", "elsewhere", "--name", "k", "--scope",
                      "2fa:manage").stdout.split()[-1]
    answers = {}
    for one in (application, "0" * 32, "x"):
        def asked(one=one):
            return own.get(ROUTE, params={"to": "41793000001", "applicationId": one}, key=key,
                           headers={"X-Request-ID": "same"})
        wait_for("the key to be known", lambda: asked().status_code != 401)
        answers[one] = (asked().status_code, asked().text)
    assert set(answers.values()) == {(404, answers["x"][1])}
    assert own.get(ROUTE, params={"to": "41793000001", "applicationId": "0" * 32}).status_code == 404


# ---- how carriers stand ----

SMPP = ("- {{name: {name}, type: smpp, host: 127.0.0.1, port: {port}, system_id: watchword, "
        "password: secret{more}}}\n")


def carriers(own):
    return {c.pop("name"): c for c in own.get(ROUTE, params={"to": "41793000001"}).json()[
        "carriers"]}


def test_who_is_up_now(fresh):
    with Smsc() as closed:
        port = closed.port
    with Smsc("--reject", "8") as ill, Smsc() as well:  # ESME_RSYSERR
        own = fresh(config="carriers:\n" + SMPP.format(name="away", port=port, more="")
                    + SMPP.format(name="ill", port=ill.port, more="")
                    + SMPP.format(name="well", port=well.port, more=", binds: 2")
                    + "routes:\n- {carriers: [away, ill, well]}\n")
        up = wait_for("three binds", lambda: (
            lambda c: c if c["ill"]["state"] == "up" and c["well"].get("bindsUp") == 2 else None)(
                carriers(own)))
        assert up["away"]["state"] == "down"
        assert up["well"] == {"type": "smpp", "place": 3, "weight": 1, "state": "up",
                              "binds": 2, "bindsUp": 2}
        application = own.application()
        template = own.template(application)
        for n in range(24):
            own.send(application, template, f"417930001{n:02}")
        wait_for("its breaker", lambda: carriers(own)["ill"]["state"] == "suspended")
        before = len(well.messages())
        assert carriers(own)["well"]["state"] == "up"
        assert len(well.messages()) == before, "nothing was sent to find out"
    with Smsc(port=port):
        wait_for("it to be back", lambda: carriers(own)["away"]["state"] == "up", 40)


def test_a_carrier_that_throttles_says_what_it_gets(fresh):
    with Smsc("--throttle-for", "600000") as smsc:
        own = fresh(config="carriers:\n" + SMPP.format(name="a", port=smsc.port, more=", rate: 50")
                    + "delivery: {accept_wait: 50ms}\n")
        own.event("carrier_up")
        assert "throttledTo" not in carriers(own)["a"]
        application = own.application()
        own.send(application, own.template(application))
        wait_for("the half", lambda: carriers(own)["a"].get("throttledTo", 50) < 50)
        assert carriers(own)["a"]["rate"] == 50


# ---- by channel ----

def ask(own, to, channel, **more):
    return own.get(ROUTE, params={"to": to, "channel": channel, **more})


def test_a_call_and_a_mail_have_ways_of_their_own(fresh):
    own = fresh(config=CONFIG + "- {channel: voice, prefix: '41', carriers: [c], sender: '41440'}\n"
                                "- {channel: email, carriers: [b]}\n")
    called = ask(own, "+41 79 302 67 27", "voice").json()
    assert (called["channel"], called["route"], called["sender"], called["wouldBeSent"]) == (
        "voice", {"prefix": "41"}, "41440", True)
    assert ask(own, "4917612345678", "voice").json()["stoppedBy"] == "no route takes this number"
    mailed = ask(own, "Jane@Example.com", "email").json()
    assert {k: mailed[k] for k in ("to", "channel", "route", "wouldBeSent")} == {
        "to": "jane@example.com", "channel": "email", "route": {"prefix": ""}, "wouldBeSent": True}
    assert "numberType" not in mailed and "country" not in mailed
    for words, said in ((("41793026727", "--channel", "voice"), called), (("jane@example.com",), mailed)):
        told = json.loads(own.command("route", "explain", *words, "--config", str(own.config),
                                      data=False).stdout)
        assert (told["channel"], told["to"]) == (said["channel"], said["to"])


def test_a_mailbox_has_no_route_and_a_limit(fresh):
    own = fresh(config=CONFIG)
    application = own.application(sendPinPerPhoneNumberLimit="1/1h")
    said = ask(own, "jane@example.com", "email", applicationId=application).json()
    assert said["stoppedBy"] == "no route takes this mailbox" and said["carriers"] == []
    assert [limit["left"] for limit in said["limits"]] == [100000, 1]


def test_a_limit_counts_the_pins_that_name_the_number(fresh):
    own = fresh()
    application = own.application(sendPinPerPhoneNumberLimit="2/1h")
    body = {"applicationId": application, "messageId": own.template(application),
            "to": "41790000001", "alternatives": {"voice": "41790000002"}}
    answer = own.post("/2fa/2/pin", body)
    assert answer.status_code == 200, answer.text
    for to in ("41790000001", "41790000002"):
        said = ask(own, to, "voice", applicationId=application).json()
        assert said["limits"][1]["left"] == 1, to


@pytest.mark.parametrize(("to", "channel", "field"), [
    ("jane@example.com", "sms", "to"), ("41793026727", "email", "to"),
    ("41793026727", "fax", "channel"), ("41793026727", "", "channel")])
def test_what_fits_no_channel_is_named(own, to, channel, field):
    answer = ask(own, to, channel)
    assert answer.status_code == 400
    assert field in answer.json()["requestError"]["serviceException"]["validationErrors"]
    done = own.command("route", "explain", to, "--channel", channel, "--config", str(own.config),
                       data=False, check=False)
    assert done.returncode == 1 and done.stderr
