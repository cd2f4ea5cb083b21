# SPDX-License-Identifier: Apache-2.0
"""A caller that does not know whether its request arrived sends it again, under the same key."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import peer
from harness.server import wait_for, wrong


def key(text):
    return {"headers": {"Idempotency-Key": text}}


def is_replay(answer):
    return answer.headers.get("Idempotency-Replayed") == "true"


def same(first, again):
    """Byte for byte, and marked."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert is_replay(again) and not is_replay(first)


class Shop:
    """An application with its template, and requests to it."""

    def __init__(self, server, **configuration):
        self.server = server
        self.application = server.application(**configuration)
        self.template = server.template(self.application)

    def body(self, to, **members):
        return {"applicationId": self.application, "messageId": self.template, "to": to, **members}

    def send(self, to, name=None, path="/2fa/2/pin", **members):
        return self.server.post(path, self.body(to, **members), **(key(name) if name else {}))

    def verify(self, pin_id, pin, name, version=2):
        return self.server.post(f"/2fa/{version}/pin/{pin_id}/verify", {"pin": pin}, **key(name))


@pytest.fixture(scope="module")
def shop(server):
    return Shop(server)


# ---- send ----

@pytest.mark.parametrize("to, path", [
    ("41791110091", "/2fa/2/pin"), ("41791110092", "/2fa/1/pin"), ("41791110093", "/2fa/1/pin/sms")])
def test_a_send_that_is_repeated_sends_one_message(shop, to, path):
    first = shop.send(to, f"order {path}", path)
    assert first.status_code == 200
    for _ in range(3):
        same(first, shop.send(to, f"order {path}", path))
    pin_id = first.json()["pinId"]
    shop.server.message(pin_id)
    assert [m["pinId"] for m in shop.server.messages() if m["to"] == to] == [pin_id]


def test_without_a_key_nothing_is_different(shop):
    first, second = shop.send("41791110001"), shop.send("41791110001")
    assert first.json()["pinId"] != second.json()["pinId"]
    assert not is_replay(first) and not is_replay(second)


def test_a_repetition_is_the_same_whatever_its_spacing_and_order(shop):
    first = shop.send("41791110002", "spacing", placeholders={"a": "1", "b": "2"})
    body = dict(reversed(shop.body("41791110002", placeholders={"b": "2", "a": "1"}).items()))
    same(first, shop.server.post("/2fa/2/pin", json.dumps(body, indent=4), **key("spacing")))


@pytest.mark.parametrize("change", [
    {"to": "41791110004"}, {"from": "Other"}, {"placeholders": {"a": "2"}},
    {"trackDelivery": True}])
def test_a_key_stands_for_one_request_only(shop, change):
    name = f"one request {change}"
    first = shop.send("41791110003", name)
    other = shop.server.post("/2fa/2/pin", {**shop.body("41791110003"), **change}, **key(name))
    assert other.status_code == 422
    assert other.json()["requestError"]["serviceException"]["messageId"] == "BAD_REQUEST"
    same(first, shop.send("41791110003", name))


def test_the_query_is_part_of_the_request(shop):
    first = shop.send("41791110005", "query", "/2fa/2/pin?ncNeeded=true")
    assert shop.send("41791110005", "query", "/2fa/2/pin?ncNeeded=false").status_code == 422
    same(first, shop.send("41791110005", "query", "/2fa/2/pin?ncNeeded=true"))


def test_versions_and_operations_have_their_own_keys(shop):
    by_v2 = shop.send("41791110006", "shared")
    by_v1 = shop.send("41791110006", "shared", "/2fa/1/pin")
    pin_id = by_v2.json()["pinId"]
    assert by_v1.json()["pinId"] != pin_id
    resent = shop.server.post(f"/2fa/2/pin/{pin_id}/resend", **key("shared"))
    assert resent.status_code == 200 and not is_replay(resent)


def test_accounts_have_their_own_keys(server, shop):
    server.command("account", "create", "neighbour")
    other = server.command("key", "create", "--account", "neighbour",
                           "--name", "n", "--scope", "2fa:manage").stdout.strip()
    wait_for("the key", lambda: server.get("/2fa/2/applications", key=other).status_code == 200)
    application = server.application(key=other)
    template = server.template(application, key=other)
    first = shop.send("41791110007", "of both")
    theirs = server.post("/2fa/2/pin", {
        "applicationId": application, "messageId": template, "to": "41791110007"},
        key=other, **key("of both"))
    assert theirs.status_code == 200 and not is_replay(theirs)
    assert theirs.json()["pinId"] != first.json()["pinId"]


def test_what_is_tracked_keeps_its_external_id(shop):
    first = shop.send("41791110008", "tracked", trackDelivery=True)
    assert first.json()["externalMessageId"]
    same(first, shop.send("41791110008", "tracked", trackDelivery=True))


# ---- the key ----

