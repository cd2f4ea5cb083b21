# SPDX-License-Identifier: Apache-2.0
"""The README's first PIN, word for word, in a shell."""

import json
import re
import subprocess
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_a_first_pin_as_the_readme_has_it(fresh):
    own = fresh()
    blocks = re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    script = "set -e\n" + "".join(blocks).replace("http://127.0.0.1:8080", own.base)
    done = subprocess.run(["bash", "-c", script], cwd=own.folder, capture_output=True, text=True,
                          timeout=60, check=True)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    sent, message, resent, verified = said
    assert list(sent) == ["pinId", "to", "ncStatus", "smsStatus"]
    assert message["pinId"] == resent["pinId"] == verified["pinId"] == sent["pinId"]
    assert list(resent) == ["to", "ncStatus", "smsStatus", "pinId"]
    assert verified == {"pinId": sent["pinId"], "msisdn": "41793026727", "verified": True,
                        "attemptsRemaining": 0}
