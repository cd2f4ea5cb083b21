# SPDX-License-Identifier: Apache-2.0
"""Gateways over HTTP that answer, and report, as real ones do: a person gets one text for
one send, whatever the answer looks like, and no receipt is lost."""

import hashlib
import hmac
import json
import re

import pytest
import requests

from harness.gateway import HALF, HUGE, SLOW, Gateway, in_turn
from harness.place import ROOT
from harness.server import PIN, wait_for

NUMBER = "41793026727"
PATH_SECRET = "s3cr3t-of-the-receipts"
SIGNING = "a signature secret"
SUBSCRIBED = "0123456789abcdef-of-a-test"
PUBLIC = "https://pins.example.net"
NEEDS = {
    "infobip": {"api_key_file": "secret", "receipt_secret_file": "path"},
    "twilio": {"account_sid": "AC1", "auth_token_file": "secret"},
    "vonage": {"api_key": "key", "api_secret_file": "secret", "receipt_secret_file": "path"},
    "generic": {"body": '{"to":"{{to}}","text":"{{text}}","id":"{{reference}}"}',
                "message_id": "/id", "result": "/status", "results": {"=queued": "accepted"},
                "receipt_secret_file": "path", "receipt_id": "/id", "receipt_status": "/status",
                "receipt_statuses": {"delivered": "DELIVERED_TO_HANDSET"}},
}


def carrier(folder, gateway, kind, name="main", **more):
    """An entry of `carriers:` with what its type needs, at the gateway."""
    for file, text in (("secret", "12345"), ("path", PATH_SECRET), ("signing", SIGNING)):
        (folder / file).write_text(text + "\n")
    entry = {"name": name, "type": kind, "url": gateway.url, "allow_http": True,
             "allow_private": True, "timeout": "500ms", **NEEDS[kind], **more}
    return {key: str(folder / value) if key.endswith("_file") else value
            for key, value in entry.items() if value is not None}


def config(*carriers):
    """Attempts would follow each other within seconds, and the second carrier stands by."""
    names = json.dumps([one["name"] for one in carriers])
    return (f"carriers: {json.dumps(carriers)}\nroutes: [{{carriers: {names}}}]\n"
            f"http: {{public_url: {PUBLIC}}}\nlimits: {{resend_interval: 0s}}\n"
            "delivery: {accept_wait: 300ms, attempts: 4}\n")


def send(own, to=NUMBER, **members):
    application = own.application()
    return own.send(application, own.template(application, **members), to).json()


def told(own, pin_id, *states):
    """The timeline, as soon as its message is in one of those states: nothing that was
    decided is sent after that."""
    def look():
        timeline = own.get(f"/watchword/1/pins/{pin_id}").json()
        return timeline if timeline["messages"][0]["state"] in states else None
    return wait_for(f"its message to be {states}", look, 30)


def submits(timeline):
    return [event for event in timeline["events"] if event["event"] == "submit"]


def status(own, pin_id):
    return own.get(f"/2fa/1/pin/{pin_id}/status").json()[0]["status"]


def receipt(own, body, path=f"/{PATH_SECRET}", **more):
    return requests.post(f"{own.base}/watchword/1/receipts/main{path}", data=body, timeout=30,
                         **more)


# ---- answers ----

ACCEPTED = {
    "generic": b'{"status":"queued","id":%s,"note":"%s"}',
    "vonage": b'{"messages":[{"status":"0","message-id":%s,"note":"%s"}]}',
    "infobip": b'{"messages":[{"messageId":%s,"status":{"id":26,"name":"%s"}}]}',
    "twilio": b'{"sid":%s,"body":"%s"}',
}
BIG = "10014255632117358197"
# What is odd: the id as written, the id as meant, a text beside it, octets around it.
ODD = {
    "an id of twenty digits": (BIG.encode(), BIG, b"", b"", b""),
    "an id beyond 128 bits": (b"9" * 40, "9" * 40, b"", b"", b""),
    "an id with a fraction": (b"10014255632117358197.25", BIG + ".25", b"", b"", b""),
    "a byte order mark": (b'"a1"', "a1", b"", b"\xef\xbb\xbf", b""),
    "a line end in a text": (b'"a1"', "a1", b"two\r\nlines", b"", b""),
    "half an emoji": (b'"a1"', "a1", b"\\ud83d", b"", b""),
    "an escaped NUL": (b'"a1"', "a1", b"\\u0000", b"", b""),
    "Latin-1": (b'"a1"', "a1", b"r\xe9seau", b"", b""),
    "a NUL behind it": (b'"a1"', "a1", b"", b"", b"\0"),
    "a comment behind it": (b'"a1"', "a1", b"", b"", b"<!-- 12 ms -->"),
    "everything at once": (BIG.encode(), BIG, b"\\ud83d\n\\u0000\xff\\'", b"\xef\xbb\xbf", b"\n\n"),
}


