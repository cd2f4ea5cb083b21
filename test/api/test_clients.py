# SPDX-License-Identifier: Apache-2.0
"""Programs that were written for Infobip, with its clients as they are published."""

import shutil
import sys

from harness import clients
from harness.place import ROOT

PEER = ROOT / "test/peer"
EMAIL = ("email_template_create", "email_template_update")


def test_the_official_python_client(fresh):
    server = fresh(config="limits: {resend_interval: 0s}\n")
    steps = clients.run(server, [sys.executable, PEER / "infobip.py"])
    clients.check(steps, {400: "BadRequestException", 401: "UnauthorizedException",
                          403: "ForbiddenException", 404: "NotFoundException",
                          429: "ApiException"}, left_out=EMAIL)


def test_the_node_client(fresh):
    server = fresh(config="limits: {resend_interval: 0s}\n")
    steps = clients.run(server, [shutil.which("node"), PEER / "infobip.js"])
    clients.check(steps, dict.fromkeys((400, 401, 403, 404, 429), "AxiosError"), left_out=EMAIL)
