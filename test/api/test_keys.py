# SPDX-License-Identifier: Apache-2.0
"""API keys as resources: version 1's bare text, settings of version 1 and of version 2."""

import json
import re

import pytest

from harness.access import add_user, basic, sign_in, status_of, token, wait_until
from harness.server import Server

RELAXED = "logins: {per_address: 100000, per_user: 100000, hash_share: 100}\nlimits: {resend_interval: 0s}\n"
V1 = "/settings/1/accounts/_/api-keys"
V2 = "/settings/2/api-keys"
SECRET = {V1: "publicApiKey", V2: "apiKeySecret"}
ID = {V1: "key", V2: "id"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("server"), config=RELAXED)
    add_user(one, "alice")
    add_user(one, "other", account="other")
    add_user(one, "manager", "account-management:manage")
    add_user(one, "narrow", "2fa:pin:send", "account-management:manage")
    with one as running:
        yield running


class Keys:
    """What a user does with keys."""

    def __init__(self, server, credential):
        self.server = server
        self.headers = {"Authorization": credential}

    def create(self, where, **members):
        return self.server.post(where, {"name": "shop", **members}, headers=self.headers)

    def made(self, where, **members):
        answer = self.create(where, **members)
        assert answer.status_code == (201 if where == V1 else 200), answer.text
        return answer.json()

    def get(self, path):
        return self.server.get(path, headers=self.headers)

    def put(self, path, body):
        return self.server.put(path, body, headers=self.headers)


@pytest.fixture(scope="module")
def keys(server):
    return Keys(server, basic("alice"))


def works(server, made, path="/2fa/2/applications"):
    return status_of(server, "App " + (made.get("publicApiKey") or made["apiKeySecret"]), path)


# ---- version 1 of 2FA ----


def test_a_key_as_a_bare_text_of_69_characters_for_pins_only(server):
    answer = server.post("/2fa/1/api-key", headers={"Authorization": basic("alice")})
    assert answer.status_code == 200
    assert re.fullmatch(r'"[0-9a-f]{32}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"', answer.text)
    key = answer.json()
    assert len(key) == 69
    application = server.application()
    template = server.template(application)
    pin_id = server.send(application, template, key=key).json()["pinId"]
    assert server.verify(pin_id, server.pin(pin_id), key=key).json()["verified"] is True
    assert status_of(server, f"App {key}", "/2fa/1/applications") == 403


def test_users_make_keys_and_keys_do_not(server):
    for credential in (sign_in(server, "alice"), token(server, "alice")):
        headers = {"Authorization": credential}
        assert server.post("/2fa/1/api-key", headers=headers).status_code == 200
        assert server.post(V2, {"name": "x"}, headers=headers).status_code == 200
    for path in ("/2fa/1/api-key", V1, V2):
        assert server.post(path, {"name": "x"}).status_code == 403
    assert server.get(V1).status_code == server.get(V2).status_code == 403


# ---- what both generations share ----


@pytest.mark.parametrize("where", [V1, V2])
def test_the_secret_is_shown_once(server, keys, where):
    made = keys.made(where)
    secret = made.pop(SECRET[where])
    assert re.fullmatch("[0-9A-F]{32}", made[ID[where]]) and secret not in json.dumps(made)
    path = f"{where}/{made[ID[where]]}"
    assert keys.get(path).json() == made
    assert keys.put(path, {"name": "other"}).json() == {**made, "name": "other"}
    for place in (path, where):
        assert secret not in keys.get(place).text
    assert works(server, {"apiKeySecret": secret}) == 200
    assert secret not in server.log.decode()


@pytest.mark.parametrize("where", [V1, V2])
def test_a_key_that_is_switched_off_is_refused_at_once_and_comes_back(server, keys, where):
    made = keys.made(where)
    path = f"{where}/{made[ID[where]]}"
    for enabled, status in ((False, 401), (True, 200), (False, 401)):
        assert keys.put(path, {"enabled": enabled}).json()["enabled"] is enabled
        assert works(server, made) == status
        assert keys.get(path).json()["enabled"] is enabled


