# SPDX-License-Identifier: Apache-2.0
"""Under `profile: strict` the API shows what holds beside what was asked for."""

import pytest

pytestmark = pytest.mark.field("9.1")
ASKED = {"pinAttempts": 50, "allowMultiplePinVerifications": True, "pinTimeToLive": "1h"}
LESS = {"pinAttempts": 3, "allowMultiplePinVerifications": False, "pinTimeToLive": "90s"}
CAPPED = {"pinAttempts": 5, "allowMultiplePinVerifications": False, "pinTimeToLive": "10m"}


@pytest.fixture
def strict(fresh):
    return fresh(config="profile: strict\n")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("asked,holds", [(ASKED, CAPPED), (LESS, LESS)], ids=["more", "less"])
def test_an_application_shows_what_holds(strict, version, asked, holds):
    application = strict.application(**asked)
    shown = strict.get(f"/2fa/{version}/applications/{application}").json()
    listed = strict.get(f"/2fa/{version}/applications").json()
    assert shown["configuration"]["pinAttempts"] == asked["pinAttempts"]
    assert shown["inForce"] == holds
    assert [one["inForce"] for one in listed] == [holds]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("length", [4, 6, 8])
def test_a_template_shows_the_length_that_is_sent(strict, version, length):
    application = strict.application()
    template = strict.template(application, pinLength=length)
    shown = strict.get(f"/2fa/{version}/applications/{application}/messages/{template}").json()
    _, pin = strict.sent(application, template)
    assert (shown["pinLength"], shown["inForce"]) == (length, {"pinLength": len(pin)})


def test_nothing_is_added_where_an_application_has_its_way(server, application, template):
    assert "inForce" not in server.get(f"/2fa/2/applications/{application}").json()
    path = f"/2fa/2/applications/{application}/messages/{template}"
    assert "inForce" not in server.get(path).json()
