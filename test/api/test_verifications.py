# SPDX-License-Identifier: Apache-2.0
"""The list of verifications: who was sent a PIN, and who verified one."""

import time

import pytest

NUMBER = "41796000001"


@pytest.fixture(scope="module")
def application(server):
    """Two PINs to the number, the second one verified; and one to another number."""
    application = server.application()
    template = server.template(application)
    server.sent(application, template, NUMBER)
    pin_id, pin = server.sent(application, template, NUMBER)
    assert server.verify(pin_id, pin).json()["verified"] is True
    server.sent(application, template, "41796000002")
    return application


def listed(server, application, version=2, path="verifications", **query):
    answer = server.get(f"/2fa/{version}/applications/{application}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["verifications"] if version == 2 else body


def test_members_and_times(server, application):
    now_ms = time.time() * 1000
    by_state = {v["verified"]: v for v in listed(server, application, msisdn=NUMBER)}
    assert set(by_state) == {True, False}
    for entry in by_state.values():
        assert set(entry) == {"msisdn", "verified", "verifiedAt", "sentAt"}
        assert entry["msisdn"] == NUMBER
        assert type(entry["sentAt"]) is int and abs(now_ms - entry["sentAt"]) < 600000
    assert by_state[False]["verifiedAt"] == 0
    assert by_state[True]["verifiedAt"] >= by_state[True]["sentAt"]


@pytest.mark.parametrize("query,count", [
    ({}, 2), ({"verified": "true"}, 1), ({"verified": "False"}, 1), ({"sent": "true"}, 2),
    ({"sent": "false"}, 0), ({"verified": "undefined"}, 2), ({"verified": "null"}, 2),
    ({"verified": "true", "sent": "true"}, 1), ({"something": "else"}, 2)])
@pytest.mark.parametrize("version", [1, 2])
def test_filters(server, application, version, query, count):
    assert len(listed(server, application, version, msisdn=NUMBER, **query)) == count


@pytest.mark.parametrize("spelling", ["+41796000001", "41 79 600 00 01", '"41796000001"'])
def test_the_number_in_every_spelling(server, application, spelling):
    assert len(listed(server, application, msisdn=spelling)) == 2


@pytest.mark.parametrize("version", [1, 2])
def test_without_a_number_all_are_listed(server, application, version):
    assert len(listed(server, application, version)) == 3


def test_the_path_of_the_v1_manual(server, application):
    assert listed(server, application, 1, "verified", msisdn=f'"{NUMBER}"') == listed(
        server, application, 1, msisdn=NUMBER)


def test_a_slash_before_the_query(server, application):
    assert len(listed(server, application, 2, "verifications/", msisdn=NUMBER)) == 2


@pytest.mark.parametrize("number", ["41796999999", "somebody@example.com", "x", "1" * 300])
def test_nobody_is_an_empty_list(server, application, number):
    assert listed(server, application, msisdn=number) == []


def test_an_unknown_application(server):
    for version, word in ((1, "RESOURCE_NOT_FOUND"), (2, "NOT_FOUND")):
        answer = server.get(f"/2fa/{version}/applications/{'0' * 32}/verifications?msisdn=41790")
        assert answer.status_code == 404
        assert answer.json()["requestError"]["serviceException"]["messageId"] == word


def test_another_application_has_its_own(server, application):
    assert listed(server, server.application(), msisdn=NUMBER) == []