@pytest.mark.field("4.1")
@pytest.mark.parametrize("odd", list(ODD))
@pytest.mark.parametrize("kind", list(ACCEPTED))
def test_one_text_for_one_send_however_the_answer_is_written(fresh, tmp_path, kind, odd):
    written, meant, note, before, behind = ODD[odd]
    answer = before + ACCEPTED[kind] % (written, note) + behind
    with Gateway(in_turn((201 if kind == "twilio" else 200, answer))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, kind)))
        sent = send(own)
        assert sent["smsStatus"] == "MESSAGE_SENT"
        timeline = told(own, sent["pinId"], "accepted")
        assert [(one["result"], one["carrierMessageId"]) for one in submits(timeline)] == [
            ("accepted", meant)]
        assert len(gateway.requests) == 1


# Answers that say well, and in which the presets find nothing that they know.
UNREADABLE = {
    "another word": b'{"status":"zombie","id":"a1"}',
    "a page": b"<html><body>Thank you</body></html>",
    "nothing": b"",
    "cut off": b'{"status":"que',
    "too deep": b'{"status":' + b"[" * 500 + b"]" * 500 + b"}",
    "a list": b"[]",
}


@pytest.mark.field("4.1")
@pytest.mark.parametrize("answer", list(UNREADABLE))
@pytest.mark.parametrize("kind", ["generic", "vonage", "infobip"])
def test_what_cannot_be_understood_is_asked_of_nobody_again(fresh, tmp_path, kind, answer):
    with Gateway(in_turn((200, UNREADABLE[answer]))) as gateway, Gateway(
            in_turn((200, ACCEPTED["generic"] % (b'"b1"', b"")))) as other:
        own = fresh(config=config(carrier(tmp_path, gateway, kind),
                                  carrier(tmp_path, other, "generic", "other")))
        sent = send(own)
        assert sent["smsStatus"] == "MESSAGE_SENT"
        timeline = told(own, sent["pinId"], "submitted")
        message, (submit,) = timeline["messages"][0], submits(timeline)
        assert (message["carrier"], message["attempts"]) == ("main", 1)
        assert (submit["carrier"], submit["result"], submit["code"]) == ("main", "unknown", 200)
        assert submit["reason"].endswith("it may have been taken, and is not asked for again")
        assert (len(gateway.requests), len(other.requests)) == (1, 0)
        own.stop()  # nor by the next run
        own.start()
        assert PIN.search(json.dumps([r.form.get("text") or r.body.decode()
                                      for r in gateway.requests]))
        assert status(own, sent["pinId"]) == "MESSAGE_WAITING_DELIVERY"
        assert (len(gateway.requests), len(other.requests)) == (1, 0)


@pytest.mark.field("4.1")
@pytest.mark.parametrize("fault", [HALF, HUGE, SLOW])
@pytest.mark.parametrize("kind", ["generic", "vonage", "twilio"])
def test_an_answer_that_breaks_off_behind_a_200_is_asked_of_nobody_again(
        fresh, tmp_path, kind, fault):
    with Gateway(in_turn(fault)) as gateway, Gateway(
            in_turn((200, ACCEPTED["generic"] % (b'"b1"', b"")))) as other:
        own = fresh(config=config(carrier(tmp_path, gateway, kind),
                                  carrier(tmp_path, other, "generic", "other")))
        sent = send(own)
        timeline = told(own, sent["pinId"], "submitted")
        assert [one["result"] for one in submits(timeline)] == ["unknown"]
        assert (len(gateway.requests), len(other.requests)) == (1, 0)


