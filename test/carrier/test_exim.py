# SPDX-License-Identifier: Apache-2.0
"""Emails through exim: TLS, AUTH, mailboxes, refusals, and the bounces that it writes."""

import pytest
from harness.certificates import Authority
from harness.exim import Exim
from harness.relay import Post, Relay
from harness.server import wait_for

SECRET = "receipts-of-exim-1"
PASSWORD = "a password"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(exim, server): each knows the other."""
    folder = tmp_path_factory.mktemp("exim")
    authority = Authority(folder)
    (folder / "password").write_text(PASSWORD)
    (folder / "receipts").write_text(SECRET)
    for name in ("password", "receipts"):
        (folder / name).chmod(0o600)
    with Relay() as far, Exim(authority.pair("exim"), PASSWORD, far.port, 5) as exim:
        with Post(folder, [exim.port], (
                f"tls_ca: {authority.path}, username: pins, password_file: {folder}/password, "
                f"bounce_address: bounces@bank.example, receipt_secret_file: {folder}/receipts, "
                "connections: 2")) as post:
            far.say(RCPT="550 5.1.1 no such user")
            exim.report_to(f"{post.server.base}"
                           f"/watchword/1/receipts/mail/{SECRET}")
            yield exim, post


def test_mails_arrive_with_nothing_that_a_reader_would_mind(pair):
    exim, post = pair
    ids = [post.send(f"jane{n}@inbox.example") for n in range(12)]  # more than a connection takes
    wait_for("the mails", lambda: len(exim.mails()) == 12)
    for mail in exim.mails():
        assert not mail.defects
        assert mail["From"] == "Bank <pins@bank.example>"
        assert mail["Return-path"].startswith("<bounces+")
        assert not [p.defects for p in mail.walk() if p.defects]
    assert [post.ended(i, "accepted")["attempts"] for i in ids] == [1] * 12


def test_a_mailbox_that_is_unknown_is_told_at_once(pair):
    _, post = pair
    assert post.ask("unknown@inbox.example").json()["emailStatus"]["name"] == (
        "REJECTED_DESTINATION")


def test_a_bounce_moves_its_message_to_its_end(pair):
    exim, post = pair
    good = post.send("jane@inbox.example")
    gone = post.send("gone@inbox.example")
    far = post.send("jane@far.example")
    assert post.ended(gone, "failed")["status"]["name"] == "UNDELIVERABLE_NOT_DELIVERED"
    assert post.ended(far, "failed")["status"]["name"] == "REJECTED_DESTINATION"
    receipt = [e for e in post.server.get(f"/watchword/1/pins/{far}").json()["events"]
               if e["event"] == "receipt"][0]
    assert receipt["error"]["name"] == "EC_UNKNOWN_SUBSCRIBER", exim.log()
    assert post.told(good)["state"] == "accepted"


def test_greylisting_of_exim_is_no_attempt(pair):
    _, post = pair
    pin_id = post.send("greylist@inbox.example")
    wait_for("a try", lambda: [e for e in post.server.events if e.get("pinId") == pin_id])
    assert post.told(pin_id)["attempts"] == 0


def test_a_mailbox_beyond_ascii(pair):
    exim, post = pair
    post.send("j\u00fcrgen@inbox.example")
    wait_for("the mail", lambda: [m for m in exim.mails() if "rgen@" in str(m["To"])])
