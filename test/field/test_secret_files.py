# SPDX-License-Identifier: Apache-2.0
"""Files of secrets as editors and deployments leave them, for every option that names one."""

import json
import os
import re

import pytest

from harness.checked import check
from harness.gateway import Gateway, in_turn
from harness.place import ROOT
from harness.server import wait_for

pytestmark = pytest.mark.field("5.2")
SECRET = "0123456789abcdef"

# (where, what goes around it) for each row of kind CONF_SECRET_FILE; a new one needs a line.
PLACES = {
    ("lookup", "secret_file", None): {"lookup": {"type": "infobip", "url": "https://x.example"}},
    ("carriers[]", "password_file", "smpp"): {"carriers": [
        {"name": "a", "type": "smpp", "host": "h", "system_id": "i", "sender": "S"}]},
    ("carriers[]", "password_file", "generic"): {"carriers": [
        {"name": "a", "type": "generic", "url": "https://x.example"}]},
    ("carriers[]", "api_key_file", "infobip"): {"carriers": [
        {"name": "a", "type": "infobip", "url": "https://x.example", "sender": "S"}]},
    ("carriers[]", "auth_token_file", "twilio"): {"carriers": [
        {"name": "a", "type": "twilio", "account_sid": "x", "sender": "S"}]},
    ("carriers[]", "api_secret_file", "vonage"): {"carriers": [
        {"name": "a", "type": "vonage", "api_key": "x", "sender": "S"}]},
    ("carriers[]", "signature_secret_file", "vonage"): {"carriers": [
        {"name": "a", "type": "vonage", "api_key": "x", "sender": "S", "api_secret_file": "OTHER"}]},
    ("carriers[]", "receipt_secret_file", "infobip"): {"carriers": [
        {"name": "a", "type": "infobip", "url": "https://x.example", "sender": "S",
         "api_key_file": "OTHER"}]},
    ("reports[]", "secret_file", None): {"reports": [
        {"name": "r", "account": "a", "url": "https://x.example"}]},
}
NAMES = [f"{section}.{option}" + (f" ({kind})" if kind else "") for section, option, kind in PLACES]


def written(folder, octets, name="secret", mode=0o600):
    path = folder / name
    path.write_bytes(octets)
    os.chmod(path, mode)
    return str(path)


def with_secret(folder, place, path):
    """The configuration of that place with its secret in that file."""
    section, option, _ = place
    text = json.dumps(PLACES[place]).replace("OTHER", written(folder, b"another one\n", "other"))
    value = json.loads(text)
    holder = value[section.removesuffix("[]")]
    (holder[0] if isinstance(holder, list) else holder)[option] = path
    return value


def field(place):
    return place[0].replace("[]", "[0]") + "." + place[1]


def secret_of(place):
    return SECRET[:8] if place[2] == "smpp" else SECRET


def test_every_secret_file_has_a_line_here():
    text = (ROOT / "src/conf/conf.def").read_text()
    rows = set(re.findall(r'^CONF_ROW\("([^"]*)", "([^"]+)", CONF_SECRET_FILE', text, re.M))
    assert rows == {place[:2] for place in PLACES}


@pytest.mark.parametrize("place", list(PLACES), ids=NAMES)
@pytest.mark.parametrize("before,after", [
    ("", ""), ("", "\n"), ("", "\r\n"), ("", "\r"), ("", "\n\n\n"), ("\ufeff", ""),
    ("\ufeff", "\r\n"), ("", "\n# a remark\n")], ids=range(8))
def test_an_editors_marks_are_no_part_of_it(tmp_path, place, before, after):
    octets = (before + secret_of(place) + after).encode()
    said = check(tmp_path, with_secret(tmp_path, place, written(tmp_path, octets)))
    assert (said.status, said.text) == (0, "")


@pytest.mark.parametrize("place", list(PLACES), ids=NAMES)
@pytest.mark.parametrize("octets,why", [
    ("\ufeff0123456789".encode("utf-16-le"), "holds a NUL octet; save it as UTF-8"),
    (b"0123456789\0abcdef\n", "holds a NUL octet; save it as UTF-8"),
    (b"\0" * 20, "holds a NUL octet; save it as UTF-8")], ids=["utf-16", "within", "zeros"])
def test_what_cannot_be_a_secret_is_a_fault(tmp_path, place, octets, why):
    path = written(tmp_path, octets)
    said = check(tmp_path, with_secret(tmp_path, place, path))
    assert said.status == 1 and len(said.faults) == 1
    assert said.faults[0].endswith(f"{field(place)}: {path}: its first line {why}")


@pytest.mark.parametrize("place", list(PLACES), ids=NAMES)
@pytest.mark.parametrize("octets", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n",
                                    b"\n0123456789abcdef\n"], ids=range(6))
def test_an_empty_one_is_said_by_its_name(tmp_path, place, octets):
    path = written(tmp_path, octets)
    said = check(tmp_path, with_secret(tmp_path, place, path))
    lines = said.warnings if place[2] == "smpp" else said.faults
    assert [l for l in lines if l.endswith(f"{field(place)}: {path}: its first line is empty")]
    assert said.status == (0 if place[2] == "smpp" else 1)


@pytest.mark.parametrize("place", list(PLACES), ids=NAMES)
def test_one_that_everybody_reads_is_warned_of(tmp_path, place):
    for mode in (0o644, 0o604, 0o602):
        path = written(tmp_path, secret_of(place).encode(), mode=mode)
        said = check(tmp_path, with_secret(tmp_path, place, path))
        assert said.status == 0 and len(said.warnings) == 1
        assert f"{field(place)}: {path}: mode {mode:04o} lets everybody" in said.warnings[0]
    for mode in (0o600, 0o400, 0o440, 0o640):
        path = written(tmp_path, secret_of(place).encode(), mode=mode)
        assert check(tmp_path, with_secret(tmp_path, place, path)).text == ""


@pytest.mark.parametrize("place", list(PLACES), ids=NAMES)
def test_a_directory_or_a_pipe_is_none(tmp_path, place):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("folder", "Is a directory"), ("pipe", "it is no regular file")):
        said = check(tmp_path, with_secret(tmp_path, place, str(tmp_path / name)))
        assert said.status == 1 and said.faults[0].endswith(f"{tmp_path / name}: {why}")


def test_the_mark_does_not_go_out_in_a_header(fresh, tmp_path):
    with Gateway(in_turn((200, '{"messages":[{"messageId":"A","status":{"groupId":1}}]}'))) as gw:
        path = written(tmp_path, b"\xef\xbb\xbfthe-key\r\n")
        own = fresh(config=json.dumps({"carriers": [
            {"name": "a", "type": "infobip", "url": gw.url, "allow_http": True,
             "allow_private": True, "api_key_file": path, "sender": "Bar"}]}))
        application = own.application()
        own.send(application, own.template(application))
        assert gw.request().headers["authorization"] == "App the-key"


def test_passwords_and_keys_on_standard_input_too(fresh):
    own = fresh()
    own.command("user", "create", "bom", "--account", "default", typed="\ufeffa password\r\n")
    wait_for("the sign-in", lambda: own.post(
        "/auth/1/session", {"username": "bom", "password": "a password"},
        headers={"Authorization": ""}).status_code == 200)
    key = "0123456789abcdef-0123456789abcdef"
    own.command("key", "import", "--account", "default", "--name", "bom",
                typed=f"\ufeff{key}\n")
    wait_for("the key", lambda: own.get("/2fa/2/applications", key=key).status_code == 200)
    done = own.command("user", "password", "bom", typed="a pass\0word\n", check=False)
    assert done.returncode == 2