@pytest.mark.field("4.1")
def test_infobip_which_knows_a_message_again_is_asked_again_and_nobody_else(fresh, tmp_path):
    taken = (200, json.dumps({"messages": [{"messageId": "x", "status": {"id": 23}}]}))
    with Gateway(in_turn(HALF, taken)) as gateway, Gateway(
            in_turn((200, ACCEPTED["generic"] % (b'"b1"', b"")))) as other:
        own = fresh(config=config(carrier(tmp_path, gateway, "infobip"),
                                  carrier(tmp_path, other, "generic", "other")))
        sent = send(own)
        timeline = told(own, sent["pinId"], "accepted")
        assert [one["result"] for one in submits(timeline)] == ["unknown", "accepted"]
        ids = {json.loads(r.body)["messages"][0]["destinations"][0]["messageId"]
               for r in gateway.requests}
        assert (len(gateway.requests), len(ids), len(other.requests)) == (2, 1, 0)


@pytest.mark.field("4.1")
def test_nobody_else_is_asked_by_the_next_run_either(fresh, tmp_path):
    taken = (200, json.dumps({"messages": [{"messageId": "x", "status": {"id": 23}}]}))
    answers = [HALF]
    with Gateway(lambda request: answers[-1]) as gateway, Gateway(
            in_turn((200, ACCEPTED["generic"] % (b'"b1"', b"")))) as other:
        both = [carrier(tmp_path, gateway, "infobip"), carrier(tmp_path, other, "generic", "other")]
        own = fresh(config=config(*both))
        sent = send(own)
        wait_for("the first attempt", lambda: gateway.requests)
        own.stop()
        answers.append(taken)
        own.config.write_text(config(*reversed(both)))  # which would come first now
        own.start()
        timeline = told(own, sent["pinId"], "accepted")
        assert timeline["messages"][0]["carrier"] == "main"
        assert other.requests == []


@pytest.mark.field("4.1")
@pytest.mark.parametrize("results", [{"=queued": "accepted", "5xx": "unknown"},
                                     {"^oops": "unknown"}])
def test_unknown_in_the_table_of_results_means_nobody_is_asked_again(fresh, tmp_path, results):
    with Gateway(in_turn((500, "oops"))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "generic", results=results)))
        sent = send(own)
        assert [one["code"] for one in submits(told(own, sent["pinId"], "submitted"))] == [500]
        assert len(gateway.requests) == 1


@pytest.mark.field("4.1")
@pytest.mark.parametrize("cut,state,requests_", [(400, "failed", 1), (503, "accepted", 2)])
def test_a_status_that_says_why_not_needs_no_body(fresh, tmp_path, cut, state, requests_):
    broken = (cut, b"{", {"Content-Length": "100", "Connection": "close"})
    good = (201, ACCEPTED["twilio"] % (b'"a1"', b""))

    def answer(request):
        return good if len(gateway.requests) > 1 else broken
    with Gateway(answer) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "twilio")))
        sent = send(own)
        timeline = told(own, sent["pinId"], state)
        assert submits(timeline)[0]["code"] == cut
        assert len(gateway.requests) == requests_


@pytest.mark.field("4.1")
def test_a_gateway_that_is_never_understood_is_not_left_alone(fresh, tmp_path):
    """Its messages arrive; a breaker would hold them back."""
    with Gateway(in_turn((200, "Thank you"))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "generic")))
        application = own.application()
        template = own.template(application)
        for n in range(40):
            own.send(application, template, f"417930267{n:02d}")
        wait_for("each of them, once", lambda: len(gateway.requests) == 40)
        assert not [e for e in own.events if e["event"] == "carrier_suspended"]


