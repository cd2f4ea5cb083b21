# SPDX-License-Identifier: Apache-2.0
"""Bounces as mail servers write them, posted to the URL of receipts; and signatures."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from harness.relay import Post, Relay
from harness.server import Server

SECRET = "receipts-of-mails-1"

# The forms of postfix 3.7 and of exim 4.96.
POSTFIX = """Return-Path: <>
Delivered-To: bounces+{id}@bank.example
Received: by mx.bank.example (Postfix)
\tid 4F2; Tue,  1 Dec 2026 00:00:00 +0000 (UTC)
From: MAILER-DAEMON@bank.example (Mail Delivery System)
Subject: {subject}
To: bounces+{id}@bank.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1.1764547200/mx.bank.example"

This is a MIME-encapsulated message.

--4F1.1764547200/mx.bank.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.bank.example.

--4F1.1764547200/mx.bank.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.bank.example
X-Postfix-Queue-ID: 4F1
X-Postfix-Sender: rfc822; bounces+{id}@bank.example
Arrival-Date: Tue,  1 Dec 2026 00:00:00 +0000 (UTC)

Final-Recipient: rfc822; jane@example.com
Original-Recipient: rfc822;jane@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {diagnostic}

--4F1.1764547200/mx.bank.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Message-ID: <{id}@bank.example>
Subject: your code

--4F1.1764547200/mx.bank.example--
"""
EXIM = """Received: from exim by relay.example with local (Exim 4.96)
X-Failed-Recipients: jane@example.com
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: pins@bank.example
Content-Type: multipart/report; report-type=delivery-status; boundary=1764547200-eximdsn-5
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1764547200-eximdsn-5
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1764547200-eximdsn-5
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example

Action: {action}
Final-Recipient: rfc822;jane@example.com
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {diagnostic}

--1764547200-eximdsn-5
Content-type: message/rfc822

Return-path: <pins@bank.example>
Subject: {subject}
Message-ID:
 <{id}@bank.example>

{id}
--1764547200-eximdsn-5--
"""
FORMS = {"postfix": POSTFIX, "exim": EXIM}


@pytest.fixture(scope="module")
def post(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bounces")
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    with Relay() as relay, Post(folder, [relay.port], (
            "tls: off, bounce_address: bounces@bank.example, "
            f"receipt_secret_file: {folder}/secret")) as made:
        made.relay = relay
        yield made


def sent(post):
    """(pinId, the mail's id)."""
    count = len(post.relay.mails)
    pin_id = post.send()
    mail = post.relay.mail(count + 1)
    made = mail.sender.removeprefix("bounces+").removesuffix("@bank.example")
    assert mail.read()["Message-ID"] == f"<{made}@bank.example>"
    return pin_id, made


def bounce(post, form, secret=SECRET, ends="\n", **values):
    text = form.format(**{"subject": "x", "action": "failed", "status": "5.0.0",
                          "diagnostic": "550 no", "id": "0" * 32, **values})
    return post.server.http.post(
        f"{post.server.base}/watchword/1/receipts/mail/{secret}",
        data=text.replace("\n", ends).encode(), headers={"Content-Type": "message/rfc822"})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("values,status,error", [
    ({"status": "5.1.1"}, "REJECTED_DESTINATION", "EC_UNKNOWN_SUBSCRIBER"),
    ({"diagnostic": "550-5.2.2 over\n quota"}, "UNDELIVERABLE_NOT_DELIVERED",
     "EC_SM_DF_MEMORYCAPACITYEXCEEDED"),
    ({"status": "4.4.7"}, "EXPIRED_EXPIRED", "EC_VALIDITY_EXPIRED"),
    ({"action": "Delivered", "status": "2.0.0"}, "DELIVERED_TO_HANDSET", "NO_ERROR"),
])
def test_a_report_ends_its_message(post, form, ends, values, status, error):
    pin_id, made = sent(post)
    assert bounce(post, FORMS[form], ends=ends, id=made, **values).status_code == 200
    told = post.ended(pin_id, "delivered" if error == "NO_ERROR" else
                      "expired" if "EXPIRED" in status else "failed")
    assert told["status"]["name"] == status
    receipt = [e for e in post.server.get(f"/watchword/1/pins/{pin_id}").json()["events"]
               if e["event"] == "receipt"][0]
    assert receipt.get("error", {"name": "NO_ERROR"})["name"] == error


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "x"])
def test_a_report_that_it_takes_longer_moves_nothing(post, action):
    pin_id, made = sent(post)
    assert bounce(post, POSTFIX, id=made, action=action, status="4.4.1").status_code == 200
    assert bounce(post, EXIM, id=made, action="failed", status="5.1.1").status_code == 200
    assert post.ended(pin_id, "failed")["status"]["name"] == "REJECTED_DESTINATION"