@pytest.mark.parametrize("text", ["k", "x" * 255, "a key, with: all/sorts~!", '"quo\\"ted\\\\"'])
def test_any_printable_key_of_1_to_255_characters_is_taken(shop, text):
    same(shop.send("41791110010", text), shop.send("41791110010", text))


def test_quoted_and_bare_are_the_same_key(shop):
    first = shop.send("41791110011", "8e03978e-40d5-43dd-bc93-6894a57f9324")
    same(first, shop.send("41791110011", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'))


@pytest.mark.parametrize("text", [
    "", "x" * 256, '""', '"open', '"a"b"', '"a\\n"', '"a\\"', '"' + "x" * 256 + '"', "caf\xe9"])
def test_another_key_is_refused_by_name(shop, text):
    for path in ["/2fa/2/pin", "/2fa/1/pin"]:
        answer = shop.send("41791110012", text.encode("latin-1"), path) if text else \
            shop.server.post(path, shop.body("41791110012"), **key(""))
        assert answer.status_code == 400, text
        errors = answer.json()["requestError"]["serviceException"]["validationErrors"]
        assert list(errors) == ["Idempotency-Key"]
    assert not [m for m in shop.server.messages() if m["to"] == "41791110012"]


def test_where_no_key_counts_any_is_passed_over(shop):
    path = f"/2fa/2/applications/{shop.application}"
    assert shop.server.get(path, **key("x" * 256)).status_code == 200


# ---- what is not recorded ----

def test_what_changed_nothing_may_be_tried_again_with_the_same_key(server):
    shop = Shop(server, sendPinPerPhoneNumberLimit="1/2s")
    assert shop.send("nobody", "again").status_code == 400
    first = shop.send("41791110020", "first")
    assert shop.send("41791110020", "again").status_code == 429
    same(first, shop.send("41791110020", "first"))
    sent = wait_for("room in the limit", lambda: (
        lambda a: a if a.status_code == 200 else None)(shop.send("41791110020", "again")))
    assert not is_replay(sent)
    assert sent.json()["pinId"] != first.json()["pinId"]


def test_an_unknown_template_is_not_recorded(shop):
    body = {**shop.body("41791110021"), "messageId": "0" * 32}
    for _ in range(2):
        answer = shop.server.post("/2fa/2/pin", body, **key("unknown"))
        assert answer.status_code == 404 and not is_replay(answer)
    assert shop.send("41791110021", "unknown").status_code == 200


def test_a_repetition_uses_up_no_limit(server):
    shop = Shop(server, sendPinPerPhoneNumberLimit="2/1h")
    first = shop.send("41791110022", "limit")
    for _ in range(5):
        same(first, shop.send("41791110022", "limit"))
    assert shop.send("41791110022", "another").status_code == 200
    assert shop.send("41791110022", "third").status_code == 429


# ---- resend and verify ----

@pytest.mark.parametrize("version", [1, 2])
def test_a_resend_that_is_repeated_sends_once_more_and_no_more(shop, version):
    pin_id, pin = shop.server.sent(shop.application, shop.template, f"4179111003{version}")
    path = f"/2fa/{version}/pin/{pin_id}/resend"
    first = shop.server.post(path, **key("resend"))
    assert first.status_code == 200
    same(first, shop.server.post(path, **key("resend")))
    same(first, shop.server.post(path, "{}", **key("resend")))
    assert shop.server.post(path, {"placeholders": {"a": "b"}}, **key("resend")).status_code == 422
    assert shop.server.pin(pin_id, 2) == pin
    assert shop.server.post(path, **key("one more")).status_code == 200
    shop.server.message(pin_id, 3)
    assert len(shop.server.messages(pin_id)) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_a_wrong_guess_that_is_repeated_costs_one_attempt(shop, version):
    pin_id, pin = shop.server.sent(shop.application, shop.template, f"4179111004{version}")
    first = shop.verify(pin_id, wrong(pin), "guess", version)
    assert first.json()["attemptsRemaining"] == 9
    for _ in range(4):
        same(first, shop.verify(pin_id, wrong(pin), "guess", version))
    assert shop.verify(pin_id, wrong(pin), "next", version).json()["attemptsRemaining"] == 8
    assert shop.verify(pin_id, pin, "guess", version).status_code == 422
    assert shop.verify(pin_id, pin, "right", version).json()["verified"] is True
    same(first, shop.verify(pin_id, wrong(pin), "guess", version))


def test_a_right_guess_that_is_repeated_is_still_right(server):
    shop = Shop(server, allowMultiplePinVerifications=False)
    pin_id, pin = shop.server.sent(shop.application, shop.template, "41791110050")
    first = shop.verify(pin_id, pin, "mine")
    assert first.json()["verified"] is True
    same(first, shop.verify(pin_id, pin, "mine"))
    assert shop.verify(pin_id, pin, "thief").json()["verified"] is False


def test_a_key_of_one_pin_is_none_of_another(shop):
    one, one_pin = shop.server.sent(shop.application, shop.template, "41791110051")
    two, two_pin = shop.server.sent(shop.application, shop.template, "41791110052")
    assert shop.verify(one, one_pin, "same text").json()["pinId"] == one
    answer = shop.verify(two, two_pin, "same text")
    assert answer.json()["pinId"] == two and answer.json()["verified"] and not is_replay(answer)


def test_a_verify_of_an_unknown_pin_is_not_recorded(shop):
    for _ in range(2):
        answer = shop.verify("0" * 32, "1234", "nobody")
        assert answer.status_code == 404 and not is_replay(answer)


# ---- while it runs, and over a restart ----

def test_a_request_that_is_still_running_is_a_conflict(fresh):
    """The SMSC takes its time, so the first answer does too."""
    with peer.Smsc("--delay", "1000") as smsc:
        own = fresh(config=peer.config(smsc.port) + "delivery: {accept_wait: 30s}\n")
        own.event("carrier_up")
        shop = Shop(own)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: shop.server.post(
                "/2fa/2/pin", shop.body("41791110060"), http=requests, **key("slow")), range(2)))
        sent, refused = sorted(answers, key=lambda a: a.status_code)
        assert (sent.status_code, refused.status_code) == (200, 409)
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["requestError"]["serviceException"]["text"]
        same(sent, shop.send("41791110060", "slow"))
        assert len(smsc.messages("41791110060")) == 1
        own.stop()


