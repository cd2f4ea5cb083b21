# SPDX-License-Identifier: Apache-2.0
"""Voice messages as they are heard: the file carrier writes the call beside its line, and the
call is transcribed by comparing it with the sounds of single symbols."""

import json
import math
import os
import re
import subprocess

import pytest

from harness import heard
from harness.checked import check
from harness.server import Server, wait_for

WHOLE = os.environ.get("WATCHWORD_VOICE_WHOLE") == "1"  # every language, every letter
# Contract 2.3, and the voice of espeak-ng for each.
VOICES = {"en": "en", "es": "es", "ca": "ca", "da": "da", "nl": "nl", "fr": "fr", "de": "de",
          "it": "it", "ja": "ja", "ko": "ko", "no": "nb", "pl": "pl", "ru": "ru", "sv": "sv",
          "fi": "fi", "hr": "hr", "sl": "sl", "ro": "ro", "pt_pt": "pt", "pt_br": "pt-br",
          "zh_cn": "cmn", "zh_tw": "cmn"}
TRIAL = {"name": "trial", "type": "file", "path": "messages.jsonl"}
SPOKEN = {**TRIAL, "voice_dir": "voice"}


def config(*carriers, **speech):
    return json.dumps({"carriers": list(carriers) or [SPOKEN], "speech": speech,
                       "limits": {"resend_interval": "0s"}})


class Caller:
    def __init__(self, server):
        self.server = server
        self.application = server.application()

    def call(self, text, placeholders=None, **members):
        """The answer of a send by voice of a new template."""
        template = self.server.template(self.application, messageText=text, **members)
        answer = self.server.post("/2fa/2/pin/voice", {
            "applicationId": self.application, "messageId": template, "to": "41793026727",
            "placeholders": placeholders or {}})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def heard(self, text, placeholders=None, **members):
        """(the line of a call, its samples)."""
        line = self.server.message(self.call(text, placeholders, **members)["pinId"])
        return line, heard.read(self.server.data / "voice" / line["voice"])

    def events(self, answer):
        return self.server.get(f"/watchword/1/pins/{answer['pinId']}").json()

    def kept(self):
        return {path.name for path in (self.server.data / "speech").glob("*.pcm")}


@pytest.fixture
def caller(fresh):
    return lambda *carriers, **speech: Caller(fresh(config=config(*carriers, **speech)))


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """One for all who change nothing: its phrases are made once."""
    with Server(tmp_path_factory.mktemp("usual"),
                config=config(voices={"Joanna": "en-us+f3", "Nobody": "Nobody"})) as server:
        yield Caller(server)


def pin_of(line, before, after=""):
    return re.fullmatch(re.escape(before) + "(.*)" + re.escape(after), line["text"])[1].lower()


# ---- what is heard ----

def test_the_pin_is_heard_twice_and_nothing_of_it_is_kept(caller):
    own = caller()
    line, samples = own.heard("Your code is {{pin}}. Keep it, {{name}}. Bye.", {"name": "Ada"})
    pin = pin_of(line, "Your code is ", ". Keep it, Ada. Bye.")
    known = heard.kept(own.server.data, "en")
    assert heard.transcribe(samples, known) == f"?{pin}??" * 2
    # all ten digits in their order, whichever it was, and the sentences of the template alone
    digits = [heard.kept_name("en", 100, digit, True) for digit in heard.DIGITS]
    sentences = [heard.kept_name("en", 100, text, False) for text in ("Your code is", "Bye.")]
    assert own.kept() == {*digits, *sentences}
    made = [(own.server.data / "speech" / name).stat().st_mtime_ns for name in digits]
    assert made == sorted(made)
    again = own.server.post(f"/2fa/2/pin/{line['pinId']}/resend/voice", {
        "placeholders": {"name": "Ada"}})
    assert again.status_code == 200, again.text
    second = own.server.message(line["pinId"], 2)
    assert heard.read(own.server.data / "voice" / second["voice"]) == samples
    assert second["voice"] != line["voice"]
    assert len(own.kept()) == 12
    # and so it is after a restart that finds some of them damaged
    own.server.stop()
    files = sorted((own.server.data / "speech").glob("*.pcm"))
    whole = {path: path.read_bytes() for path in files}
    for i, path in enumerate(files[::3]):
        path.write_bytes(whole[path][:-2] + b"\0\1" if i % 2 else whole[path][:30])
    own.server.start()
    line, samples = own.heard("Your code is {{pin}}. Bye.")
    assert heard.transcribe(samples, known) == f"?{pin_of(line, 'Your code is ', '. Bye.')}?" * 2
    assert {path: path.read_bytes() for path in files} == whole


def test_a_text_is_said_in_its_order(usual):
    line, samples = usual.heard("{{pin}} is for {{name}}. Again: {{pin}}", {"name": "Ada"})
    pin = line["text"][-6:]
    assert heard.transcribe(samples, heard.kept(usual.server.data, "en")) == f"{pin}??{pin}"


@pytest.mark.parametrize("language", VOICES if WHOLE else ["de"])
def test_letters_are_spelled_in_each_language(usual, language):
    line, samples = usual.heard("{{pin}}", pinType="ALPHANUMERIC", pinLength=8, language=language)
    pin = line["text"].lower()
    symbols = "".join(group for group in (heard.DIGITS, heard.LETTERS) if set(group) & set(pin))
    if language == "ca":  # the letter has the name of the digit
        pin, symbols = pin.replace("u", "1"), symbols.replace("u", "")
    known = heard.kept(usual.server.data, VOICES[language], symbols)
    assert {symbol: heard.nearest(known[symbol], known) for symbol in symbols} == {
        symbol: symbol for symbol in symbols}
    assert heard.transcribe(samples, known) == pin * 2


