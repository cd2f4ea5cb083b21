# SPDX-License-Identifier: Apache-2.0
"""No PIN stays in the memory of the process after it went out over HTTP, but for the last
one on an HTTP/2 connection: libcurl does not hand our allocator on to nghttp2, which
keeps the last frame in a buffer of its own until the next one."""

import json

import pytest

from crash.test_canary import core_of, fragments, holds, search, search_file
from harness.crowd import crowd
from harness.gateway import Gateway
from harness.nginx import Nginx
from harness.server import PIN, Server, wait_for

PINS = 500


def config(url, ca_file):
    entry = {"name": "main", "type": "generic", "url": url, "allow_private": True,
             "allow_http": ca_file is None, "window": 8,
             "body": '{"to":"{{to}}","text":"{{text}}"}'}
    if ca_file is not None:
        entry["ca_file"] = ca_file
    return f"carriers:\n  - {json.dumps(entry)}\n"


def send(caller, application, template, to):
    status, octets, _ = caller.exchange("POST", "/2fa/2/pin", {
        "applicationId": application, "messageId": template, "to": to})
    assert status == 200, octets


@pytest.fixture(params=[0, 1], ids=["http/1.1", "http/2 over tls"])
def used(request, tmp_path):
    """(server at rest, the PINs that it sent, connections with HTTP/2)."""
    with Gateway(lambda _: (202, "{}")) as gateway, Nginx(
            tmp_path, inner=gateway.port) as nginx:
        tls = request.param == 1
        url, ca_file = (nginx.url, nginx.ca_file) if tls else (gateway.url, None)
        with Server(tmp_path, config=config(url, ca_file)) as server:
            application = server.application()
            template = server.template(application, pinType="ALPHANUMERIC", pinLength=16)
            crowd(server, [lambda c, n=n: send(c, application, template, f"4177{n:07d}")
                           for n in range(PINS)], 8)
            came = wait_for("every message", lambda: len(
                [r for r in gateway.requests if r.body]) >= PINS and gateway.requests)
            yield server, [PIN.search(json.loads(r.body)["text"])[1] for r in came if r.body], request.param


def test_no_pin_is_in_memory(used, tmp_path):
    server, pins, connections = used
    assert len(set(pins)) == PINS
    core = core_of(server, tmp_path)
    try:
        assert holds(core, server.base[7:].encode())
        found = search_file(core, fragments(pins))
        assert len(found) <= connections, f"{len(found)} of {PINS} PINs"
        assert search(server.log, fragments(pins)) == set()
    finally:
        core.unlink()