def test_what_was_not_sent_stays_so(fresh):
    """The carrier refuses for good; the same again would not change its mind."""
    with peer.Smsc("--reject", "11") as smsc:
        own = fresh(config=peer.config(smsc.port))
        own.event("carrier_up")
        shop = Shop(own)
        first = shop.send("41791110061", "refused")
        assert first.json()["smsStatus"] == "MESSAGE_NOT_SENT"
        same(first, shop.send("41791110061", "refused"))
        own.kill()
        own.start()
        same(first, shop.send("41791110061", "refused"))
        own.stop()


def test_what_nobody_was_answered_is_answered_from_what_is_known(fresh):
    """Killed while the carrier is silent: the message is there, its answer is not."""
    with peer.Smsc("--silent") as smsc:
        own = fresh(config=peer.config(smsc.port) + "delivery: {accept_wait: 30s}\n")
        own.event("carrier_up")
        shop = Shop(own)
        with ThreadPoolExecutor(1) as pool:
            lost = pool.submit(shop.send, "41791110062", "lost")
            pin_id = wait_for("the message", lambda: own.open_record())
            own.kill()
            with pytest.raises(requests.ConnectionError):
                lost.result()
        own.start()
        answer = shop.send("41791110062", "lost")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"pinId": pin_id, "to": "41791110062",
                                 "ncStatus": "NC_DESTINATION_UNKNOWN", "smsStatus": "MESSAGE_SENT"}
        assert is_replay(answer)
        again = shop.send("41791110062", "lost")
        assert again.content == answer.content and is_replay(again)
        assert shop.send("41791110063", "lost").status_code == 422
        own.kill()


def test_answers_are_the_same_after_a_restart(fresh):
    own = fresh()
    shop = Shop(own)
    sent = shop.send("41791110070", "over a restart")
    pin_id = sent.json()["pinId"]
    pin = own.pin(pin_id)
    resent = own.post(f"/2fa/2/pin/{pin_id}/resend", **key("over a restart"))
    guess = shop.verify(pin_id, wrong(pin), "over a restart")
    own.stop()
    own.start()
    same(sent, shop.send("41791110070", "over a restart"))
    same(resent, own.post(f"/2fa/2/pin/{pin_id}/resend", **key("over a restart")))
    same(guess, shop.verify(pin_id, wrong(pin), "over a restart"))
    assert shop.send("41791110071", "over a restart").status_code == 422
    assert len(own.messages(pin_id)) == 2


def test_the_database_tells_neither_key_nor_guess(fresh):
    """And no unkeyed hash of a guess either: that would be as good as the guess."""
    own = fresh()
    shop = Shop(own)
    pin_id, pin = own.sent(shop.application, shop.template, "41791110080")
    shop.verify(pin_id, pin, "a-telling-key")
    own.stop()
    octets = (own.data / "watchword.db").read_bytes()
    assert b"a-telling-key" not in octets and b"verified" in octets
    with sqlite3.connect(own.data / "watchword.db") as db:
        rows = db.execute("SELECT * FROM idempotency").fetchall()
        assert len(rows) == 1
        schema = db.execute("SELECT sql FROM sqlite_master WHERE name = 'idempotency'").fetchone()
    assert "fingerprint" in schema[0]
    assert not any(pin.encode() in (v if isinstance(v, bytes) else str(v).encode())
                   for v in rows[0] if isinstance(v, (bytes, str)))
    keyring = own.data / "idempotency-keyring"
    assert keyring.stat().st_mode & 0o777 == 0o600
