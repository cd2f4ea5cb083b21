# SPDX-License-Identifier: Apache-2.0
"""No PIN stays in the memory of the process after it went out over HTTP, but for the last
one on an HTTP/2 connection: libcurl does not hand our allocator on to nghttp2, which
keeps the last frame in a buffer of its own until the next one."""

import json
import re

import pytest

from crash.test_canary import (CHUNK, FRAGMENT, core_of, fragments, holds, search,
                               search_file)
from harness.crowd import crowd
from harness.gateway import Gateway
from harness.nginx import Nginx
from harness.server import PIN, Server, wait_for

PINS = 500


def config(url, ca_file):
    entry = {"name": "main", "type": "generic", "url": url, "allow_private": True,
             "allow_http": ca_file is None, "window": 8, "channels": ["sms", "voice", "email"],
             "body": '{"to":"{{to}}","text":"{{text}}"{{?spoken}},"spoken":"{{spoken}}"{{/}}'
                     '{{?html}},"html":"{{html}}","subject":"{{subject}}"{{/}}}'}
    if ca_file is not None:
        entry["ca_file"] = ca_file
    return f"carriers:\n  - {json.dumps(entry)}\n"


def send(caller, application, templates, way, n):
    status, octets, _ = caller.exchange("POST", f"/2fa/2/pin{way}", {
        "applicationId": application, "messageId": templates[way == "/email"],
        "to": f"u{n}@example.com" if way == "/email" else f"4177{n:07d}"})
    assert status == 200, octets


def written(server, application):
    """An email template with the PIN in each of its parts."""
    made = server.post("/watchword/1/email-templates", {
        "subject": "[{{pin}}]", "text": "[{{pin}}]", "html": "<b>[{{pin}}]"}).json()
    return server.post(f"/2fa/2/applications/{application}/email/messages", {
        "emailTemplateId": made["id"], "from": "pins@example.com", "pinType": "ALPHANUMERIC",
        "pinLength": 16}).json()["messageId"]


SPOKEN = re.compile(rb"(?:[0-9A-Z], ){%d,}[0-9A-Z]?" % (FRAGMENT - 1))


def search_spoken(path, pieces):
    """The PINs of which a piece stands there symbol by symbol."""
    found, left = set(), b""
    with open(path, "rb") as file:
        while octets := file.read(CHUNK):
            for run in SPOKEN.findall(left + octets):
                found |= search(run.replace(b", ", b""), pieces)
            left = octets[-256:]
    return found


@pytest.fixture(params=[0, 1], ids=["http/1.1", "http/2 over tls"])
def used(request, tmp_path):
    """(server at rest, the PINs that it sent, connections with HTTP/2)."""
    with Gateway(lambda _: (202, "{}")) as gateway, Nginx(
            tmp_path, inner=gateway.port) as nginx:
        tls = request.param == 1
        url, ca_file = (nginx.url, nginx.ca_file) if tls else (gateway.url, None)
        with Server(tmp_path, config=config(url, ca_file)) as server:
            application = server.application()
            templates = [server.template(application, pinType="ALPHANUMERIC", pinLength=16),
                         written(server, application)]
            # Of the buffer that nghttp2 keeps a shorter message covers only the beginning.
            ways = [""] if tls else ["", "/voice", "/email"]
            crowd(server, [lambda c, n=n: send(c, application, templates, ways[n % len(ways)], n)
                           for n in range(PINS)], 8)
            came = wait_for("every message", lambda: len(
                [r for r in gateway.requests if r.body]) >= PINS and gateway.requests)
            bodies = [json.loads(r.body) for r in came if r.body]
            assert tls or [len([b for b in bodies if part in b]) for part in ("spoken", "html")
                           ] == [167, 166]
            yield server, [PIN.search(b["text"])[1] for b in bodies], request.param


def test_no_pin_is_in_memory(used, tmp_path):
    server, pins, connections = used
    assert len(set(pins)) == PINS
    core = core_of(server, tmp_path)
    try:
        assert holds(core, server.base[7:].encode())
        found = search_file(core, fragments(pins)) | search_spoken(core, fragments(pins))
        assert len(found) <= connections, f"{len(found)} of {PINS} PINs"
        assert search(server.log, fragments(pins)) == set()
    finally:
        core.unlink()
