# SPDX-License-Identifier: Apache-2.0
"""No PIN stays behind: not in a file, not in the log, not in the memory of the process.

The PINs are long enough that none of them occurs by accident, and neither does half
of one, which is what an allocator leaves of a block that was freed and not wiped.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import peer
from harness.crowd import crowd
from harness.server import PIN, Server, binary, wait_for, wrong

PINS = 10000
WORKERS = 16
FRAGMENT = 10
RUN = re.compile(rb"[0-9A-Z]{%d,}" % FRAGMENT)
CHUNK = 1 << 24
SIZE_MAX = 1 << 36


def fragments(pins):
    """Every piece of every PIN that is as long as tells it apart from accident."""
    return {pin.encode()[i:i + FRAGMENT]: pin
            for pin in pins for i in range(len(pin) - FRAGMENT + 1)}


def search(octets, pieces):
    """The PINs of which a piece stands in these octets."""
    return {pieces[run[i:i + FRAGMENT]]
            for run in RUN.findall(octets) for i in range(len(run) - FRAGMENT + 1)
            if run[i:i + FRAGMENT] in pieces}


def search_file(path, pieces):
    found = set()
    left = b""
    with open(path, "rb") as file:
        while octets := file.read(CHUNK):
            found |= search(left + octets, pieces)
            left = octets[-64:]
    return found


def holds(path, octets):
    """Whether a file has these octets: that a search there can find anything at all."""
    with open(path, "rb") as file:
        left = b""
        while more := file.read(CHUNK):
            if octets in left + more:
                return True
            left = more[-len(octets):]
    return False


def size_of(process):
    """Octets of address space. A sanitizer takes terabytes, and a core image has its shadow."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmSize:\s+(\d+) kB", status)[1]) << 10


def core_of(server, folder):
    """The whole memory of the process, with what it asked to be left out of cores."""
    assert size_of(server.process) < SIZE_MAX, (
        f"{binary()} is built with a sanitizer, and its core image would fill the disk: "
        "name a build without one in WATCHWORD")
    done = subprocess.run(["gcore", "-a", "-o", str(folder / "core"), str(server.process.pid)],
                          capture_output=True, text=True, timeout=120, check=False)
    path = folder / f"core.{server.process.pid}"
    assert path.exists(), done.stdout + done.stderr
    return path


def pins_by_number(smsc):
    return {m["to"]: PIN.search(m["text"])[1] for m in smsc.messages()}


def prepare(server):
    """An application and a template with PINs of 16 letters and digits."""
    server.event("carrier_up")
    application = server.application()
    return application, server.template(application, pinType="ALPHANUMERIC", pinLength=16)


def keyed(caller, path, body, key):
    """The answer of a request under an idempotency key, or under none."""
    headers = {"Idempotency-Key": key} if key else {}
    status, octets, _ = caller.exchange("POST", path, body, **headers)
    assert status == 200, octets
    return json.loads(octets)


def one(caller, application, template, to):
    """A send; its resend; its pinId. Every fourth one has a key, and is sent again."""
    key = to if int(to) % 4 == 0 else None
    body = {"applicationId": application, "messageId": template, "to": to}
    for _ in range(2 if key else 1):
        sent = keyed(caller, "/2fa/2/pin", body, key)
        assert sent["smsStatus"] == "MESSAGE_SENT", sent
        again = keyed(caller, f"/2fa/2/pin/{sent['pinId']}/resend", {}, key)
        assert again["smsStatus"] == "MESSAGE_SENT", again
    return to, sent["pinId"]


def guess(caller, to, pin_id, pin):
    """A wrong guess that is nearly right, and the right one; with keys as above."""
    path = f"/2fa/2/pin/{pin_id}/verify"
    for turn in range(2 if int(to) % 4 == 0 else 1):
        key = f"{to} wrong" if int(to) % 4 == 0 else None
        assert keyed(caller, path, {"pin": wrong(pin)}, key)["pinError"] == "WRONG_PIN"
        key = f"{to} right {turn}" if int(to) % 4 == 0 else None
        assert keyed(caller, path, {"pin": pin}, key)["verified"] is True


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A server at rest after all that can happen to a PIN, with what it was."""
    folder = tmp_path_factory.mktemp("used")
    with peer.Smsc() as smsc:
        with Server(folder, config=peer.config(smsc.port, window=100)) as server:
            application, template = prepare(server)
            numbers = [f"4177{n:07d}" for n in range(PINS)]
            sent = crowd(server, [lambda c, to=to: one(c, application, template, to)
                                  for to in numbers], WORKERS)
            wait_for("every message", lambda: len(smsc.messages()) >= 2 * PINS, 60)
            pins = pins_by_number(smsc)
            crowd(server, [lambda c, to=to, i=i: guess(c, to, i, pins[to]) for to, i in sent], WORKERS)
            assert len(set(pins.values())) == PINS
            yield server, sent, pins


def test_no_pin_is_in_the_data_directory(used):
    server, sent, pins = used
    pieces = fragments(pins.values())
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"watchword.db", "watchword.db-wal", "keyring"}
    assert {path.name: len(search_file(path, pieces)) for path in files} == {
        path.name: 0 for path in files}
    stored = [path for path in files if path.name.startswith("watchword.db")]
    for to, pin_id in (sent[0], sent[-1]):
        assert any(holds(path, to.encode()) for path in stored)
        assert any(holds(path, bytes.fromhex(pin_id)) for path in stored)


def test_no_pin_is_in_what_the_process_says(used):
    server, _, pins = used
    pieces = fragments(pins.values())
    assert search(server.log, pieces) == set()
    assert search(server.out, pieces) == set()
    assert b"listening" in server.log


def test_no_pin_is_in_the_memory_of_the_process_at_rest(used, tmp_path):
    server, _, pins = used
    core = core_of(server, tmp_path)
    try:
        assert holds(core, server.base[7:].encode()) and holds(core, str(server.data).encode())
        found = search_file(core, fragments(pins.values()))
        assert len(found) == 0, f"{len(found)} of {len(pins)} PINs"
    finally:
        core.unlink()


def test_the_search_finds_what_is_there(used):
    _, _, pins = used
    pieces = fragments(pins.values())
    some = next(iter(pins.values()))
    assert search(b"\0" + some.encode() + b"\0", pieces) == {some}
    assert search(b"ABC" + some[3:].encode(), pieces) == {some}
    assert search(some[:FRAGMENT - 1].encode() + b"?", pieces) == set()


def test_the_search_finds_pins_in_the_memory_of_a_process_not_at_rest(tmp_path):
    """While the SMSC takes its time the texts must be in memory; so cores can be searched."""
    with peer.Smsc("--delay", "5000") as smsc:
        config = peer.config(smsc.port, window=100, response_timeout="60s")
        with Server(tmp_path, config=config + "delivery: {accept_wait: 1ms}\n") as server:
            application, template = prepare(server)
            numbers = [f"4176{n:07d}" for n in range(20)]
            crowd(server, [lambda c, to=to: c.send(application, template, to) for to in numbers])
            core = core_of(server, tmp_path)
            assert not smsc.messages(), "the SMSC was too fast for this test"
            wait_for("every message", lambda: len(smsc.messages()) >= len(numbers), 30)
            found = search_file(core, fragments(pins_by_number(smsc).values()))
            core.unlink()
            assert len(found) > 0
