# SPDX-License-Identifier: Apache-2.0
"""A watchword process under test, and the API as a caller sees it."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import requests

from harness import described
from harness.place import ROOT

START_S = 60
STOP_S = 30
MESSAGE_S = 15
GENEROUS = {
    "pinAttempts": 10,
    "allowMultiplePinVerifications": True,
    "pinTimeToLive": "15m",
    "verifyPinLimit": "1000/1s",
    "sendPinPerApplicationLimit": "100000/1d",
    "sendPinPerPhoneNumberLimit": "1000/1d",
}
PIN = re.compile(r"\[([^\]]*)\]")


def binary():
    """The build under test; script/test names it."""
    return os.environ.get("WATCHWORD", str(ROOT / "build/asan/src/server/watchword"))


def wait_for(what, condition, seconds=MESSAGE_S):
    """Polls until the condition gives something true; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.005)


class Server:
    """Starts, stops and kills `watchword serve`, and speaks to it."""

    def __init__(self, folder, config="", env=None, preexec=None, listen="127.0.0.1:0",
                 ca=None, terminal=None):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "watchword.yaml"
        self.config.write_text(config)
        self.env = dict(os.environ, **(env or {}))
        self.preexec = preexec
        self.listen = listen
        self.terminal = terminal  # a file to write to in place of a pipe
        self.ca = ca  # whose certificates are trusted
        self.process = None
        self.events = []
        self.log = b""
        self.http = requests.Session()

    def command(self, *words, check=True, data=True, typed=""):
        """Runs another command of the program on the same data directory."""
        done = subprocess.run(
            [binary(), *words, *(["--data", str(self.data)] if data else [])],
            capture_output=True, input=typed, text=True, timeout=60, check=False)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def start(self):
        """Returns when it listens."""
        self.events = []
        self.process = subprocess.Popen(
            [binary(), "serve", "--config", str(self.config), "--data", str(self.data),
             *(["--listen", self.listen] if self.listen else [])],
            stdout=self.terminal or subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
            preexec_fn=self.preexec)
        self.out = b""
        self.readers = [threading.Thread(target=self._read_log, daemon=True),
                        threading.Thread(target=self._read_out, daemon=True)]
        for reader in self.readers:
            reader.start()
        listening = wait_for("the server to listen", self._listening, START_S)
        self.base = f"{listening['scheme']}://{listening['address']}"
        self.address = listening["address"].rsplit(":", 1)
        self.key = (self.data / "api-key").read_text().strip()
        return self

    def make_store(self):
        """What commands before the first start work on: only `serve` makes a store."""
        if not (self.data / "watchword.db").exists():
            self.start()
            self.stop()
            self.process = None

    def _read_log(self):
        for line in self.process.stderr:
            self.log += line
            try:
                self.events.append(json.loads(line))
            except ValueError:
                pass

    def _read_out(self):
        for line in self.process.stdout or []:
            self.out += line

    def _listening(self):
        if self.process.poll() is not None:
            self.readers[0].join(5)
            raise AssertionError(f"it ended with {self.process.returncode}: {self.log.decode()}")
        return next((e for e in list(self.events) if e["event"] == "listening"), None)

    def listening(self):
        """The base URLs of all listeners, in their order."""
        return [f"{e['scheme']}://{e['address']}" for e in list(self.events)
                if e["event"] == "listening"]

    def event(self, name, seconds=MESSAGE_S):
        """Waits for a log event."""
        return wait_for(f"the event {name}",
                        lambda: next((e for e in list(self.events) if e["event"] == name), None),
                        seconds)

    def stop(self, expect=0):
        """SIGTERM; it has to end well."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_S)
        for reader in self.readers:
            reader.join(5)
        assert status == expect, f"it ended with {status}: {self.log.decode()}"
        self._expect_no_report()

    def kill(self, alive=True):
        """kill -9. One that had ended by itself is a fault which its callers do not see, as
        they expect its death; where it may have, `alive` is false."""
        self.process.kill()
        status = self.process.wait(STOP_S)
        self.readers[0].join(5)
        assert status == -signal.SIGKILL or not alive, f"ended with {status}: {self.log.decode()}"
        self._expect_no_report()

    def stop_if_running(self):
        """At the end of a test, whatever it left behind; a server that ended by itself
        did so on purpose or is a fault that no request noticed."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.stop()
        assert self.process.returncode in (0, -signal.SIGKILL), self.log.decode()

    def _expect_no_report(self):
        """UBSan beside ASan writes to standard error, whatever its log_path says."""
        assert b"runtime error:" not in self.log, self.log.decode()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop_if_running()
        else:
            self.kill(alive=False)

    # ---- the API ----

    def call(self, method, path, body=None, key=None, http=None, **more):
        """One request; the body is sent as JSON unless it is text or bytes."""
        headers = {"Authorization": f"App {key or self.key}"}
        headers.update(more.pop("headers", {}))
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
        answer = (http or self.http).request(method, self.base + path, data=body,
                                             headers=headers, timeout=30,
                                             verify=self.ca or True, **more)
        if answer.text:
            assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        described.check(method, path, answer)
        return answer

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.call("PUT", path, body, **more)

    # ---- what most conversations begin with ----

    def application(self, key=None, **configuration):
        """A new application with generous limits; its id."""
        answer = self.post("/2fa/2/applications", key=key, body={
            "name": "test", "configuration": {**GENEROUS, **configuration}})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["applicationId"]

    def template(self, application, key=None, **members):
        """A new template whose text has the PIN in brackets; its id."""
        body = {"pinType": "NUMERIC", "pinLength": 6, "messageText": "Your PIN is [{{pin}}]",
                "senderId": "Bar", **members}
        answer = self.post(f"/2fa/2/applications/{application}/messages", body, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()["messageId"]

    def send(self, application, template, to="41793026727", key=None, http=None, **members):
        """The answer of a send."""
        return self.post("/2fa/2/pin", {"applicationId": application, "messageId": template,
                                        "to": to, **members}, key=key, http=http)

    def sent(self, application, template, to="41793026727", **members):
        """A send that works: (pinId, PIN as the person got it)."""
        answer = self.send(application, template, to, **members)
        assert answer.status_code == 200, answer.text
        pin_id = answer.json()["pinId"]
        return pin_id, self.pin(pin_id)

    def verify(self, pin_id, pin, http=None, key=None):
        return self.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": pin}, http=http, key=key)

    # ---- the store, beside the server ----

    def rows(self, query):
        """What the database says now; reading keeps nobody from writing."""
        with sqlite3.connect(f"file:{self.data}/watchword.db?mode=ro", uri=True) as db:
            return db.execute(query).fetchall()

    def open_record(self):
        """The PIN of an idempotency record that has no answer yet."""
        found = self.rows("SELECT hex(pin) FROM idempotency WHERE status IS NULL")
        return found[0][0] if found else None

    # ---- messages ----

    def messages(self, pin_id=None):
        """What the trial carrier wrote, whole lines only."""
        path = self.data / "messages.jsonl"
        if not path.exists():
            return []
        lines = path.read_bytes().split(b"\n")[:-1]
        found = [json.loads(line) for line in lines if line.strip()]
        return [m for m in found if pin_id is None or m["pinId"] == pin_id]

    def message(self, pin_id, count=1):
        """The count-th message of a PIN, when it is there."""
        return wait_for(f"message {count} of {pin_id}",
                        lambda: (self.messages(pin_id)[count - 1:count] or [None])[0])

    def pin(self, pin_id, count=1):
        return PIN.search(self.message(pin_id, count)["text"])[1]


def error_of(answer):
    """The only member of an error of versions 1 and 2."""
    return answer.json()["requestError"]["serviceException"]


def wrong(pin):
    """Another PIN of the same form."""
    return ("1" if pin[0] == "0" else "0") + pin[1:]
