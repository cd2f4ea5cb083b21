# SPDX-License-Identifier: Apache-2.0
"""Carriers over HTTP in the running server, against a gateway that misbehaves on demand."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from urllib.parse import urlencode

import pytest
import requests

from harness.gateway import (CLOSE, HALF, HUGE, RESET, SILENT, SLOW, Gateway, in_turn)
from harness.place import ROOT
from harness.server import PIN, wait_for

NUMBER = "41793026727"
PATH_SECRET = "s3cr3t-of-the-receipts"
PUBLIC = "https://pins.example.net"
FAST = "delivery: {accept_wait: 300ms, attempts: 4}\n"


def config(folder, gateway, kind, **more):
    """One carrier of that type with what it needs, at the gateway."""
    (folder / "secret").write_text("12345\n")
    (folder / "path").write_text(PATH_SECRET + "\n")
    needs = {"infobip": {"api_key_file": "secret", "receipt_secret_file": "path"},
             "twilio": {"account_sid": "AC1", "auth_token_file": "secret"},
             "vonage": {"api_key": "key", "api_secret_file": "secret",
                        "receipt_secret_file": "path"},
             "generic": {"body": '{"to":"{{to}}","text":"{{text}}","id":"{{reference}}"}'}}
    entry = {"name": "main", "type": kind, "url": gateway.url, "allow_http": True,
             "allow_private": True, "timeout": "500ms", "connect_timeout": "500ms",
             **needs[kind], **more}
    for name in [n for n in entry if n.endswith("_file") and n != "ca_file"]:
        entry[name] = str(folder / entry[name])
    return (f"carriers:\n  - {json.dumps(entry)}\nlimits: {{resend_interval: 0s}}\n"
            f"http: {{public_url: {PUBLIC}}}\n{FAST}")


def send(own, to=NUMBER, **members):
    application = own.application()
    return own.send(application, own.template(application, **members), to).json()


def text_of(request):
    """The text of a message in whatever form a vendor has it."""
    if request.form.get("Body") or request.form.get("text"):
        return request.form.get("Body") or request.form["text"]
    body = json.loads(request.body)
    return body["text"] if "text" in body else body["messages"][0]["content"]["text"]


ANSWERS = {
    "infobip": (200, json.dumps({"messages": [
        {"messageId": "ID1", "status": {"groupId": 1, "id": 26}}]})),
    "twilio": (201, json.dumps({"sid": "ID1", "status": "queued"})),
    "vonage": (200, json.dumps({"messages": [{"message-id": "ID1", "status": "0"}]})),
    "generic": (202, "{}"),
}


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_a_pin_by_each_vendor(fresh, tmp_path, kind):
    with Gateway(in_turn(ANSWERS[kind])) as gateway:
        own = fresh(config=config(tmp_path, gateway, kind))
        sent = send(own, messageText="Ära \"{x}\" & <b> €\n[{{pin}}] +=%")
        assert sent["smsStatus"] == "MESSAGE_SENT"
        text = text_of(gateway.request())
        pin = PIN.search(text)[1]
        assert text == f"Ära \"{{x}}\" & <b> €\n[{pin}] +=%"
        assert own.verify(sent["pinId"], pin).json()["verified"] is True
        assert len(gateway.requests) == 1


# ---- faults ----

@pytest.mark.parametrize("fault", [RESET, CLOSE, SILENT, HALF, HUGE, SLOW, (500, "{}")])
def test_a_message_that_may_have_been_taken_is_tried_again_with_the_same_pin(
        fresh, tmp_path, fault):
    with Gateway(in_turn(fault, ANSWERS["infobip"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "infobip"))
        sent = send(own)
        assert sent["smsStatus"] == "MESSAGE_SENT"
        first, second = gateway.request(1), gateway.request(2)
        assert own.event("message")["result"] == "unknown"
        # Byte for byte: the vendor knows it again by its message id.
        one, two = json.loads(first.body), json.loads(second.body)
        assert one["messages"][0]["destinations"] == two["messages"][0]["destinations"]
        assert text_of(first) == text_of(second)
        pin = PIN.search(text_of(second))[1]
        assert own.verify(sent["pinId"], pin).json()["verified"] is True


def test_429_is_waited_for_as_long_as_it_says(fresh, tmp_path):
    slow = (429, "{}", {"Retry-After": "2"})
    with Gateway(in_turn(slow, ANSWERS["twilio"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "twilio"))
        sent = send(own)
        assert sent["smsStatus"] == "MESSAGE_SENT"
        first, second = gateway.request(1), gateway.request(2)
        assert 1.9 < second.at - first.at < 10
        assert own.event("message")["result"] == "retry"


def test_a_429_without_a_time_only_delays(fresh, tmp_path):
    slow = (429, "{}")
    with Gateway(in_turn(slow, slow, slow, ANSWERS["infobip"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "infobip").replace(
            "attempts: 4", "attempts: 2"))
        sent = send(own)
        pin = PIN.search(text_of(gateway.request(4)))[1]
        assert own.verify(sent["pinId"], pin).json()["verified"] is True
        wait_for("its outcome", lambda: own.get(f"/watchword/1/pins/{sent['pinId']}").json()[
            "messages"][0]["attempts"] == 1)
        told = own.get(f"/watchword/1/pins/{sent['pinId']}").json()
        assert [(e["result"], e["code"], e.get("times")) for e in told["events"]
                if e["event"] == "submit"] == [("retry", 429, 3), ("accepted", 26, None)]
        assert len(gateway.requests) == 4


def test_a_503_with_the_code_zero_is_an_attempt_like_any_other(fresh, tmp_path):
    busy = (503, json.dumps({"code": 0, "message": "busy"}))
    with Gateway(in_turn(busy)) as gateway:
        own = fresh(config=config(tmp_path, gateway, "twilio"))
        send(own)
        wait_for("its end", lambda: [e for e in own.events if e.get("attempt") == 4]
                 or len(gateway.requests) > 4, 30)
        assert [e["code"] for e in own.events if e["event"] == "message"] == [503] * 4
        own.stop()
        assert len(gateway.requests) == 4


def test_what_a_vendor_refuses_for_good_is_not_sent(fresh, tmp_path):
    with Gateway(in_turn((400, json.dumps({"code": 21211, "status": 400})))) as gateway:
        own = fresh(config=config(tmp_path, gateway, "twilio"))
        assert send(own)["smsStatus"] == "MESSAGE_NOT_SENT"
        event = own.event("message")
        assert (event["result"], event["code"]) == ("refused", 21211)
        assert len(gateway.requests) == 1


def test_a_redirect_is_not_followed(fresh, tmp_path):
    with Gateway(in_turn(ANSWERS["generic"])) as other, Gateway(
            in_turn((307, "", {"Location": other.url + "/x"}))) as gateway:
        own = fresh(config=config(tmp_path, gateway, "generic"))
        assert send(own)["smsStatus"] == "MESSAGE_NOT_SENT"
        assert other.requests == []


def test_messages_wait_for_a_gateway_that_is_down(fresh, tmp_path):
    gateway = Gateway(in_turn(ANSWERS["generic"]))
    gateway.stop()
    own = fresh(config=config(tmp_path, gateway, "generic"))
    application = own.application()
    template = own.template(application)
    sent = [own.send(application, template, f"4179302670{n}").json() for n in range(5)]
    assert {s["smsStatus"] for s in sent} == {"MESSAGE_SENT"}
    own.event("carrier_down")
    with Gateway(in_turn(ANSWERS["generic"]), port=gateway.port) as back:
        wait_for("all of them", lambda: len(back.requests) == 5)
        own.event("carrier_up")
        assert {json.loads(r.body)["to"] for r in back.requests} == {
            f"4179302670{n}" for n in range(5)}


@pytest.mark.parametrize("url", [
    "https://localhost:{port}", "https://127.0.0.1:{port}", "https://[::ffff:127.0.0.1]:{port}",
    "https://2130706433:{port}", "https://169.254.169.254"])
def test_private_addresses_are_not_connected_whatever_their_name(fresh, tmp_path, url):
    with Gateway(in_turn(ANSWERS["generic"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "generic", allow_private=False,
                                  allow_http=False, url=url.format(port=gateway.port)))
        send(own)
        assert own.event("carrier_down")["reason"] == "the address is private"
        assert gateway.connections == 0


def certificate(folder, name):
    """(certificate, key), self-signed for that name."""
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={name}",
         "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


@pytest.mark.parametrize("name,trusted,works", [
    ("IP:127.0.0.1", True, True), ("IP:127.0.0.1", False, False), ("DNS:else", True, False)])
def test_certificates(fresh, tmp_path, name, trusted, works):
    files = certificate(tmp_path, name)
    with Gateway(in_turn(ANSWERS["generic"]), certificate=files) as gateway:
        more = {"ca_file": str(files[0])} if trusted else {}
        own = fresh(config=config(tmp_path, gateway, "generic", allow_http=False, **more))
        send(own)
        if works:
            assert json.loads(gateway.request().body)["to"] == NUMBER
        else:
            own.event("carrier_down")
            assert gateway.requests == []


def test_no_secret_and_no_pin_is_in_the_log(fresh, tmp_path):
    with Gateway(in_turn((500, "{}"), CLOSE, ANSWERS["vonage"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "vonage") + "log: {level: debug}\n")
        send(own)
        pin = PIN.search(text_of(gateway.request(3)))[1]
        for secret in ("12345", PATH_SECRET, f"[{pin}]", NUMBER):
            assert secret not in own.log.decode()


# ---- the configuration ----

@pytest.mark.parametrize("change,said", [
    ({"url": "https://x/{{pin}}"}, "carriers[0].url: there is no placeholder {{pin}}"),
    ({"body": "{{passwort}}"}, "carriers[0].body: there is no placeholder {{passwort}}"),
    ({"url": "http://x/", "allow_http": False},
     "carriers[0].url: must begin with https://, or plain HTTP be allowed"),
    ({"headers": {"X": "{{y}}"}}, "carriers[0].headers: there is no placeholder {{y}}"),
    ({"auth_token_file": "/nowhere"},
     "carriers[0].auth_token_file: is not for carriers of type generic"),
])
def test_a_faulty_carrier_is_named_with_its_line(fresh, tmp_path, change, said):
    own = fresh()
    file = tmp_path / "faulty.yaml"
    entry = {"name": "main", "type": "generic", "url": "https://x/", **change}
    lines = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in entry.items())
    file.write_text("carriers:\n  -\n" + lines)
    done = own.command("config", "check", str(file), check=False, data=False)
    assert done.returncode != 0 and said in done.stderr
    line = 3 + list(entry).index(said.split(".", 1)[1].split(":")[0])
    assert f"faulty.yaml:{line}: " in done.stderr, done.stderr


def test_the_examples_of_the_manual_are_right(fresh, tmp_path):
    own = fresh()
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "doc/carriers.md").read_text(), re.S)
    assert len(examples) >= 10
    subprocess.run(["openssl", "genrsa", "-out", tmp_path / "key", "2048"], check=True,
                   capture_output=True)
    (tmp_path / "secret").write_text("a long secret of the path\n")
    (tmp_path / "short").write_text("secret\n")
    for example in examples:
        file = tmp_path / "example.yaml"
        file.write_text(re.sub(r"/etc/watchword/([\w-]+)\.secret", lambda m: str(
            tmp_path / ("short" if m[1] == "main" else "secret")), example).replace(
                "/etc/watchword/vonage.pem", str(tmp_path / "key")))
        done = own.command("config", "check", str(file), check=False, data=False)
        assert done.returncode == 0, done.stderr


def test_a_secret_from_the_credentials_of_systemd(fresh, tmp_path):
    (tmp_path / "token").write_text("12345\n")
    with Gateway(in_turn(ANSWERS["twilio"])) as gateway:
        text = config(tmp_path, gateway, "twilio")
        text = text.replace(str(tmp_path / "secret"), "credential:token")
        own = fresh(config=text, env={"CREDENTIALS_DIRECTORY": str(tmp_path)})
        send(own)
        assert gateway.request().headers["authorization"] == "Basic " + base64.b64encode(
            b"AC1:12345").decode()


# ---- receipts ----

def status(own, pin_id):
    return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]


def receipt(own, path="", **more):
    return requests.post(f"{own.base}/watchword/1/receipts/main{path}", timeout=30, **more)


def test_an_infobip_report_is_seen_in_v1s_status(fresh, tmp_path):
    with Gateway(in_turn(ANSWERS["infobip"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "infobip"))
        sent = send(own)
        hook = json.loads(gateway.request().body)["messages"][0]["webhooks"]["delivery"]["url"]
        assert hook == f"{PUBLIC}/watchword/1/receipts/main/{PATH_SECRET}"
        report = {"results": [{"messageId": "ID1", "status": {"groupId": 3, "id": 5},
                               "error": {"id": 0}, "doneAt": "2026-11-09T16:00:00.000+0100"}]}
        path = hook[len(PUBLIC + "/watchword/1/receipts/main"):]
        assert receipt(own, json=report).status_code == 403
        assert receipt(own, path + "x", json=report).status_code == 403
        assert receipt(own, path, json={"results": 1}).status_code == 400
        assert status(own, sent["pinId"]) != "MESSAGE_DELIVERED"
        answer = receipt(own, path, json=report)
        assert (answer.status_code, answer.text) == (200, "")
        wait_for("the receipt", lambda: status(own, sent["pinId"]) == "MESSAGE_DELIVERED")
        # A later one moves nothing back; one of a stranger is taken, so that it ends.
        report["results"][0]["status"] = {"groupId": 2, "id": 9}
        assert receipt(own, path, json=report).status_code == 200
        report["results"][0]["messageId"] = "nobody's"
        assert receipt(own, path, json=report).status_code == 200
        assert status(own, sent["pinId"]) == "MESSAGE_DELIVERED"


def twilio_signature(url, form):
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(b"12345", text.encode(), hashlib.sha1).digest()).decode()


def test_a_twilio_callback_needs_its_signature(fresh, tmp_path):
    with Gateway(in_turn(ANSWERS["twilio"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "twilio"))
        sent = send(own)
        hook = gateway.request().form["StatusCallback"]
        assert hook == f"{PUBLIC}/watchword/1/receipts/main"
        form = {"MessageSid": "ID1", "MessageStatus": "undelivered", "ErrorCode": "30003",
                "To": "+41793026727"}
        right = twilio_signature(hook, form)
        for wrong in ("", "x", twilio_signature(hook + "/", form),
                      twilio_signature(hook, {**form, "MessageStatus": "delivered"})):
            assert receipt(own, data=form,
                           headers={"X-Twilio-Signature": wrong}).status_code == 403
        assert receipt(own, data=form,
                       headers={"X-Twilio-Signature": right}).status_code == 200
        wait_for("the receipt", lambda: status(own, sent["pinId"]) == "MESSAGE_NOT_DELIVERED")


def test_a_vonage_webhook_by_get_post_and_json(fresh, tmp_path):
    with Gateway(in_turn(ANSWERS["vonage"])) as gateway:
        (tmp_path / "signing").write_text("a signature secret\n")
        own = fresh(config=config(tmp_path, gateway, "vonage", signature_secret_file="signing"))
        sent = send(own)
        hook = gateway.request().form["callback"]
        path = hook[len(PUBLIC + "/watchword/1/receipts/main"):]
        form = {"messageId": "ID1", "status": "delivered", "err-code": "0", "price": "a=b&c",
                "timestamp": "2026-01-01 00:00:00"}
        text = "".join(f"&{name}={form[name].replace('=', '_').replace('&', '_')}"
                       for name in sorted(form))
        signed = {**form, "sig": hmac.new(b"a signature secret", text.encode(),
                                          hashlib.sha256).hexdigest()}
        forged = {**signed, "status": "failed"}
        for bad in (form, forged):
            assert receipt(own, path, data=bad).status_code == 403
            assert receipt(own, path, json=bad).status_code == 403
        assert receipt(own, "", data=signed).status_code == 403
        assert receipt(own, path, json=signed).status_code == 200
        assert receipt(own, path, data=signed).status_code == 200
        assert requests.get(f"{own.base}/watchword/1/receipts/main{path}?{urlencode(signed)}",
                            timeout=30).status_code == 200
        wait_for("the receipt", lambda: status(own, sent["pinId"]) == "MESSAGE_DELIVERED")


def test_a_long_text_by_vonage_has_a_receipt_for_each_part(fresh, tmp_path):
    both = (200, json.dumps({"messages": [{"message-id": f"ID{n}", "status": "0"}
                                          for n in (1, 2)]}))
    with Gateway(in_turn(both)) as gateway:
        own = fresh(config=config(tmp_path, gateway, "vonage"))
        sent = send(own, messageText="1234567890" * 17 + " [{{pin}}]")
        path = gateway.request().form["callback"][len(PUBLIC + "/watchword/1/receipts/main"):]
        for number, word in ((1, "MESSAGE_WAITING_DELIVERY"), (2, "MESSAGE_DELIVERED")):
            report = {"messageId": f"ID{number}", "status": "delivered", "err-code": "0"}
            assert receipt(own, path, data=report).status_code == 200
            assert status(own, sent["pinId"]) == word


def test_receipts_for_nobody(server):
    for name in ("nobody", "trial"):
        answer = requests.post(f"{server.base}/watchword/1/receipts/{name}", timeout=30)
        assert answer.status_code == 403


def test_a_stranger_learns_no_names_and_fills_no_log(fresh, tmp_path):
    with Gateway(in_turn(ANSWERS["infobip"])) as gateway:
        own = fresh(config=config(tmp_path, gateway, "infobip"))
        with requests.Session() as session:
            began = time.monotonic()
            told = {session.post(f"{own.base}/watchword/1/receipts/{name}{path}", timeout=30,
                                 headers={"X-Request-ID": "same"}).text
                    for _ in range(100) for name in ("main", "nobody") for path in ("", "/wrong")}
            took = time.monotonic() - began
        assert len(told) == 1, told
        own.stop()
        lines = [e for e in own.events if e["event"] == "receipts_refused"]
        assert sum(e["forbidden"] for e in lines) == 200
        assert len(lines) <= took + 2, lines
