# SPDX-License-Identifier: Apache-2.0
"""Keys, scopes, and accounts that do not see each other."""

import pytest

from harness.server import error_of, wait_for


@pytest.mark.parametrize("credential", [
    "", "App", "App ", "App nonsense", "Bearer x", "Basic Og==", "App ww_" + "0" * 33,
    "App " + "x" * 5000, "App a b"])
def test_no_key_no_answer(server, credential):
    answer = server.get("/2fa/2/applications", headers={"Authorization": credential})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        'App, Basic realm="watchword", IBSSO, Bearer')
    assert error_of(answer) == {"messageId": "UNAUTHORIZED", "text": "Invalid login details"}


def test_v1_words_it_the_same(server):
    answer = server.get("/2fa/1/applications", headers={"Authorization": "App x"})
    assert (answer.status_code, error_of(answer)["messageId"]) == (401, "UNAUTHORIZED")


def test_the_scheme_is_read_in_any_case(server):
    answer = server.get("/2fa/2/applications", headers={"Authorization": f"app {server.key}"})
    assert answer.status_code == 200


def new_key(server, account, *scopes):
    words = [w for s in scopes for w in ("--scope", s)]
    key = server.command("key", "create", "--account", account, "--name", "n", *words).stdout.strip()
    wait_for("the key to be valid", lambda: server.get(
        "/2fa/2/applications", key=key).status_code in (200, 403))
    return key


def test_a_key_made_and_revoked_beside_the_running_server(server):
    key = new_key(server, "default")
    assert server.get("/2fa/2/applications", key=key).status_code == 200
    server.command("key", "revoke", key)
    wait_for("the key to be refused", lambda: server.get(
        "/2fa/2/applications", key=key).status_code == 401, 2)
    listed = server.command("key", "list").stdout
    assert "revoked" in listed and key not in listed


def test_a_scope_opens_its_own_doors_only(server):
    sender = new_key(server, "default", "2fa:pin:send")
    application = server.application()
    template = server.template(application)
    refused = server.get("/2fa/2/applications", key=sender)
    assert (refused.status_code, error_of(refused)["messageId"]) == (403, "FORBIDDEN")
    assert server.post("/2fa/2/applications", {"name": "x"}, key=sender).status_code == 403
    answer = server.send(application, template, key=sender)
    assert answer.status_code == 200
    pin_id = answer.json()["pinId"]
    assert server.verify(pin_id, server.pin(pin_id), key=sender).json()["verified"] is True


def test_another_accounts_ids_are_the_ids_of_nothing(server):
    server.command("account", "create", "other")
    key = new_key(server, "other")
    application = server.application()
    template = server.template(application)
    pin_id, pin = server.sent(application, template)
    of_other = server.application(key=key)
    nothing = "0" * 32
    for a in (application, nothing):
        answers = [
            server.get(f"/2fa/2/applications/{a}", key=key),
            server.put(f"/2fa/2/applications/{a}", {"name": "mine"}, key=key),
            server.get(f"/2fa/2/applications/{a}/messages", key=key),
            server.get(f"/2fa/2/applications/{a}/messages/{template}", key=key),
            server.get(f"/2fa/2/applications/{of_other}/messages/{template}", key=key),
            server.send(a, template, key=key), server.send(of_other, template, key=key),
            server.get(f"/2fa/2/applications/{a}/verifications?msisdn=41793026727", key=key)]
        assert [x.status_code for x in answers] == [404] * len(answers)
    for p in (pin_id, nothing):
        answers = [server.verify(p, pin, key=key), server.post(f"/2fa/2/pin/{p}/resend", key=key),
                   server.get(f"/2fa/1/pin/{p}/status", key=key)]
        assert [x.status_code for x in answers] == [404] * 3
    assert application not in server.get("/2fa/2/applications", key=key).text
    assert server.verify(pin_id, pin).json()["verified"] is True
