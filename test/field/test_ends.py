# SPDX-License-Identifier: Apache-2.0
"""Nothing that a stranger sends and nothing that a configuration says ends the process."""

import hashlib
import hmac
import json
import os
import resource
import subprocess
from urllib.parse import urlencode

import pytest
import requests

from harness.gateway import Gateway, in_turn
from harness.server import Server, binary

KEY = b"a signature secret"


def sig(parameters):
    text = "".join(f"&{name}={value.replace('&', '_').replace('=', '_')}"
                   for name, value in sorted(parameters.items()))
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def vonage(tmp_path_factory):
    """A server that takes signed receipts of Vonage's, and nothing else to believe them by."""
    folder = tmp_path_factory.mktemp("vonage")
    (folder / "secret").write_text("12345\n")
    (folder / "signing").write_bytes(KEY + b"\n")
    carrier = {"name": "main", "type": "vonage", "api_key": "k", "sender": "Bar",
               "api_secret_file": str(folder / "secret"),
               "signature_secret_file": str(folder / "signing")}
    with Server(folder, config=f"carriers:\n- {json.dumps(carrier)}\n"
                f"http: {{public_url: 'https://pins.example.net'}}\n") as server:
        yield server


def hook(server):
    return f"{server.base}/watchword/1/receipts/main"


@pytest.mark.field("8.1")
@pytest.mark.parametrize("octets", [509, 510, 511, 600, 5000, 60000])
@pytest.mark.parametrize("form", ["form", "json", "query"])
def test_a_receipt_with_a_long_name_is_only_refused(vonage, octets, form):
    parameters = {"n" * octets: "v", "messageId": "x", "status": "delivered", "sig": "0" * 64}
    if form == "query" and octets > 5000:
        parameters = {"n" * 9000: "v", "sig": "0"}
    if form == "form":
        answer = requests.post(hook(vonage), data=parameters, timeout=30)
    elif form == "json":
        answer = requests.post(hook(vonage), json=parameters, timeout=30)
    else:
        answer = requests.get(f"{hook(vonage)}?{urlencode(parameters)}", timeout=30)
    assert answer.status_code in (403, 414, 431)
    assert requests.get(vonage.base + "/health/live", timeout=30).status_code == 200


@pytest.mark.field("8.1")
def test_a_long_name_is_part_of_what_is_signed(vonage):
    parameters = {"n" * 700: "v&w", "messageId": "x", "status": "delivered"}
    parameters["sig"] = sig(parameters)
    assert requests.post(hook(vonage), data=parameters, timeout=30).status_code == 200
    parameters["n" * 700] = "v"
    assert requests.post(hook(vonage), data=parameters, timeout=30).status_code == 403


# ---- by configuration ----

