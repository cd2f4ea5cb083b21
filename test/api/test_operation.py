# SPDX-License-Identifier: Apache-2.0
"""What the operator does: commands, configuration, starting, stopping."""

import contextlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.gateway import SILENT, Gateway, in_turn
from harness.raw import Raw
from harness.server import PIN, Server, binary, wait_for

ROOT = Path(__file__).parents[2]


def run(*words):
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=30, check=False)


def test_help_and_version():
    assert run("--version").stdout.startswith("watchword ")
    text = run("--help").stdout
    for command in ("serve", "account create", "key create", "key revoke", "config check"):
        assert f"watchword {command}" in text
    assert "--listen" in run("serve", "--help").stdout
    assert run("-h").stdout == text and run("serve", "-h").stdout == run("serve", "--help").stdout


def run_script(folder, *words):
    """script/run where nothing can be installed, built or found but the basic tools."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("bash", "dirname", "sed"):
        (tools / name).unlink(missing_ok=True)
        (tools / name).symlink_to(shutil.which(name))
    return subprocess.run([tools / "bash", ROOT / "script/run", *words], cwd=folder, timeout=30,
                          env={"PATH": str(tools)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [
    ("--help",), ("-h",), ("--version",), ("--listen", "127.0.0.1:0", "--help")])
def test_the_script_that_runs_it_tells_without_running_it(tmp_path, words):
    done = run_script(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["tools"], "no data, no build"
    if words == ("--version",):
        assert done.stdout == run("--version").stdout
    else:
        assert all(option in done.stdout for option in ("--listen", "--data", "--config"))


@pytest.mark.parametrize("words", [
    (), ("nonsense",), ("key",), ("key", "nonsense"), ("serve", "--nonsense"),
    ("serve", "extra"), ("account", "create"), ("config", "check"), ("key", "revoke"),
    ("key", "create", "--account", "default"), ("account", "create", "x", "--scope", "y"),
    ("key", "create", "--account", "a", "--name", "n", "--scope", "2fa:everything")])
def test_a_wrong_command_line_says_so(words):
    done = run(*words)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_the_manual_is_the_one_in_doc():
    assert run("--print-config-manual").stdout == (ROOT / "doc/configuration.md").read_text()


CONFIGURATIONS = [
    ("", []),
    ("# nothing\n", []),
    ("listen: 127.0.0.1:0\nhttp: {threads: 2}\n", []),
    ("listn: x\n", ["1: listn: there is no such option; did you mean listen?"]),
    ("listen: nowhere\n", ["1: listen: must be ADDRESS:PORT"]),
    ("http:\n  body_max: 12\n", ["2: http.body_max: must be from 1024 to 16777216"]),
    ("http:\n  idle_timeout: soon\n",
     ["2: http.idle_timeout: must be a time such as 500ms, 10s, 2m, 1h or 1d"]),
    ("http: 5\n", ["1: http: must hold names and values"]),
    ("http: {threads: [1]}\n", ["1: http.threads: must be one value"]),
    ("data: a\ndata: b\n", ["2: data: was given before, in line 1"]),
    ("profile: lax\n", ["1: profile: must be one of compatible|strict"]),
    ("carriers: {}\n", ["1: carriers: must be a list"]),
    ("carriers:\n- {name: a, type: pigeon}\n",
     ["2: carriers[0].type: must be file, smpp, smtp, sip, infobip, twilio, vonage or generic"]),
    ("carriers:\n- {name: a, type: file}\n", ["2: carriers[0].path: is missing"]),
    ("carriers:\n- {name: a, type: file, path: x, host: y}\n",
     ["2: carriers[0].host: is not for carriers of type file"]),
    ("carriers:\n- {name: a, type: file, path: x}\n- {name: a, type: file, path: y}\n",
     ["3: carriers[1].name: there is another carrier a"]),
    ("carriers:\n- {name: a, type: smpp, host: h, system_id: i, password: " + "long" * 17 + "}\n",
     ["2: carriers[0].password: must have from 0 to 64 characters"]),
    ("carriers:\n- {name: a, type: smpp, host: h, system_id: i, password_file: /nowhere/x}\n",
     ["2: carriers[0].password_file: /nowhere/x: No such file or directory"]),
    ("routes:\n- {prefix: 41, carriers: [b]}\n", ["2: routes[0].carriers: there is no carrier b"]),
    ("carriers:\n- {name: a, type: file, path: x}\nroutes:\n- {prefix: \"41\", carriers: [a]}\n"
     "- {prefix: \"41\", carriers: [a]}\n",
     ["5: routes[1].prefix: the route in line 4 has the same prefix and channel"]),
    ("routes:\n- {prefix: x}\n",
     ["2: routes[0].prefix: must be digits alone", "2: routes[0].carriers: is missing"]),
    ("a: [1\n", ["2: did not find expected ',' or ']'"]),
    ("data: x\n---\ndata: y\n", ["3: a second document in the file"]),
    ("- x\n", ["1: must hold names and values"]),
]


@pytest.mark.parametrize("text,faults", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
def test_what_is_wrong_with_a_configuration(tmp_path, text, faults):
    path = tmp_path / "w.yaml"
    path.write_text(text)
    done = run("config", "check", str(path))
    assert done.stderr.splitlines() == [f"{path}:{fault}" for fault in faults]
    assert done.returncode == (1 if faults else 0)


def test_the_example_of_the_manual_is_a_configuration(tmp_path):
    text = (ROOT / "doc/configuration.md").read_text()
    example = text.split("```yaml\n")[1].split("```")[0]
    secret = tmp_path / "main.secret"
    secret.write_text("hush\n")
    path = tmp_path / "w.yaml"
    path.write_text(example.replace("/etc/watchword/main.secret", str(secret)))
    done = run("config", "check", str(path))
    assert done.returncode == 0, done.stderr


def test_first_start_makes_what_is_needed_for_its_owner_alone(fresh):
    own = fresh()
    for name in ("api-key", "keyring", "watchword.db", "messages.jsonl", "lock"):
        mode = stat.S_IMODE(os.stat(own.data / name).st_mode)
        assert mode == 0o600, name
    assert stat.S_IMODE(os.stat(own.data).st_mode) == 0o700
    own.stop()
    assert own.key in own.out.decode() and "trying out" in own.out.decode()
    own.start()
    own.stop()
    assert own.key not in own.out.decode()


def test_the_command_that_is_printed_works(fresh):
    own = fresh()
    wait_for("the welcome", lambda: b"curl" in own.out and own.out.endswith(b"\n"))
    line = next(l for l in own.out.decode().splitlines() if l.strip().startswith("curl"))
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=True)
    assert '"applicationId"' in done.stdout


def test_a_terminal_sees_the_messages_and_a_pipe_does_not(fresh):
    outside, inside = pty.openpty()
    with open(outside, "rb", buffering=0) as screen, open(inside, "wb") as terminal:
        for own in (fresh("pipe"), fresh("terminal", terminal=terminal)):
            application = own.application()
            pin_id, _ = own.sent(application, own.template(application))
            own.stop()
            if own.terminal is None:
                assert pin_id.encode() not in own.out
        terminal.close()
        seen = b""
        with contextlib.suppress(OSError):  # its end is an error (EIO)
            while octets := screen.read(65536):
                seen += octets
    messages = [json.loads(line) for line in seen.splitlines() if line.startswith(b"{")]
    assert [m["pinId"] for m in messages] == [pin_id]


def test_a_second_server_on_the_same_data_is_refused(fresh):
    own = fresh()
    done = run("serve", "--data", str(own.data), "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "another watchword" in done.stderr
    assert own.get("/health/live").status_code == 200


def test_a_taken_port_is_named(fresh):
    own = fresh()
    (own.folder / "other").mkdir()
    other = Server(own.folder / "other", listen=":".join(own.address))
    with pytest.raises(AssertionError, match="cannot listen on 127.0.0.1"):
        other.start()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(fresh):
    own = fresh()
    own.stop()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        db.execute("PRAGMA user_version = 9999")
    before = (own.data / "watchword.db").read_bytes()
    done = run("serve", "--data", str(own.data), "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "newer version" in done.stderr
    assert (own.data / "watchword.db").read_bytes() == before


def test_a_damaged_keyring_is_refused(fresh):
    own = fresh()
    own.stop()
    (own.data / "keyring").write_text("nonsense\n")
    done = run("serve", "--data", str(own.data), "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "keyring" in done.stderr
    assert (own.data / "keyring").read_text() == "nonsense\n"


def test_what_was_sent_before_a_restart_is_verified_after_it(fresh):
    own = fresh()
    application = own.application()
    pin_id, pin = own.sent(application, own.template(application))
    assert own.verify(pin_id, "x").json()["attemptsRemaining"] == 9
    own.stop()
    own.start()
    assert own.verify(pin_id, "x").json()["attemptsRemaining"] == 8
    assert own.verify(pin_id, pin).json()["verified"] is True


def test_stopping_finishes_what_is_in_flight(fresh):
    own = fresh(config="http: {body_timeout: 20s}\n")
    body = '{"name":"late"}'
    raw = Raw(own).send("POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App "
                        f"{own.key}\r\nContent-Length: {len(body)}\r\n\r\n" + body[:5])
    idle = Raw(own).send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    idle.response()
    own.process.send_signal(signal.SIGTERM)
    assert idle.is_closed()
    status, headers, answer = raw.send(body[5:]).response()
    assert (status, headers["connection"], answer["name"]) == (201, "close", "late")
    assert own.process.wait(30) == 0
    assert list(own.data.glob("*-wal")) == []


def test_stopping_takes_ten_seconds_at_most_whoever_is_silent(fresh, tell):
    """A client with half a body and a gateway without an answer; nothing is lost."""
    silent, good = Gateway(in_turn(SILENT)), (202, "{}")
    with Gateway(in_turn((503, "{}"), good)) as second, Gateway(in_turn(good)) as third:
        gateways = {"a": silent, "b": second, "c": third}
        own = fresh(config="http: {body_timeout: 60s}\ndelivery: {accept_wait: 50ms}\ncarriers:\n"
                    + "".join(f"- {{name: {name}, type: generic, url: '{g.url}', allow_http: true, "
                              "allow_private: true, timeout: 60s, body: '{{text}}'}\n"
                              for name, g in gateways.items())
                    + "routes: [{carriers: [a, b, c]}]\n")
        application = own.application()
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        silent.request()
        half = Raw(own).send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nPOST /2fa/2/pin HTTP/1.1\r\n"
                             f"Host: x\r\nAuthorization: App {own.key}\r\n"
                             "Content-Length: 10\r\n\r\n{")
        half.response()
        begin = time.monotonic()
        own.stop()
        took = time.monotonic() - begin
        tell(f"stopping with a silent client and a silent gateway: {took:.1f} s")
        assert took < 10.5
        with sqlite3.connect(own.data / "watchword.db") as db:
            assert db.execute("SELECT state < 2, attempts, tried FROM message").fetchall() == [
                (1, 1, "a\n")]
        silent.stop()
        own.start()
        pin = PIN.search(second.request(2).body.decode())[1]
        assert own.verify(pin_id, pin).json()["verified"] is True
        assert third.requests == [], "at most two carriers see a message, also over a stop"


def test_stopping_under_load_loses_no_answer(fresh):
    own = fresh()
    application = own.application()
    template = own.template(application)
    answered = []

    def load(worker):
        import requests
        with requests.Session() as http:
            try:
                for n in range(10000):
                    answer = own.send(application, template, f"4179{worker}{n:06d}", http=http)
                    answered.append((answer.status_code, answer.json()))
            except requests.exceptions.ConnectionError:
                pass

    workers = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    wait_for("some load", lambda: len(answered) > 50)
    own.stop()
    for worker in workers:
        worker.join(30)
    assert {status for status, _ in answered} == {200}
    # nothing was done of which nobody was told
    assert own.rows("SELECT count(*) FROM pin") == [(len(answered),)]
    own.start()
    for _, body in answered[-20:]:
        assert own.verify(body["pinId"], own.pin(body["pinId"])).json()["verified"] is True


def test_a_backlog_of_old_rows_goes_without_a_pause(fresh):
    """More of them than a minute's look after the store takes at once."""
    own = fresh()
    own.stop()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        db.execute("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) "
                   "INSERT INTO idempotency (account, name, created_at, secret, fingerprint, run) "
                   "SELECT x'00', randomblob(32), n, 1, x'00', 1 FROM c")
        db.commit()
    own.start()
    with contextlib.closing(sqlite3.connect(own.data / "watchword.db")) as db:
        wait_for("the backlog to be gone", lambda: db.execute(
            "SELECT count(*) FROM idempotency").fetchone()[0] == 0, seconds=30)