@pytest.mark.parametrize("where", [V1, V2])
@pytest.mark.parametrize("allowed,status", [
    ([], 200), (["127.0.0.1"], 200), (["192.0.2.1", "127.0.0.0/8"], 200),
    (["::ffff:127.0.0.1"], 200), (["0.0.0.0/0"], 200), (["::/0"], 200),
    (["192.0.2.1"], 401), (["10.0.0.0/8", "2001:db8::/32"], 401), (["127.0.0.2/31"], 401),
    (["::1"], 401), (["128.0.0.0/1"], 401)])
def test_a_key_works_from_its_addresses_only(server, keys, where, allowed, status):
    made = keys.made(where, allowedIPs=allowed)
    assert made.get("allowedIPs", []) == allowed
    assert works(server, made) == status


def test_addresses_can_be_changed_and_taken_away(server, keys):
    made = keys.made(V2, allowedIPs=["192.0.2.1"])
    path = f"{V2}/{made['id']}"
    assert works(server, made) == 401
    assert keys.put(path, {"allowedIPs": ["127.0.0.1"]}).json()["allowedIPs"] == ["127.0.0.1"]
    assert works(server, made) == 200
    assert "allowedIPs" not in keys.put(path, {"allowedIPs": []}).json()
    assert works(server, made) == 200


def test_an_ipv6_caller(fresh):
    own = fresh(config=RELAXED, listen="[::1]:0", before=lambda s: add_user(s, "alice"))
    keys = Keys(own, basic("alice"))
    for allowed, status in ((["::1"], 200), (["::/64"], 200), (["127.0.0.1"], 401),
                            (["2001:db8::/32"], 401)):
        assert works(own, keys.made(V2, allowedIPs=allowed)) == status


@pytest.mark.parametrize("where,member,shapes", [
    (V1, "validTo", ("2099-08-08T06:04:54.988+0000", "2099-08-08T08:04:54.988+02:00",
                     "2099-08-08T06:04:54.988Z", "2099-08-08T06:04:54.988")),
    (V2, "validTo", ("2099-09-01T10:00:00", "2099-09-01T10:00:00Z",
                     "2099-09-01T12:00:00+0200", "2099-09-01T10:00:00.000+0000"))])
def test_dates_of_either_shape_are_read_and_ones_own_is_written(keys, where, member, shapes):
    assert {keys.made(where, **{member: shape})[member] for shape in shapes} == {shapes[0]}


@pytest.mark.parametrize("where", [V1, V2])
@pytest.mark.parametrize("members,status", [
    ({"validFrom": "2020-01-01T00:00:00", "validTo": "2099-01-01T00:00:00"}, 200),
    ({"validFrom": "2098-01-01T00:00:00", "validTo": "2099-01-01T00:00:00"}, 401),
    ({"validFrom": "2020-01-01T00:00:00", "validTo": "2021-01-01T00:00:00"}, 401)])
def test_a_key_works_in_its_time_only(server, keys, where, members, status):
    assert works(server, keys.made(where, **members)) == status


def test_a_key_of_version_2_ends_after_a_year_unless_told_otherwise(keys):
    made = keys.made(V2)
    assert int(made["validTo"][:4]) == int(made["validFrom"][:4]) + 1
    assert "validTo" not in keys.made(V1)


