# SPDX-License-Identifier: Apache-2.0
"""Signing in, out, and changes of keys and users, all at once: for ThreadSanitizer."""

import threading

from harness.access import BALANCE, PASSWORD, add_user, basic
from harness.crowd import crowd

CONFIG = ("logins: {per_address: 1000000, per_user: 1000000, hash_share: 100}\nhttp: {threads: 2}\n"
          "limits: {resend_interval: 0s}\n")
V2 = "/settings/2/api-keys"


def users(server):
    for name in ("alice", "bob", "carol"):
        add_user(server, name)


def a_session(c, name):
    """Its whole life; busy is an answer too, as a queue of 16 is small."""
    status, said = c.post("/auth/1/session", {"username": name, "password": PASSWORD})
    if status == 503:
        return {503}
    seen = {status}
    before, c.headers = c.headers, {"Authorization": f"IBSSO {said['token']}"}
    seen |= {c.call("GET", BALANCE)[0] for _ in range(10)}
    c.connection.request("DELETE", "/auth/1/session", headers=c.headers)
    answer = c.connection.getresponse()
    seen |= {answer.status, len(answer.read())}
    over = c.call("GET", BALANCE)[0]
    c.headers = before
    return seen | {over}


def a_key(c, name):
    before, c.headers = c.headers, {"Authorization": basic(name), "Content-Type":
                                    "application/json"}
    status, made = c.post(V2, {"name": "k", "allowedIPs": ["127.0.0.0/8"]})
    if status == 200:
        c.headers = {"Authorization": f"App {made['apiKeySecret']}"}
        assert c.call("GET", BALANCE)[0] == 200
        c.headers = {"Authorization": basic(name), "Content-Type": "application/json"}
        assert c.call("PUT", f"{V2}/{made['id']}", {"enabled": False})[0] in (200, 503)
    c.headers = before
    return {status}


def test_sessions_keys_and_users_beside_each_other(fresh):
    server = fresh(config=CONFIG, before=users)
    kinds = [a_session, a_key, lambda c, name: {c.call("GET", "/2fa/2/applications")[0]}]
    done = threading.Event()

    def change_carol():
        for n in range(3):
            server.command("user", "password", "carol", typed=f"{PASSWORD} {n}\n")
            server.command("user", "disable", "carol")
        done.set()

    beside = threading.Thread(target=change_carol)
    beside.start()
    names = ("alice", "bob")
    seen = crowd(server, [lambda c, n=n: kinds[n % 3](c, names[n % 2]) for n in range(150)],
                 workers=24)
    beside.join()
    assert done.is_set()
    for n, statuses in enumerate(seen):
        allowed = ({200, 503, 401, 0}, {200, 503}, {200})[n % 3]
        assert statuses <= allowed, (n, statuses)
    assert any(401 in statuses and 200 in statuses for statuses in seen)
