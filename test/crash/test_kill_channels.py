# SPDX-License-Identifier: Apache-2.0
"""kill -9 while calls, mails and resends over other channels wait for their carrier: each goes
out, over its channel, to its destination, with the one PIN; none of them more than twice."""

from collections import Counter

from harness.server import Server, wait_for

CONFIG = """limits: {resend_interval: 0s}
delivery: {accept_wait: 1ms}
carriers: [{name: slow, type: file, path: messages.jsonl, rate: 20}]
"""
EACH = 6


class Shop:
    def __init__(self, server):
        self.server = server
        self.application = server.application()
        self.text = server.template(self.application)
        made = server.post("/watchword/1/email-templates", {"subject": "n", "text": "[{{pin}}]"})
        self.mail = server.post(
            f"/2fa/2/applications/{self.application}/email/messages",
            {"emailTemplateId": made.json()["id"]}).json()["messageId"]

    def post(self, path, body=None):
        answer = self.server.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["pinId"]

    def send(self, way, template, to, **members):
        return self.post(f"/2fa/2/pin{way}", {
            "applicationId": self.application, "messageId": template, "to": to, **members})

    def round(self, n):
        """{(PIN id, channel, destination)} of what was acknowledged."""
        number, mailbox, other = f"4179100{n:04d}", f"m{n}@example.com", f"4144200{n:04d}"
        by_phone = self.send("", self.text, number, alternatives={
            "email": {"to": mailbox, "messageId": self.mail}, "voice": other})
        for way in ("email", "voice"):
            self.post(f"/2fa/2/pin/{by_phone}/resend/{way}")
        return {(by_phone, "sms", number), (by_phone, "email", mailbox), (by_phone, "voice", other),
                (self.send("/voice", self.text, number), "voice", number),
                (self.send("/email", self.mail, f"x{mailbox}"), "email", f"x{mailbox}")}


def went(server):
    return Counter((m["pinId"], m["channel"], m["to"]) for m in server.messages())


def test_what_was_acknowledged_goes_out_over_its_channel(tmp_path):
    with Server(tmp_path, config=CONFIG) as server:
        shop = Shop(server)
        owed = set().union(*(shop.round(n) for n in range(EACH)))
        server.kill()
        assert len(went(server)) < len(owed), "all of it went out before: nothing was tried"
        server.start()
        wait_for("all messages", lambda: owed <= set(went(server)), 60)
        assert max(went(server).values()) <= 2
        for pin_id in {pin_id for pin_id, _, _ in owed}:
            pins = {server.pin(pin_id, n + 1) for n in range(len(server.messages(pin_id)))}
            assert len(pins) == 1
            assert server.verify(pin_id, pins.pop()).json()["verified"] is True
