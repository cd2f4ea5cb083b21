# SPDX-License-Identifier: Apache-2.0
"""Delivery reports (trackDelivery): what a subscriber gets, when, and what it can rely on."""

import json
import re

import pytest

from harness.peer import Smsc
from harness.peer import config as smsc_config
from harness.server import wait_for
from harness.sink import SECRET, Sink, is_genuine, subscription

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
# A carrier that nobody listens at; PINs are over soon, so that every fate is known soon.
NOWHERE = ("carriers:\n  - {name: main, type: smpp, host: 127.0.0.1, port: 1, system_id: x}\n"
           "limits: {resend_interval: 0s}\ndelivery: {accept_wait: 50ms}\n")
NO_ROUTE = "routes:\n  - {prefix: '999', carriers: [main]}\n"


def undeliverable(sink, reporting="", **more):
    """A configuration under which each message ends at once: there is no route."""
    return (NOWHERE + NO_ROUTE + f"reporting: {{{reporting}}}\n"
            + "reports:\n" + subscription(sink, **more))


def start(fresh, config, **more):
    server = fresh(config=config, **more)
    application = server.application()
    return server, application, server.template(application)


def test_a_message_that_failed_is_reported_in_the_published_shape(fresh):
    with Sink() as sink:
        server, application, template = start(fresh, undeliverable(sink))
        answer = server.send(application, template, trackDelivery=True).json()
        assert answer["smsStatus"] == "MESSAGE_NOT_SENT"
        (event, result), = sink.wait(1)
        assert UUID.match(event) and event != answer["externalMessageId"]
        assert list(result) == ["messageId", "to", "sender", "sentAt", "doneAt", "status",
                                "error"]
        assert result["messageId"] == answer["externalMessageId"]
        assert (result["to"], result["sender"]) == ("41793026727", "Bar")
        for name in ("sentAt", "doneAt"):
            assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$", result[name])
        assert result["status"] == {
            "groupId": 5, "groupName": "REJECTED", "id": 6, "name": "REJECTED_NETWORK",
            "description": result["status"]["description"]}
        assert set(result["error"]) == {
            "groupId", "groupName", "id", "name", "description", "permanent"}
        headers = sink.got[0][1]
        assert headers["Content-Type"] == "application/json"


def test_what_nobody_tracks_is_not_reported_and_a_resend_is_a_message_of_its_own(fresh):
    with Sink() as sink:
        server, application, template = start(fresh, undeliverable(sink))
        pin_id = server.send(application, template).json()["pinId"]
        again = server.post(f"/2fa/2/pin/{pin_id}/resend", {"trackDelivery": True}).json()
        other = server.send(application, template, trackDelivery=True).json()
        results = [result for _, result in sink.wait(2)]
        assert [r["messageId"] for r in results] == [
            again["externalMessageId"], other["externalMessageId"]]
        server.stop()
        assert len(sink.got) == 2


@pytest.mark.parametrize("options, status", [
    (["--receipt", "DELIVRD"], ("DELIVERED", "DELIVERED_TO_HANDSET", "NO_ERROR")),
    (["--receipt", "UNDELIV 027"],
     ("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED", "EC_ABSENT_SUBSCRIBER")),
    (["--receipt", "EXPIRED"], ("EXPIRED", "EXPIRED_EXPIRED", "EC_VP_EXPIRED")),
])
def test_what_the_carrier_reports_is_passed_on(fresh, options, status):
    """An SMSC that we did not write sends its receipt; the subscriber hears of it."""
    with Sink() as sink, Smsc(*options) as smsc:
        server, application, template = start(
            fresh, smsc_config(smsc.port) + "reports:\n" + subscription(sink))
        answer = server.send(application, template, "41790000055", trackDelivery=True,
                             **{"from": "Shop"}).json()
        assert answer["smsStatus"] == "MESSAGE_SENT"
        (_, result), = sink.wait(1)
        assert result["messageId"] == answer["externalMessageId"]
        assert (result["status"]["groupName"], result["status"]["name"],
                result["error"]["name"]) == status
        assert (result["sender"], result["messageCount"]) == ("Shop", 1)


def test_a_retry_is_the_same_event_with_the_same_body_and_a_fresh_signature(fresh):
    """1 + n * n units after the n-th failure, whatever the failure was."""
    unit = 0.1
    with Sink(lambda n: (500, 302, 404, 200)[min(n, 3)]) as sink:
        server, application, template = start(
            fresh, undeliverable(sink, "retry_unit: 100ms"))
        server.send(application, template, trackDelivery=True)
        reports = sink.wait(4)
        assert len({event for event, _ in reports}) == 1
        assert len({body for _, _, body in sink.got}) == 1
        times = [at for at, _, _ in sink.got]
        for n in range(1, 4):
            waited = times[n] - times[n - 1]
            assert (1 + n * n) * unit - 0.02 < waited < (1 + n * n) * unit + 1, (n, waited)
        wait_for("the queue to be empty", lambda: queued(server) == 0)


def queued(server):
    return server.rows("SELECT count(*) FROM report")[0][0]


def test_after_the_last_retry_it_is_given_up_and_the_log_says_so(fresh):
    with Sink(lambda n: 503) as sink:
        server, application, template = start(
            fresh, undeliverable(sink, "retry_unit: 10ms, retries: 3"))
        answer = server.send(application, template, trackDelivery=True).json()
        dead = server.event("report_dead")
        assert (dead["try"], dead["status"], dead["subscription"]) == (4, 503, "hook")
        assert answer["to"] not in json.dumps(server.events)
        wait_for("the queue to be empty", lambda: queued(server) == 0)
        assert len(sink.got) == 4


