# SPDX-License-Identifier: Apache-2.0
"""Schemathesis: requests made from doc/openapi.yaml, right ones and wrong ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

# The same requests each time; another seed or more effort finds other ones.
SEED = os.environ.get("WATCHWORD_SEED", "1")
EFFORT = float(os.environ.get("WATCHWORD_EFFORT", "1"))
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance",
          "negative_data_rejection", "ignored_auth", "use_after_free",
          "ensure_resource_availability")
CONFIG = """\
warnings = false
[parameters]
"path.appId" = "{application}"
"path.msgId" = "{template}"
"path.pinId" = "{pin_id}"
"path.emailTemplateId" = 1234
"""


def run(server, folder, phases, examples, config=""):
    """`examples` an operation, or conversations; fails with what Schemathesis says."""
    (folder / "schemathesis.toml").write_text(config)
    done = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "run", server.base + "/openapi.json",
         "--header", f"Authorization: App {server.key}", "--checks", ",".join(CHECKS),
         "--phases", phases, "--seed", SEED, "--max-examples",
         str(int(examples * EFFORT)),
         "--request-timeout", "20", "--no-color"],
        cwd=folder, capture_output=True, text=True, timeout=120 * EFFORT, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-8000:]
    count = re.search(r"(\d+) generated", said)
    assert count and int(count[1]) > 100, said[-2000:]


def test_requests_of_every_kind_at_things_that_exist(fresh, tmp_path):
    server = fresh(config="limits: {resend_interval: 0s}\n")
    application = server.application()
    template = server.template(application)
    pin_id, _pin = server.sent(application, template)
    server.put("/watchword/1/email-templates/1234", {"subject": "PIN", "text": "{{pin}}"})
    run(server, tmp_path, "examples,coverage,fuzzing", 20, config=CONFIG.format(
        application=application, template=template, pin_id=pin_id))


def test_requests_of_every_kind_at_things_that_do_not(fresh, tmp_path):
    run(fresh(), tmp_path, "fuzzing", 4)


def test_conversations_along_the_links(fresh, tmp_path):
    run(fresh(config="limits: {resend_interval: 0s}\n"), tmp_path, "stateful", 60)
