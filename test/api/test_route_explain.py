# SPDX-License-Identifier: Apache-2.0
"""What would become of a message: asked on the command line and over the API."""

import json

import pytest

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
    assert told == answer.json()
    return answer.json()


def test_carriers_sender_segments_and_price(own):
    said = explain(own, "+41 79 302 67 27", "é" * 155 + "{{pin}}")
    assert said == {
        "to": "41793026727", "country": "CH", "channel": "sms",
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
