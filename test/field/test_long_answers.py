# SPDX-License-Identifier: Apache-2.0
"""Long lists: what those who ask for them take from others, in memory and in time."""

import socket
import sqlite3
import statistics
import threading
import time

import pytest
import requests

from harness.access import new_key
from harness.certificates import Authority
from harness.raw import Raw
from harness.server import error_of, wait_for

pytestmark = pytest.mark.field("8.5")

MIB = 1 << 20
NO_THROTTLE = "throttles: {application_list: 10000/1s, template_list: 10000/1s}\n"
COUNTED = "WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n+1 FROM c WHERE n < {n}) "


# ---- many rows, as if their owner had made them one by one ----


def columns(db, table, **instead):
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    return ", ".join(names), ", ".join(instead.get(name, "t." + name) for name in names)


def copy(own, table, count, where="1", **instead):
    """As many more of a row as the first that fits."""
    with sqlite3.connect(own.data / "watchword.db", timeout=30) as db:
        names, values = columns(db, table, **instead)
        db.execute(COUNTED.format(n=count) + f"INSERT INTO {table} ({names}) SELECT {values} FROM "
                   f"(SELECT * FROM {table} WHERE {where} LIMIT 1) t, c")
    db.close()


def many_applications(own, count):
    own.application()
    copy(own, "application", count - 1, id="randomblob(16)")


def long_templates(own, count, application=None, text="\U0001f511" * 1980, key=None):
    """The application; its templates are as long as they may be."""
    application = application or own.application(key=key)
    own.template(application, key=key, messageText="{{pin}} " + text)
    copy(own, "template", count - 1, f"application = x'{application}'", id="randomblob(16)")
    return application


def messages_of(application):
    return f"/2fa/2/applications/{application}/messages"


class Silent(Raw):
    """Asks, and has little room for what comes; reads it when told to."""

    def __init__(self, own, path, credential, room=32768):
        super().__init__(own)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {credential}\r\n\r\n")

    def head(self):
        """Status and headers; what follows stays where it is."""
        while b"\r\n\r\n" not in self.left:
            got = self.socket.recv(1024)
            assert got, "closed"
            self.left += got
        lines = self.left.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
        return int(lines[0].split(" ")[1]), dict(
            (k.lower(), v.strip()) for k, v in (line.split(":", 1) for line in lines[1:]))


def statuses(silent):
    heads = [one.head() for one in silent]
    return [status for status, _ in heads], [headers for _, headers in heads]


# ---- whole ----


@pytest.mark.parametrize("version", [1, 2])
def test_a_list_of_many_pieces_has_each_application_once(fresh, version):
    own = fresh()
    many_applications(own, 437)
    found = [row["applicationId"] for row in own.get(f"/2fa/{version}/applications").json()]
    assert found == [row[0] for row in own.rows("SELECT hex(id) FROM application ORDER BY id")]
    assert len(found) == 437


@pytest.mark.parametrize("count", [1, 24, 25, 26, 75, 110])
def test_a_list_that_ends_with_a_piece_and_beside_one_is_whole(fresh, count):
    own = fresh()
    application = long_templates(own, count)
    found = [row["messageId"] for row in own.get(messages_of(application)).json()]
    assert found == [row[0] for row in own.rows("SELECT hex(id) FROM template ORDER BY id")]
    assert own.get(messages_of(own.application())).json() == []


def test_pieces_of_what_a_version_does_not_know_do_not_end_its_list(fresh):
    """Email templates stand among the others; version 1 has no words for them."""
    own = fresh()
    application = own.application()
    own.template(application)
    assert own.put("/watchword/1/email-templates/7", {"subject": "s", "text": "{{pin}}"}).ok
    mailed = own.post(f"/2fa/2/applications/{application}/email/messages",
                      {"emailTemplateId": 7, "from": "a@b.example", "pinLength": 4,
                       "pinType": "NUMERIC"})
    assert mailed.status_code == 200, mailed.text
    copy(own, "template", 120, "email_template = 7",
         id="cast(x'0000' || randomblob(14) as blob)")
    assert len(own.get(f"/2fa/1/applications/{application}/messages").json()) == 1
    copy(own, "email_template", 230, id="t.id + c.n")
    found = [row["id"] for row in own.get("/watchword/1/email-templates").json()]
    assert found == list(range(7, 238))