@pytest.mark.field("4.1")
@pytest.mark.parametrize("said", [HALF, SLOW, HUGE, (200, "x" * 100000), (204, "")])
def test_a_subscriber_that_says_200_gets_its_report_once(fresh, said):
    """Whatever it says beside that, and whether its last octet ever comes."""
    with Gateway(in_turn(said)) as subscriber:
        entry = {"name": "all", "account": "default", "url": subscriber.url, "secret": SUBSCRIBED,
                 "allow_http": True, "allow_private": True}
        own = fresh(config="routes: [{prefix: '999', carriers: [trial]}]\n"
                    f"reporting: {{timeout: 1s, retry_unit: 10ms}}\nreports: {json.dumps([entry])}\n"
                    "carriers: [{name: trial, type: file, path: out}]\nlog: {level: debug}\n")
        application = own.application()
        own.send(application, own.template(application), trackDelivery=True)
        own.event("report_taken")
        assert len(subscriber.requests) == 1
        assert not [e for e in own.events if e["event"] == "report_failed"]


# ---- receipts ----

@pytest.mark.field("4.1")
def test_what_was_never_understood_is_delivered_when_its_receipt_says_so(fresh, tmp_path):
    with Gateway(in_turn((200, "Thank you"))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "generic")))
        sent = send(own)
        told(own, sent["pinId"], "submitted")
        reference = json.loads(gateway.request().body)["id"]
        answer = receipt(own, json.dumps({"id": reference, "status": "delivered"}))
        assert answer.status_code == 200
        timeline = told(own, sent["pinId"], "delivered")
        assert [e["event"] for e in timeline["events"]][-1] == "receipt"
        assert status(own, sent["pinId"]) == "MESSAGE_DELIVERED"


DELIVERED = {
    "generic": b'{"status":"delivered","id":%s,"note":"%s"}',
    "vonage": b'{"status":"delivered","messageId":%s,"network":"%s","err-code":0}',
    "infobip": b'{"results":[{"messageId":%s,"status":{"id":5},"note":"%s"}]}',
}


@pytest.mark.field("4.1")
@pytest.mark.parametrize("odd", list(ODD))
@pytest.mark.parametrize("kind", list(DELIVERED))
def test_no_receipt_is_lost_however_it_is_written(fresh, tmp_path, kind, odd):
    written, meant, note, before, behind = ODD[odd]
    answer = ACCEPTED[kind] % (json.dumps(meant).encode(), b"")
    with Gateway(in_turn((200, answer))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, kind)))
        sent = send(own)
        told(own, sent["pinId"], "accepted")
        body = before + DELIVERED[kind] % (written, note) + behind
        assert receipt(own, body).status_code == 200
        assert status(own, sent["pinId"]) == "MESSAGE_DELIVERED"


@pytest.mark.field("4.1")
@pytest.mark.parametrize("body", [
    b'\xef\xbb\xbf{"state":"absent"}', b'{"state":"absent","imsi":228011234567890123456}',
    b'{"note":"\\ud83d\n","state":"absent"}', b'{"state":"active","state":"absent"}'])
def test_a_lookup_is_understood_however_it_is_written(fresh, tmp_path, body):
    with Gateway(in_turn((200, body))) as gateway:
        own = fresh(config="lookup: " + json.dumps({
            "type": "generic", "url": gateway.url, "allow_http": True, "allow_private": True,
            "result": "/state", "reachable": ["active"], "not_reachable": ["absent"]}) + "\n")
        assert send(own)["ncStatus"] == "NC_DESTINATION_NOT_REACHABLE"


def signature(form, method):
    text = "".join(f"&{name}={form[name]}" for name in sorted(form))
    if method == "md5hash":
        return hashlib.md5((text + SIGNING).encode()).hexdigest()
    return hmac.new(SIGNING.encode(), text.encode(), method).hexdigest()


