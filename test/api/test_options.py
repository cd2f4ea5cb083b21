# SPDX-License-Identifier: Apache-2.0
"""Options of the configuration that a caller of the API notices."""

import pytest

from harness.clocks import Clocks
from harness.crowd import crowd
from harness.server import wait_for, wrong


def test_resends_can_be_forbidden(fresh):
    own = fresh(config="limits: {resends_per_pin: 0}\n")
    application = own.application()
    pin_id, _ = own.sent(application, own.template(application))
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 429


def test_a_text_without_its_placeholder_can_be_allowed(fresh):
    own = fresh(config="api: {template_placeholder_required: false}\n")
    application = own.application()
    template = own.template(application, messageText="Call us")
    pin_id = own.send(application, template).json()["pinId"]
    assert own.message(pin_id)["text"] == "Call us"


def test_a_smaller_body(fresh):
    own = fresh(config="http: {body_max: 1024}\n")
    assert own.post("/2fa/2/applications", {"name": "x", "pad": "y" * 500}).status_code == 201
    answer = own.post("/2fa/2/applications", {"name": "x", "pad": "y" * 1024})
    assert answer.status_code == 413


def test_a_full_queue_is_answered_503_and_is_no_loss(fresh):
    own = fresh(config="store: {queue_max: 1}\n")
    application = own.application()
    template = own.template(application)
    answers = crowd(own, [lambda c, n=n: c.send(application, template, f"41798{n:06d}")
                          for n in range(256)])
    assert {status for status, _ in answers} <= {200, 503}
    sent = [body["pinId"] for status, body in answers if status == 200]
    assert sent
    for status, body in answers:
        if status == 503:
            assert body["requestError"]["serviceException"]["messageId"] == "SERVICE_UNAVAILABLE"
    wait_for("every message", lambda: len(own.messages()) == len(sent))
    assert sorted(m["pinId"] for m in own.messages()) == sorted(sent)


def test_the_longest_prefix_takes_the_number_and_names_the_sender(fresh):
    own = fresh(config=(
        "carriers:\n- {name: a, type: file, path: messages.jsonl}\n"
        "- {name: b, type: file, path: other.jsonl}\nroutes:\n"
        "- {prefix: \"41\", carriers: [a], sender: Short}\n"
        "- {prefix: \"4179\", carriers: [a], sender: Long}\n- {carriers: [b]}\n"))
    application = own.application()
    template = own.template(application, senderId=None)
    for to, sender in (("41780000001", "Short"), ("41790000001", "Long")):
        pin_id = own.send(application, template, to).json()["pinId"]
        assert own.message(pin_id)["from"] == sender
    pin_id = own.send(application, own.template(application), "41790000001").json()["pinId"]
    assert own.message(pin_id)["from"] == "Bar"
    own.send(application, template, "43790000001")
    other = own.data / "other.jsonl"
    wait_for("the other carrier's", lambda: b"43790000001" in other.read_bytes())
    assert not [m for m in own.messages() if m["to"] == "43790000001"]


@pytest.fixture()
def strict(fresh):
    return fresh(config="profile: strict\nlimits: {resend_interval: 0s}\n")


def test_strict_wrong_guesses_of_a_number_are_not_refilled_by_new_pins(strict):
    """20 in a day; the right PIN of another number is not their victim."""
    application = strict.application()
    template = strict.template(application)
    untouched = strict.sent(application, template, "41798000001")
    for _ in range(4):
        pin_id, pin = strict.sent(application, template, "41798000001")
        for _ in range(5):
            assert strict.verify(pin_id, wrong(pin)).json()["pinError"] == "WRONG_PIN"
    assert strict.verify(*untouched).json()["verified"] is False
    assert strict.send(application, template, "41798000001").status_code == 429
    pin_id, pin = strict.sent(application, template, "41798000002")
    assert strict.verify(pin_id, pin).json()["verified"] is True


def test_strict_wrong_guesses_at_the_same_moment_keep_the_budget(strict):
    application = strict.application()
    template = strict.template(application)
    pins = [strict.sent(application, template, "41798000003") for _ in range(8)]
    guesses = [(pin_id, wrong(pin)) for pin_id, pin in pins for _ in range(5)]
    answers = crowd(strict, [lambda c, g=g: c.verify(*g) for g in guesses])
    words = [body["pinError"] for _, body in answers]
    assert words.count("WRONG_PIN") == 20, words


def test_keys_that_rotate_every_minute_do_not_disturb(fresh, tmp_path):
    """Another key makes the PINs of the next minute, and those of before are still good."""
    clocks = Clocks(tmp_path)
    own = fresh(config="keyring: {rotation: 1m}\n", env=clocks.env)
    application = own.application(pinTimeToLive="1h")
    template = own.template(application)
    pin_id, pin = own.sent(application, template)
    clocks.pass_(61)
    other_id, other = own.sent(application, template)
    assert len({key for (key,) in own.rows("SELECT key_id FROM pin")}) == 2
    own.stop()
    own.start()
    assert own.verify(other_id, other).json()["verified"] is True
    assert own.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    assert own.pin(pin_id, 2) == pin
    assert own.verify(pin_id, pin).json()["verified"] is True
