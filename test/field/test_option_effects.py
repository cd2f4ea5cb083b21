# SPDX-License-Identifier: Apache-2.0
"""What options do that no other test asked for: with the option and without it, the same
conversation ends differently."""

import hashlib
import hmac
import json
import re
import subprocess

import pytest

from harness.access import new_user
from harness.gateway import SILENT, Gateway, in_turn
from harness.odd_smsc import OddSmsc, deliver
from harness.peer import config as smsc_config
from harness.server import binary, wait_for
from harness.sink import Sink, is_genuine, subscription

pytestmark = pytest.mark.field("10.3")

TAKEN = (200, '{"messages":[{"messageId":"A","status":{"groupId":1}}]}')
ABSENT = (200, '{"r": "no"}')
IDS = {"principalEntityId": "123", "contentTemplateId": "456", "teleMarketerId": "789"}


def http_carrier(folder, gateway, kind="infobip", **more):
    (folder / "secret").write_text("12345\n")
    (folder / "secret").chmod(0o600)
    entry = {"name": "main", "type": kind, "url": gateway.url, "allow_http": True,
             "allow_private": True, "sender": "Bar", **more}
    entry = {k: str(folder / "secret") if k.endswith("_file") else v for k, v in entry.items()}
    return f"carriers:\n- {json.dumps(entry)}\n"


def sent(own, to="41793026727", **members):
    application = own.application()
    return own.send(application, own.template(application, **members), to).json()


# ---- delivery ----

@pytest.mark.parametrize("margin,sent_late", [("0s", True), ("500ms", True), ("20s", False)])
def test_the_margin_before_the_end_of_a_life(fresh, margin, sent_late):
    """A lookup that is silent holds a message until 6.5 s of its PIN's 8 have passed. With the
    usual margin, which is at most a quarter of the life, that is too late."""
    with Gateway(lambda request: SILENT) as gateway:
        own = fresh(config="lookup: " + json.dumps({
            "type": "generic", "url": gateway.url + "/{{to}}", "allow_http": True,
            "allow_private": True, "result": "/r", "not_reachable": ["no"],
            "timeout": "6500ms"})
            + f"\ndelivery: {{expiry_margin: {margin}, accept_wait: 100ms}}\n")
        application = own.application(pinTimeToLive="8s")
        pin_id = own.send(application, own.template(application)).json()["pinId"]

        def end():
            state = own.get(f"/watchword/1/pins/{pin_id}").json()["messages"][0]["state"]
            return state if state in ("accepted", "expired") else None

        assert wait_for("its end", end) == ("accepted" if sent_late else "expired")
        assert len(own.messages(pin_id)) == sent_late


# ---- throttles ----

CONFIGURED = {"name": "x"}
TEMPLATE = {"pinType": "NUMERIC", "pinLength": 6, "messageText": "[{{pin}}]"}
EMAIL = {"pinType": "NUMERIC", "pinLength": 6, "emailTemplateId": 1, "from": "a@b.example"}
KEYS = "/settings/2/api-keys"
# operation -> (method, path, body): whatever it is answered, it counts.
CALLS = {
    "application_list": ("GET", "/2fa/2/applications", None),
    "application_create": ("POST", "/2fa/2/applications", CONFIGURED),
    "application_get": ("GET", "/2fa/2/applications/0", None),
    "application_update": ("PUT", "/2fa/2/applications/0", CONFIGURED),
    "template_list": ("GET", "/2fa/2/applications/0/messages", None),
    "template_create": ("POST", "/2fa/2/applications/0/messages", TEMPLATE),
    "template_get": ("GET", "/2fa/2/applications/0/messages/0", None),
    "template_update": ("PUT", "/2fa/2/applications/0/messages/0", TEMPLATE),
    "email_template_create": ("POST", "/2fa/2/applications/0/email/messages", EMAIL),
    "email_template_list": ("GET", "/watchword/1/email-templates", None),
    "email_template_update": ("PUT", "/2fa/2/applications/0/email/messages/0", EMAIL),
    "send": ("POST", "/2fa/2/pin", {"applicationId": "0", "messageId": "0", "to": "41790000001"}),
    "resend": ("POST", "/2fa/2/pin/0/resend", {}),
    "verify": ("POST", "/2fa/2/pin/0/verify", {"pin": "123456"}),
    "verifications": ("GET", "/2fa/2/applications/0/verifications?msisdn=41790000001", None),
    "status": ("GET", "/2fa/1/pin/0/status", None),
    "key_list": ("GET", KEYS, None),
    "key_create": ("POST", KEYS, {"name": "n"}),
    "key_get": ("GET", f"{KEYS}/0", None),
    "key_update": ("PUT", f"{KEYS}/0", {"name": "n"}),
}
THROTTLES = ("throttles:\n  application_list: 2/1h\n  application_create: 2/1h\n"
             "  application_get: 2/1h\n  application_update: 2/1h\n  template_list: 2/1h\n"
             "  template_create: 2/1h\n  template_get: 2/1h\n  template_update: 2/1h\n"
             "  email_template_create: 2/1h\n  email_template_update: 2/1h\n"
             "  email_template_list: 2/1h\n  send: 2/1h\n"
             "  resend: 2/1h\n  verify: 2/1h\n  verifications: 2/1h\n  status: 2/1h\n"
             "  key_list: 2/1h\n  key_create: 2/1h\n  key_get: 2/1h\n  key_update: 2/1h\n")


