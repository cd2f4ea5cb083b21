# SPDX-License-Identifier: Apache-2.0
"""Emails by SMTP, to relays that do as they are told: what they get, and what is told of it."""

import socket
import ssl
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from harness import relay as relays
from harness.certificates import Authority
from harness.relay import CLOSE, SILENT, Post, Relay
from harness.server import Server, wait_for

SECRET = "a secret of this test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """One relay in the clear and one server, for what needs no others."""
    with Relay() as relay, Post(tmp_path_factory.mktemp("mail"), [relay.port],
                                "tls: off, connections: 1") as post:
        yield relay, post


@pytest.fixture
def plain(pair):
    relay, post = pair
    relay.said, relay.features = {}, list(relays.FEATURES)
    relay.mails.clear()
    relay.commands.clear()
    yield relay, post
    relay.say()


def verbs(relay):
    """The commands since then, in their order."""
    return [line.split()[0] for _, line in relay.commands]


# ---- a mail and its way ----

def test_a_pin_is_mailed_and_verified(plain):
    relay, post = plain
    pin_id = post.send("jane@example.com")
    mail = relay.mail()
    assert (mail.sender, mail.recipient) == ("pins@bank.example", "jane@example.com")
    assert mail.options.split() == [f"SIZE={len(mail.octets)}"]
    assert mail.text == f"Jane, it is [{mail.pin}].\r\n.\r\nBye\r\n"
    submit = wait_for("the outcome", lambda: [
        e for e in post.server.get(f"/watchword/1/pins/{pin_id}").json()["events"]
        if e["event"] == "submit"])[0]
    made = submit["carrierMessageId"]
    assert mail.read()["Message-ID"] == f"<{made}@bank.example>"
    assert pin_id.lower() not in mail.octets.decode().lower()
    assert post.server.verify(pin_id, mail.pin).json()["verified"] is True


def test_a_connection_is_kept_for_the_next_mail(plain):
    relay, post = plain
    for _ in range(3):
        post.send()
    assert relay.mail(3).session == relay.mail(1).session
    assert verbs(relay)[-9:] == ["MAIL", "RCPT", "DATA"] * 3


@pytest.mark.parametrize("features", [["PIPELINING"], ["SIZE"], []])
def test_relays_with_fewer_features(plain, features):
    relay, post = plain
    relay.drop()
    relay.features = features
    post.send()
    assert relay.mail().options.split() == (
        [f"SIZE={len(relay.mail().octets)}"] if "SIZE" in features else [])


def test_an_address_beyond_ascii_goes_where_the_relay_takes_it(plain):
    relay, post = plain
    relay.drop()
    post.send("j\u00fcrgen@b\u00fccher.example")
    mail = relay.mail()
    assert mail.recipient == "j\u00fcrgen@xn--bcher-kva.example"
    assert "SMTPUTF8" in mail.options
    relay.drop()
    relay.features = ["PIPELINING"]
    answer = post.ask("j\u00fcrgen@b\u00fccher.example").json()
    assert answer["emailStatus"]["name"] == "REJECTED_DESTINATION"
    assert "SMTPUTF8" in post.submits(answer["pinId"])[0]["reason"]
    post.send("jane@b\u00fccher.example")
    mail = relay.mail(2)
    assert (mail.recipient, mail.options) == ("jane@xn--bcher-kva.example", "")


# ---- what a relay says ----

@pytest.mark.parametrize("said,status,reason", [
    ({"RCPT": "550 5.1.1 no such user jane@example.com"}, "REJECTED_DESTINATION",
     "550 5.1.1: the mailbox is unknown"),
    ({"RCPT": "550 no such user"}, "REJECTED_DESTINATION", "550: the mailbox is unknown"),
    ({"RCPT": "552 5.2.2 full"}, "UNDELIVERABLE_NOT_DELIVERED",
     "552 5.2.2: the mailbox is full"),
    ({"RCPT": "556 5.1.10 null MX"}, "REJECTED_DESTINATION",
     "556 5.1.10: the address is no good"),
    ({"MAIL": "550 5.1.8 who are you"}, "REJECTED_SOURCE",
     "550 5.1.8: the sender's domain is no good"),
    ({"DATA": "554 5.7.1 no"}, "UNDELIVERABLE_REJECTED_OPERATOR",
     "554 5.7.1: a policy does not let it pass"),
    ({"DOT": "554 5.6.0 spam"}, "REJECTED", "554 5.6.0: the content is not taken"),
    ({"DOT": "552 5.3.4 too large"}, "REJECTED_MESSAGE_TOO_LONG",
     "552 5.3.4: the mail is too long"),
    ({"RCPT": "550-5.1.1 no such\r\n550 5.1.1 user"}, "REJECTED_DESTINATION",
     "550 5.1.1: the mailbox is unknown"),
])
def test_a_refusal_for_good_is_told_in_the_published_words(plain, said, status, reason):
    relay, post = plain
    relay.say(**said)
    answer = post.ask().json()
    assert answer["emailStatus"]["name"] == status
    assert [s["reason"] for s in post.submits(answer["pinId"])] == [reason]
    relay.say()
    post.send()
    assert relay.mail().sender == "pins@bank.example"


def test_a_recipient_that_is_refused_costs_the_others_nothing(plain):
    relay, post = plain
    relay.say(RCPT=lambda to, _: "550 5.1.1 no" if "nobody" in to else None)
    session = relay.sessions
    for n in range(3):
        assert post.ask(f"nobody{n}@example.com").json()["emailStatus"]["name"] == (
            "REJECTED_DESTINATION")
        post.send(f"jane{n}@example.com")
    relay.mail(3)  # sent is also what is queued durably
    assert [m.recipient for m in relay.mails] == [f"jane{n}@example.com" for n in range(3)]
    assert relay.sessions - session <= 1


def test_greylisting_waits_and_is_no_attempt(plain):
    relay, post = plain
    first = {}

    def greylist(to, _):
        first.setdefault(to, time.monotonic())
        return "451 4.7.1 greylisted" if time.monotonic() - first[to] < 2 else None

    relay.say(RCPT=greylist)
    pin_id = post.send()
    post.ended(pin_id, "accepted")
    submits = post.submits(pin_id)
    assert {s["result"] for s in submits[:-1]} == {"retry"}
    assert submits[-1]["result"] == "accepted"
    assert post.told(pin_id)["attempts"] == 1
    assert not [e for e in post.server.events if e["event"] in ("carrier_suspended",
                                                                "carrier_throttled")]


def test_a_fault_of_the_relay_is_tried_again_and_is_an_attempt(plain):
    relay, post = plain
    left = [2]

    def busy(*_):
        left[0] -= 1
        return "452 4.3.1 no room" if left[0] >= 0 else None

    relay.say(DOT=busy)
    pin_id = post.send()
    post.ended(pin_id, "accepted")
    assert post.told(pin_id)["attempts"] == 3
    assert len(relay.mails) == 1


def test_a_mail_without_an_answer_is_not_sent_again(plain):
    relay, post = plain
    for way in (SILENT, CLOSE):
        relay.say(DOT=way)
        pin_id = post.send()
        assert post.ended(pin_id, "submitted")["attempts"] == 1
        assert "may have been taken" in post.submits(pin_id)[0]["reason"]
    time.sleep(0.5)
    assert verbs(relay).count("DATA") == 2


NOT_TAKEN = [
    {"MAIL": SILENT}, {"RCPT": SILENT}, {"DATA": SILENT}, {"DATA": CLOSE}, {"RCPT": CLOSE},
    {"MAIL": CLOSE}, {"MAIL": "421 4.3.2 closing"}, {"RCPT": "what?"}, {"DATA": "250 yes"},
    {"RCPT": "999 x"}, {"MAIL": "250-" + "x" * 5000}, {"MAIL": "250-x\r\n550 y"},
]


def test_what_was_surely_not_taken_is_sent_again(tmp_path):
    """Each mail, told by its sender, meets a fault at its first try."""
    met = set()

    def fault(command):
        def reply(argument, session):
            sender = argument if command == "MAIL" else session.sender
            case = int(sender.partition("case")[2].partition("@")[0])
            if case in met or command not in NOT_TAKEN[case]:
                return None
            met.add(case)
            return NOT_TAKEN[case][command]
        return reply

    with Relay() as relay, Post(tmp_path, [relay.port], "tls: off, connections: 32") as post:
        relay.say(**{command: fault(command) for command in ("MAIL", "RCPT", "DATA")})
        ids = [post.send(**{"from": f"case{n}@bank.example"}) for n in range(len(NOT_TAKEN))]
        for pin_id in ids:
            assert post.ended(pin_id, "accepted")["attempts"] <= 3
        assert len(met) == len(NOT_TAKEN)
        assert sorted(m.sender for m in relay.mails) == sorted(
            f"case{n}@bank.example" for n in range(len(NOT_TAKEN)))


def test_a_relay_that_ends_a_connection_after_so_many_mails(plain):
    relay, post = plain
    relay.mails_max = 1
    try:
        ids = [post.send() for _ in range(6)]
        assert len({relay.mail(n + 1).session for n in range(6)}) == 6
        assert [post.ended(i, "accepted")["attempts"] for i in ids] == [1] * 6
    finally:
        relay.mails_max = None


def test_a_relay_that_closes_while_nobody_looks(plain):
    relay, post = plain
    post.send()
    relay.drop()
    pin_id = post.send()
    relay.mail(2)
    assert post.ended(pin_id, "accepted")["attempts"] == 1


# ---- which relay, and who it is ----

def test_the_next_relay_has_the_mail_where_the_first_lets_nobody_in(tmp_path):
    with Relay() as first, Relay() as second:
        with Post(tmp_path, [first.port, second.port]) as post:
            for said in ({"GREETING": "421 4.3.2 busy"}, {"GREETING": "554 no"},
                         {"GREETING": SILENT}, {"EHLO": "550 no"}, {"GREETING": CLOSE},
                         {"GREETING": "SSH-2.0"}):
                first.say(**said)
                count = len(second.mails)
                pin_id = post.send()
                second.mail(count + 1)
                assert post.ended(pin_id, "accepted")["attempts"] == 1
            first.say()
            wait_for("the first again", lambda: post.send() and first.mails, seconds=40)
            post.server.event("carrier_up")


def test_no_relay_at_all_is_no_attempt(tmp_path):
    with Relay() as relay:
        port = relay.port
    with Post(tmp_path, [port]) as post:
        pin_id = post.send()
        down = post.server.event("carrier_down")
        assert down["relay"] == "127.0.0.1" and "refused" in down["reason"]
        assert post.told(pin_id)["attempts"] == 0
        with Relay(port=port) as relay:
            relay.mail()
            assert post.ended(pin_id, "accepted")["attempts"] == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_with_a_name_that_is_checked(tmp_path, authority, tls):
    good = authority.pair("good")
    wrong = authority.pair("wrong", names=["other.example"])
    implicit = tls == "implicit"
    with Relay(wrong, implicit) as first, Relay(good, implicit) as second, Relay() as third:
        with Post(tmp_path, [first.port, third.port, second.port],
                  f"tls: {tls}, tls_ca: {authority.path}") as post:
            post.send()
            assert second.mail()
            reasons = [e["reason"] for e in post.server.events if e["event"] == "carrier_down"]
            assert "mismatch" in reasons[0]
            assert len(reasons) == 2
            assert not [c for r in (first, third) for _, c in r.commands if "MAIL" in c]


def test_octets_behind_starttls_are_not_taken(tmp_path, authority):
    with Relay(authority.pair("good")) as relay:
        relay.say(STARTTLS="220 go\r\n250 injected")
        with Post(tmp_path, [relay.port], f"tls_ca: {authority.path}") as post:
            post.send()
            assert "in the clear" in post.server.event("carrier_down")["reason"]


@pytest.mark.parametrize("auth,mechanism", [
    ("auto", "PLAIN"), ("plain", "PLAIN"), ("login", "LOGIN"), ("xoauth2", "XOAUTH2")])
def test_signing_in(tmp_path, authority, auth, mechanism):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    file = "token_file" if auth == "xoauth2" else "password_file"
    with Relay(authority.pair("good"), users={"pins": SECRET}) as relay:
        with Post(tmp_path, [relay.port], f"tls_ca: {authority.path}, username: pins, auth: {auth}, "
                  f"{file}: {secret}") as post:
            post.send()
            relay.mail()
            assert relay.logins == [(mechanism, "pins", SECRET)]
            relay.users["pins"] = "another"
            relay.drop()
            pin_id = post.send()
            down = post.server.event("carrier_down")
            assert "sign in" in down["reason"] and "535" in down["reason"]
            assert post.told(pin_id)["attempts"] == 0
            assert len(relay.mails) == 1
            if auth == "xoauth2":  # read anew at each sign-in
                secret.write_text("another\n")
                relay.mail(2)


class Inbox:
    """What aiosmtpd asks of who takes its mails."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        assert session.ssl and session.authenticated
        self.mails.append(envelope)
        return "250 2.0.0 taken"