def check(folder, text):
    path = folder / "checked.yaml"
    path.write_text(text)
    done = subprocess.run([binary(), "config", "check", str(path)],
                          capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


@pytest.mark.field("8.1")
@pytest.mark.parametrize("octets", [490, 500])
def test_a_long_public_url_works(fresh, tmp_path, octets):
    (tmp_path / "key").write_text("0123456789abcdef\n")
    public = "https://pins.example.net/" + "p" * (octets - 25)
    with Gateway(in_turn((200, '{"messages":[{"messageId":"A","status":{"groupId":1}}]}'))) as gw:
        carrier = {"name": "main", "type": "infobip", "url": gw.url, "allow_http": True,
                   "allow_private": True, "api_key_file": str(tmp_path / "key"),
                   "receipt_secret_file": str(tmp_path / "key"), "sender": "Bar"}
        own = fresh(config=f"carriers:\n- {json.dumps(carrier)}\nhttp: {{public_url: {public}}}\n")
        application = own.application()
        own.send(application, own.template(application))
        assert f"{public}/watchword/1/receipts/main/" in gw.request().body.decode()


def lookup(url, name, value="v"):
    return "lookup: " + json.dumps({
        "type": "generic", "url": url, "allow_http": True, "allow_private": True,
        "headers": {name: value}, "result": "/r", "not_reachable": ["no"]}) + "\n"


def carrier(url, name, value="v"):
    return "carriers:\n- " + json.dumps({
        "name": "main", "type": "generic", "url": url, "allow_http": True,
        "allow_private": True, "body": "{}", "headers": {name: value}}) + "\n"


HEADERS = [
    ("n" * 600, "v", "a header's name is too long"),
    ("X Y", "v", "a header's name has letters, digits and hyphens"),
    ("X:", "v", "a header's name has letters, digits and hyphens"),
    ("Grüße", "v", "a header's name has letters, digits and hyphens"),
    ("X", "a\r\nEvil: b", "a header's value holds a control character, or is too long"),
]


@pytest.mark.field("8.1")
@pytest.mark.parametrize("name,value,why", HEADERS, ids=range(len(HEADERS)))
@pytest.mark.parametrize("make,field", [(lookup, "lookup.headers"),
                                        (carrier, "carriers[0].headers")])
def test_a_header_that_cannot_be_sent_is_a_fault_of_the_configuration(
        tmp_path, make, field, name, value, why):
    status, said = check(tmp_path, make("http://127.0.0.1:1/", name, value))
    assert status == 1 and field in said and why in said


@pytest.mark.field("8.1")
@pytest.mark.parametrize("wrong,field", [
    ({"url": "https://x/{{tto}}"}, "url"), ({"body": "{{to"}, "body"),
    ({"result": "r"}, "result")])
def test_what_a_lookup_would_refuse_at_its_start_is_found_by_the_check(tmp_path, wrong, field):
    text = {"type": "generic", "url": "https://x/", "result": "/r", "not_reachable": ["no"]}
    status, said = check(tmp_path, "lookup: " + json.dumps({**text, **wrong}) + "\n")
    assert status == 1 and f"lookup.{field}: " in said


@pytest.mark.field("8.1")
@pytest.mark.parametrize("octets", [100, 256])
def test_a_long_header_name_of_a_lookup_goes_out(fresh, octets):
    with Gateway(in_turn((200, '{"r": "no"}'))) as gateway:
        own = fresh(config=lookup(gateway.url + "/{{to}}", "n" * octets, "w" * 1900))
        application = own.application()
        sent = own.send(application, own.template(application)).json()
        assert sent["ncStatus"] == "NC_DESTINATION_NOT_REACHABLE"
        assert gateway.request().headers["n" * octets] == "w" * 1900


@pytest.mark.field("8.1")
@pytest.mark.parametrize("octets", [500, 3900])
def test_a_long_origin_is_allowed_as_configured(fresh, octets):
    origin = "https://" + "o" * (octets - 8)
    own = fresh(config=f"api: {{cors_v2: '{origin} https://app.example'}}\n")
    answer = own.get("/2fa/2/applications", headers={"Origin": origin})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin


# ---- by the machine ----

def limited(folder, what, most):
    """How a start ends on a machine that gives no more than that; None: it serves."""
    program = os.environ.get("WATCHWORD_RELEASE", binary()) if what == resource.RLIMIT_AS \
        else binary()
    process = subprocess.Popen(
        [program, "serve", "--data", str(folder / f"data{most}"), "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(what, (most, most)))
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"event":"listening"' in line:
            process.terminate()
    return None if process.wait(30) == 0 else (process.returncode, lines)


def ends_with_a_sentence(ended):
    status, lines = ended
    assert status in (1, 70, 127), ended  # 127: the loader, before us
    assert lines and (lines[-1].startswith("watchword: ") or status == 127), ended
    assert "invariant" not in "".join(lines)


@pytest.mark.field("8.6")
def test_too_few_open_files_are_said_in_a_sentence(tmp_path):
    ends = [limited(tmp_path, resource.RLIMIT_NOFILE, most) for most in (*range(4, 44, 3), 200)]
    assert ends[-1] is None and any(ends)
    for ended in filter(None, ends):
        ends_with_a_sentence(ended)


@pytest.mark.field("8.6")
@pytest.mark.skipif("WATCHWORD_RELEASE" not in os.environ and "asan" in binary(),
                    reason="a sanitizer takes terabytes of addresses for itself")
def test_too_little_memory_is_said_in_a_sentence(tmp_path):
    """`ulimit -v`, in KiB; how much a start needs depends on the machine's libraries."""
    ends = [limited(tmp_path, resource.RLIMIT_AS, most * 1024)
            for most in (*range(30000, 110000, 5000), 4000000)]
    assert ends[-1] is None and any(ends)
    for ended in filter(None, ends):
        ends_with_a_sentence(ended)


@pytest.mark.field("8.6")
@pytest.mark.parametrize("entry,missing", [
    ({"name": "r", "account": "a", "url": "https://x.example"}, ["secret"]),
    ({"name": "r"}, ["account", "secret", "url"])])
def test_what_is_missing_is_said_once(tmp_path, entry, missing):
    status, said = check(tmp_path, f"reports:\n- {json.dumps(entry)}\n")
    fields = [line.split(": ")[1].removeprefix("reports[0].") for line in said.splitlines()]
    assert status == 1 and sorted(fields) == missing


@pytest.mark.field("8.6")
@pytest.mark.parametrize("kind,missing", [
    ("twilio", ["account_sid", "auth_token_file"]), ("vonage", ["api_key"]),
    ("infobip", ["api_key_file", "url"])])
def test_what_a_carrier_is_missing_is_said_once_each(tmp_path, kind, missing):
    status, said = check(tmp_path, f"carriers:\n- {{name: a, type: {kind}}}\n")
    fields = [line.split(": ")[1].removeprefix("carriers[0].") for line in said.splitlines()]
    assert status == 1 and sorted(fields) == missing
