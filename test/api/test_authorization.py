# SPDX-License-Identifier: Apache-2.0
"""Every route, with every kind of credential, against authorization.csv.

A row of that file is a route with ids and a body that work for the account `default`; a
column is a credential, and what stands there is the answer: a status (or several between
slashes), or ok, which is anything but a refusal. `other` is a user of another account with
every scope. A new route needs a row; the test fails without.
"""

import csv
import re
import subprocess

import pytest

from harness.access import add_user, basic, sign_in, token, wait_until
from harness.place import ROOT
from harness.server import Server, binary

CONFIG = ("logins: {per_address: 1000000, per_user: 1000000, hash_share: 100}\n"
          "limits: {resend_interval: 0s, resends_per_pin: 1000}\n")
SCOPES = {"manage": "2fa:manage", "pin_send": "2fa:pin:send", "pin_manage": "2fa:pin:manage",
          "sdk": "2fa:sdk", "account": "account-management:manage"}
REFUSALS = {401, 403, 404, 405}
IDS = re.compile(r"<(\w+)>")
UNKNOWN = {"application": "0" * 32, "template": "0" * 32, "pin": "0" * 32, "key": "0" * 32,
           "account": "0" * 32, "email": "987654321", "spare": "987654321",
           "carrier": "nobody", "secret": "wrong"}


def read_rows():
    with open(ROOT / "test/api/authorization.csv", encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


ROWS = read_rows()
COLUMNS = [c for c in ROWS[0] if c not in ("method", "path", "body")]


def name_of(row):
    return f"{row['method']} {IDS.sub('{}', row['path'].split('?')[0])}"


def filled(text, ids):
    return IDS.sub(lambda m: ids[m[1]], text)


class World:
    """A server with two accounts, and in the first one of everything."""

    def __init__(self, server):
        self.server = server
        self.basic = basic("u-all")
        self.other = sign_in(server, "u-other")
        application = server.application(pinAttempts=1000)
        template = server.template(application)
        pin_id, _ = server.sent(application, template, "41791000000")
        made = self.post("/settings/2/api-keys", {"name": "one"})
        self.ids = {"application": application, "template": template, "pin": pin_id,
                    "key": made["id"], "account": made["accountId"],
                    "email": self.email(), "spare": self.email(),
                    "carrier": "none", "secret": "wrong"}
        self.foreign = self.ids_of_other()
        self.credentials = self.make_credentials()

    def post(self, path, body):
        answer = self.server.post(path, body, headers={"Authorization": self.basic})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def email(self):
        return str(self.post("/watchword/1/email-templates",
                             {"subject": "n", "text": "{{pin}}"})["id"])

    def ids_of_other(self):
        """Things of the other account, for requests that mix what belongs to both."""
        headers = {"Authorization": self.other}
        application = self.server.post("/2fa/2/applications", {"name": "o"}, headers=headers)
        return {"application": application.json()["applicationId"]}

    def key(self, **members):
        return "App " + self.post("/settings/2/api-keys", {"name": "k", **members})["apiKeySecret"]

    def old_key(self, *permissions):
        return "App " + self.post("/settings/1/accounts/_/api-keys", {
            "name": "k", "permissions": permissions})["publicApiKey"]

    def disabled_key(self):
        made = self.post("/settings/2/api-keys", {"name": "k"})
        answer = self.server.put(f"/settings/2/api-keys/{made['id']}", {"enabled": False},
                                 headers={"Authorization": self.basic})
        assert answer.json()["enabled"] is False
        return "App " + made["apiKeySecret"]

    def revoked_key(self):
        made = self.post("/settings/2/api-keys", {"name": "k"})
        self.server.command("key", "revoke", made["id"])
        wait_until(self.server, f"App {made['apiKeySecret']}", 401)
        return "App " + made["apiKeySecret"]

    def session_from_elsewhere(self):
        """A session whose address is another one, as a proxy that nobody listed would say."""
        return sign_in(self.server, "u-all", http=Elsewhere())

    def make_credentials(self):
        ours = {
            "none": "", "bad": "App ww_" + "0" * 33, "revoked": self.revoked_key(),
            "disabled": self.disabled_key(),
            "early": self.key(validFrom="2099-01-01T00:00:00", validTo="2100-01-01T00:00:00"),
            "late": self.key(validFrom="2020-01-01T00:00:00", validTo="2021-01-01T00:00:00"),
            "elsewhere": self.key(allowedIPs=["192.0.2.1", "2001:db8::/32", "127.0.0.2/31"]),
            "every_scope": f"App {self.server.key}", "tfa": self.key(permissions=["2FA_CLIENT"]),
            "push": self.old_key("PUSH_CLIENT"), "basic": self.basic,
            "basic_pin_send": basic("u-pin-send"), "bearer": token(self.server, "u-all"),
            "ibsso_elsewhere": self.session_from_elsewhere(), "other": self.other}
        for name, scope in SCOPES.items():
            ours[name] = self.key(scopeGuids=[scope])
        return ours

    def credential(self, column, row):
        """A session anew where the request may end it."""
        if row["path"] == "/auth/1/session" and row["method"] == "DELETE":
            fresh = {"ibsso": "u-all", "other": "u-other"}
            if column in fresh:
                return sign_in(self.server, fresh[column])
        if column == "ibsso":
            if column not in self.credentials:
                self.credentials[column] = sign_in(self.server, "u-all")
        return self.credentials[column]

    def ask(self, row, credential, ids=None):
        ids = ids or self.ids
        body = filled(row["body"], ids) or None
        return self.server.call(row["method"], filled(row["path"], ids), body,
                                headers={"Authorization": credential})


class Elsewhere:
    """Sends one request from another address of this machine."""

    def request(self, method, url, **more):
        import requests
        from requests.adapters import HTTPAdapter

        class Bound(HTTPAdapter):
            def init_poolmanager(self, *args, **kwargs):
                super().init_poolmanager(*args, source_address=("127.0.0.2", 0), **kwargs)

        session = requests.Session()
        session.mount("http://", Bound())
        return session.request(method, url, **more)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), config=CONFIG)
    add_user(server, "u-all")
    add_user(server, "u-pin-send", "2fa:pin:send")
    add_user(server, "u-other", account="other")
    with server as running:
        yield World(running)


