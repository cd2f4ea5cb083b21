# SPDX-License-Identifier: Apache-2.0
"""A configuration that is allowed and will not do what it says: told by `config check`,
failed by `--strict`, logged once when the server starts."""

import json
import os

import pytest

from harness.checked import check
from harness.server import wait_for

pytestmark = pytest.mark.field("9.3")

FILE = {"name": "f", "type": "file", "path": "x"}
SMPP = {"name": "s", "type": "smpp", "host": "smsc.example", "system_id": "i"}
HTTP = {"name": "h", "type": "generic", "url": "https://gw.example/{{from}}"}
REPORT = {"name": "r", "account": "default", "url": "https://hook.example",
          "secret": "0123456789abcdef0"}
SENDER = "there is no sender over {}: a message whose template and request name none goes out without"
OTHERS = ("no route takes every other number: to numbers that fit none of them nothing is sent; "
          "a route without prefix says what is meant")
PLAIN = ("plain HTTP on an address that others reach: keys and numbers cross the network in the "
         "clear")
PRIVATE = "is a private address: nothing is sent there unless allow_private is true"
LONGER = "is longer than the {} octets of SMPP 3.4: not every SMSC takes it"

# what is configured, which warnings there are
TRAPS = [
    ({"http": {"public_url": "pins.example.com"}},
     ["1: http.public_url: must begin with https://: no receipt will come"]),
    ({"http": {"public_url": "https://"}},
     ["1: http.public_url: has no host: no receipt will come"]),
    ({"http": {"public_url": "https://pins.example.com/"}},
     ['1: http.public_url: ends with a slash: receipts are asked for below "//", and none will '
      'come']),
    ({"http": {"public_url": "https://pins.example.com"}}, []),
    ({"carriers": [{**HTTP, "url": "https://127.0.0.1/x"}]}, [f"1: carriers[0].url: {PRIVATE}"]),
    ({"carriers": [{**HTTP, "url": "https://[fd00::1]:8/x"}]}, [f"1: carriers[0].url: {PRIVATE}"]),
    ({"carriers": [{**HTTP, "url": "https://user@localhost:8/x"}]},
     [f"1: carriers[0].url: {PRIVATE}"]),
    ({"carriers": [{**HTTP, "url": "https://10.0.0.8/x", "allow_private": True}]}, []),
    ({"carriers": [{**HTTP, "url": "https://10.0.0.8.example/x", "sender": "S"}]}, []),
    ({"lookup": {"type": "infobip", "url": "https://192.168.1.1"}}, [f"1: lookup.url: {PRIVATE}"]),
    ({"reports": [{**REPORT, "url": "https://169.254.169.254/"}]},
     [f"1: reports[0].url: {PRIVATE}"]),
    ({"carriers": [FILE], "routes": [{"prefix": "41", "carriers": ["f"]}]}, [f"1: routes: {OTHERS}"]),
    ({"carriers": [FILE], "routes": [{"country": ["CH"], "carriers": ["f"]}]},
     [f"1: routes: {OTHERS}"]),
    ({"carriers": [FILE], "routes": [{"channel": "voice", "carriers": ["f"]}]},
     [f"1: routes: {OTHERS}"]),
    ({"carriers": [FILE], "routes": [{"prefix": "41", "carriers": ["f"]}, {"deny": "not ours"}]}, []),
    ({"carriers": [FILE, {**FILE, "name": "g"}], "routes": [{"carriers": ["f"]}]},
     ["1: carriers[1]: no route names g: it gets no messages"]),
    ({"carriers": [SMPP]}, [f"1: carriers[0].sender: {SENDER.format('s')}"]),
    ({"carriers": [{**SMPP, "sender": "S"}]}, []),
    ({"carriers": [{**SMPP, "sender": "S", "system_id": "i" * 15, "password": "p" * 8,
                    "system_type": "t" * 12}]}, []),
    ({"carriers": [{**SMPP, "sender": "S", "system_id": "i" * 16, "password": "p" * 9,
                    "system_type": "t" * 13}]},
     [f"1: carriers[0].{name}: {LONGER.format(count)}"
      for name, count in (("system_id", 15), ("password", 8), ("system_type", 12))]),
    ({"carriers": [SMPP, FILE], "routes": [{"carriers": ["f", "s"]}]},
     [f"1: routes[0].sender: {SENDER.format('s')}"]),
    ({"carriers": [SMPP], "routes": [{"carriers": ["s"], "senders": {"CH": "S"}}]},
     [f"1: routes[0].sender: {SENDER.format('s')}"]),
    ({"carriers": [SMPP], "routes": [{"carriers": ["s"], "sender": "S"}]}, []),
    ({"carriers": [{**HTTP, "url": "https://gw.example/", "body": "{{to}}"}]}, []),
    ({"carriers": [{**HTTP, "url": "https://gw.example/", "body": "{{raw:from}}"}]},
     [f"1: carriers[0].sender: {SENDER.format('h')}"]),
    ({"listen": "0.0.0.0:8080"}, [f"1: listen: {PLAIN}"]),
    ({"listen": "[::]:8080"}, [f"1: listen: {PLAIN}"]),
    ({"listen": "127.0.0.2:8080"}, []),
    ({"listen": "[::1]:8080"}, []),
    ({"listeners": [{"address": "127.0.0.1:1"}, {"address": "10.1.2.3:8080"}]},
     [f"1: listeners[1].address: {PLAIN}"]),
    ({"store": {"retention": "1m"}},
     ["1: store.retention: PINs are kept for half an hour after their life all the same"]),
    ({"store": {"retention": "1799s"}},
     ["1: store.retention: PINs are kept for half an hour after their life all the same"]),
    ({"store": {"retention": "30m"}}, []),
    ({"store": {"retention": "0s"}}, []),
]


