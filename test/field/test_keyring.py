# SPDX-License-Identifier: Apache-2.0
"""What can happen to the files with the keys: nothing of it may cost the keys."""

import os
import re
import shutil
import subprocess

import pytest

from harness.compiled import shim
from harness.server import Server, binary, wrong

pytestmark = pytest.mark.field("8.4")
FILES = ("keyring", "idempotency-keyring")
SUM = re.compile(rb" [0-9a-f]{8}$", re.M)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A store with a live PIN and an idempotency record: its folder, and the PIN."""
    server = Server(tmp_path_factory.mktemp("lived"))
    server.start()
    application = server.application()
    template = server.template(application)
    answer = server.post("/2fa/2/pin", {"applicationId": application, "messageId": template,
                                        "to": "41793026727"},
                         headers={"Idempotency-Key": '"a"'}).json()
    pin_id = answer["pinId"]
    pin = server.pin(pin_id)
    server.stop()
    return server.folder, application, template, pin_id, pin


@pytest.fixture
def copied(lived, tmp_path):
    folder, *more = lived
    shutil.copytree(folder / "data", tmp_path / "data")
    server = Server(tmp_path)
    yield server, *more
    server.stop_if_running()


def refused(server, **env):
    """What a start says that does not come about."""
    done = subprocess.run(
        [binary(), "serve", "--data", str(server.data), "--listen", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=10, check=False, env=dict(os.environ, **env))
    assert done.returncode == 1, (done.returncode, done.stderr)
    return done.stderr


def change_digit(path):
    """The last digit of the key in the last line."""
    content = path.read_bytes()
    at = SUM.search(content).start() - 1
    path.write_bytes(content[:at] + (b"0" if content[at:at + 1] != b"0" else b"1")
                     + content[at + 1:])


def twice_with_another_key(path):
    """One number for two keys, each with a right sum: the second is of before sums."""
    line = path.read_bytes().splitlines()[-1]
    number, created, until, _key, _sum = line.split(b" ")
    path.write_bytes(path.read_bytes() + b" ".join([number, created, until, b"ab" * 32]) + b"\n")


DAMAGED = {
    "emptied": lambda path: path.write_bytes(b""),
    "full of zeros": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "a zero in front": lambda path: path.write_bytes(b"\0" + path.read_bytes()[1:]),
    "zeros at its end": lambda path: path.write_bytes(path.read_bytes() + b"\0" * 512),
    "a digit of the key changed": change_digit,
    "a digit of its time changed": lambda path: path.write_bytes(
        re.sub(rb"^(\d+ )(\d)", lambda m: m[1] + bytes([m[2][0] ^ 1]), path.read_bytes(),
               flags=re.M)),
    "cut in its last line": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "cut before its sum ends": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "nothing but its first line": lambda path: path.write_bytes(
        path.read_bytes().splitlines(True)[0]),
    "a number of two keys": twice_with_another_key,
    "too long": lambda path: path.write_bytes(path.read_bytes() + b"#" * 300_000),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_of_keys_stops_the_start_and_stays(copied, name, damage):
    server = copied[0]
    path = server.data / name
    DAMAGED[damage](path)
    before = path.read_bytes()
    said = refused(server)
    assert f"/{name}: " in said and "move the file away" in said, said
    assert path.read_bytes() == before
    assert not (server.data / f"{name}.new").exists()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("after", (0, 50, 100))
def test_an_error_of_the_disk_is_not_the_end_of_the_file(copied, tmp_path, name, after):
    server = copied[0]
    before = (server.data / name).read_bytes()
    said = refused(server, LD_PRELOAD=str(shim(tmp_path, "read_fails")), READ_FAILS=f"/{name}",
                   READ_FAILS_AFTER=str(after),
                   ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
    assert f"/{name}: Input/output error" in said
    assert (server.data / name).read_bytes() == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ("fifo", "folder", "device"))
def test_what_is_no_file_does_not_hang_the_start(copied, name, kind):
    server = copied[0]
    path = server.data / name
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir(mode=0o700)
    else:
        path.symlink_to("/dev/zero")
    assert "is no file" in refused(server)


def missing(server):
    """What the log said at the start of keys that are not there."""
    return [e for e in server.events if e["event"] == "key_missing"]


def test_lost_keys_are_named_and_cost_no_attempt(copied, tmp_path):
    server, application, template, pin_id, pin = copied
    kept = tmp_path / "kept"
    lost = int((server.data / "keyring").read_bytes().splitlines()[-1].split(b" ")[0])
    (server.data / "keyring").rename(kept)
    server.start()
    said = missing(server)
    assert [(e["file"], e["key"], e["needed_by"]) for e in said] == [("keyring", lost, 1)]
    assert [server.verify(pin_id, typed).status_code for typed in (pin, wrong(pin))] == [503, 503]
    other_id, other = server.sent(application, template, "41790000001")
    assert server.verify(other_id, other).json()["verified"] is True
    server.stop()
    # the lines of both files together: all that was sent can be verified again
    with (server.data / "keyring").open("ab") as keys:
        keys.write(kept.read_bytes())
    server.start()
    assert not missing(server)
    answer = server.verify(pin_id, wrong(pin)).json()
    assert answer["attemptsRemaining"] == 9, answer
    assert server.verify(pin_id, pin).json()["verified"] is True
    numbers = [int(line.split(b" ")[0])
               for line in (server.data / "keyring").read_bytes().splitlines()
               if line and not line.startswith(b"#")]
    assert len(set(numbers)) == 2 and max(numbers) > lost


def test_lost_keys_of_idempotency_records_are_named(copied):
    server = copied[0]
    (server.data / "idempotency-keyring").unlink()
    server.start()
    assert [(e["file"], e["needed_by"]) for e in missing(server)] == [("idempotency-keyring", 1)]


def test_an_older_copy_is_said_to_lack_the_newest_key(lived, tmp_path):
    folder, application, template, pin_id, pin = lived
    shutil.copytree(folder / "data", tmp_path / "data")
    server = Server(tmp_path, config="keyring: {rotation: 1m}\n")
    path = server.data / "keyring"
    older = path.read_bytes()
    # the only key is from more than a minute ago, so that the next send makes another one
    number, _created, until, key, _sum = older.splitlines()[-1].split(b" ")
    path.write_bytes(b" ".join([number, b"0", until, key]) + b"\n")
    server.start()
    fresh_id, fresh = server.sent(application, template, "41790000002")
    server.kill()
    newest = int(path.read_bytes().splitlines()[-1].split(b" ")[0])
    assert newest > int(number)
    path.write_bytes(older)
    server.start()
    assert [(e["key"], e["needed_by"]) for e in missing(server)] == [(newest, 1)]
    assert server.verify(fresh_id, fresh).status_code == 503
    assert server.verify(pin_id, pin).json()["verified"] is True
    server.stop()


def test_a_file_from_before_there_were_sums_is_read_and_gets_them(copied):
    server, application, template, pin_id, pin = copied
    path = server.data / "keyring"
    path.write_bytes(SUM.sub(b"", path.read_bytes()))
    assert len(path.read_bytes().splitlines()[-1].split(b" ")) == 4
    server.start()
    assert server.verify(pin_id, pin).json()["verified"] is True
    # a life longer than any before it makes the file new
    long = server.application(pinTimeToLive="30d")
    server.sent(long, server.template(long), "41790000003")
    assert len(path.read_bytes().splitlines()[-1].split(b" ")) == 5
    server.stop()
    server.start()


def test_a_command_needs_no_keys(copied):
    server = copied[0]
    (server.data / "keyring").write_bytes(b"")
    assert "first" in server.command("key", "list").stdout
    assert (server.data / "keyring").read_bytes() == b""
