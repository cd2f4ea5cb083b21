# SPDX-License-Identifier: Apache-2.0
"""Throttles per operation and account, off unless set (contract 0.5, 6.4, 7.2)."""

import re
import subprocess

import pytest

from harness.place import ROOT
from harness.server import binary, error_of, wait_for

THROTTLES = ("throttles: {application_create: 3/1h, application_list: 2/1h, application_get: 2/1h,"
             " send: 1/1h}\n")


@pytest.fixture()
def throttled(fresh):
    return fresh(config=THROTTLES)


def test_nothing_is_throttled_unless_told(server):
    for _ in range(60):
        assert server.post("/2fa/2/applications", {"name": "x"}).status_code == 201
        assert server.get("/2fa/2/applications/0").status_code == 404


def test_an_account_gets_as_many_as_it_may_on_both_versions_together(throttled):
    for version in (1, 2, 1):
        assert throttled.post(f"/2fa/{version}/applications", {"name": "x"}).status_code == (200 if version == 1 else 201)
    for version, word in ((1, "THROTTLE_EXCEPTION"), (2, "TOO_MANY_REQUESTS")):
        refused = throttled.post(f"/2fa/{version}/applications", {"name": "x"})
        assert (refused.status_code, error_of(refused)["messageId"]) == (429, word)
        assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert len(throttled.get("/2fa/2/applications").json()) == 3


def test_a_read_is_not_told_when(throttled):
    """urllib3 would sleep for an hour and try again."""
    for path in ("/2fa/2/applications", "/2fa/2/applications/0"):
        answers = [throttled.get(path) for _ in range(3)]
        assert [a.status_code == 429 for a in answers] == [False, False, True]
        assert "Retry-After" not in answers[2].headers


def test_accounts_do_not_use_up_each_others(throttled):
    throttled.command("account", "create", "other")
    key = throttled.command("key", "create", "--account", "other", "--name", "n").stdout.strip()
    wait_for("the key", lambda: throttled.get("/2fa/2/applications/0/messages",
                                              key=key).status_code == 404)
    for who in (None, key):
        statuses = [throttled.post("/2fa/2/applications", {"name": "x"}, key=who).status_code
                    for _ in range(4)]
        assert statuses == [201, 201, 201, 429]


def test_who_may_not_is_not_counted(throttled):
    for _ in range(5):
        assert throttled.post("/2fa/2/applications", {"name": "x"}, key="x").status_code == 401
    assert throttled.post("/2fa/2/applications", {"name": "x"}).status_code == 201


def test_a_throttled_send_sends_nothing(throttled):
    application = throttled.application()
    template = throttled.template(application)
    pin_id, _ = throttled.sent(application, template)
    refused = throttled.send(application, template, "41790000002")
    assert refused.status_code == 429
    assert [m["pinId"] for m in throttled.messages()] == [pin_id]


@pytest.mark.parametrize("rate", ["20", "0/10m", "20/2d", "20/0s", "10001/1h", "x/1m", "-1/1m"])
def test_rates_that_make_no_sense(tmp_path, rate):
    file = tmp_path / "watchword.yaml"
    file.write_text(f"throttles:\n  application_create: {rate}\n  applicaton_list: 1/1m\n")
    done = subprocess.run([binary(), "config", "check", str(file)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert "watchword.yaml:2: throttles.application_create: must be a rate such as" in done.stderr
    assert "did you mean application_list?" in done.stderr


def test_every_throttle_is_an_operations(tmp_path):
    manual = (ROOT / "doc/configuration.md").read_text()
    chapter = re.search(r"^## `throttles:`\n(.*?)^## ", manual, re.M | re.S)[1]
    names = set(re.findall(r"^\| `(\w+)` \| COUNT/PERIOD", chapter, re.M))
    routes = subprocess.run([binary(), "--print-routes"], capture_output=True, text=True,
                            timeout=60, check=True).stdout
    assert names and names <= {line.split()[2] for line in routes.splitlines()}
