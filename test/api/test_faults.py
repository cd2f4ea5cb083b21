# SPDX-License-Identifier: Apache-2.0
"""The machine fails: a full disk, and storage that does not keep what it was given."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from harness import peer
from harness.compiled import shim
from harness.server import wait_for

@pytest.fixture(scope="module")
def deadly(tmp_path_factory):
    return shim(tmp_path_factory.mktemp("shim"), "storage_fails")


@pytest.fixture()
def doomed(fresh, deadly, tmp_path):
    """(a server on storage that fails while the file exists, that file)."""

    def make(kind, config=""):
        trigger = tmp_path / "now"
        options = os.environ.get("ASAN_OPTIONS", "")
        return fresh(config=config, env={"LD_PRELOAD": str(deadly), kind: str(trigger),
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
    sent = own.send(application, template, "41790001111").json()["pinId"]
    own.message(sent)
    assert own.verify(pin_id, pin).json()["verified"] is True
    assert [m["pinId"] for m in own.messages()] == [pin_id, sent], "what was refused went out"


def test_an_answer_that_cannot_be_recorded_does_not_leave(doomed):
    """The disk fills up between a message and its answer: 503, and later the one message."""
    with peer.Smsc("--delay", "1000") as smsc:
        own, trigger = doomed("DISK_FULL", peer.config(smsc.port) + "delivery: {accept_wait: 9s}\n")
        own.event("carrier_up")
        application = own.application()
        body = {"applicationId": application, "messageId": own.template(application),
                "to": "41790001112"}
        key = {"headers": {"Idempotency-Key": "full"}}
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(own.post, "/2fa/2/pin", body, **key)
            pin_id = wait_for("the message", lambda: own.open_record())
            trigger.touch()
            assert answer.result().status_code == 503
        trigger.unlink()
        assert own.post("/2fa/2/pin", body, **key).status_code == 409
        own.stop()
        own.start()
        again = own.post("/2fa/2/pin", body, **key)
        assert (again.status_code, again.json()["pinId"]) == (200, pin_id)
        assert again.headers["Idempotency-Replayed"] == "true"
        own.event("carrier_up")
        wait_for("the message", smsc.messages)
        own.stop()
        assert len({m["text"] for m in smsc.messages()}) == 1


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
