# SPDX-License-Identifier: Apache-2.0
"""Commands in the wrong folder: only `serve` makes a store."""

import os
import subprocess

import pytest

from harness.server import binary

pytestmark = pytest.mark.field("9.5")

COMMANDS = [("key", "list"), ("user", "list"), ("key", "revoke", "0123"),
            ("key", "revoke", "-"), ("account", "create", "shop"),
            ("key", "create", "--account", "a", "--name", "n"),
            ("key", "import", "--account", "a", "--name", "n"),
            ("user", "create", "alice", "--account", "a"), ("user", "password", "alice"),
            ("user", "disable", "alice")]


def run(folder, *words):
    return subprocess.run([binary(), *words], cwd=folder, input="0123456789abcdef\n",
                          capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("data", [None, "elsewhere/data", "file"])
def test_a_command_makes_no_store(tmp_path, words, data):
    (tmp_path / "file").write_text("")
    before = sorted(os.listdir(tmp_path))
    done = run(tmp_path, *words, *(["--data", data] if data else []))
    assert done.returncode == 1 and done.stdout == ""
    assert f"there is no store in {data or './data'}" in done.stderr
    assert "--data DIR" in done.stderr and "--config FILE" in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("words", COMMANDS[:2], ids=" ".join)
def test_an_empty_folder_stays_empty(tmp_path, words):
    (tmp_path / "data").mkdir()
    done = run(tmp_path, *words)
    assert done.returncode == 1 and "there is no store" in done.stderr
    assert os.listdir(tmp_path / "data") == []


def test_the_configuration_names_the_store(fresh, tmp_path):
    own = fresh()
    path = tmp_path / "named.yaml"
    path.write_text(f"data: {own.data}\n")
    for more in (["--config", str(path)], ["--data", str(own.data)]):
        done = run(tmp_path, "key", "list", *more)
        assert done.returncode == 0 and "default" in done.stdout
    path.write_text(f"data: {tmp_path}/nowhere\n")
    done = run(tmp_path, "key", "list", "--config", str(path))
    assert done.returncode == 1 and f"there is no store in {tmp_path}/nowhere" in done.stderr


@pytest.mark.parametrize("words", [c[:2] for c in COMMANDS], ids=" ".join)
def test_the_help_of_each_command_names_both(words):
    said = subprocess.run([binary(), *words, "--help"], capture_output=True, text=True,
                          timeout=30, check=True).stdout
    assert "--data DIR" in said and "--config FILE" in said