@pytest.mark.parametrize("where,members,field", [
    (V1, {"name": None}, "name"), (V2, {"name": ""}, "name"), (V2, {"name": "x" * 201}, "name"),
    (V1, {"allowedIPs": ["nonsense"]}, "allowedIPs"), (V2, {"allowedIPs": "::1"}, "allowedIPs"),
    (V2, {"allowedIPs": ["10.0.0.0/33"]}, "allowedIPs"), (V2, {"allowedIPs": [5]}, "allowedIPs"),
    (V2, {"allowedIPs": ["::1"] * 101}, "allowedIPs"),
    (V1, {"validTo": "tomorrow"}, "validTo"), (V2, {"validTo": "2099-02-29T00:00:00"}, "validTo"),
    (V2, {"validFrom": "2099-13-01T00:00:00"}, "validFrom"),
    (V2, {"validFrom": "2099-01-01T00:00:00", "validTo": "2098-01-01T00:00:00"}, "validTo"),
    (V1, {"permissions": ["PUBLIC_API"]}, "permissions"), (V2, {"permissions": ["ALL"]}, "permissions"),
    (V2, {"permissions": ["PUBLIC_API", "WEB_SDK"]}, "permissions"),
    (V2, {"permissions": "PUBLIC_API"}, "permissions"), (V2, {"permissions": [7]}, "permissions"),
    (V2, {"scopeGuids": ["2fa:everything"]}, "scopeGuids"), (V2, {"enabled": "maybe"}, "enabled")])
def test_what_is_wrong_with_a_key_is_named(keys, where, members, field):
    answer = keys.create(where, **members)
    assert answer.status_code == 400, answer.text
    if where == V2:
        assert [v["property"] for v in answer.json()["violations"]] == [field]
        assert answer.json()["errorCode"] == "E400"
    else:
        assert list(answer.json()["requestError"]["serviceException"]["validationErrors"]) == [field]


@pytest.mark.parametrize("where", [V1, V2])
def test_errors_have_the_shape_of_their_version(server, keys, where):
    answers = [keys.get(f"{where}/nothing"), server.get(where), server.get(
        where, headers={"Authorization": "App x"}), server.get(f"{where}/a/b/c"),
        server.call("DELETE", where)]
    assert [a.status_code for a in answers] == [404, 403, 401, 404, 405]
    for answer in answers:
        if where == V2:
            assert answer.json()["errorCode"] == f"E{answer.status_code}"
            assert answer.json()["resources"] == []
            assert {v["property"] for v in answer.json()["violations"]} <= {"key"}
        else:
            assert list(answer.json()) == ["requestError"]


# ---- permissions and scopes ----


@pytest.mark.parametrize("where,permissions,applications,pins", [
    (V1, None, 200, 200), (V1, ["ALL"], 200, 200), (V1, [], 200, 200), (V1, ["TFA"], 403, 200),
    (V1, ["TFA", "ALL"], 200, 200), (V1, ["PUSH_CLIENT"], 403, 403),
    (V1, ["PEOPLE_EVENTS_PUBLIC_CLIENT", "EXTERNAL_INTEGRATIONS"], 403, 403),
    (V2, None, 200, 200), (V2, ["PUBLIC_API"], 200, 200), (V2, ["2FA_CLIENT"], 403, 200),
    (V2, ["WEB_SDK"], 403, 403), (V2, ["2FA_CLIENT", "WEB_SDK"], 403, 200),
    (V2, ["PUBLIC_API", "2FA_CLIENT"], 200, 200)])
def test_permissions(server, keys, where, permissions, applications, pins):
    made = keys.made(where, **({} if permissions is None else {"permissions": permissions}))
    default = ["ALL"] if where == V1 else ["PUBLIC_API"]
    assert set(made["permissions"]) == set(permissions or default)
    application = server.application()
    listing = f"/2fa/2/applications/{application}/verifications?msisdn=41791234567"
    assert works(server, made) == applications
    assert works(server, made, listing) == pins
    assert works(server, made, "/account/1/balance") == 200


def test_a_key_has_the_scopes_it_was_given_or_those_of_its_maker(server, keys):
    mine = keys.made(V2)["scopeGuids"]
    assert {"2fa:manage", "2fa:pin:send", "2fa:sdk"} <= set(mine)
    made = keys.made(V2, scopeGuids=["2fa:pin:send", "message:send"])
    assert made["scopeGuids"] == ["2fa:pin:send", "message:send"]
    assert works(server, made) == 403
    path = f"{V2}/{made['id']}"
    assert keys.put(path, {"scopeGuids": ["2fa:manage"]}).json()["scopeGuids"] == ["2fa:manage"]
    assert works(server, made) == 200
    assert keys.put(path, {"scopeGuids": []}).json()["scopeGuids"] == mine


