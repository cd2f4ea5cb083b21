# SPDX-License-Identifier: Apache-2.0
"""Mails as they go out, read back by Python's parser, which names each defect."""

import email
import email.policy
import os
import re
import subprocess
from pathlib import Path

import pytest
from harness.server import binary
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

COMPOSE = Path(binary()).parents[2] / "test/carrier/compose_mail"
STRICT = email.policy.SMTP.clone(raise_on_defect=True)
SENDER = "Example Bank <no-reply@bank.example>"
READER = "jane@example.com"
ENDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Composer:
    """The program's composer, a line in and a line out."""

    def __init__(self):
        self.process = subprocess.Popen([COMPOSE], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, sender=SENDER, to=READER, subject="", text="", html=""):
        """(id, octets), or (None, why)."""
        fields = [sender, to, subject, text, html]
        octets = [f if isinstance(f, bytes) else f.encode() for f in fields]
        print(*[o.hex() or "-" for o in octets], file=self.process.stdin, flush=True)
        first, rest = self.process.stdout.readline().rstrip("\n").split(" ", 1)
        return (None, rest) if first == "-" else (first, bytes.fromhex(rest))

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def composer():
    made = Composer()
    yield made
    made.close()


def read(octets):
    """The message, after all that can be said of its octets alone."""
    head, _, _ = octets.partition(b"\r\n\r\n")
    assert octets.endswith(b"\r\n")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\0" not in octets
    for line in octets.split(b"\r\n"):
        assert len(line) <= 78 or b" " not in line.strip(b" "), line
        assert len(line) <= 998
    for line in head.split(b"\r\n"):
        assert line.strip(), "a line of blanks in the head"
    message = email.message_from_bytes(octets, policy=STRICT)
    for part in message.walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects, value
    return message


def lines(text):
    """With one form of ends, and without those behind the last line."""
    return re.sub(r"\r\n|\r", "\n", text).rstrip("\n")


def content(message, kind):
    part = message.get_body((kind,))
    return part and lines(part.get_content())


def test_a_mail_has_what_filters_look_for(composer):
    made, octets = composer.ask(subject="Your code", text="It is 1207", html="<b>1207</b>")
    message = read(octets)
    assert message["From"] == SENDER
    assert message["To"] == READER
    assert message["Subject"] == "Your code"
    assert message["Message-ID"] == f"<{made}@bank.example>"
    assert message["Date"] == "Mon, 01 Dec 2025 00:00:00 +0000"
    assert message["MIME-Version"] == "1.0"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert composer.ask()[0] != made


@pytest.mark.parametrize("text,encoding", [
    ("Your code is 1207.\r\nBye", "7bit"), ("Für Jürgen ist der Code 1207", "quoted-printable"),
    ("Ваш код 1207", "base64"), ("a" * 79, "quoted-printable"), ("a blank ", "quoted-printable"),
    ("From: us", "7bit"), ("x\nFrom us", "quoted-printable"), ("From us", "quoted-printable"),
    ("", "7bit"),
])
def test_a_text_stays_as_readable_as_it_can(composer, text, encoding):
    message = read(composer.ask(text=text)[1])
    assert message["Content-Transfer-Encoding"] == encoding
    assert content(message, "plain") == lines(text)


@pytest.mark.parametrize("sender,name,addr", [
    ("bank@bücher.example", "", "bank@xn--bcher-kva.example"),
    ("Jürgen <j@b.example>", "Jürgen", "j@b.example"),
    ('"Smith, Jane \\"J\\"" <j@b.example>', 'Smith, Jane "J"', "j@b.example"),
    ("Dr. Who <w@b.example>", "Dr. Who", "w@b.example"),
    ("<w@b.example>", "", "w@b.example"),
    (f"{'very ' * 30}long <w@{'a' * 60}.example>", f"{'very ' * 30}long", f"w@{'a' * 60}.example"),
    ("=?utf-8?q?Bank?= <w@b.example>", "=?utf-8?q?Bank?=", "w@b.example"),
])
def test_senders_are_read_as_they_were_written(composer, sender, name, addr):
    message = read(composer.ask(sender=sender, subject="x", text="x")[1])
    assert message["From"].addresses[0].display_name == name
    assert message["From"].addresses[0].addr_spec == addr
    assert len(message["From"].addresses) == 1


def test_a_mailbox_beyond_ascii_stays_in_utf8(composer):
    _, octets = composer.ask(to="jürgen@bücher.example", text="x")
    message = email.message_from_bytes(octets, policy=STRICT.clone(utf8=True))
    assert "To: jürgen@xn--bcher-kva.example\r\n".encode() in octets
    assert message["Subject"] == ""


@pytest.mark.parametrize("sender,to", [
    ("Bank", READER), ("", READER), (SENDER, ""), (SENDER, "jane"), (SENDER, "jane@exa mple"),
    (SENDER, f"jane@{'ü' * 40}.example"), (SENDER, "jane@xn--.example\r\nBcc: x@y"),
    ("x\r\nBcc: <a@b>", READER), (SENDER, "jane\u2028bcc@example.com"),
    (SENDER, f"j@{'.'.join(['ü'] * 60)}"),
])
def test_what_is_no_mailbox_is_refused(composer, sender, to):
    made, why = composer.ask(sender=sender, to=to, text="x")
    assert made is None
    assert "mailbox" in why


NASTY = st.lists(st.one_of(
    st.text(max_size=40), st.text(alphabet="ab \t\r\n=?_.-<>\"\\,;:@()äжЖ漢😀", max_size=60),
    st.sampled_from(["\r\nBcc: x@y.example\r\n\r\n", "=?utf-8?q?x?=", "\r", "\0", "\u2028", "\x85",
                     "a" * 80, "ä" * 80, "\n.\n", "From me", "--", " \n", "1207 ", "\r\n \r\n"]),
), max_size=12).map("".join)
QUICK = settings(max_examples=int(os.environ.get("MAIL_EXAMPLES", "100")), deadline=None, derandomize=True, database=None,
                 suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(subject=NASTY, text=NASTY, html=NASTY)
@example(subject="x\r\n\r\nBcc: y", text="\r\n.\r\nQUIT", html="--=_")
@example(subject="a  b " * 40, text="\n\n", html="")
def test_nothing_in_a_text_leaves_its_place(composer, subject, text, html):
    made, octets = composer.ask(subject=subject, text=text, html=html)
    message = read(octets)
    assert sorted(message.keys()) == sorted(
        ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted",
         "Content-Type"] + (["Content-Transfer-Encoding"] if not (text and html) else []))
    assert message["Message-ID"] == f"<{made}@bank.example>"
    assert message["Subject"].strip() == ENDS.sub(" ", subject).strip()
    assert (content(message, "plain") or "") == (lines(text) if text or not html else "")
    assert (content(message, "html") or "") == lines(html)


@QUICK
@given(name=NASTY)
def test_nothing_in_a_name_leaves_its_place(composer, name):
    made, octets = composer.ask(sender=f"{name} <a@b.example>", text="x")
    if made is None:
        return
    read_back = read(octets)["From"].addresses
    assert [a.addr_spec for a in read_back] == ["a@b.example"]


@QUICK
@given(subject=st.binary(max_size=80), text=st.binary(max_size=300), html=st.binary(max_size=300))
def test_octets_that_are_no_text_become_one(composer, subject, text, html):
    message = read(composer.ask(subject=subject, text=text, html=html)[1])
    assert message["Message-ID"]