def test_another_mail_server(tmp_path, authority):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.pair("good"))
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def signs_in(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (b"pins", SECRET.encode())
        return AuthResult(success=good, handled=False)

    served = Controller(inbox, hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True,
                        authenticator=signs_in, auth_required=True, enable_SMTPUTF8=True)
    served.start()
    try:
        with Post(tmp_path, [port], f"tls_ca: {authority.path}, username: pins, "
                  f"password_file: {tmp_path}/secret") as post:
            pin_id = post.send("j\u00fcrgen@example.com")
            wait_for("the mail", lambda: inbox.mails)
            assert inbox.mails[0].rcpt_tos == ["j\u00fcrgen@example.com"]
            assert post.ended(pin_id, "accepted")["attempts"] == 1
    finally:
        served.stop()


# ---- the configuration ----

@pytest.mark.parametrize("more,field", [
    ("relays: [a b]", "relays"), ('relays: ["a:0"]', "relays"), ('relays: ["a:99999"]', "relays"),
    ('relays: [""]', "relays"), ('relays: ["[::1"]', "relays"),
    ("relays: [" + "a, " * 8 + "b]", "relays"),
    ("relays: [a], username: x", "password_file"),
    ("relays: [a], token_file: /x", "username"),
    ("relays: [a], username: x, auth: xoauth2", "token_file"),
    ("relays: [a], sender: nobody", "sender"),
    ("relays: [a], bounce_address: Bank <b@example.com>", "bounce_address"),
    ("relays: [a], connections: 0", "connections"), ("sender: a@b", "relays"),
])
def test_options_that_are_none(tmp_path, more, field):
    server = Server(tmp_path, config=f"carriers:\n- {{name: mail, type: smtp, {more}}}\n")
    done = server.command("config", "check", str(server.config), check=False, data=False)
    assert done.returncode != 0
    assert f"carriers[0].{field}" in done.stderr + done.stdout


def test_what_is_probably_not_meant_is_said(tmp_path):
    server = Server(tmp_path, config=(
        "carriers:\n- {name: mail, type: smtp, relays: [a, \"[::1]:25\"], tls: off, "
        "bounce_address: b@example.com}\n"))
    done = server.command("config", "check", str(server.config), check=False, data=False)
    assert "in the clear" in done.stderr + done.stdout
    assert "receipt_secret_file" in done.stderr + done.stdout