@pytest.mark.field("4.2")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("method", ["sha256", "md5hash", "sha512"])
@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title])
def test_a_signature_of_vonage_is_right_in_either_case(fresh, tmp_path, spell, method, as_json):
    with Gateway(in_turn((200, ACCEPTED["vonage"] % (b'"a1"', b"")))) as gateway:
        own = fresh(config=config(carrier(
            tmp_path, gateway, "vonage", receipt_secret_file=None,
            signature_secret_file="signing", signature_method=method)))
        sent = send(own)
        told(own, sent["pinId"], "accepted")
        form = {"messageId": "a1", "status": "delivered", "err-code": "0"}
        right = signature(form, method)
        for sig in (right[:-1] + "0123456789abcdef"[int(right[-1], 16) ^ 1], right[:-1], ""):
            wrong = {**form, "sig": spell(sig)}
            assert receipt(own, json.dumps(wrong) if as_json else wrong, "").status_code == 403
        signed = {**form, "sig": spell(right)}
        assert receipt(own, json.dumps(signed) if as_json else signed, "").status_code == 200
        assert status(own, sent["pinId"]) == "MESSAGE_DELIVERED"


# ---- several receipts in one request ----

def generic_one(name):
    return {"id": name, "status": "delivered"}


def infobip_one(name):
    return {"results": [{"messageId": name, "status": {"groupId": 3, "id": 5}}]}


def vonage_one(name):
    return {"messageId": name, "status": "delivered", "err-code": "0"}


def params(names):
    return "&".join(f"id={name}&status=delivered" for name in names)


# The type, its options, how those names are reported, and that with a fault in the last.
LISTS = {
    "a list": ("generic", {}, lambda names: json.dumps([generic_one(n) for n in names]),
               lambda names: json.dumps([generic_one(n) for n in names] + [{"id": "x"}])),
    "a list, by its first": (
        "generic", {"receipt_id": "/0/id", "receipt_status": "/0/status"},
        lambda names: json.dumps([generic_one(n) for n in names]),
        lambda names: json.dumps([generic_one(n) for n in names] + [{"status": "delivered"}])),
    "a list in a member": (
        "generic", {"receipt_id": "/r/*/id", "receipt_status": "/r/*/status"},
        lambda names: json.dumps({"r": [generic_one(n) for n in names]}),
        lambda names: json.dumps({"r": [generic_one(n) for n in names] + [None]})),
    "one status for all": (
        "generic", {"receipt_id": "/ids/*"},
        lambda names: json.dumps({"ids": names, "status": "delivered"}),
        lambda names: json.dumps({"ids": names + [{}], "status": "delivered"})),
    "a form": ("generic", {"receipt_id": "?id", "receipt_status": "?status"}, params,
               lambda names: params(names) + "&status=delivered"),
    "webhooks of Vonage": ("vonage", {}, lambda names: json.dumps([vonage_one(n) for n in names]),
                           lambda names: json.dumps([vonage_one(n) for n in names] + [{}])),
    "reports of Infobip": (
        "infobip", {}, lambda names: json.dumps([infobip_one(n) for n in names]),
        lambda names: json.dumps([infobip_one(n) for n in names] + [{"results": [{}]}])),
    "a report of Infobip": (
        "infobip", {},
        lambda names: json.dumps({"results": [infobip_one(n)["results"][0] for n in names]}),
        lambda names: json.dumps({"results": [infobip_one(n)["results"][0] for n in names]
                                  + [{"messageId": "x"}]})),
}


@pytest.mark.field("4.3")
@pytest.mark.parametrize("form", list(LISTS))
def test_all_receipts_of_a_request_are_taken_or_none(fresh, tmp_path, form):
    kind, options, right, faulty = LISTS[form]
    names = ["a1", "a2", "a3"]
    answers = [(200, ACCEPTED[kind] % (json.dumps(name).encode(), b"")) for name in names]
    with Gateway(in_turn(*answers)) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, kind, **options)))
        application = own.application()
        template = own.template(application)
        pins = []
        for n in range(3):
            pins.append(own.send(application, template, f"4179302672{n}").json()["pinId"])
            told(own, pins[-1], "accepted")
        assert receipt(own, faulty(names)).status_code == 400
        assert [status(own, pin) for pin in pins] == ["MESSAGE_WAITING_DELIVERY"] * 3
        assert receipt(own, right(names)).status_code == 200
        own.kill()  # what was answered is kept
        own.start()
        assert [status(own, pin) for pin in pins] == ["MESSAGE_DELIVERED"] * 3


# ---- gateways that speak plain text ----

