# SPDX-License-Identifier: Apache-2.0
"""What the official C# client sends when its caller says nothing of it."""

import pytest

from harness.server import GENEROUS

# An object of the client is written with all members that are no references.
UNASKED = {"name": "shop", "enabled": False, "configuration": GENEROUS}


def made(server, **members):
    answer = server.post("/2fa/2/applications", {**UNASKED, **members})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["applicationId"]


@pytest.mark.field("7.7")
def test_an_application_that_is_not_enabled_is_shown_so_and_sends_nothing(server):
    application = made(server)
    assert server.get(f"/2fa/2/applications/{application}").json()["enabled"] is False
    template = server.template(application)
    before = len(server.messages())
    refused = server.send(application, template)
    assert refused.status_code >= 400
    assert len(server.messages()) == before


@pytest.mark.field("7.7")
def test_enabling_it_later_is_enough(server):
    application = made(server)
    template = server.template(application)
    changed = server.put(f"/2fa/2/applications/{application}", {**UNASKED, "enabled": True})
    assert changed.json()["enabled"] is True
    assert server.send(application, template).status_code == 200


@pytest.mark.field("7.7")
@pytest.mark.parametrize("enabled", [True, None, "true", 1])
def test_a_caller_who_says_so_or_says_nothing_has_one_that_sends(server, enabled):
    application = made(server, enabled=enabled)
    assert server.send(application, server.template(application)).status_code == 200


@pytest.mark.field("7.7")
@pytest.mark.parametrize("enabled", [False, "false", 0])
def test_a_change_may_switch_it_off(server, enabled):
    application = made(server, enabled=True)
    template = server.template(application)
    server.put(f"/2fa/2/applications/{application}", {**UNASKED, "enabled": enabled})
    assert server.send(application, template).status_code >= 400