def test_every_throttle_throttles_its_operation_and_no_other(fresh):
    names = set(re.findall(r"^  (\w+): ", THROTTLES, re.M))
    assert names == set(CALLS)
    manual = subprocess.run([binary(), "--print-config-manual"], capture_output=True, text=True,
                            timeout=30, check=True).stdout
    assert names == set(re.findall(r"^\| `(\w+)` \| COUNT/PERIOD", manual, re.M))
    own = fresh(config=THROTTLES)
    user = new_user(own, "alice")

    def call(name):
        method, path, body = CALLS[name]
        headers = {"Authorization": user} if name.startswith("key_") else {}
        return own.call(method, path, body, headers=headers).status_code

    for turn in range(3):
        for name in CALLS:
            status = call(name)
            assert (status == 429) == (turn == 2), (name, turn, status)


# ---- lookup ----

def asked(gateway):
    return len(gateway.requests)


def looked_up(fresh, gateway, more):
    own = fresh(config=(
        "lookup:\n  type: generic\n  url: '" + gateway.url + "/{{to}}'\n  allow_http: true\n"
        "  allow_private: true\n  result: /r\n  reachable: ['yes']\n  not_reachable: ['no']\n"
        + more))
    application = own.application()
    template = own.template(application)

    def send(to):
        return own.send(application, template, to).json()["ncStatus"]

    return send


@pytest.mark.parametrize("more,times", [("", 1), ("  cache_max: 0\n", 3), ("  cache_age: 0s\n", 3)])
def test_how_many_numbers_are_remembered_and_how_long(fresh, more, times):
    with Gateway(in_turn((200, '{"r": "yes"}'))) as gateway:
        send = looked_up(fresh, gateway, more)
        for _ in range(3):
            assert send("41790000001") == "NC_DESTINATION_REACHABLE"
        assert asked(gateway) == times


@pytest.mark.parametrize("more,times", [("", 1), ("  cache_age_unreachable: 0s\n", 3),
                                        ("  cache_age: 0s\n", 1)])
def test_how_long_an_unreachable_number_is_remembered(fresh, more, times):
    with Gateway(in_turn(ABSENT)) as gateway:
        send = looked_up(fresh, gateway, more)
        for _ in range(3):
            assert send("41790000001") == "NC_DESTINATION_NOT_REACHABLE"
        assert asked(gateway) == times


def test_a_number_that_has_been_remembered_too_long_is_asked_for_again(fresh):
    with Gateway(in_turn((200, '{"r": "yes"}'))) as gateway:
        send = looked_up(fresh, gateway, "  cache_age: 700ms\n")
        send("41790000001")
        wait_for("another question", lambda: send("41790000001") and asked(gateway) == 2)
        assert gateway.requests[1].at - gateway.requests[0].at >= 0.65


def test_what_is_too_many_is_forgotten(fresh):
    with Gateway(in_turn((200, '{"r": "yes"}'))) as gateway:
        send = looked_up(fresh, gateway, "  cache_max: 2\n")
        for to in ("41790000001", "41790000002", "41790000003", "41790000001"):
            send(to)
        assert asked(gateway) == 4


@pytest.mark.parametrize("body_type,written", [
    ("json", r'a\"b<c>&d=e'), ("form", "a%22b%3Cc%3E%26d%3De"),
    ("xml", "a&#34;b&#60;c&#62;&#38;d=e"), ("plain", None)])