TEXTS = {
    "OK: {{id}}": "OK: 12345",
    "id={{id}}": "status=0&mid=7&id=12345&credit=9",
    "^0|IN_PROGRESS|{{id}}": "0|IN_PROGRESS|12345\r\n",
    "{{id}}": "12345",
    "<msgid>{{id}}</msgid>": "<?xml version='1.0'?><r><msgid>12345</msgid></r>",
}


@pytest.mark.field("4.4")
@pytest.mark.parametrize("pattern", list(TEXTS))
def test_an_id_in_a_plain_text_is_that_of_its_receipt(fresh, tmp_path, pattern):
    with Gateway(in_turn((200, TEXTS[pattern]))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "generic", message_id=pattern,
                                          result=None, results=None)))
        sent = send(own)
        timeline = told(own, sent["pinId"], "accepted")
        assert submits(timeline)[0]["carrierMessageId"] == "12345"
        assert receipt(own, '{"id": "12345", "status": "delivered"}').status_code == 200
        assert status(own, sent["pinId"]) == "MESSAGE_DELIVERED"
        assert len(gateway.requests) == 1


@pytest.mark.field("4.4")
@pytest.mark.parametrize("answer,kind,said", [
    ("ACK/Jasmin", None, "text/plain;charset=UTF-8"), (1, None, "text/plain;charset=UTF-8"),
    ('{"code":0}', "application/json", "application/json"),
    ("<ok/>", "application/xml", "application/xml")])
def test_a_gateway_gets_back_for_a_receipt_what_it_wants(fresh, tmp_path, answer, kind, said):
    with Gateway(in_turn((200, ACCEPTED["generic"] % (b'"a1"', b"")))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "generic", receipt_answer=answer,
                                          receipt_answer_type=kind)))
        good = '{"id": "a1", "status": "delivered"}'
        back = receipt(own, good)
        assert (back.status_code, back.text) == (200, str(answer))
        assert back.headers["Content-Type"] == said
        # Refused ones are not acknowledged by that.
        for refused, code in ((receipt(own, good, "/wrong"), 403), (receipt(own, "{"), 400)):
            assert refused.status_code == code
            assert "requestError" in refused.json()
            assert refused.headers["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.field("4.4")
@pytest.mark.parametrize("change,said", [
    ({"message_id": "OK: "}, "message_id: OK:  must be a JSON pointer, or a text with {{id}} in it"),
    ({"receipt_answer_type": "a\nb"}, "receipt_answer_type: "),
    ({"body": "{{?dltEntity}}"}, "body: {{?...}} without {{/}}"),
])
def test_a_faulty_option_is_named(fresh, tmp_path, change, said):
    with Gateway(in_turn((200, ""))) as gateway:
        own = fresh()
        file = tmp_path / "faulty.yaml"
        file.write_text(config(carrier(tmp_path, gateway, "generic", **change)))
        done = own.command("config", "check", str(file), check=False, data=False)
        assert done.returncode != 0 and said in done.stderr, done.stderr


# ---- members that vendors publish ----

DLT = {"principalEntityId": "1101456324675322134", "contentTemplateId": "1107457532145798767",
       "teleMarketerId": "1302157"}
NAMED = '{"to":"{{to}}","text":"{{text}}","pe":"{{dltEntity}}"{{?dltTemplate}},' \
    '"te":"{{dltTemplate}}"{{/}}{{?dltTelemarketer}},"tm":"{{dltTelemarketer}}"{{/}}}'


def dlt_of(request, kind, version):
    """What went out of it, in the members of that vendor."""
    if kind == "vonage":
        return {name: request.form[name] for name in ("entity-id", "content-id")
                if name in request.form}
    body = json.loads(request.body)
    if kind == "generic":
        return {name: body[name] for name in ("pe", "te", "tm") if name in body}
    message = body["messages"][0]
    return (message["options"] if version == "3" else message).get("regional", {})


def dlt_meant(kind, given):
    """And what should."""
    entity, template = given["principalEntityId"], given.get("contentTemplateId")
    if kind == "vonage":
        pairs = {"entity-id": entity, "content-id": template}
    elif kind == "generic":
        pairs = {"pe": entity, "te": template, "tm": given.get("teleMarketerId")}
    else:
        pairs = {"principalEntityId": entity, "contentTemplateId": template,
                 "telemarketerId": given.get("teleMarketerId")}
    pairs = {name: value for name, value in pairs.items() if value}
    return {"indiaDlt": pairs} if kind == "infobip" else pairs


@pytest.mark.field("7.4")
@pytest.mark.parametrize("given", [
    DLT, {"principalEntityId": "11\"0"}, {"principalEntityId": "110", "contentTemplateId": "7"},
    {"principalEntityId": "110", "teleMarketerId": "1302"}, None])
@pytest.mark.parametrize("kind,version", [
    ("infobip", "3"), ("infobip", "2"), ("vonage", None), ("generic", None)])
def test_the_ids_of_indias_registers_go_out(fresh, tmp_path, kind, version, given):
    more = {"body": NAMED} if kind == "generic" else {"api_version": version}
    with Gateway(in_turn((200, ACCEPTED[kind] % (b'"a1"', b"")))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, kind, **more)))
        send(own, "919812345678", **({"regional": {"indiaDlt": given}} if given else {}))
        meant = dlt_meant(kind, given) if given else {"pe": ""} if kind == "generic" else {}
        assert dlt_of(gateway.request(), kind, version) == meant


