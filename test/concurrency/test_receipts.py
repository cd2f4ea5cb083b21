# SPDX-License-Identifier: Apache-2.0
"""Receipts by HTTP from many callers while messages go out, under ThreadSanitizer."""

import json
from urllib.parse import urlencode

from harness.crowd import crowd
from harness.gateway import Gateway
from harness.server import wait_for

SECRET = "the secret of receipts"
PINS = 60


def config(folder, gateway):
    (folder / "path").write_text(SECRET + "\n")
    entry = {"name": "main", "type": "generic", "url": gateway.url, "allow_private": True,
             "allow_http": True, "body": '{"to":"{{to}}","id":"{{reference}}"}',
             "receipt_secret_file": str(folder / "path"), "receipt_id": "?id",
             "receipt_status": "?s", "receipt_statuses": {"1": "DELIVERED_TO_HANDSET"}}
    return f"carriers:\n  - {json.dumps(entry)}\nhttp: {{threads: 4}}\n"


def report(caller, gateway):
    """One for each message that came so far; a part of them comes before its outcome."""
    for request in [r for r in list(gateway.requests) if r.body][-5:]:
        query = urlencode({"id": json.loads(request.body)["id"], "s": "1"})
        status, octets, _ = caller.exchange(
            "GET", f"/watchword/1/receipts/main/{SECRET.replace(' ', '%20')}?{query}")
        assert status == 200, octets


def send(caller, application, template, to):
    status, octets, _ = caller.exchange("POST", "/2fa/2/pin", {
        "applicationId": application, "messageId": template, "to": to})
    assert status == 200, octets
    return json.loads(octets)["pinId"]


def test_sends_and_their_receipts_at_the_same_time(fresh, tmp_path):
    with Gateway(lambda _: (202, "{}")) as gateway:
        own = fresh(config=config(tmp_path, gateway))
        application = own.application()
        template = own.template(application)

        def both(caller, number):
            pin_id = send(caller, application, template, f"4177{number:07d}")
            report(caller, gateway)
            return pin_id

        pins = crowd(own, [lambda c, n=n: both(c, n) for n in range(PINS)], 8)
        crowd(own, [lambda c, p=p: c.exchange(
            "POST", f"/watchword/1/receipts/main/{SECRET.replace(' ', '%20')}"
            f"?id={p}-0&s=1") for p in pins], 8)
        wait_for("all receipts", lambda: {
            own.get(f"/2fa/1/pin/{p}/status").json()[0]["status"] for p in pins}
            == {"MESSAGE_DELIVERED"})