@pytest.mark.parametrize("body,secret,code", [
    (POSTFIX, "another secret, long", 403), (EXIM, "", 403),
    ("", SECRET, 400), ("hello", SECRET, 400), ("A: b\n\nc", SECRET, 400),
    (POSTFIX.replace("message/delivery-status", "text/plain"), SECRET, 400),
    (POSTFIX.replace("{id}", "x"), SECRET, 400), (EXIM.replace("{id}", "x"), SECRET, 400),
    (POSTFIX.replace("Action:", "Motion:"), SECRET, 400),
    (POSTFIX.replace("boundary=", "border="), SECRET, 400),
])
def test_what_is_no_report_is_refused(post, body, secret, code):
    assert bounce(post, body, secret).status_code == code


def test_a_second_report_changes_nothing(post):
    pin_id, made = sent(post)
    assert bounce(post, POSTFIX, id=made, action="delivered").status_code == 200
    post.ended(pin_id, "delivered")
    assert bounce(post, EXIM, id=made).status_code == 200
    assert post.told(pin_id)["state"] == "delivered"


# ---- signatures ----

def published(key):
    """The record of its public half."""
    octets = key.public_key().public_bytes(serialization.Encoding.DER,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(octets)


def key_file(folder, key):
    path = folder / "dkim.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    path.chmod(0o600)
    return path


def test_a_signature_holds_and_breaks(tmp_path):
    key = rsa.generate_private_key(65537, 2048)
    asked = []

    def record(name, **_):
        asked.append(name)
        return published(key)

    with Relay() as relay, Post(tmp_path, [relay.port], (
            "tls: off, dkim_domain: bank.example, dkim_selector: s1, "
            f"dkim_key: {key_file(tmp_path, key)}")) as made:
        for n in range(3):
            made.send(placeholders={"name": "J\u00fcrgen " * n + "  x\t y"})
        for n in range(3):
            octets = relay.mail(n + 1).octets
            assert dkim.verify(octets, dnsfunc=record)
            assert not dkim.verify(octets.replace(b"Bye", b"Die"), dnsfunc=record)
            assert not dkim.verify(b"Subject: other\r\n" + octets, dnsfunc=record)
            assert not dkim.verify(octets.replace(b"To: jane", b"To: mary"), dnsfunc=record)
    assert set(asked) == {b"s1._domainkey.bank.example."}


@pytest.mark.parametrize("given,field", [
    ("dkim_domain: a.example", "dkim_selector"), ("dkim_key: /x", "dkim_domain"),
    ("dkim_domain: a.example, dkim_selector: s, dkim_key: /no/such", "dkim_key"),
    ("dkim_domain: a.example, dkim_selector: s, dkim_key: HERE/none", "dkim_key"),
    ("dkim_domain: a.example, dkim_selector: s, dkim_key: HERE/dkim.pem", "dkim_key"),
])
def test_keys_that_are_none(tmp_path, given, field):
    (tmp_path / "none").write_text("no key")
    key_file(tmp_path, ed25519.Ed25519PrivateKey.generate())
    server = Server(tmp_path, config="carriers:\n- {name: m, type: smtp, relays: [a], " +
                    given.replace("HERE", str(tmp_path)) + "}\n")
    done = server.command("config", "check", str(server.config), check=False, data=False)
    assert done.returncode != 0 and f"carriers[0].{field}" in done.stderr + done.stdout
