# SPDX-License-Identifier: Apache-2.0
"""The machine fails: a full disk, and storage that does not keep what it was given."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from harness.server import wait_for

SHIM = Path(__file__).parents[1] / "shim/storage_fails.c"


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "storage_fails.so"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(path), str(SHIM), "-ldl"],
                   check=True)
    return path


@pytest.fixture()
def doomed(fresh, shim, tmp_path):
    """(a server on storage that fails while the file exists, that file)."""

    def make(kind):
        trigger = tmp_path / "now"
        options = os.environ.get("ASAN_OPTIONS", "")
        return fresh(env={"LD_PRELOAD": str(shim), kind: str(trigger),
                          "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}), trigger

    return make


def test_a_full_disk_is_answered_503_and_is_got_over(doomed):
    own, trigger = doomed("DISK_FULL")
    application = own.application()
    template = own.template(application)
    pin_id, pin = own.sent(application, template)
    trigger.touch()
    for answer in (own.send(application, template, "41790001111"), own.verify(pin_id, "x"),
                   own.post("/2fa/2/applications", {"name": "x"}),
                   own.post(f"/2fa/2/pin/{pin_id}/resend")):
        assert answer.status_code == 503
        error = answer.json()["requestError"]["serviceException"]
        assert error["messageId"] == "SERVICE_UNAVAILABLE"
        assert int(answer.headers["Retry-After"]) >= 1
    assert own.get("/health/live").status_code == 200
    trigger.unlink()
    assert own.verify(pin_id, "x").json()["attemptsRemaining"] == 9
    assert own.send(application, template, "41790001111").status_code == 200
    assert own.verify(pin_id, pin).json()["verified"] is True
    assert len(own.messages(pin_id)) == 1


def test_a_failed_fsync_stops_the_process_and_is_not_tried_again(doomed):
    own, trigger = doomed("FSYNC_FAILS")
    application = own.application()
    template = own.template(application)
    pin_id, pin = own.sent(application, template)
    trigger.touch()
    with pytest.raises(requests.exceptions.ConnectionError):
        own.send(application, template)
    status = own.process.wait(30)
    own.readers[0].join(5)
    assert status not in (0, None)
    assert b"stable storage" in own.log
    assert Path(str(trigger) + ".log").read_text() == "x"
    trigger.unlink()
    own.start()
    assert wait_for("the PIN", lambda: own.verify(pin_id, pin).json()["verified"])
