# SPDX-License-Identifier: Apache-2.0
"""Infobip's official clients as they are published, over TLS, with a CA of the test's own.
script/conformance makes the programs and says where they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import clients
from harness.certificates import Authority
from harness.place import ROOT
from harness.server import Server

PEER = ROOT / "test/peer"
MADE = Path(os.environ.get("WATCHWORD_CONFORMANCE", ROOT / "build/conformance"))
STATUSES = (400, 401, 403, 404, 429)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture()
def secure(tmp_path, authority):
    certificate, key = authority.pair()
    config = (f'listeners: [{{address: "127.0.0.1:0", certificate: "{certificate}", '
              f'key: "{key}"}}]\nlimits: {{resend_interval: 0s}}\n')
    with Server(tmp_path, config=config, listen=None, ca=authority.path) as server:
        assert server.base.startswith("https://")
        yield server


def test_the_go_client(secure, authority):
    steps = clients.run(secure, [MADE / "infobip-go"], env={"WATCHWORD_CA": str(authority.path)})
    clients.check(steps, dict.fromkeys(STATUSES, "*api.GenericOpenAPIError"))


def test_the_go_client_trusts_no_other_authority(secure):
    """Else the test above would not be one over TLS."""
    with pytest.raises(AssertionError, match="unknown authority"):
        clients.run(secure, [MADE / "infobip-go"])


def test_the_java_client(secure, authority, tmp_path):
    store = tmp_path / "trust.p12"
    subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "test", "-file",
                    authority.path, "-keystore", store, "-storepass", "changeit"],
                   check=True, capture_output=True, timeout=60)
    steps = clients.run(secure, [
        "java", f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStorePassword=changeit",
        "-cp", f"{MADE / 'java'}:{MADE / 'java/jars'}/*", "Conversation"])
    clients.check(steps, dict.fromkeys(STATUSES, "com.infobip.ApiException"))
    # It knows the six ids of version 2, and has a code of its own for each.
    codes = {s["status"]: s["errorCode"] for s in steps.values() if s["class"]}
    assert codes == {status: f"E{status}" for status in STATUSES}


def test_the_python_client(secure, authority):
    steps = clients.run(secure, [sys.executable, PEER / "infobip.py"],
                        env={"WATCHWORD_CA": str(authority.path)})
    clients.check(steps, {400: "BadRequestException", 401: "UnauthorizedException",
                          403: "ForbiddenException", 404: "NotFoundException",
                          429: "ApiException"})