def test_a_signature_is_worth_nothing_for_another_body_secret_or_time(fresh):
    with Sink() as sink:
        server, application, template = start(fresh, undeliverable(sink))
        server.send(application, template, trackDelivery=True)
        sink.wait(1)
        _, headers, body = sink.got[0]
        assert is_genuine(headers, body)
        assert not is_genuine(headers, body + b" ")
        assert not is_genuine(headers, body, secret=SECRET + "x")
        assert not is_genuine({**headers, "X-Watchword-Timestamp": "1"}, body)
        assert SECRET not in server.log.decode()


def test_only_the_accounts_own_and_only_what_was_asked_for(fresh):
    with Sink() as mine, Sink() as theirs, Sink() as delivered:
        config = (undeliverable(mine) + subscription(theirs, "theirs", account="other")
                  + subscription(delivered, "delivered", events="[delivered]"))
        server, application, template = start(fresh, config)
        server.send(application, template, trackDelivery=True)
        mine.wait(1)
        wait_for("the queue to be empty", lambda: queued(server) == 0)
        server.stop()
        assert (len(mine.got), theirs.got, delivered.got) == (1, [], [])


def test_reports_wait_for_a_receiver_that_is_away_over_a_restart(fresh, tmp_path):
    with Sink() as sink:
        server, application, template = start(
            fresh, undeliverable(sink, "retry_unit: 300ms"))
        sink.server.shutdown()
        port = sink.server.server_port
        sink.server.server_close()
        for n in range(5):
            server.send(application, template, f"4179302670{n}", trackDelivery=True)
        server.event("report_failed")
        server.stop()
    with Sink(port=port) as back:
        server.start()
        assert len({event for event, _ in back.wait(5)}) == 5


@pytest.mark.parametrize("url, why", [
    ("http://example.com/", "http"), ("ftp://example.com/", ""), ("nonsense", "")])
def test_a_url_that_must_not_be_is_refused_at_the_start(tmp_path, url, why):
    from harness.server import Server
    server = Server(tmp_path, config=(
        "reports:\n  - {name: hook, account: default, secret: 0123456789abcdef, "
        f"url: '{url}'}}\n"))
    said = server.command("config", "check", str(server.config), check=False, data=False)
    assert said.returncode != 0
    assert "watchword.yaml:2: reports[0].url" in said.stdout + said.stderr


def test_a_private_address_is_not_connected_unless_allowed(fresh):
    with Sink() as sink:
        config = undeliverable(sink, "retry_unit: 10ms, retries: 1", allow_private="false")
        server, application, template = start(fresh, config)
        server.send(application, template, trackDelivery=True)
        server.event("report_dead")
        assert sink.got == []


def test_a_receiver_that_never_answers_holds_up_no_other(fresh):
    with Sink(lambda n: None) as hanging, Sink() as quick:
        config = (undeliverable(hanging, "timeout: 2s, concurrency: 2")
                  + subscription(quick, "quick"))
        server, application, template = start(fresh, config)
        for n in range(20):
            server.send(application, template, f"417930267{n:02d}", trackDelivery=True)
        assert len(quick.wait(20)) == 20
        assert len(hanging.got) <= 4


def test_a_full_queue_drops_and_the_log_says_so(fresh):
    with Sink(lambda n: None) as sink:
        server, application, template = start(
            fresh, undeliverable(sink, "queue_max: 3, concurrency: 1"))
        for n in range(6):
            server.send(application, template, f"4179302670{n}", trackDelivery=True)
        assert queued(server) == 3
        wait_for("the log to say of all three", lambda: sum(
            e["count"] for e in list(server.events) if e["event"] == "reports_dropped") == 3)


def test_a_stop_does_not_wait_for_a_receiver_that_hangs_and_loses_nothing(fresh):
    with Sink(lambda n: None) as sink:
        server, application, template = start(fresh, undeliverable(sink, "timeout: 60s"))
        server.send(application, template, trackDelivery=True)
        sink.wait(1)
        server.stop()
        assert queued(server) == 1
        server.start()
        assert len({event for event, _ in sink.wait(2)}) == 1


def test_a_report_says_over_which_channel_and_where_a_message_went(fresh):
    with Sink() as sink:
        config = undeliverable(sink).replace(
            NO_ROUTE, NO_ROUTE + "  - {channel: voice, deny: 'not now'}\n"
                                 "  - {channel: email, deny: 'not now'}\n")
        server, application, template = start(fresh, config)
        made = server.post("/watchword/1/email-templates", {"subject": "n", "text": "{{pin}}"})
        mail = server.post(f"/2fa/2/applications/{application}/email/messages", {
            "emailTemplateId": made.json()["id"], "from": "shop@example.com"}).json()["messageId"]
        pin_id = server.send(application, template, **{"from": "Shop"}, alternatives={
            "email": {"to": "ada@example.com", "messageId": mail}, "voice": "41443026727"}
        ).json()["pinId"]
        told = {}
        for way, to in (("voice", "41443026727"), ("email", "ada@example.com")):
            answer = server.post(f"/2fa/2/pin/{pin_id}/resend/{way}", {"trackDelivery": True}).json()
            told[answer["externalMessageId"]] = (way, to)
        for _, result in sink.wait(2):
            assert list(result)[:3] == ["messageId", "to", "channel"]
            assert (result["channel"], result["to"]) == told.pop(result["messageId"])
            assert result["status"]["name"] == "REJECTED_NETWORK"
            assert result["sender"] == {"voice": "Shop", "email": "shop@example.com"}[result["channel"]]