def test_nobody_gives_away_what_it_does_not_have(server, keys):
    narrow = Keys(server, basic("narrow"))
    made = narrow.made(V2)
    assert made["scopeGuids"] == ["2fa:pin:send", "account-management:manage"]
    assert works(server, made) == 403
    assert narrow.create(V2, scopeGuids=["2fa:manage"]).status_code == 403
    path = f"{V2}/{made['id']}"
    assert narrow.put(path, {"scopeGuids": ["2fa:pin:send", "2fa:manage"]}).status_code == 403
    assert narrow.get(path).json()["scopeGuids"] == made["scopeGuids"]


@pytest.mark.parametrize("where", [V1, V2])
def test_who_manages_keys_switches_off_one_that_may_more_and_not_on_again(server, keys, where):
    manager = Keys(server, basic("manager"))
    wide = keys.made(where, validTo="2099-01-01T00:00:00")
    path = f"{where}/{wide[ID[where]]}"
    read = manager.get(path).json()
    off = manager.put(path, {**read, "enabled": False})
    assert (off.status_code, off.json()) == (200, {**read, "enabled": False})
    assert works(server, wide) == 401
    assert manager.put(path, {"enabled": True}).status_code == 403
    assert works(server, wide) == 401
    assert keys.put(path, {"enabled": True}).status_code == 200
    assert works(server, wide) == 200


def test_narrowing_a_key_that_may_more_passes_and_widening_it_does_not(server, keys):
    manager = Keys(server, basic("manager"))
    wide = keys.made(V2, validTo="2099-01-01T00:00:00", allowedIPs=["127.0.0.0/8"])
    path = f"{V2}/{wide['id']}"
    for narrower, wider in (({"allowedIPs": ["127.0.0.1"]}, {"allowedIPs": ["127.0.0.0/30"]}),
                            ({"validTo": "2098-01-01T00:00:00"}, {"validTo": "2098-01-01T00:00:01"}),
                            ({"permissions": ["2FA_CLIENT"]}, {"permissions": []}),
                            ({"scopeGuids": ["2fa:pin:send"]}, {"scopeGuids": ["2fa:manage"]})):
        answer = manager.put(path, narrower)
        assert answer.status_code == 200, (narrower, answer.text)
        assert {k: answer.json()[k] for k in narrower} == narrower
        assert manager.put(path, wider).status_code == 403, wider
    assert manager.put(path, {"allowedIPs": []}).status_code == 403
    assert manager.put(path, {"name": "leaked"}).json()["name"] == "leaked"
    assert works(server, wide, "/account/1/balance") == 200


# ---- accounts ----


def test_another_account_is_not_there(server, keys):
    foreign = Keys(server, basic("other"))
    for where in (V1, V2):
        made = keys.made(where)
        path = f"{where}/{made[ID[where]]}"
        assert foreign.get(path).status_code == 404
        assert foreign.put(path, {"enabled": False}).status_code == 404
        assert works(server, made) == 200
        assert made[ID[where]] not in foreign.get(where).text
    account = keys.made(V2)["accountId"]
    own = f"/settings/1/accounts/{account}/api-keys"
    assert keys.get(own).status_code == 200
    assert keys.get(f"/settings/1/accounts/{account.lower()}/api-keys").status_code == 200
    for name in (account, "0" * 32, "x"):
        assert foreign.get(f"/settings/1/accounts/{name}/api-keys").status_code == 404
        assert foreign.create(V2, accountId=name).status_code == 403
        assert foreign.get(f"{V2}?accountId={name}").status_code == 403
    assert keys.create(V2, accountId=account).status_code == 200


def test_a_revoked_key_is_gone_for_good(server, keys):
    made = keys.made(V2)
    server.command("key", "revoke", made["id"])
    wait_until(server, f"App {made['apiKeySecret']}", 401)
    path = f"{V2}/{made['id']}"
    assert keys.get(path).status_code == keys.put(path, {"enabled": True}).status_code == 404
    assert made["id"] not in keys.get(f"{V2}?size=1000").text


