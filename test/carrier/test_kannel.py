# SPDX-License-Identifier: Apache-2.0
"""Through two real ones: Kannel as the HTTP gateway, node-smpp as the SMSC behind it, and
the receipt all the way back."""

import json

import pytest

from harness.kannel import Kannel, binary, free_ports
from harness.peer import Smsc
from harness.server import PIN, Server, wait_for

SECRET = "receipts-of-kannel"


def config(folder, kannel, port):
    """As in doc/carriers.md, with the ports of this test."""
    (folder / "password").write_text("kannel-secret\n")
    (folder / "path").write_text(SECRET + "\n")
    entry = {
        "name": "kannel", "type": "generic", "method": "GET",
        "url": f"http://127.0.0.1:{kannel.port}/cgi-bin/sendsms?username={{{{username}}}}"
               "&password={{password}}&from={{from}}&to={{to}}&text={{text}}&charset=UTF-8"
               "&coding={{coding}}&validity={{validity_min}}&dlr-mask=31"
               "&dlr-url={{callback_url}}%3Fid%3D{{reference}}%26type%3D%25d",
        "username": "watchword", "password_file": str(folder / "password"),
        "allow_http": True, "allow_private": True,
        "results": {"^0: ": "accepted", "^3: ": "accepted", "403": "elsewhere",
                    "4xx": "refused", "503": "retry"},
        "receipt_secret_file": str(folder / "path"), "receipt_id": "?id",
        "receipt_status": "?type",
        "receipt_statuses": {
            "1": "DELIVERED_TO_HANDSET", "2": "UNDELIVERABLE_NOT_DELIVERED",
            "4": "PENDING_ENROUTE", "8": "PENDING_ENROUTE",
            "16": "UNDELIVERABLE_REJECTED_OPERATOR"},
    }
    return (f"carriers:\n  - {json.dumps(entry)}\nlimits: {{resend_interval: 0s}}\n"
            f"http: {{public_url: \"http://127.0.0.1:{port}\", threads: 2}}\n")


@pytest.fixture(scope="module", params=["DELIVRD 000", "UNDELIV 001"])
def world(request, tmp_path_factory):
    """(server, SMSC, what the SMSC says of each message)."""
    assert binary("bearerbox"), "kannel is missing; script/bootstrap test installs it"
    folder = tmp_path_factory.mktemp("kannel")
    [port] = free_ports(1)
    with Smsc("--receipt", request.param) as smsc, Kannel(folder, smsc.port) as kannel, Server(
            folder, config=config(folder, kannel, port), listen=f"127.0.0.1:{port}") as server:
        yield server, smsc, request.param


def status(server, pin_id):
    return server.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]


def test_from_the_request_to_the_phone_and_the_receipt_back(world):
    server, smsc, said = world
    application = server.application()
    template = server.template(application, messageText="Ära & {x} = 100 % [{{pin}}] €?")
    sent = server.send(application, template, "41791000021").json()
    assert sent["smsStatus"] == "MESSAGE_SENT"
    message = smsc.message("41791000021")
    pin = PIN.search(message["text"])[1]
    assert message["text"] == f"Ära & {{x}} = 100 % [{pin}] €?"
    assert message["from"] == "Bar"
    wanted = "MESSAGE_DELIVERED" if said.startswith("DELIVRD") else "MESSAGE_NOT_DELIVERED"
    wait_for(wanted, lambda: status(server, sent["pinId"]) == wanted)
    assert server.verify(sent["pinId"], pin).json()["verified"] is True


def test_other_alphabets_arrive_as_they_were_written(world):
    server, smsc, _ = world
    application = server.application()
    template = server.template(application, messageText="Пароль 😀 [{{pin}}]")
    sent = server.send(application, template, "41791000022").json()
    message = smsc.message("41791000022")
    pin = PIN.search(message["text"])[1]
    assert message["text"] == f"Пароль 😀 [{pin}]" and message["dataCoding"] == 8
    assert server.verify(sent["pinId"], pin).json()["verified"] is True


def test_each_of_many_has_its_own_receipt(world):
    server, smsc, said = world
    application = server.application()
    template = server.template(application)
    sent = [server.send(application, template, f"417910001{n:02d}").json()["pinId"]
            for n in range(30)]
    wanted = "MESSAGE_DELIVERED" if said.startswith("DELIVRD") else "MESSAGE_NOT_DELIVERED"
    wait_for("all receipts", lambda: {status(server, p) for p in sent} == {wanted})
    assert len([m for m in smsc.messages() if m["to"].startswith("417910001")]) == 30
