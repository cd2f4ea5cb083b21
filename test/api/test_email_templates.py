# SPDX-License-Identifier: Apache-2.0
"""Templates for email, what they refer to, and what voice needs of a template."""

import contextlib
import sqlite3

import pytest

from harness.server import wait_for

OURS = "/watchword/1/email-templates"
LANGUAGES = ["en", "es", "ca", "da", "nl", "fr", "de", "it", "ja", "ko", "no", "pl", "ru", "sv",
             "fi", "hr", "sl", "ro", "pt_pt", "pt_br", "zh_cn", "zh_tw"]


def faults(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["requestError"]["serviceException"]["validationErrors"]


class Account:
    """An application and an email template of one account."""

    def __init__(self, server, key=None):
        self.server = server
        self.key = key
        self.application = server.application(key=key)
        self.email = self.make().json()["id"]

    def make(self, **members):
        return self.server.post(OURS, {"subject": "Your PIN", "text": "It is {{pin}}.", **members},
                                key=self.key)

    def path(self, message="", kind="email/"):
        path = f"/2fa/2/applications/{self.application}/{kind}messages"
        return f"{path}/{message}" if message else path

    def post(self, **members):
        body = {"emailTemplateId": self.email, **members}
        return self.server.post(self.path(), body, key=self.key)

    def put(self, message, body, kind="email/"):
        return self.server.put(self.path(message, kind), body, key=self.key)


@pytest.fixture(scope="module")
def account(server):
    return Account(server)


@pytest.fixture(scope="module")
def neighbour(server):
    server.command("account", "create", "mail-neighbour")
    key = server.command("key", "create", "--account", "mail-neighbour", "--name", "n",
                         "--scope", "2fa:manage").stdout.strip()
    wait_for("the key", lambda: server.get("/2fa/2/applications", key=key).status_code == 200)
    return Account(server, key)


# ---- what an emailTemplateId names ----

def test_create_read_list_replace_remove(server):
    made = server.post(OURS, {"subject": "PIN", "text": "{{pin}}", "html": "<b>{{pin}}</b>",
                              "landingPageId": "1_23456"})
    assert made.status_code == 201
    one = made.json()
    path = f"{OURS}/{one['id']}"
    assert server.get(path).json() == one
    assert {"id": one["id"], "subject": "PIN"} in server.get(OURS).json()
    other = {"subject": "Ünï", "html": "{{pin}}"}
    assert server.put(path, other).json() == {"id": one["id"], **other}
    assert server.get(path).json() == {"id": one["id"], **other}
    assert server.call("DELETE", path).json() == {"id": one["id"], **other}
    assert server.get(path).status_code == 404
    assert server.call("DELETE", path).status_code == 404
    assert one["id"] not in [t["id"] for t in server.get(OURS).json()]


def test_a_number_that_programs_have_in_them_already_may_be_given(server, account):
    """They refer to a template of Infobip's by its number, and need not be changed."""
    content = {"subject": "PIN", "text": "{{pin}}"}
    assert server.put(f"{OURS}/1234", content).json() == {"id": 1234, **content}
    assert account.post(emailTemplateId=1234).json()["emailTemplateId"] == 1234


def test_numbers_of_ones_own_are_all_different(server):
    ids = [server.post(OURS, {"subject": "x", "text": "{{pin}}"}).json()["id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert sorted(ids) == ids and ids[-1] < 2 ** 53


@pytest.mark.parametrize("number", ["0", "-1", "01", "x", "1.0", "9007199254740992", "9" * 40])
def test_what_is_no_number_of_a_template_names_nothing(server, number):
    for method in ["GET", "PUT", "DELETE"]:
        body = {"subject": "x", "text": "{{pin}}"} if method == "PUT" else None
        assert server.call(method, f"{OURS}/{number}", body).status_code == 404


@pytest.mark.parametrize("field,members", [
    ("subject", {"subject": ""}), ("subject", {"subject": None}), ("subject", {"subject": [1]}),
    ("subject", {"subject": "a\r\nBcc: b@example.com"}), ("subject", {"subject": "x" * 201}),
    ("text", {"text": None}), ("text", {"text": "no PIN"}), ("text", {"text": "x" * 10001}),
    ("html", {"text": None, "html": "<p>no PIN</p>"}), ("html", {"html": "{{pin}}" * 8000}),
    ("landingPageId", {"landingPageId": "a page"}), ("landingPageId", {"landingPageId": "x" * 51})])
def test_content_that_cannot_be_sent_is_named(server, field, members):
    before = server.get(OURS).json()
    body = {"subject": "PIN", "text": "{{pin}}", **members}
    assert list(faults(server.post(OURS, body))) == [field]
    assert list(faults(server.put(f"{OURS}/77", body))) == [field]
    assert server.get(OURS).json() == before


def test_one_more_than_there_may_be_is_refused_and_told_why(fresh):
    own = fresh()
    first = own.post(OURS, {"subject": "x", "text": "{{pin}}"}).json()["id"]
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        db.executemany("INSERT INTO email_template (account, id, subject, text) SELECT account, ?, "
                       "subject, text FROM email_template WHERE id = ?",
                       [(n, first) for n in range(1, 1000)])
        db.commit()
    assert len(own.get(OURS).json()) == 1000
    for method, path in [("POST", OURS), ("PUT", f"{OURS}/5000")]:
        answer = own.call(method, path, {"subject": "x", "text": "{{pin}}"})
        assert faults(answer) == {"id": ["the account has 1000 email templates"]}
    assert own.put(f"{OURS}/7", {"subject": "new", "text": "{{pin}}"}).json()["subject"] == "new"


def test_one_that_is_used_stays(server, account):
    email = account.make().json()["id"]
    message = account.post(emailTemplateId=email).json()["messageId"]
    assert list(faults(server.call("DELETE", f"{OURS}/{email}"))) == ["id"]
    assert server.get(f"{OURS}/{email}").status_code == 200
    account.put(message, {"emailTemplateId": account.email})
    assert server.call("DELETE", f"{OURS}/{email}").status_code == 200


def test_another_account_has_none_of_them(server, account, neighbour):
    path = f"{OURS}/{account.email}"
    unknown = server.get(f"{OURS}/424242")
    foreign = server.get(path, key=neighbour.key)
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert server.call("DELETE", path, key=neighbour.key).status_code == 404
    assert [t["id"] for t in server.get(OURS, key=neighbour.key).json()] == [neighbour.email]
    assert list(faults(neighbour.post(emailTemplateId=account.email))) == ["emailTemplateId"]
    # the same number is another template in another account
    theirs = server.put(path, {"subject": "theirs", "text": "{{pin}}"}, key=neighbour.key)
    assert theirs.status_code == 200
    assert server.get(path).json()["subject"] == "Your PIN"


def test_a_key_for_pins_may_not(server):
    key = server.command("key", "create", "--account", "default", "--name", "pins",
                         "--scope", "2fa:pin:send").stdout.strip()
    wait_for("the key", lambda: server.get(OURS, key=key).status_code == 403)
    assert server.post(OURS, {"subject": "x", "text": "{{pin}}"}, key=key).status_code == 403


# ---- templates for email ----

def test_an_email_template_has_these_members(account):
    least = account.post().json()
    assert list(least) == ["messageId", "applicationId", "pinLength", "pinType", "emailTemplateId"]
    assert (least["pinLength"], least["pinType"]) == (4, "NUMERIC")
    most = account.post(**{"from": "company@example.com", "landingPageId": "1_23456",
                           "pinLength": 6, "pinType": "ALPHANUMERIC"}).json()
    assert most == {"messageId": most["messageId"], "applicationId": account.application,
                    "pinLength": 6, "pinType": "ALPHANUMERIC", "from": "company@example.com",
                    "emailTemplateId": account.email, "landingPageId": "1_23456"}
    assert list(most) == ["messageId", "applicationId", "pinLength", "pinType", "from",
                          "emailTemplateId", "landingPageId"]


def test_it_is_read_in_the_union_of_both_kinds(server, account):
    email = account.post().json()
    sms = server.template(account.application)
    listed = server.get(account.path(kind="")).json()
    assert email in listed and sms in [t["messageId"] for t in listed]
    assert server.get(account.path(email["messageId"], "")).json() == email
    assert server.get(account.path(email["messageId"])).status_code == 405


def test_a_change_leaves_what_it_does_not_name(account):
    made = account.post(**{"from": "a@example.com", "pinLength": 6}).json()
    changed = account.put(made["messageId"], {"from": "Jane Smith <jane.smith@example.com>"})
    assert changed.json() == {**made, "from": "Jane Smith <jane.smith@example.com>"}
    assert account.put(made["messageId"], {}).json() == changed.json()
    assert account.put(made["messageId"], None).json() == changed.json()


@pytest.mark.parametrize("sender", [
    "company@example.com", "Jane Smith <jane.smith@somecompany.com>", "<a@b.example>",
    '"Smith, Jane" <o\'neil+tag@mail.example-shop.co.uk>', "Jürgen <jürgen@exämple.com>"])
def test_a_sender_is_a_mailbox_with_or_without_a_name(account, sender):
    assert account.post(**{"from": sender}).json()["from"] == sender


@pytest.mark.parametrize("nothing", ["null", " null ", "", " "])
def test_the_word_null_names_no_template(account, nothing):
    assert list(faults(account.post(emailTemplateId=nothing))) == ["emailTemplateId"]
    assert account.post().json()["emailTemplateId"] == account.email


@pytest.mark.parametrize("field,members", [
    ("emailTemplateId", {"emailTemplateId": None}), ("emailTemplateId", {"emailTemplateId": 4711}),
    ("emailTemplateId", {"emailTemplateId": "x"}), ("emailTemplateId", {"emailTemplateId": 0}),
    ("emailTemplateId", {"emailTemplateId": 1.5}), ("emailTemplateId", {"emailTemplateId": 2**60}),
    ("from", {"from": "nobody"}), ("from", {"from": "a@example.com\r\nBcc: b@example.com"}),
    ("from", {"from": "Eve\nBcc: b@example.com <a@example.com>"}), ("from", {"from": "a@b@c.de"}),
    ("from", {"from": "Eve <a@example.com> more"}), ("from", {"from": "a@-b.example"}),
    ("from", {"from": "a..b@example.com"}), ("from", {"from": "@example.com"}), ("from", {"from": 1}),
    ("from", {"from": "A <a@example.com"}), ("from", {"from": "a" * 65 + "@example.com"}),
    ("pinLength", {"pinLength": 0}), ("pinLength", {"pinLength": 17}),
    ("pinType", {"pinType": "EMOJI"}), ("landingPageId", {"landingPageId": "a b"}),
    ("landingPageId", {"landingPageId": [7]})])
def test_what_is_wrong_is_named(server, account, field, members):
    before = server.get(account.path(kind="")).json()
    assert list(faults(account.post(**members))) == [field]
    if before and members.get(field) is not None:
        email = next(t for t in before if "emailTemplateId" in t)
        assert list(faults(account.put(email["messageId"], members))) == [field]
    assert server.get(account.path(kind="")).json() == before


def test_each_kind_has_its_own_route_for_changes(server, account):
    email = account.post().json()
    sms = server.template(account.application)
    assert list(faults(account.put(email["messageId"], {"pinLength": 5}, kind=""))) == ["messageId"]
    assert list(faults(account.put(sms, {"pinLength": 5}))) == ["messageId"]
    assert server.get(account.path(email["messageId"], "")).json() == email
    for kind in ["", "email/"]:
        assert account.put("0" * 32, {"pinLength": 5}, kind=kind).status_code == 404


def test_version_1_has_no_such_kind(server, account):
    email = account.post().json()["messageId"]
    path = f"/2fa/1/applications/{account.application}/messages"
    assert email not in [t["messageId"] for t in server.get(path).json()]
    assert server.get(f"{path}/{email}").status_code == 404
    assert server.put(f"{path}/{email}", {"pinLength": 5}).status_code == 404
    assert server.post(f"/2fa/1/applications/{account.application}/email/messages",
                       {"emailTemplateId": account.email}).status_code == 404


@pytest.mark.parametrize("path", ["/2fa/2/pin", "/2fa/1/pin"])
def test_it_is_none_for_a_phone(server, account, path):
    answer = server.post(path, {"applicationId": account.application, "to": "41793026727",
                                "messageId": account.post().json()["messageId"]})
    assert list(faults(answer)) == ["messageId"]


def test_another_account_and_application_do_not_have_it(server, account, neighbour):
    email = account.post().json()["messageId"]
    path = account.path(email)
    assert server.put(path, {"pinLength": 5}, key=neighbour.key).status_code == 404
    assert server.put(neighbour.path(email), {"pinLength": 5}, key=neighbour.key).status_code == 404
    assert server.post(account.path(), {"emailTemplateId": neighbour.email},
                       key=neighbour.key).status_code == 404


def test_they_outlive_a_restart(fresh):
    own = Account(fresh())
    email = own.post(**{"from": "a@example.com", "landingPageId": "1"}).json()
    own.server.stop()
    own.server.start()
    assert own.server.get(own.path(email["messageId"], "")).json() == email
    assert own.server.get(f"{OURS}/{own.email}").json()["text"] == "It is {{pin}}."


# ---- voice ----

def voice(server, application, version=2, **members):
    body = {"pinType": "NUMERIC", "pinLength": 4, "messageText": "PIN {{pin}}", **members}
    return server.post(f"/2fa/{version}/applications/{application}/messages", body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_in_every_spelling(server, account, language):
    for spelling in {language, language.upper(), language.replace("_", "-"),
                     language[:3] + language[3:].upper(), language.replace("_", "-").upper()}:
        for version in [1, 2]:
            made = voice(server, account.application, version, language=spelling).json()
            assert made["language"] == language
    changed = account.put(made["messageId"], {"language": language.replace("_", "-")}, kind="")
    assert changed.json()["language"] == language


@pytest.mark.parametrize("language", ["pt", "zh", "xx", "e", "english", "en_us", "pt__br", ""])
def test_another_language_is_none(server, account, language):
    assert list(faults(voice(server, account.application, language=language))) == ["language"]


def test_how_a_voice_speaks(server, account):
    made = voice(server, account.application, language="en", voiceName="Joanna (beta)",
                 repeatDTMF="1#", speechRate=1).json()
    assert (made["voiceName"], made["repeatDTMF"]) == ("Joanna (beta)", "1#")
    assert isinstance(made["speechRate"], float)
    for rate in [0.5, 2, 1.25]:
        changed = account.put(made["messageId"], {"speechRate": rate}, kind="").json()
        assert changed == {**made, "speechRate": rate}


@pytest.mark.parametrize("field,value", [
    ("speechRate", 0.49), ("speechRate", 2.01), ("speechRate", "fast"), ("repeatDTMF", "1 2"),
    ("repeatDTMF", "A"), ("repeatDTMF", "1" * 21), ("repeatDTMF", [1]), ("voiceName", "Jo\nanna"),
    ("voiceName", "x" * 101), ("voiceName", [3])])
def test_what_a_voice_cannot_do_is_named(server, account, field, value):
    assert list(faults(voice(server, account.application, **{field: value}))) == [field]