@pytest.mark.field("7.5")
@pytest.mark.parametrize("receipts", [
    {}, {"receipt_secret_file": None, "signature_secret_file": "signing"},
    {"receipt_secret_file": None}])
def test_vonage_is_asked_for_receipts_in_its_published_type(fresh, tmp_path, receipts):
    with Gateway(in_turn((200, ACCEPTED["vonage"] % (b'"a1"', b"")))) as gateway:
        own = fresh(config=config(carrier(tmp_path, gateway, "vonage", **receipts)))
        send(own)
        form = gateway.request().form
        wanted = len(receipts) != 1
        assert form.get("status-report-req") == ("true" if wanted else None)
        assert ("callback" in form) == wanted


# ---- the manual ----

ROW = re.compile(r"\{(\d+), CARRIER_(\w+), (true|false), (true|false),")
MANUAL = (ROOT / "doc/carriers.md").read_text(encoding="utf-8")


def numbers(cell):
    """The codes that a cell of the manual names: "30003 to 30006" are four."""
    spans = re.findall(r"(\d+)(?: to (\d+))?", cell)
    return {n for first, last in spans for n in range(int(first), int(last or first) + 1)}


@pytest.mark.field("4.1")
@pytest.mark.parametrize("kind", ["twilio", "vonage"])
def test_what_the_manual_says_of_a_vendors_codes_is_what_is_done(kind):
    source = (ROOT / f"src/carrier/carrier_{kind}.c").read_text(encoding="utf-8")
    table = source[source.index("codes[]"):source.index("};", source.index("codes[]"))]
    does = {"RETRY": set(), "elsewhere": set(), "REFUSED": set(), "ACCEPTED": set()}
    for code, result, _, elsewhere in ROW.findall(table):
        does["elsewhere" if elsewhere == "true" else result].add(int(code))
    cells = re.search(rf"^\| `{kind}`.*$", MANUAL, re.M)[0].split("|")
    assert numbers(cells[3]) == does["RETRY"]
    assert numbers(cells[4]) == does["elsewhere"]
    assert numbers(cells[5]) == does["REFUSED"]


@pytest.mark.field("4.1")
def test_what_the_manual_says_of_command_statuses_is_what_is_done():
    source = (ROOT / "src/carrier/smpp.def").read_text(encoding="utf-8")
    retried = {name for name, result in re.findall(
        r"SMPP_STATUS\(ESME_(\w+), 0x\w+, (\w+)\)", source) if result == "RETRY"}
    rows = [line for line in MANUAL.splitlines() if re.match(r"\| R[A-Z_]+ \(", line)]
    named = {name for line in rows if "asked" not in line and "number's sake" not in line
             for name in re.findall(r"(R[A-Z_]+) \([0-9A-F]{2}\)", line)}
    assert named == retried
