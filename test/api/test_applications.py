# SPDX-License-Identifier: Apache-2.0
"""Applications: defaults, both grammars, patches, and what is refused by name."""

import pytest

DEFAULTS = {"pinAttempts": 10, "allowMultiplePinVerifications": True, "pinTimeToLive": "15m",
            "verifyPinLimit": "1/3s", "sendPinPerApplicationLimit": "10000/1d",
            "sendPinPerPhoneNumberLimit": "3/1d"}


def create(server, version=2, **configuration):
    return server.post(f"/2fa/{version}/applications",
                       {"name": "one", "configuration": configuration})


def test_a_name_is_enough(server):
    answer = server.post("/2fa/2/applications", {"name": "one"})
    body = answer.json()
    assert list(body) == ["applicationId", "name", "configuration", "enabled"]
    assert (body["name"], body["configuration"], body["enabled"]) == ("one", DEFAULTS, True)


def test_texts_come_back_as_they_were_written(server):
    given = {"pinAttempts": 3, "allowMultiplePinVerifications": False, "pinTimeToLive": "120s",
             "verifyPinLimit": "2/m", "sendPinPerApplicationLimit": "5/2h",
             "sendPinPerPhoneNumberLimit": "1/60000ms"}
    made = create(server, **given).json()
    assert made["configuration"] == given
    assert server.get(f"/2fa/2/applications/{made['applicationId']}").json() == made


def test_the_list_holds_every_application_of_the_account(server):
    made = create(server).json()
    assert made in server.get("/2fa/2/applications").json()


def test_put_changes_what_is_named_and_no_more(server):
    made = create(server, pinAttempts=7, pinTimeToLive="2m").json()
    answer = server.put(f"/2fa/2/applications/{made['applicationId']}",
                        {"name": "two", "enabled": False, "configuration": {"pinAttempts": 4}})
    assert answer.status_code == 200
    made.update(name="two", enabled=False)
    made["configuration"]["pinAttempts"] = 4
    assert answer.json() == made
    assert server.get(f"/2fa/2/applications/{made['applicationId']}").json() == made


@pytest.mark.parametrize("member,value", [
    ("pinAttempts", 0), ("pinAttempts", -1), ("pinAttempts", "many"), ("pinAttempts", "1.5"),
    ("pinTimeToLive", "15"), ("pinTimeToLive", "0m"), ("pinTimeToLive", "m15"),
    ("pinTimeToLive", "15 m"), ("pinTimeToLive", 15), ("pinTimeToLive", "999999999d"),
    ("verifyPinLimit", "3"), ("verifyPinLimit", "0/3s"), ("verifyPinLimit", "1/0s"),
    ("verifyPinLimit", "/3s"), ("verifyPinLimit", "1/3w"), ("sendPinPerApplicationLimit", ""),
    ("sendPinPerPhoneNumberLimit", "-1/1d"), ("allowMultiplePinVerifications", "perhaps"),
])
def test_a_bad_value_is_named_and_nothing_is_made(server, member, value):
    before = server.get("/2fa/2/applications").json()
    answer = create(server, **{member: value})
    assert answer.status_code == 400
    error = answer.json()["requestError"]["serviceException"]
    assert error["messageId"] == "BAD_REQUEST"
    assert list(error["validationErrors"]) == [f"configuration.{member}"]
    assert server.get("/2fa/2/applications").json() == before


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "  "}, {"name": None}])
def test_a_name_is_needed(server, body):
    answer = server.post("/2fa/2/applications", body)
    assert answer.status_code == 400
    assert "name" in answer.json()["requestError"]["serviceException"]["validationErrors"]


def test_v1_speaks_milliseconds(server):
    made = create(server, version=1, pinTimeToLive=2000000, pinAttempts=5, verificationAttempts=3,
                  verificationIntervalLength=12000, initiationAttempts=8,
                  initiationIntervalLength=1800000, overallInitiationAttempts=10000,
                  overallInitiationIntervalLength=86400000).json()
    on_v1 = made["configuration"]
    assert (on_v1["pinTimeToLive"], on_v1["verificationAttempts"],
            on_v1["initiationIntervalLength"]) == (2000000, 3, 1800000)
    on_v2 = server.get(f"/2fa/2/applications/{made['applicationId']}").json()["configuration"]
    assert on_v2 == {"pinAttempts": 5, "allowMultiplePinVerifications": True,
                     "pinTimeToLive": "2000s", "verifyPinLimit": "3/12s",
                     "sendPinPerApplicationLimit": "10000/1d",
                     "sendPinPerPhoneNumberLimit": "8/30m"}


def test_v1_accepts_the_texts_of_v2_too(server):
    answer = create(server, version=1, pinTimeToLive="15m", verifyPinLimit="1/3s")
    assert answer.status_code == 200
    assert answer.json()["configuration"]["pinTimeToLive"] == "15m"


def test_the_status_of_creation_is_an_option(fresh):
    own = fresh(config="api: {create_application_status: 201}\n")
    assert own.post("/2fa/2/applications", {"name": "x"}).status_code == 201
    assert own.post("/2fa/1/applications", {"name": "x"}).status_code == 200


def test_the_strict_profile_holds_every_application_to_its_bounds(fresh):
    own = fresh(config="profile: strict\n")
    application = own.application(pinTimeToLive="1h", pinAttempts=50,
                                  allowMultiplePinVerifications=True)
    own_template = own.post(f"/2fa/2/applications/{application}/messages", {
        "pinType": "NUMERIC", "pinLength": 4, "messageText": "[{{pin}}]"})
    template = own_template.json().get("messageId") or own.template(application, pinLength=6)
    pin_id, pin = own.sent(application, template)
    assert len(pin) >= 6
    left = own.verify(pin_id, "x").json()["attemptsRemaining"]
    assert left == 4
    assert own.verify(pin_id, pin).json()["verified"] is True
    assert own.verify(pin_id, pin).json()["pinError"] == "NO_MORE_PIN_ATTEMPTS"
