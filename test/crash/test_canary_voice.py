# SPDX-License-Identifier: Apache-2.0
"""No PIN stays behind after it was spoken: neither its text nor its sound, in the memory of the
process or in what is kept of phrases."""

import json
import os

from crash.test_canary import core_of, fragments, holds, search, search_file
from harness.crowd import crowd
from harness.server import PIN, Server, wait_for

PINS = 100
WHOLE = os.environ.get("WATCHWORD_VOICE_WHOLE") == "1"  # the memory, which takes half a minute
HEAD = 44  # octets of a WAV file before its samples
SLICE = 8000  # half a second: the end of a symbol, the pause behind it, the next one


def say(caller, application, template, to):
    status, octets, _ = caller.exchange("POST", "/2fa/2/pin/voice", {
        "applicationId": application, "messageId": template, "to": to,
        "placeholders": {"name": "Ada"}})
    assert status == 200, octets


def is_accepted(server, line):
    told = server.get(f"/watchword/1/pins/{json.loads(line)['pinId']}").json()
    return told["messages"][0]["state"] == "accepted"


def test_no_pin_stays_behind_after_it_was_said(tmp_path):
    lines = tmp_path / "lines"
    carrier = {"name": "main", "type": "file", "path": str(lines),
               "voice_dir": str(tmp_path / "voice")}
    with Server(tmp_path, config=json.dumps({"carriers": [carrier]})) as server:
        application = server.application()
        template = server.template(application, pinType="ALPHANUMERIC", pinLength=16,
                                   messageText="Hello {{name}}. [{{pin}}]")
        crowd(server, [lambda c, n=n: say(c, application, template, f"4177{n:07d}")
                       for n in range(PINS)], 8)
        wait_for("every message", lambda: lines.read_bytes().count(b"\n") >= PINS, 60)
        wait_for("the end of all", lambda: all(is_accepted(server, line) for line in
                                               lines.read_text().splitlines()[-16:]))
        said = [json.loads(line) for line in lines.read_text().splitlines()]
        pieces = fragments({PIN.search(m["text"])[1] for m in said})
        sounds = [(tmp_path / "voice" / m["voice"]).read_bytes()[HEAD:] for m in said[::33]]
        files = [path for path in server.data.rglob("*") if path.is_file()]
        assert len([path for path in files if path.suffix == ".pcm"]) == 36
        assert {path.name: len(search_file(path, pieces)) for path in files} == {
            path.name: 0 for path in files}
        assert search(server.log, pieces) == set()
        if not WHOLE:
            return
        core = core_of(server, tmp_path)
        try:
            assert holds(core, server.base[7:].encode())
            assert len(search_file(core, pieces)) == 0
            for sound in sounds:
                begin = len(sound) // 8 * 2
                assert not holds(core, sound[begin:begin + SLICE])
        finally:
            core.unlink()
