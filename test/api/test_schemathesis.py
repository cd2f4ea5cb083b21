# SPDX-License-Identifier: Apache-2.0
"""Schemathesis: requests made from doc/openapi.yaml, right ones and wrong ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

from harness.access import add_user, token
from harness.place import ROOT

# The same requests each time; another seed or more effort finds other ones.
SEED = os.environ.get("WATCHWORD_SEED", "1")
EFFORT = float(os.environ.get("WATCHWORD_EFFORT", "1"))
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance",
          "negative_data_rejection", "ignored_auth", "use_after_free",
          "ensure_resource_availability")
# A body that is too large is refused as well; the default list lacks 413.
CONFIG = """\
warnings = false
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]
"""
THINGS = """\
[parameters]
"path.appId" = "{application}"
"path.msgId" = "{template}"
"path.pinId" = "{pin_id}"
"path.emailTemplateId" = 1234
"""


RELAXED = """\
logins: {per_address: 1000000, per_user: 1000000, hash_share: 100}
limits: {resend_interval: 0s}
"""


def run(server, folder, phases, examples, config=""):
    """`examples` an operation, or conversations; fails with what Schemathesis says."""
    (folder / "schemathesis.toml").write_text(CONFIG + config)
    # A user may do all that a key may, and manage keys.
    authorization = token(server, "alice")
    done = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "run", server.base + "/openapi.json",
         "--header", f"Authorization: {authorization}", "--checks", ",".join(CHECKS),
         "--phases", phases, "--seed", SEED, "--max-examples",
         str(int(examples * EFFORT)),
         "--request-timeout", "20", "--no-color"],
        env=dict(os.environ, SCHEMATHESIS_HOOKS="harness.schemathesis_hooks",
                 PYTHONPATH=str(ROOT / "test")),
        cwd=folder, capture_output=True, text=True, timeout=120 * EFFORT, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, "\n".join(line[:1500] for line in said.splitlines())[-8000:]
    count = re.search(r"(\d+) generated", said)
    assert count and int(count[1]) > 80, said[-2000:]


def with_alice(server):
    add_user(server, "alice")


def test_requests_of_every_kind_at_things_that_exist(fresh, tmp_path):
    server = fresh(config=RELAXED, before=with_alice)
    application = server.application()
    template = server.template(application)
    pin_id, _pin = server.sent(application, template)
    server.put("/watchword/1/email-templates/1234", {"subject": "PIN", "text": "{{pin}}"})
    run(server, tmp_path, "examples,coverage,fuzzing", 10, config=THINGS.format(
        application=application, template=template, pin_id=pin_id))


def test_requests_of_every_kind_at_things_that_do_not(fresh, tmp_path):
    run(fresh(config=RELAXED, before=with_alice), tmp_path, "fuzzing", 3)


def test_conversations_along_the_links(fresh, tmp_path):
    run(fresh(config=RELAXED, before=with_alice), tmp_path, "stateful", 40)
