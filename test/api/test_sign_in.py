# SPDX-License-Identifier: Apache-2.0
"""The four ways to sign in, as callers and the operator see them."""

import base64
import re
import socket
import sqlite3
import threading
import uuid

import pytest

from harness.access import (BALANCE, PASSWORD, add_user, basic, sign_in, status_of, token,
                            wait_until)
from harness.crowd import crowd
from harness.raw import Raw
from harness.server import Server, error_of

RELAXED = "logins: {per_address: 100000, per_user: 100000, hash_share: 100}\nlimits: {resend_interval: 0s}\n"
TOKEN = "/auth/1/oauth2/token"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
NOBODY = {"Authorization": ""}


MIME = "a long password, longer than what one line of MIME holds: 76 characters, as is known"
ODD = "a:b:ü☃ :"


def with_alice(server):
    add_user(server, "alice")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With all the users that the tests below share, made before its start."""
    one = Server(tmp_path_factory.mktemp("server"), config=RELAXED)
    with_alice(one)
    add_user(one, "mime", password=MIME)
    add_user(one, "colon", password=ODD)
    add_user(one, "sender", "2fa:pin:send")
    add_user(one, "carol")
    add_user(one, "dave")
    with one as running:
        yield running


# ---- Basic ----


def test_a_name_and_a_password_open_what_a_key_opens(server):
    answer = server.get("/2fa/2/applications", headers={"Authorization": basic("alice")})
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
def test_the_scheme_is_read_in_any_case(server, scheme):
    assert status_of(server, basic("alice").replace("Basic", scheme)) == 200


def test_base64_of_mime_with_its_line_breaks(server):
    encoded = base64.encodebytes(f"mime:{MIME}".encode()).decode().strip()
    assert "\n" in encoded
    raw = Raw(server).send(f"GET {BALANCE} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "
                           + encoded.replace("\n", " ") + "\r\n\r\n")
    assert raw.response()[0] == 200
    raw.close()


def test_a_password_may_hold_colons_and_any_octet(server):
    assert status_of(server, basic("colon", ODD)) == 200


@pytest.mark.parametrize("credential", [
    basic("alice", "wrong"), basic("alice", ""), basic("nobody"), basic("", PASSWORD),
    basic("ALICE"), basic("alice", PASSWORD + " "), basic("alice", PASSWORD + "\0"),
    basic("alice\0"), basic("alice", "x" * 5000), basic("x" * 5000),
    "Basic", "Basic ", "Basic !", "Basic Og==", "Basic " + base64.b64encode(b"alice").decode()])
def test_anything_else_is_no_login(server, credential):
    answer = server.get(BALANCE, headers={"Authorization": credential})
    assert (answer.status_code, error_of(answer)) == (
        401, {"messageId": "UNAUTHORIZED", "text": "Invalid login details"})
    assert answer.headers["WWW-Authenticate"] == (
        'App, Basic realm="watchword", IBSSO, Bearer')


def test_what_only_users_may_does_not_offer_app(server):
    answer = server.get("/settings/2/api-keys", headers={"Authorization": "App x"})
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="watchword", IBSSO, Bearer'


def test_a_user_has_its_scopes_and_no_others(server):
    sender = basic("sender")
    assert status_of(server, sender) == 200
    assert status_of(server, sender, "/2fa/2/applications") == 403
    assert status_of(server, sender, "/settings/2/api-keys") == 403


# ---- sessions ----


def test_a_session_from_its_beginning_to_its_end(server):
    answer = server.post("/auth/1/session", headers=NOBODY,
                         body={"username": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    assert list(answer.json()) == ["token"]
    said = answer.json()["token"]
    assert uuid.UUID(said).version == 4 and said == said.lower()
    session = f"IBSSO {said}"
    assert status_of(server, session) == 200
    assert status_of(server, f"Bearer {said}") == 401
    assert status_of(server, f"App {said}") == 401
    over = server.call("DELETE", "/auth/1/session", headers={"Authorization": session})
    assert (over.status_code, over.text) == (200, "")
    assert status_of(server, session) == 401
    again = server.call("DELETE", "/auth/1/session", headers={"Authorization": session})
    assert again.status_code == 401


def test_name_and_password_in_the_query_and_a_header_that_says_undefined(server):
    answer = server.post("/auth/1/session?username=alice&password=correct%20horse", {},
                         headers={"Authorization": "undefined"})
    assert answer.status_code == 200
    answer = server.post("/auth/1/session", {"username": "alice", "password": PASSWORD},
                         headers={"Authorization": "App nonsense"})
    assert answer.status_code == 200


@pytest.mark.parametrize("body,missing", [
    ({}, {"username", "password"}), (None, {"username", "password"}),
    ({"username": "alice"}, {"password"}), ({"password": "x", "username": None}, {"username"}),
    ({"username": "", "password": "x"}, {"username"})])
def test_a_session_without_name_or_password_is_a_bad_request(server, body, missing):
    answer = server.post("/auth/1/session", body, headers=NOBODY)
    assert answer.status_code == 400
    assert set(error_of(answer)["validationErrors"]) == missing


def test_a_session_for_a_wrong_password(server):
    answer = server.post("/auth/1/session", {"username": "alice", "password": "wrong"},
                         headers=NOBODY)
    assert (answer.status_code, error_of(answer)["text"]) == (401, "Invalid login details")


def test_only_a_session_signs_out(server):
    for credential in (f"App {server.key}", basic("alice"), token(server, "alice")):
        answer = server.call("DELETE", "/auth/1/session", headers={"Authorization": credential})
        assert answer.status_code == 403
        assert status_of(server, credential) == 200


def from_address(server, address, credential):
    """The status of a request from another address of this machine."""
    with socket.create_connection((server.address[0], int(server.address[1])), 15,
                                  source_address=(address, 0)) as s:
        s.sendall(f"GET {BALANCE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  f"Authorization: {credential}\r\n\r\n".encode())
        return int(s.recv(100).split(b" ")[1])


def test_a_session_is_bound_to_its_address_unless_it_is_unsafe(server):
    safe, unsafe = sign_in(server, "alice"), sign_in(server, "alice", unsafe=True)
    bearer = token(server, "alice")
    assert from_address(server, "127.0.0.1", safe) == 200
    assert from_address(server, "127.0.0.2", safe) == 401
    assert from_address(server, "127.0.0.2", unsafe) == 200
    assert from_address(server, "127.0.0.2", bearer) == 200
    assert status_of(server, safe) == 200


# ---- tokens ----


@pytest.mark.parametrize("ask", [
    lambda s: s.post(TOKEN, "grant_type=client_credentials&client_id=alice"
                            "&client_secret=correct+horse", headers=FORM),
    lambda s: s.post(TOKEN, headers=NOBODY, body={
        "grant_type": "client_credentials", "client_id": "alice", "client_secret": PASSWORD}),
    lambda s: s.post(f"{TOKEN}?grant_type=client_credentials&client_id=alice"
                     "&client_secret=correct%20horse", headers={"Authorization": "undefined"}),
    lambda s: s.post(f"{TOKEN}?grant_type=client_credentials&client_id=alice",
                     "client_secret=correct%20horse", headers=FORM)],
    ids=["form", "json", "query", "both"])
def test_a_token_by_each_way_to_ask_for_it(server, ask):
    answer = ask(server)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3600)
    assert re.fullmatch("[0-9a-f]{64}", said["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert status_of(server, f"Bearer {said['access_token']}") == 200
    assert status_of(server, f"IBSSO {said['access_token']}") == 401


@pytest.mark.parametrize("form,status,error", [
    ("client_id=alice&client_secret=wrong&grant_type=client_credentials", 401, "invalid_client"),
    ("client_id=no&client_secret=wrong&grant_type=client_credentials", 401, "invalid_client"),
    ("client_id=alice&client_secret=x&grant_type=password", 400, "unsupported_grant_type"),
    ("client_id=alice&client_secret=x&grant_type=authorization_code", 400,
     "unsupported_grant_type"),
    ("client_id=alice&client_secret=x", 400, "invalid_request"),
    ("grant_type=client_credentials", 400, "invalid_request"), ("", 400, "invalid_request")])
def test_errors_of_tokens_have_the_words_of_oauth_and_ours(server, form, status, error):
    answer = server.post(TOKEN, form, headers=FORM)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert error_of(answer)["messageId"] == ("UNAUTHORIZED" if status == 401 else "BAD_REQUEST")
    assert list(answer.json()) == ["error", "requestError"]


# ---- what the operator does ----


def test_a_new_password_ends_what_the_old_one_opened(server):
    old = basic("carol")
    opened = [old, sign_in(server, "carol"), token(server, "carol")]
    assert [status_of(server, c) for c in opened] == [200] * 3
    server.command("user", "password", "carol", typed="another one\n")
    for credential in opened:
        wait_until(server, credential, 401)
    assert status_of(server, basic("carol", "another one")) == 200


def test_a_disabled_user_is_out_within_a_second_and_a_new_password_lets_it_in(server):
    user = basic("dave")
    session, bearer = sign_in(server, "dave"), token(server, "dave")
    server.command("user", "disable", "dave")
    for credential in (user, session, bearer):
        wait_until(server, credential, 401)
    answer = server.post("/auth/1/session", {"username": "dave", "password": PASSWORD},
                         headers=NOBODY)
    assert answer.status_code == 401
    assert "disabled" in server.command("user", "list").stdout
    server.command("user", "password", "dave", typed="new password\n")
    wait_until(server, basic("dave", "new password"), 200)
    assert status_of(server, session) == 401


def test_a_password_is_made_when_none_is_given(server):
    made = server.command("user", "create", "erin", "--account", "default").stdout.strip()
    assert len(made) >= 30
    wait_until(server, basic("erin", made), 200)


@pytest.mark.parametrize("words,typed,says", [
    (("create", "short", "--account", "default"), "1234567\n", "8 to 128"),
    (("create", "long", "--account", "default"), "x" * 129 + "\n", "8 to 128"),
    (("create", "longer", "--account", "default"), "x" * 100000 + "\n", "8 to 128"),
    (("create", "alice", "--account", "default"), "long enough\n", "there is a user"),
    (("create", "x", "--account", "nowhere"), "long enough\n", "no account"),
    (("create", "a:b", "--account", "default"), "long enough\n", "name"),
    (("create", "x", "--account", "default", "--scope", "y"), "long enough\n", "no scope"),
    (("create", "x"), "long enough\n", "--account"),
    (("password", "nobody"), "long enough\n", "no user"),
    (("disable", "nobody"), "", "no user")])
def test_what_the_user_commands_refuse(server, words, typed, says):
    done = server.command("user", *words, typed=typed, check=False)
    assert done.returncode != 0 and says in done.stderr and done.stdout == ""


def test_sessions_and_tokens_live_over_a_restart(fresh):
    own = fresh(config=RELAXED, before=with_alice)
    kept = [sign_in(own, "alice"), token(own, "alice")]
    over = sign_in(own, "alice")
    own.call("DELETE", "/auth/1/session", headers={"Authorization": over})
    own.kill()
    own.start()
    assert [status_of(own, c) for c in kept] == [200, 200]
    assert status_of(own, over) == 401


def test_the_store_holds_no_token_and_no_password(fresh):
    own = fresh(config=RELAXED, before=with_alice)
    secrets = [sign_in(own, "alice").split()[1], token(own, "alice").split()[1], PASSWORD]
    own.stop()
    for path in own.data.iterdir():
        octets = path.read_bytes() if path.is_file() else b""
        for secret in secrets:
            assert secret.encode() not in octets, path
            assert secret.replace("-", "").encode() not in octets, path
    rows = sqlite3.connect(own.data / "watchword.db").execute(
        "SELECT password FROM account_user").fetchall()
    assert rows[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    log = own.log.decode()
    assert not [s for s in secrets if s in log]


# ---- too many ----


def test_too_many_attempts_are_held_before_they_are_read(fresh):
    own = fresh(config="logins: {per_address: 100, per_user: 5}\n", before=with_alice)
    answers = [own.post("/auth/1/session", {"username": "mallory", "password": f"guess {n}"},
                        headers=NOBODY) for n in range(8)]
    assert [a.status_code for a in answers] == [401] * 5 + [429] * 3
    assert error_of(answers[-1])["messageId"] == "TOO_MANY_REQUESTS"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 12
    assert sign_in(own, "alice")
    held = own.post(TOKEN, "client_id=mallory&client_secret=x&grant_type=client_credentials",
                    headers=FORM)
    assert (held.status_code, held.json()["error"]) == (429, "temporarily_unavailable")


def test_who_guesses_at_a_name_does_not_keep_its_owner_out(fresh):
    own = fresh(config="logins: {per_address: 100, per_user: 3}\n", before=with_alice)
    guesses = [from_address(own, "127.0.0.2", basic("alice", f"guess {n}")) for n in range(5)]
    assert guesses == [401] * 3 + [429] * 2
    assert status_of(own, basic("alice")) == 200
    assert from_address(own, "127.0.0.2", basic("alice", "guess")) == 429


def test_an_address_is_held_whatever_names_it_tries(fresh):
    own = fresh(config="logins: {per_address: 6, per_user: 1000}\n")
    statuses = [own.post("/auth/1/session", {"username": f"u{n}", "password": "x"},
                         headers=NOBODY).status_code for n in range(8)]
    assert statuses == [401] * 6 + [429] * 2
    with socket.create_connection((own.address[0], int(own.address[1])), 15,
                                  source_address=("127.0.0.9", 0)) as s:
        s.sendall(f"GET {BALANCE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  f"Authorization: {basic('u')}\r\n\r\n".encode())
        assert b" 401 " in s.recv(100)


def test_an_ipv6_network_is_one_address_and_an_ipv4_address_is_its_own(fresh):
    own = fresh(config="logins: {per_address: 3, per_user: 1000}\ntrusted_proxies: [127.0.0.1]\n")

    def statuses(*addresses):
        return [own.get(BALANCE, headers={"Authorization": basic("nobody"),
                                          "X-Forwarded-For": address}).status_code
                for address in addresses]

    assert statuses("2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2:3", "2001:db8::1",
                    "2001:db8::9:9:9:9", "2001:db8:0:1::1") == [401] * 3 + [429] * 2 + [401]
    assert statuses(*["192.0.2.1"] * 4, "192.0.2.2") == [401] * 3 + [429, 401]


def test_a_key_and_a_session_are_bound_to_the_real_client_behind_a_proxy(fresh):
    own = fresh(config=RELAXED + "trusted_proxies: [127.0.0.1]\n", before=with_alice)
    here, there = {"X-Forwarded-For": "2001:db8::1"}, {"X-Forwarded-For": "198.51.100.7"}
    made = own.post("/settings/2/api-keys", {"name": "k", "allowedIPs": ["2001:db8::/32"]},
                    headers={"Authorization": basic("alice")}).json()
    session = own.post("/auth/1/session", {"username": "alice", "password": PASSWORD},
                       headers={**NOBODY, **here}).json()["token"]
    for credential in (f"App {made['apiKeySecret']}", f"IBSSO {session}"):
        for forwarded, status in ((here, 200), (there, 401), ({}, 401)):
            answer = own.get(BALANCE, headers={"Authorization": credential, **forwarded})
            assert answer.status_code == status, (credential, forwarded)


def test_a_password_that_was_right_is_not_counted_again(fresh):
    own = fresh(config="logins: {per_address: 1000, per_user: 2}\n", before=with_alice)
    assert [status_of(own, basic("alice")) for _ in range(100)] == [200] * 100


def test_more_logins_than_the_queue_holds_are_told_to_come_back(fresh):
    own = fresh(config=RELAXED)
    answers = crowd(own, [lambda c, n=n: c.post(
        "/auth/1/session", {"username": f"u{n}", "password": "x"}) for n in range(64)])
    statuses = [status for status, _ in answers]
    assert set(statuses) == {401, 503}
    assert statuses.count(401) >= 12
    refused = next(body for status, body in answers if status == 503)
    assert refused["requestError"]["serviceException"]["messageId"] == "SERVICE_UNAVAILABLE"


def test_the_log_counts_sign_ins_and_tells_no_secret(fresh):
    own = fresh(config=RELAXED, before=with_alice)
    user = basic("alice")
    for credential in (user, f"App {own.key}", "App wrong-key-of-somebody", basic("alice", "hush"),
                       "IBSSO wrong-token", "Bearer wrong-token", "Digest x"):
        status_of(own, credential)
    own.stop()
    counted = {e["scheme"]: (e["accepted"], e["refused"])
               for e in own.events if e["event"] == "sign_ins"}
    assert counted["App"] == (1, 1)
    assert counted["IBSSO"] == (0, 1) and counted["Bearer"] == (0, 1)
    assert counted["none"] == (0, 1)
    assert counted["Basic"][0] >= 1 and counted["Basic"][1] >= 1
    refused = [e for e in own.events if e["event"] == "sign_in_refused"]
    assert 1 <= len(refused) <= 60
    assert {e["address"] for e in refused} == {"127.0.0.1"}
    for secret in ("wrong-key", "wrong-token", "hush", PASSWORD, "alice", own.key):
        assert secret not in own.log.decode()


def test_refusals_in_the_log_are_bounded(fresh):
    own = fresh(config=RELAXED)
    for _ in range(100):
        status_of(own, "App no")
    own.stop()
    assert len([e for e in own.events if e["event"] == "sign_in_refused"]) == 60
    assert next(e for e in own.events if e["event"] == "sign_ins_held")["not_logged"] == 40


def test_signing_in_and_out_at_the_same_time(server):
    results = []

    def live():
        for _ in range(5):
            session = sign_in(server, "alice")
            results.append(status_of(server, session))
            server.call("DELETE", "/auth/1/session", headers={"Authorization": session})
            results.append(status_of(server, session))

    threads = [threading.Thread(target=live) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(200) == 20 and results.count(401) == 20


# ---- a key from elsewhere ----


def test_keys_of_any_shape_are_imported(server):
    keys = ["003026bbc133714df1834b8638bb496e-8f4b3d9a-e931-478d-a994-28a725159ab9",
            "e78d84e20207873482d160c1144f7d08-59304bb3-11fa", "x", "~!@#$%^&*()_+=/" * 17 + "!"]
    names = [server.command("key", "import", "--account", "default", "--name", "old",
                            "--scope", "2fa:pin:send", typed=key + "\n").stdout.strip()
             for key in keys]
    for key in keys:
        wait_until(server, f"App {key}", 200)
        assert status_of(server, f"App {key}", "/2fa/2/applications") == 403
    listed = server.command("key", "list").stdout
    for name, key in zip(names, keys):
        assert name in listed
        server.command("key", "revoke", name)
    for key in keys:
        wait_until(server, f"App {key}", 401)


@pytest.mark.parametrize("typed", ["", "\n", "a b\n", "x" * 257 + "\n", "ü\n", "x" * 100000])
def test_what_is_no_key_is_not_imported(server, typed):
    done = server.command("key", "import", "--account", "default", "--name", "old",
                          typed=typed, check=False)
    assert done.returncode == 2 and "256 visible" in done.stderr


def test_a_key_is_imported_once(server):
    words = ("key", "import", "--account", "default", "--name", "twice")
    server.command(*words, typed="the-same-key\n")
    again = server.command(*words, typed="the-same-key\n", check=False)
    assert again.returncode == 1 and "already" in again.stderr


def test_a_key_that_was_just_made_is_valid_when_its_maker_is_told(server):
    session = sign_in(server, "alice")
    for _ in range(10):
        made = server.post("/settings/2/api-keys", {"name": "now"},
                           headers={"Authorization": session}).json()
        assert status_of(server, f"App {made['apiKeySecret']}") == 200