@pytest.mark.parametrize("text,warnings", TRAPS, ids=range(len(TRAPS)))
def test_what_will_not_do_what_it_says_is_a_warning(tmp_path, text, warnings):
    said = check(tmp_path, text)
    assert (said.status, said.faults, said.warnings) == (0, [], warnings)
    count = f", {len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else ""
    assert said.out.splitlines()[0] == f"{tmp_path}/checked.yaml: no fault found{count}"
    strict = check(tmp_path, text, "--strict")
    assert strict.status == (1 if warnings else 0) and strict.warnings == warnings


def test_each_is_said_at_its_line(tmp_path):
    said = check(tmp_path, "store:\n  retention: 1m\nlisten: 0.0.0.0:1\ncarriers:\n"
                 "- {name: f, type: file, path: x}\n- {name: g, type: file, path: y}\n"
                 "routes:\n- {prefix: '1', carriers: [f]}\n")
    assert [line.split(": ")[:2] for line in said.warnings] == [
        ["3", "listen"], ["2", "store.retention"], ["8", "routes"], ["6", "carriers[1]"]]


def test_a_file_with_a_fault_is_not_said_to_have_warnings_too(tmp_path):
    said = check(tmp_path, {"listen": "0.0.0.0:1", "http": {"threads": 99}})
    assert said.status == 1 and len(said.faults) == 1 and said.warnings == []


def test_with_a_store_the_accounts_of_reports_are_looked_up(fresh, tmp_path):
    own = fresh()
    text = {"reports": [REPORT, {**REPORT, "name": "q", "account": "nobody"}]}
    missing = "1: reports[1].account: there is no account nobody: nothing will be reported"
    assert check(tmp_path, text).text == ""
    for _ in ("running", "stopped"):
        said = check(tmp_path, text, "--data", str(own.data))
        assert (said.status, said.warnings) == (0, [missing])
        assert check(tmp_path, text, "--data", str(own.data), "--strict").status == 1
        if own.process.poll() is None:
            own.stop()
    nowhere = tmp_path / "nowhere"
    said = check(tmp_path, text, "--data", str(nowhere))
    assert said.status == 1 and "there is no store in" in said.text and not nowhere.exists()


def test_a_start_logs_each_warning_once(fresh, tmp_path):
    key = tmp_path / "key"
    key.write_text("abc")
    os.chmod(key, 0o644)
    own = fresh(config=json.dumps({
        "http": {"public_url": "pins.example.com/"}, "store": {"retention": "1m"},
        "carriers": [{**FILE, "path": "messages.jsonl"},
                     {"name": "h", "type": "infobip", "url": "https://127.0.0.1:1",
                      "api_key_file": str(key)}],
        "routes": [{"prefix": "41", "carriers": ["f"]}],
        "reports": [{**REPORT, "account": "nobody"}]}))
    said = [e for e in own.events if e["event"] == "configuration"]
    assert sorted(e["field"] for e in said) == sorted([
        "http.public_url", "store.retention", "carriers[1]", "carriers[1].url",
        "carriers[1].api_key_file", "routes", "reports[0].account"])
    assert all(e["level"] == "warning" and e["line"] == 1 and e["reason"] for e in said)
    application = own.application()
    own.sent(application, own.template(application))
    own.stop()
    assert len([e for e in own.events if e["event"] == "configuration"]) == len(said)


def test_the_command_lines_address_is_judged_as_well(fresh):
    own = fresh(listen="0.0.0.0:0")
    said = wait_for("the warning", lambda: [e for e in own.events if e["event"] == "configuration"])
    assert [(e["field"], e["reason"]) for e in said] == [("--listen", PLAIN)]
