# SPDX-License-Identifier: Apache-2.0
"""doc/coming-from-infobip.md: what can be run of it is run, what it names is there."""

import re
import shutil
import subprocess
import sys

import pytest

from harness.access import wait_until
from harness.place import ROOT

PAGE = (ROOT / "doc/coming-from-infobip.md").read_text()
PYTHON = """
import sys
from infobip_api_client import ApiClient, Configuration
from infobip_api_client.api.tfa_api import TfaApi
{}
print(TfaApi(ApiClient(configuration)).get_tfa_applications())
"""
NODE = """
const {{ Infobip, AuthType }} = require('@infobip-api/sdk');
{}
infobip.service.twoFA.getApplications().then((answer) => console.log(answer.data));
"""


def block(language, server):
    # of two forms the second is that of the version that is installed here
    *_, found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return found.replace("https://pins.example.com", server.base).replace("THE-KEY", server.key)


@pytest.mark.parametrize("language,frame,command", [
    ("python", PYTHON, [sys.executable, "-c"]), ("js", NODE, [shutil.which("node"), "-e"])])
def test_the_lines_that_change(server, language, frame, command):
    done = subprocess.run([*command, frame.format(block(language, server))], text=True,
                          cwd=ROOT / "test/peer", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_options_it_names_are_options():
    manual = (ROOT / "doc/configuration.md").read_text()
    named = set(re.findall(r"`(api|limits|delivery|store|logins)\.(\w+)", PAGE))
    assert len(named) > 5
    for section, option in named:
        chapter = manual.split(f"## `{section}:`")[1].split("\n## ")[0]
        assert f"| `{option}` |" in chapter, (section, option)


def test_a_key_is_kept(server):
    old = "003026bbc133714df1834b8638bb496e-8f4b3d9a-e931-478d-a994-28a725159ab9"
    server.command("account", "create", "shop")
    server.command("key", "import", "--account", "shop", "--name", "web", typed=old + "\n")
    wait_until(server, f"App {old}", 200)
    assert server.get("/2fa/2/applications", key=old).json() == []