def test_verifications_of_many_numbers_are_each_there_once(fresh):
    own = fresh()
    application = own.application()
    template = own.template(application)
    numbers = [f"417930{n:05}" for n in range(230)]
    for number in numbers + numbers[:7]:
        assert own.send(application, template, number).status_code == 200
    found = own.get(f"/2fa/2/applications/{application}/verifications").json()["verifications"]
    assert [row["msisdn"] for row in found] == sorted(numbers + numbers[:7])
    assert [row["msisdn"] for row in own.get(
        f"/2fa/1/applications/{application}/verifications").json()] == sorted(
            numbers + numbers[:7])


# ---- memory ----


def resident(own):
    with open(f"/proc/{own.process.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def test_who_asks_and_does_not_read_has_a_share_and_no_more(fresh, tell):
    """4 MiB in all are 1 MiB for an account; a list of 1,6 MB passes alone."""
    own = fresh(config=NO_THROTTLE + f"http: {{answers_max: {4 * MIB}}}\n")
    application = long_templates(own, 200)
    path = messages_of(application)
    other = "other"
    own.command("account", "create", other)
    key = new_key(own, "2fa:manage", account=other)
    theirs = own.application(key=key.split()[1])
    before = resident(own)
    held = [Silent(own, path, f"App {own.key}") for _ in range(24)]
    codes, headers = statuses(held)
    tell(f"{len(held)} who ask for 1.6 MB and do not read: {before} -> {resident(own)} MB")
    assert sorted(codes) == [200] + [429] * 23
    refused = headers[codes.index(429)]
    assert refused["retry-after"] == "1" and refused["x-watchword-reason"] == "answersInFlight"
    # others, and what is no list, go on
    assert own.get(messages_of(theirs), key=key.split()[1]).status_code == 200
    assert own.get(f"/2fa/2/applications/{application}").status_code == 200
    _, _, whole = held[codes.index(200)].response()
    assert len(whole) == 200
    assert own.get(path).status_code == 200


def test_what_was_done_is_told_whatever_waits_to_be_read(fresh):
    """Who is told that there was no room makes the template once more."""
    own = fresh(config=NO_THROTTLE + f"http: {{answers_max: {4 * MIB}}}\n")
    path = messages_of(long_templates(own, 200))
    held = [Silent(own, path, f"App {own.key}") for _ in range(3)]
    assert sorted(statuses(held)[0]) == [200, 429, 429]
    ours, letter = "/watchword/1/email-templates", {"subject": "s", "html": "{{pin}}" + "x" * 40000}
    made = own.post(ours, letter)
    assert made.status_code == 201, made.text
    assert own.put(f"{ours}/{made.json()['id']}", letter).status_code == 200
    assert own.get(f"{ours}/{made.json()['id']}").status_code == 429
    assert own.rows("SELECT count(*) FROM email_template") == [(1,)]
    assert own.call("DELETE", f"{ours}/{made.json()['id']}").status_code == 200


def test_all_accounts_together_take_no_more_than_the_bound(fresh):
    """Four accounts of which each holds one list of 800 KB, and 1 MiB for all."""
    own = fresh(config=NO_THROTTLE + f"http: {{answers_max: {MIB}}}\n")
    asked = []
    for name in ("a", "b", "c", "d"):
        own.command("account", "create", name)
        credential = new_key(own, "2fa:manage", account=name)
        asked.append((messages_of(long_templates(own, 100, key=credential.split()[1])),
                      credential))
    held, codes = [], []
    for path, credential in asked:
        held.append(Silent(own, path, credential))
        codes.append(held[-1].head())
    assert [code for code, _ in codes] == [200, 503, 503, 503]
    assert codes[1][1]["retry-after"] == "1"
    held[0].close()
    wait_for("room for another", lambda: Silent(own, *asked[1]).head()[0] == 200)


def test_an_answer_that_is_taken_bit_by_bit_is_given_up(fresh):
    """Whoever takes 80 KB a second has no more time for 256 KiB than who takes nothing."""
    own = fresh(config=NO_THROTTLE + f"http: {{answers_max: {MIB}, body_timeout: 2s}}\n")
    path = messages_of(long_templates(own, 600))
    slow = Silent(own, path, f"App {own.key}")
    assert slow.head()[0] == 200
    taking = threading.Event()

    def take():
        while not taking.wait(0.05):
            if not slow.socket.recv(4096):
                return

    reader = threading.Thread(target=take)
    reader.start()
    try:
        wait_for("room for another", lambda: own.get(path).status_code == 200)
    finally:
        taking.set()
        reader.join()


def test_a_long_list_is_whole_over_tls(fresh, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.pair()
    own = fresh(listen=None, ca=authority.path, config=(
        f'listeners: [{{address: "127.0.0.1:0", certificate: "{certificate}", key: "{key}"}}]\n'))
    path = messages_of(long_templates(own, 300))
    for _ in range(3):
        assert len(own.get(path).json()) == 300


def test_a_client_that_takes_its_time_has_the_whole_list(fresh):
    own = fresh(config=NO_THROTTLE + "http: {body_timeout: 900ms}\n")
    path = messages_of(long_templates(own, 600))
    began = time.monotonic()
    steady = Silent(own, path, f"App {own.key}", room=4 * MIB)
    length = int(steady.head()[1]["content-length"])
    while len(steady.left) < length and time.monotonic() - began < 30:
        steady.left += steady.socket.recv(MIB // 2)
        time.sleep(0.1)  # what a slow line does
    assert len(steady.response()[2]) == 600


# ---- time ----


def test_a_verify_does_not_wait_for_a_list(fresh, tell):
    """Eight who list three thousand applications and one who verifies: the list is in pieces, so
    a verify takes a small part of its time."""
    own = fresh(config=NO_THROTTLE)
    application = own.application(pinAttempts=1000)
    pin_id, pin = own.sent(application, own.template(application))
    many_applications(own, 3000)
    over = threading.Event()
    lists, verifies = [], []

    def timed(into, ask):
        began = time.monotonic()
        assert ask().status_code == 200
        into.append(time.monotonic() - began)

    def go_on_listing():
        with requests.Session() as http:
            while not over.is_set():
                timed(lists, lambda: http.get(
                    own.base + "/2fa/2/applications", headers={"Authorization": f"App {own.key}"},
                    timeout=60))

    listers = [threading.Thread(target=go_on_listing) for _ in range(8)]
    for one in listers:
        one.start()
    while len(lists) < 24:
        timed(verifies, lambda: own.verify(pin_id, pin))
    over.set()
    for one in listers:
        one.join()
    tell(f"beside eight who list 3,000 applications: a verify {statistics.median(verifies):.3f} s, "
         f"a list {statistics.median(lists):.3f} s (medians)")
    assert statistics.median(verifies) * 4 < statistics.median(lists)


# ---- how often ----


@pytest.mark.parametrize("what,path,most", [
    ("application_list", "/2fa/2/applications", 120),
    ("application_list", "/2fa/1/applications", 120),
    ("email_template_list", "/watchword/1/email-templates", 120),
    ("limits.verifications_all", "/2fa/2/applications/{}/verifications", 120)])
def test_lists_have_a_rate_without_being_told(fresh, what, path, most):
    own = fresh()
    path = path.format(own.application())
    codes = [own.get(path).status_code for _ in range(most + 1)]
    assert codes == [200] * most + [429]
    said = error_of(own.get(path))["validationErrors"]["throttles"]
    assert said[0].startswith(what + " is used up")
    if what.startswith("limits"):
        assert own.get(path + "?msisdn=41793026727").status_code == 200


@pytest.mark.parametrize("section,what,rate", [
    ("throttles", "template_list", "2/10m"), ("throttles", "email_template_list", "3/10m"),
    ("limits", "verifications_all", "1")])
def test_the_rate_of_a_list_is_an_option(fresh, section, what, rate):
    own = fresh(config=f"{section}: {{{what}: {rate}}}\n")
    application = own.application()
    path = {"template_list": messages_of(application),
            "email_template_list": "/watchword/1/email-templates",
            "verifications_all": f"/2fa/1/applications/{application}/verified"}[what]
    most = int(rate.split("/")[0])
    assert [own.get(path).status_code for _ in range(most + 1)] == [200] * most + [429]


# ---- what everybody may ask ----


def test_the_description_of_the_api_is_not_copied_for_each_who_asks(fresh):
    own = fresh()
    text = own.http.get(own.base + "/openapi.json", timeout=30)
    assert text.json()["openapi"] and len(text.content) == int(text.headers["Content-Length"])
    head = own.http.head(own.base + "/openapi.json", timeout=30)
    assert head.content == b""