def test_a_key_is_revoked_without_being_seen_among_the_arguments(server, keys):
    made = keys.made(V2)
    server.command("key", "revoke", "-", typed=made["apiKeySecret"] + "\n")
    wait_until(server, f"App {made['apiKeySecret']}", 401)
    for typed, status in (("", 2), ("no-such-key\n", 1)):
        assert server.command("key", "revoke", "-", typed=typed, check=False).returncode == status
    assert "key revoke ID|-" in server.command("--help", data=False).stdout


# ---- lists ----


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A user with keys of known names, and no others but the first."""
    one = Server(tmp_path_factory.mktemp("shelf"), config=RELAXED)
    add_user(one, "alice", account="shelf")
    with one as running:
        keys = Keys(running, basic("alice"))
        for n, name in enumerate(["Delta", "alpha", "Charlie", "bravo", "echo"]):
            keys.made(V2, name=name, enabled=name != "bravo",
                      validTo=f"209{9 - n}-01-01T00:00:00")
        yield keys


def names(answer):
    assert answer.status_code == 200, answer.text
    return [key["name"] for key in answer.json()["apiKeys"]]


@pytest.mark.parametrize("query,expected", [
    ("", ["alpha", "bravo", "Charlie", "Delta", "echo"]),
    ("?orderDirection=DESC", ["echo", "Delta", "Charlie", "bravo", "alpha"]),
    ("?orderBy=validTo", ["echo", "bravo", "Charlie", "alpha", "Delta"]),
    ("?orderBy=NAME&orderDirection=asc&size=2", ["alpha", "bravo"]),
    ("?size=2&page=1", ["Charlie", "Delta"]), ("?size=2&page=2", ["echo"]),
    ("?size=2&page=3", []), ("?name=A", ["alpha", "bravo", "Charlie", "Delta"]),
    ("?name=char", ["Charlie"]), ("?name=nothing", []), ("?enabled=false", ["bravo"]),
    ("?enabled=true&name=o", ["echo"])])
def test_a_list_by_order_page_and_filter(shelf, query, expected):
    assert names(shelf.get(V2 + query)) == expected


def test_paging_says_how_much_there_is(shelf):
    assert shelf.get(f"{V2}?size=2&page=1&name=e").json()["paging"] == {
        "page": 1, "pageSize": 2, "orderBy": "name", "orderDirection": "ASC",
        "totalCount": 3, "totalPages": 2}
    assert shelf.get(f"{V2}?name=none").json()["paging"]["totalPages"] == 0


@pytest.mark.parametrize("query", ["page=-1", "page=x", "size=0", "size=1001", "size=", "orderBy=secret",
                                   "orderDirection=up", "page=99999999999999999999"])
def test_a_list_of_nonsense_is_a_bad_request(shelf, query):
    answer = shelf.get(f"{V2}?{query}")
    assert [v["property"] for v in answer.json()["violations"]] == [query.split("=")[0]]


@pytest.mark.parametrize("query,expected", [
    ("", ["Delta", "alpha", "Charlie", "bravo", "echo"]), ("?limit=2", ["Delta", "alpha"]),
    ("?name=ALPHA", ["alpha"]), ("?enabled=false", ["bravo"])])
def test_a_list_of_version_1(shelf, query, expected):
    assert names(shelf.get(V1 + query)) == expected


def test_a_limit_of_nonsense(shelf):
    for limit in ("0", "-1", "x", "1001", "9" * 30):
        assert shelf.get(f"{V1}?limit={limit}").status_code == 400


def test_a_key_is_found_by_its_secret(shelf):
    made = shelf.made(V2, name="zulu")
    secret = made["apiKeySecret"]
    assert names(shelf.get(f"{V2}?apiKeySecret={secret}")) == ["zulu"]
    assert names(shelf.get(f"{V1}?publicApiKey={secret}")) == ["zulu"]
    assert names(shelf.get(f"{V2}?apiKeySecret={secret[:-1]}")) == []
    shelf.server.command("key", "revoke", made["id"])
