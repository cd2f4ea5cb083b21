# SPDX-License-Identifier: Apache-2.0
"""Programs that were written for Infobip, with its clients as they are published."""

import shutil
import sys

import pytest

from harness import clients
from harness.access import PASSWORD, add_user
from harness.place import ROOT

PEER = ROOT / "test/peer"
# What this client has no calls for.
EMAIL = ("email_template_create", "email_template_update", "send_email", "resend_email",
         "verify_email")


def test_the_official_python_client(fresh):
    server = fresh(config="limits: {resend_interval: 0s}\n")
    steps = clients.run(server, [sys.executable, PEER / "infobip.py"])
    clients.check(steps, {400: "BadRequestException", 401: "UnauthorizedException",
                          403: "ForbiddenException", 404: "NotFoundException",
                          429: "ApiException"})


@pytest.mark.parametrize("kind", ["App", "Basic", "IBSSO", "Bearer"])
def test_the_node_client_in_all_four_ways_to_sign_in(fresh, kind):
    server = fresh(config="limits: {resend_interval: 0s}\n",
                   before=lambda s: add_user(s, "alice"))
    steps = clients.run(server, [shutil.which("node"), PEER / "infobip.js"], env={
        "WATCHWORD_AUTH": kind, "WATCHWORD_USER": "alice", "WATCHWORD_PASSWORD": PASSWORD})
    clients.check(steps, dict.fromkeys((400, 401, 403, 404, 429), "AxiosError"), left_out=EMAIL)