def test_a_secret_is_escaped_for_the_body_that_it_stands_in(fresh, tmp_path, body_type, written):
    secret = tmp_path / "key"
    secret.write_text('a"b<c>&d=e\n')
    secret.chmod(0o600)
    place = "{{raw:secret}}" if written is None else "{{secret}}"
    with Gateway(in_turn(ABSENT)) as gateway:
        send = looked_up(fresh, gateway, f"  method: POST\n  body: 'x{place}y'\n"
                         f"  body_type: {body_type}\n  secret_file: {secret}\n")
        send("41790000001")
        assert gateway.request().body.decode() == f"x{written or 'a' + chr(34) + 'b<c>&d=e'}y"


# ---- carriers ----

@pytest.mark.parametrize("version,path", [("2", "/sms/2/text/advanced"), ("3", "/sms/3/messages")])
def test_the_version_of_infobips_api(fresh, tmp_path, version, path):
    with Gateway(in_turn(TAKEN)) as gateway:
        own = fresh(config=http_carrier(tmp_path, gateway, api_key_file="secret",
                                        api_version=version))
        assert sent(own)["smsStatus"] == "MESSAGE_SENT"
        assert gateway.request().path == path


def test_a_messaging_service_chooses_the_sender(fresh, tmp_path):
    with Gateway(in_turn((201, '{"sid": "A", "status": "queued"}'))) as gateway:
        own = fresh(config=http_carrier(
            tmp_path, gateway, "twilio", account_sid="AC1", auth_token_file="secret",
            messaging_service_sid="MG1"))
        assert sent(own)["smsStatus"] == "MESSAGE_SENT"
        form = gateway.request().form
        assert form["MessagingServiceSid"] == "MG1" and "From" not in form


@pytest.mark.parametrize("tags,telemarketer", [
    ({}, 5122), ({"dlt_telemarketer_tag": 0x1777}, 0x1777), ({"dlt_telemarketer_tag": 0}, None)])
def test_the_telemarketers_id_goes_out_under_its_tag(fresh, tags, telemarketer):
    with OddSmsc() as smsc:
        own = fresh(config=smsc_config(smsc.port, **tags))
        own.event("carrier_up")
        sent(own, "919812345678", regional={"indiaDlt": IDS})
        submit = wait_for("the message", lambda: smsc.submits)[0]
        found = {tag for tag, value in submit.tlvs.items() if value.rstrip(b"\0") == b"789"}
        assert found == ({telemarketer} if telemarketer else set())


@pytest.mark.parametrize("coding", [0, 1, 3, 241])
def test_the_data_coding_of_the_gsm_alphabet(fresh, coding):
    with OddSmsc() as smsc:
        smsc.look = lambda submit: None  # whole parts depend on what a coding means
        own = fresh(config=smsc_config(smsc.port, gsm7_data_coding=coding))
        own.event("carrier_up")
        sent(own)
        submit = wait_for("the message", lambda: smsc.submits)[0]
        assert submit.fields["data_coding"] == coding


@pytest.mark.parametrize("by_text,status", [("true", "MESSAGE_DELIVERED"),
                                            ("false", "MESSAGE_WAITING_DELIVERY")])
def test_a_receipt_without_a_mark_is_one_where_that_is_said(fresh, by_text, status):
    with OddSmsc() as smsc:
        own = fresh(config=smsc_config(smsc.port, receipts_by_text=by_text))
        own.event("carrier_up")
        pin_id = sent(own)["pinId"]
        wait_for("the message", lambda: smsc.submits)
        assert smsc.receipt(deliver(
            "id:00000001 sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 "
            "stat:DELIVRD err:000 text:", esm_class=0))[1] == 0

        def now():
            return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]

        if by_text == "true":
            wait_for("the receipt", lambda: now() == status)
        assert now() == status


# ---- reports ----

def test_a_report_is_signed_with_the_secret_of_the_file(fresh, tmp_path):
    secret = tmp_path / "signing"
    secret.write_text("\ufeffthe-secret-of-the-file\r\n")
    secret.chmod(0o600)
    with Sink() as sink:
        entry = subscription(sink, secret_file=str(secret))
        entry = re.sub(r" secret: [^,]+,", "", entry)
        own = fresh(config="carriers:\n- {name: f, type: file, path: x}\n"
                    "routes:\n- {prefix: '999', carriers: [f]}\nreports:\n" + entry)
        application = own.application()
        own.send(application, own.template(application), trackDelivery=True)
        wait_for("the report", lambda: sink.got)
        _, headers, body = sink.got[0]
        assert is_genuine(headers, body, secret="the-secret-of-the-file")
        forged = hmac.new(b"\xef\xbb\xbfthe-secret-of-the-file",
                          headers["X-Watchword-Timestamp"].encode() + b"." + body, hashlib.sha256)
        assert headers["X-Watchword-Signature"] != "v1=" + forged.hexdigest()
