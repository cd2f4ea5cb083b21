# SPDX-License-Identifier: Apache-2.0
"""PIN keys live as long as their PINs, and no longer."""

import pytest

from harness.clocks import HOUR, MINUTE, Clocks
from harness.server import wait_for, wrong

CONFIG = "keyring: {rotation: 1h}\nlimits: {resend_interval: 0s}\n"
KEY_ID = 0


@pytest.fixture()
def machine(tmp_path, fresh):
    """A server whose keys rotate each hour, and the clocks of its machine."""
    clocks = Clocks(tmp_path)
    own = fresh(config=CONFIG, env=clocks.env)
    own.clocks = clocks
    return own


def keys(own):
    """The numbers of the keys in the file, oldest first."""
    lines = (own.data / "keyring").read_text(encoding="ascii").splitlines()
    return [line.split()[KEY_ID] for line in lines if line and not line.startswith("#")]


def hours_pass(own, hours):
    """With sends in between, so that keys rotate; the store's time follows."""
    short = own.application(pinTimeToLive="1m")
    for _ in range(hours * 2):
        own.clocks.pass_(HOUR // 2)
        own.send(short, own.template(short), "41793026700")


@pytest.mark.field("10.7")
@pytest.mark.parametrize("then", ["stays up", "starts anew", "is killed"])
@pytest.mark.parametrize("life", ["3h", "5h"])
def test_a_pin_that_outlives_the_usual_life_of_a_key_is_right_to_its_end(machine, life, then):
    application = machine.application(pinTimeToLive=life)
    pin_id, pin = machine.sent(application, machine.template(application))
    first = keys(machine)[0]
    hours_pass(machine, int(life[0]) - 1)
    machine.clocks.pass_(55 * MINUTE)
    if then != "stays up":
        machine.stop() if then == "starts anew" else machine.kill()
        machine.start()
    assert first in keys(machine) and len(keys(machine)) > 1
    answer = machine.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": wrong(pin)})
    assert answer.json()["pinError"] == "WRONG_PIN"
    resent = machine.post(f"/2fa/2/pin/{pin_id}/resend", {})
    assert resent.status_code == 200, resent.text
    assert machine.pin(pin_id, 2) == pin
    assert machine.verify(pin_id, pin).json()["verified"] is True


@pytest.mark.field("10.7")
def test_a_key_goes_when_its_last_pin_is_over(machine):
    application = machine.application(pinTimeToLive="3h")
    machine.sent(application, machine.template(application))
    first = keys(machine)[0]
    hours_pass(machine, 3)
    assert first in keys(machine)
    hours_pass(machine, 3)
    wait_for("its key to go", lambda: first not in keys(machine), 30)