def test_the_file_has_every_route_and_no_other():
    printed = subprocess.run([binary(), "--print-routes"], capture_output=True, text=True,
                             timeout=30, check=True).stdout.splitlines()
    assert {name_of(row) for row in ROWS} == {" ".join(line.split(" ")[:2]) for line in printed}
    assert len(ROWS) == len(printed)


def fits(expected, status):
    if expected == "ok":
        return status not in REFUSALS and status < 500
    return str(status) in expected.split("/")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_route_with(world, column):
    wrong = []
    for row in ROWS:
        answer = world.ask(row, world.credential(column, row))
        if not fits(row[column], answer.status_code):
            wrong.append(f"{name_of(row)}: {answer.status_code} instead of {row[column]}: "
                         f"{answer.text[:200]}")
    assert wrong == []


def told(answer):
    """All of an answer that could tell something: its status, its headers and its body. Two
    headers differ in any two answers."""
    return (answer.status_code, answer.text,
            sorted((k, v) for k, v in answer.headers.items()
                   if k not in ("Date", "X-Request-ID")))


# The numbers of email templates are every account's own: a PUT makes what it names.
WITH_IDS = [row for row in ROWS if IDS.search(row["path"] + row["body"])
            and "email-templates" not in row["path"]]


@pytest.mark.parametrize("row", WITH_IDS, ids=name_of)
def test_a_foreign_id_is_answered_as_an_unknown_one(world, row):
    assert told(world.ask(row, world.other)) == told(world.ask(row, world.other, UNKNOWN))


def test_a_foreign_template_in_an_application_of_ones_own(world):
    mixed = {**world.ids, **world.foreign}
    unknown = {**UNKNOWN, **world.foreign}
    rows = [row for row in WITH_IDS if "<template>" in row["path"] + row["body"]]
    assert len(rows) > 4
    for row in rows:
        assert told(world.ask(row, world.other, mixed)) == told(
            world.ask(row, world.other, unknown)), name_of(row)


def test_what_the_other_account_tried_changed_nothing(world):
    """With a name of its own it tries every change there is; then all is as it was."""
    headers = {"Authorization": world.basic}
    places = [f"/2fa/2/applications/{world.ids['application']}",
              f"/2fa/2/applications/{world.ids['application']}/messages",
              f"/settings/2/api-keys/{world.ids['key']}"]
    before = [world.server.get(place, headers=headers).text for place in places]
    for row in WITH_IDS:
        changed = {**row, "body": row["body"].replace('"n"', '"mine"').replace(" x", " mine")}
        world.ask(changed, world.other)
    assert [world.server.get(place, headers=headers).text for place in places] == before
    mine = world.server.get("/2fa/2/applications", headers={"Authorization": world.other}).text
    assert world.ids["application"] not in mine
