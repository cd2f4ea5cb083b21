# SPDX-License-Identifier: Apache-2.0
"""Number lookup over HTTP: what providers answer, and how they fail. The provider is a
stand-in that says by the number's last digits what it was told to say."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.crowd import crowd
from harness.server import Server, wait_for

REACHABLE = "NC_DESTINATION_REACHABLE"
NOT_REACHABLE = "NC_DESTINATION_NOT_REACHABLE"
UNKNOWN = "NC_DESTINATION_UNKNOWN"
TIMEOUT_S = 1.0
FAILED = 5  # the state of a message that will not be sent


class Provider:
    """Answers each POST or GET by `say(number)`: bytes are the body of a 200, a tuple is
    (status, body), None is silence, an exception ends the connection."""

    def __init__(self, say, port=0):
        self.asked = []  # (number, path, headers, body)
        self.ended = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                number = json.loads(body)["to"][0] if body else self.path.rsplit("/", 1)[-1]
                provider.asked.append((number, self.path, self.headers, body))
                said = say(number)
                if said is None:
                    provider.ended.wait(30)
                    said = ConnectionError
                if said is ConnectionError:
                    self.close_connection = True
                    return
                status, text = said if isinstance(said, tuple) else (200, said)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                try:
                    self.wfile.write(text)
                except OSError:
                    pass  # who asked has read enough

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def infobip(group, status_id=0, **more):
    """A result in the published form."""
    return lambda number: json.dumps({"bulkId": "B", "results": [{
        "to": number, "mccMnc": "22801", "ported": False, "roaming": False,
        "status": {"groupId": group, "id": status_id, "name": "X", "description": "x"},
        "error": {"groupId": 0, "id": 0, "name": "NO_ERROR", "permanent": False},
        **more}]}).encode()


def body(text):
    return lambda number: text


INFOBIP = [  # what is answered, what the caller is told, does the provider count as failed
    (infobip(3, 5), REACHABLE, False),
    (infobip(3, 2), REACHABLE, False),
    (infobip(2, 9), NOT_REACHABLE, False),
    (infobip(2, 4), NOT_REACHABLE, False),
    (infobip(5, 6), NOT_REACHABLE, False),
    (infobip(5, 52), NOT_REACHABLE, False),
    (infobip(5, 12), UNKNOWN, True),  # the asker has no credit
    (infobip(5, 20), UNKNOWN, True),
    (infobip(5, 21), UNKNOWN, True),
    (infobip(1, 3), UNKNOWN, False),
    (infobip(4, 15), UNKNOWN, False),
    (infobip(0, 0), UNKNOWN, False),
    (infobip(99, 0), UNKNOWN, False),
    (infobip(2, 9, to="41790000000"), UNKNOWN, True),  # of another number
    (body(b'{"results":[]}'), UNKNOWN, True),
    (body(b'{"results":[{"status":{"groupId":"2"}}]}'), UNKNOWN, True),
    (body(b"{}"), UNKNOWN, True),
    (body(b"[]"), UNKNOWN, True),
    (body(b""), UNKNOWN, True),
    (body(b"\x00\xff<html>"), UNKNOWN, True),
    (body(b"[" * 10000), UNKNOWN, True),
    (body(b'{"results":[' + b" " * 3000000 + b"]}"), UNKNOWN, True),  # huge
    (body((500, infobip(2, 9)("41790000000"))), UNKNOWN, True),
    (body((503, b"")), UNKNOWN, True),
    (body((401, b'{"requestError":{}}')), UNKNOWN, True),
    (body((302, b"")), UNKNOWN, True),
    (lambda number: ConnectionError, UNKNOWN, True),
    (lambda number: None, UNKNOWN, True),
]


def infobip_config(url, more=""):
    return (f"lookup: {{type: infobip, url: '{url}', secret: key-of-a-test, allow_http: true, "
            f"allow_private: true, timeout: {int(TIMEOUT_S * 1000)}ms, "
            f"cache_age_unreachable: 10ms{more}}}\n"
            "limits: {resend_interval: 0s}\nlog: {level: debug}\n")


def start(server):
    application = server.application()
    return application, server.template(application)


def test_a_call_is_looked_up_where_that_is_asked_for_and_a_mail_never(tmp_path):
    with Provider(infobip(2, 9)) as provider, \
            Server(tmp_path, config=infobip_config(provider.url)) as server:
        application, template = start(server)
        call = {"applicationId": application, "messageId": template, "to": "41790000001"}
        told = server.post("/2fa/2/pin/voice", call).json()
        assert told["callStatus"] == "PENDING_ACCEPTED" and "ncStatus" not in told
        assert server.post(f"/2fa/2/pin/{told['pinId']}/resend/voice").json()[
            "callStatus"] == "PENDING_ACCEPTED"
        asked = server.post("/2fa/2/pin/voice?ncNeeded=true", call).json()
        assert (asked["ncStatus"], asked["callStatus"]) == (NOT_REACHABLE, "UNDELIVERABLE_NOT_SENT")
        made = server.post("/watchword/1/email-templates", {"subject": "n", "text": "{{pin}}"})
        mail = server.post(f"/2fa/2/applications/{application}/email/messages",
                           {"emailTemplateId": made.json()["id"]}).json()["messageId"]
        sent = server.post("/2fa/2/pin/email?ncNeeded=true", {
            **call, "messageId": mail, "to": "ada@example.com"}).json()
        assert sent["emailStatus"]["name"] == "PENDING_ACCEPTED" and "ncStatus" not in sent
        assert [number for number, *_ in provider.asked] == ["41790000001"]


def test_what_infobip_answers_and_how_it_fails(tmp_path):
    """One table; good answers between the rows keep the breaker closed."""
    rows = {f"4179{n:07d}": row for n, row in enumerate(INFOBIP)}
    good = infobip(3, 5)

    with Provider(lambda to: rows.get(to, (good,))[0](to)) as provider, \
            Server(tmp_path, config=infobip_config(provider.url)) as server:
        application, template = start(server)
        for to, (_, status, failed) in rows.items():
            assert server.send(application, template, "4178" + to[4:]).json()["ncStatus"] == \
                REACHABLE
            started = time.monotonic()
            said = server.send(application, template, to).json()
            took = time.monotonic() - started
            sms = "MESSAGE_NOT_SENT" if status == NOT_REACHABLE else "MESSAGE_SENT"
            assert (said["ncStatus"], said["smsStatus"]) == (status, sms), to
            assert len(server.messages(said["pinId"])) == (sms == "MESSAGE_SENT"), to
            assert took < TIMEOUT_S + 1, (to, took)
            event = wait_for("the event", lambda: [
                e for e in list(server.events)
                if e["event"] == "lookup" and e["pinId"] == said["pinId"]])[-1]
            assert (event["level"] == "info") == failed, event
        assert [path for _, path, _, _ in provider.asked] == (
            ["/number/1/query"] * 2 * len(rows))
        number, _, headers, asked = provider.asked[0]
        assert headers["Authorization"] == "App key-of-a-test"
        assert json.loads(asked) == {"to": [number]}
        assert "key-of-a-test" not in server.log.decode()


GENERIC = [
    (b'{"data":{"state":"active"}}', REACHABLE),
    (b'{"data":{"state":"roaming"}}', REACHABLE),
    (b'{"data":{"state":"absent"}}', NOT_REACHABLE),
    (b'{"data":{"state":4}}', NOT_REACHABLE),
    (b'{"data":{"state":false}}', NOT_REACHABLE),
    (b'{"data":{"state":"ACTIVE"}}', UNKNOWN),
    (b'{"data":{"state":{}}}', UNKNOWN),
    (b'{"data":{"state":null}}', UNKNOWN),
    (b'{"data":[]}', UNKNOWN),
    (b'"absent"', UNKNOWN),
    (b"absent", UNKNOWN),
]


def test_what_a_provider_of_the_configuration_answers(tmp_path):
    rows = {f"4179{n:07d}": row for n, row in enumerate(GENERIC)}
    with Provider(lambda to: rows[to][0]) as provider, Server(tmp_path, config=(
            f"lookup:\n  type: generic\n  url: '{provider.url}/hlr/{{{{to}}}}'\n"
            "  headers: {X-Key: 'k {{secret}}'}\n  secret: of-a-test\n"
            "  allow_http: true\n  allow_private: true\n  result: /data/state\n"
            "  reachable: [active, roaming]\n  not_reachable: [absent, '4', 'false']\n"
            "  timeout: 1s\n")) as server:
        application, template = start(server)
        for to, (_, status) in rows.items():
            said = server.send(application, template, to).json()
            assert (said["ncStatus"], said["smsStatus"]) == (
                status, "MESSAGE_NOT_SENT" if status == NOT_REACHABLE else "MESSAGE_SENT"), to
        assert [(path, headers["X-Key"]) for _, path, headers, _ in provider.asked] == [
            (f"/hlr/{to}", "k of-a-test") for to in rows]


def test_a_phone_that_is_switched_on_gets_the_same_pin_by_a_resend(tmp_path):
    group = [2]
    with Provider(lambda to: infobip(group[0])(to)) as provider, \
            Server(tmp_path, config=infobip_config(provider.url)) as server:
        application, template = start(server)
        sent = server.send(application, template).json()
        assert sent["smsStatus"] == "MESSAGE_NOT_SENT"
        assert server.get(f"/2fa/1/pin/{sent['pinId']}/status").json()[0]["status"] == \
            "MESSAGE_NOT_SENT"
        group[0] = 3
        threading.Event().wait(0.02)  # the cache believes "no" for 10 ms
        again = server.post(f"/2fa/2/pin/{sent['pinId']}/resend").json()
        assert (again["pinId"], again["ncStatus"], again["smsStatus"]) == (
            sent["pinId"], REACHABLE, "MESSAGE_SENT")
        pin = server.pin(sent["pinId"])
        assert server.verify(sent["pinId"], pin).json()["verified"] is True


def test_a_withheld_message_stays_withheld_over_a_kill(tmp_path):
    """`not sent` is durable before it is answered, and nobody asks anew: now it could go."""
    group = [2]
    with Provider(lambda to: infobip(group[0])(to)) as provider:
        server = Server(tmp_path, config=infobip_config(provider.url)).start()
        application, template = start(server)
        sent = server.send(application, template).json()
        assert sent["smsStatus"] == "MESSAGE_NOT_SENT"
        server.kill()
        group[0] = 3
        server.start()
        other = server.send(application, template, "41790000001").json()
        assert other["smsStatus"] == "MESSAGE_SENT"
        server.message(other["pinId"])
        server.stop()
        assert [m["pinId"] for m in server.messages()] == [other["pinId"]]
        assert [to for to, *_ in provider.asked] == ["41793026727", "41790000001"]


def test_a_message_that_was_not_looked_up_yet_is_looked_up_after_a_kill(tmp_path):
    held = [True]
    with Provider(lambda to: None if held[0] else infobip(2, 9)(to)) as provider:
        server = Server(tmp_path, config=infobip_config(provider.url, ", timeout: 20s").replace(
            "timeout: 1000ms, ", "")).start()
        application, template = start(server)
        threading.Thread(target=lambda: pytest.raises(
            Exception, server.send, application, template), daemon=True).start()
        while not provider.asked:
            time.sleep(0.005)
        server.kill()
        held[0] = False
        server.start()
        server.event("recovered")
        wait_for("its end", lambda: server.rows("SELECT state FROM message_all") == [(FAILED,)])
        assert len(provider.asked) == 2
        server.stop()
        assert server.messages() == []


def test_fifty_sends_at_once_ask_once_and_the_next_do_not_ask(tmp_path):
    def slow(to):
        time.sleep(0.3)
        return infobip(3, 5)(to)

    with Provider(slow) as provider, \
            Server(tmp_path, config=infobip_config(provider.url)) as server:
        application, template = start(server)
        said = crowd(server, [lambda c: c.send(application, template, "41790000077")] * 50, 50)
        assert {b["ncStatus"] for _, b in said} == {REACHABLE}
        assert server.send(application, template, "41790000077").json()["ncStatus"] == REACHABLE
        assert len(provider.asked) == 1


def send_any(server, application, template):
    return server.send(application, template, f"4179{time.monotonic_ns() % 10**7:07d}").json()[
        "ncStatus"]


def test_a_provider_that_is_down_costs_nothing_and_is_found_when_it_is_back(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen(64)  # takes connections, and says nothing
        port = nobody.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with Server(tmp_path, config=infobip_config(url)) as server:
            application, template = start(server)

            def send(to):
                started = time.monotonic()
                said = server.send(application, template, to).json()
                assert (said["ncStatus"], said["smsStatus"]) == (UNKNOWN, "MESSAGE_SENT")
                return time.monotonic() - started

            first = [send(f"4179111111{n}") for n in range(5)]
            # the time-out, and at most accept_wait (2 s) after it
            assert all(TIMEOUT_S - 0.1 < s < TIMEOUT_S + 2 for s in first), first
            assert server.event("lookup_down")["reason"] == "timeout"
            later = sorted(send(f"417922222{n:02d}") for n in range(20))
            assert later[10] < 0.3, later
            print("seconds: before the breaker opened", [round(s, 2) for s in first],
                  "then median", round(later[10], 4))
            nobody.close()
            with Provider(infobip(3, 5), port):
                wait_for("the provider to be found", lambda: send_any(server, application,
                                                                     template) == REACHABLE)
                assert server.event("lookup_up")


@pytest.mark.parametrize("kind, url, why", [
    ("generic", "http://hlr.example/{{to}}", "must begin with https://, or plain HTTP be allowed"),
    ("generic", "https://{{to}}.hlr.example/", "a placeholder must not stand in the host"),
    ("generic", "https://hlr.example{{to}}", "a placeholder must not stand in the host"),
    ("infobip", "http://hlr.example", "must begin with https://, or plain HTTP be allowed")])
def test_a_url_that_must_not_be_is_refused_with_its_line(tmp_path, kind, url, why):
    own = Server(tmp_path, config=(
        f"lookup:\n  type: {kind}\n  url: '{url}'\n  secret: key-of-a-test\n"
        + ("  result: /status\n  not_reachable: [absent]\n" if kind == "generic" else "")))
    said = own.command("config", "check", str(own.config), check=False, data=False)
    assert said.returncode != 0 and f"lookup.url: {why}" in said.stderr, said.stderr
    assert "watchword.yaml:3: " in said.stderr
