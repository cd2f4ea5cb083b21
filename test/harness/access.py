# SPDX-License-Identifier: Apache-2.0
"""Credentials of every kind, and how long they take to be known."""

import base64

from harness.server import wait_for

BALANCE = "/account/1/balance"
PASSWORD = "correct horse"
# How long a change by another process may take to be known.
KNOWN_S = 3


def basic(name, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def status_of(server, credential, path=BALANCE, **more):
    """What a request with this Authorization header is answered; none when it is empty."""
    return server.get(path, headers={"Authorization": credential}, **more).status_code


def wait_until(server, credential, status, seconds=KNOWN_S):
    wait_for(f"{credential.split()[0]} to be answered {status}",
             lambda: status_of(server, credential) == status, seconds)


def scopes_words(scopes):
    return [word for scope in scopes for word in ("--scope", scope)]


def new_key(server, *scopes, account="default"):
    """`App KEY` of a key made beside the running server, once it is valid."""
    key = server.command("key", "create", "--account", account, "--name", "n",
                         *scopes_words(scopes)).stdout.strip()
    wait_until(server, f"App {key}", 200)
    return f"App {key}"


def add_user(server, name, *scopes, account="default", password=PASSWORD):
    """The Basic header of a new user; a running server knows it a second later."""
    if not server.process:
        server.make_store()
        server.command("account", "create", account, check=False)
    server.command("user", "create", name, "--account", account, *scopes_words(scopes),
                   typed=password + "\n")
    return basic(name, password)


def new_user(server, name, *scopes, account="default", password=PASSWORD):
    """The Basic header of a user made beside the running server, once it is valid."""
    credential = add_user(server, name, *scopes, account=account, password=password)
    wait_until(server, credential, 200)
    return credential


def sign_in(server, name, password=PASSWORD, http=None, **more):
    """`IBSSO TOKEN`."""
    answer = server.post("/auth/1/session", {"username": name, "password": password, **more},
                         headers={"Authorization": ""}, http=http)
    assert answer.status_code == 200, answer.text
    return "IBSSO " + answer.json()["token"]


def token(server, name, password=PASSWORD):
    """`Bearer TOKEN`."""
    answer = server.post("/auth/1/oauth2/token", {
        "client_id": name, "client_secret": password, "grant_type": "client_credentials"},
        headers={"Authorization": ""})
    assert answer.status_code == 200, answer.text
    return "Bearer " + answer.json()["access_token"]