def test_the_rate_and_the_voice_of_a_template_are_heard(usual):
    length = len(usual.heard("It is {{pin}}")[1])
    assert len(usual.heard("It is {{pin}}", speechRate=2)[1]) < 0.65 * length
    usual.heard("It is {{pin}}", voiceName="joanna")
    assert heard.kept_name("en-us+f3", 100, "7", True) in usual.kept()
    before = usual.kept()
    # names of somebody else's voices, and one that espeak-ng does not have after all
    for name in ("Ivy", "Nobody", "Nobody"):
        usual.heard("It is {{pin}}", voiceName=name)
    assert usual.kept() == before
    said = [e for e in usual.server.events if e["event"] == "speech_voice"]
    assert [e["voice"] for e in said] == ["Nobody"]


# ---- recordings ----

def tone(hz, rate, seconds=0.3):
    return [int(9000 * math.sin(2 * math.pi * hz * i / rate)) for i in range(int(rate * seconds))]


def stereo(samples):
    return [sample for one in samples for sample in (one, one)]


@pytest.fixture
def prompts(tmp_path):
    """Digits as tones, three and nine of them missing or no good, and a sentence."""
    folder = tmp_path / "prompts"
    (folder / "en").mkdir(parents=True)
    for digit in "01245678":
        heard.write(folder / "en" / f"{digit}.wav", stereo(tone(300 + 150 * int(digit), 16000)),
                    16000, 2)
    (folder / "en/9.wav").write_bytes((folder / "en/8.wav").read_bytes()[:-100])
    heard.write(folder / "en/welcome.wav", tone(2500, 8000))
    (folder / "en/welcome.txt").write_text("your  code\nIS")
    heard.write(folder / "en/lost.wav", tone(2600, 8000))
    return folder


def test_recordings_are_heard_and_espeak_says_the_rest(caller, prompts):
    own = caller(prompts=str(prompts))
    line, samples = own.heard("Your code is: {{pin}}", pinLength=8, speechRate=1)
    pin = line["text"][-8:]
    known = {digit: heard.pieces(heard.array("h", tone(300 + 150 * int(digit), 8000)))[0]
             for digit in "01245678"}
    known["w"] = heard.pieces(heard.array("h", tone(2500, 8000)))[0]
    if own.kept():
        known |= heard.kept(own.server.data, "en", "39")
    assert own.kept() <= {heard.kept_name("en", 100, digit, True) for digit in "39"}
    assert heard.transcribe(samples, known) == ("w" + pin) * 2


def test_the_check_tells_which_recordings_are_missing(tmp_path, prompts):
    (prompts / "klingon").mkdir()
    said = check(tmp_path, {"carriers": [SPOKEN], "speech": {"prompts": str(prompts)}})
    assert said.status == 0
    assert sorted(said.warnings) == [
        "1: speech.prompts: en has no recording of 3 9: espeak-ng says them",
        "1: speech.prompts: en/9.wav is not used: it is cut short",
        "1: speech.prompts: en/lost.wav is not used: lost.txt does not say which words it is",
        "1: speech.prompts: klingon is no language; they are called as in templates, pt_br for "
        "one"]
    # where nothing speaks nobody wants to know
    assert check(tmp_path, {"carriers": [TRIAL], "speech": {"prompts": str(prompts)}}).warnings == []


@pytest.mark.parametrize(("speech", "fault"), [
    ({"prompts": "/no/such"}, "prompts: /no/such: No such file or directory"),
    ({"language": "xx"}, "language: must be en, es, "),
    ({"voices": {"A": "--path=/tmp"}}, "voices: A: a voice of espeak-ng is "),
])
def test_options_that_cannot_be_meant(tmp_path, speech, fault):
    said = check(tmp_path, {"carriers": [SPOKEN], "speech": speech})
    assert said.status == 1
    assert said.faults[0].startswith(f"1: speech.{fault}")


# ---- nobody speaks ----

def test_a_message_that_cannot_be_said_goes_by_the_next_carrier(fresh):
    """It is told why, and where the wish can be met; nothing is made that is not needed."""
    first = {**SPOKEN, "name": "first", "path": "first.jsonl"}
    own = Caller(fresh(config=json.dumps({
        "carriers": [first, TRIAL], "speech": {"command": "/no/such/espeak", "cache_mib": 0},
        "routes": [{"channel": "voice", "carriers": ["first", "trial"]},
                   {"carriers": ["trial"]}]})))
    answer = own.call("It is {{pin}}")
    assert answer["callStatus"] == "PENDING_ACCEPTED"
    assert own.server.message(answer["pinId"])["text"].startswith("It is ")
    told = json.dumps(own.events(answer))
    assert "espeak-ng is not there: install it, or give recordings of all that is said" in told
    assert own.server.event("speech_down")["level"] == "error"
    assert "speech.command" in [e.get("field") for e in own.server.events]
    assert not list((own.server.data / "voice").iterdir())
    assert not (own.server.data / "speech").exists()


def test_no_child_outlives_a_server_that_is_killed(caller, tmp_path):
    speaker = tmp_path / "speaker"
    speaker.write_text(f"#!/bin/sh\nexec sleep 60.{os.getpid()}\n")
    speaker.chmod(0o700)
    own = caller(command=str(speaker), timeout="60s", language="fr")
    own.call("It is {{pin}}")

    def sleepers():
        return subprocess.run(["pgrep", "-f", f"sleep 60.{os.getpid()}"], capture_output=True,
                              check=False).stdout.split()

    wait_for("the child", sleepers)
    own.server.kill()
    wait_for("its end", lambda: not sleepers())
