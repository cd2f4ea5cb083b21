# SPDX-License-Identifier: Apache-2.0
"""A machine that loses its power: what an answer promises is on the disk before it leaves.

kill -9 leaves the page cache alone, so the server runs over a shim that knows what was
written and what was synced.
"""

import os

import pytest
import requests

from harness.compiled import shim
from harness.place import ROOT
from harness.server import Server

RELEASE = os.environ.get("WATCHWORD_RELEASE", str(ROOT / "build/release/src/server/watchword"))
CONFIG = "limits: {resend_interval: 0s}\nhttp: {threads: 1}\n"
ROUNDS = 100


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    return shim(tmp_path_factory.mktemp("shim"), "sync_order")


@pytest.fixture(autouse=True)
def release(monkeypatch):
    """A sanitizer and another preloaded library do not go together."""
    monkeypatch.setenv("WATCHWORD", RELEASE)


def over(folder, order, **more):
    data = folder / "data"
    return Server(folder, config=CONFIG, env={
        "LD_PRELOAD": str(order), "SYNC_ORDER": str(data), **more})


def notes(folder):
    path = folder / "data.log"
    return path.read_text().splitlines() if path.exists() else []


def late(folder):
    """Answers that left while something was dirty, and renames of what was."""
    return [line for line in notes(folder) if line.startswith(("answer", "rename"))]


def few(lines):
    """Housekeeping commits by itself: one of its writes may stand beside an answer. What
    is wrong with the order of a commit is wrong with every answer."""
    return len(lines) <= ROUNDS // 20


def conversation(server):
    """What was answered with 2xx, as (path to ask, what it says): until something fails."""
    kept = []
    try:
        application = server.application(pinTimeToLive="10h")
        kept.append(f"/2fa/2/applications/{application}")
        template = server.template(application)
        kept.append(f"/2fa/2/applications/{application}/messages/{template}")
        answer = server.send(application, template, "41793026727")
        if answer.status_code == 200:
            pin_id = answer.json()["pinId"]
            kept.append(f"/watchword/1/pins/{pin_id}")
            server.verify(pin_id, "x")
    except (AssertionError, requests.ConnectionError):
        pass
    return kept


@pytest.mark.field("10.1")
@pytest.mark.parametrize("what", ["guess", "application", "template", "send"])
def test_an_answer_leaves_after_its_sync(tmp_path, order, what):
    with over(tmp_path, order) as server:
        application = server.application(pinAttempts=50)
        template = server.template(application)
        pin_id = server.send(application, template).json()["pinId"]
        pin = server.pin(pin_id)
        ask = {
            "guess": lambda n: server.verify(pin_id, pin),
            "application": lambda n: server.application(),
            "template": lambda n: server.template(application),
            "send": lambda n: server.sent(application, template, f"4179302{n:04d}")}[what]
        before = len(notes(tmp_path))
        for n in range(ROUNDS):
            ask(n)
        answers = notes(tmp_path)[before:]
    assert len(answers) >= ROUNDS
    bad = [line for line in answers if line != "clean"]
    if what == "send":  # the outcome of a message is written beside its answer
        bad = [line for line in bad if not line.endswith("-wal")]
    assert few(bad), bad


@pytest.mark.field("10.1")
def test_what_is_made_or_renamed_is_synced_with_its_folder(tmp_path, order):
    """A first start makes all files, the keys among them; a PIN with a longer life than
    usual has the keyring written anew."""
    with over(tmp_path, order) as server:
        kept = conversation(server)
    assert len(kept) == 3
    assert [line for line in late(tmp_path) if not line.startswith("answer file")] == []
    assert "clean" in notes(tmp_path)


@pytest.mark.field("10.1")
def test_a_sync_that_failed_is_never_passed_over(tmp_path, order, tell):
    """Each sync of a first start and of a conversation in turn: what was answered well is
    there after the next start, and nothing is answered well over what was lost."""
    tried = 0
    while True:
        folder = tmp_path / str(tried + 1)
        folder.mkdir()
        server = over(folder, order, FAIL_SYNC=str(tried + 1))
        try:
            server.start()
        except AssertionError:
            assert server.process.returncode in (1, 70), server.log
            kept = []
        else:
            kept = conversation(server)
        if server.process.poll() is None:
            server.kill(alive=False)
        failed = [line for line in notes(folder) if line.startswith("failed")]
        if not failed:
            break
        assert [line for line in late(folder) if line.startswith("answer lost")] == []
        again = Server(folder, config=CONFIG)
        with again:
            for path in kept:
                assert again.get(path).status_code == 200, (tried + 1, failed, path)
        tried += 1
    tell(f"syncs that failed, one in each run: {tried}")
    assert tried >= 8
