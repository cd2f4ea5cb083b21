# SPDX-License-Identifier: Apache-2.0
"""The conversation of harness/clients.py with Infobip's official Python client."""

import json
import os
import re
import time

from infobip_api_client import ApiClient, Configuration
from infobip_api_client.api.tfa_api import TfaApi
from infobip_api_client.exceptions import ApiException
from infobip_api_client import models as m

TO = "41793026727"


def api_of(key):
    configuration = Configuration(
        host=os.environ["WATCHWORD_URL"], api_key={"APIKeyHeader": key},
        api_key_prefix={"APIKeyHeader": "App"})
    configuration.ssl_ca_cert = os.environ.get("WATCHWORD_CA")
    return TfaApi(ApiClient(configuration))


API = api_of(os.environ["WATCHWORD_KEY"])


def step(name, call, read=lambda answer: {}):
    said = {"step": name, "class": "", "status": 0, "code": "", "got": {}}
    answer = None
    try:
        answer = call()
        said["got"] = read(answer)
    except ApiException as e:
        said.update({"class": type(e).__name__, "status": e.status,
                     "code": e.data.request_error.service_exception.message_id})
    print(json.dumps(said))
    return answer


def application(a):
    c = a.configuration
    return {"id": a.application_id, "name": a.name, "enabled": a.enabled,
            "pinAttempts": c.pin_attempts, "pinTimeToLive": c.pin_time_to_live,
            "sendPinPerPhoneNumberLimit": c.send_pin_per_phone_number_limit}


def template(t):
    return {"id": t.message_id, "application": t.application_id, "text": t.message_text,
            "pinType": t.pin_type.value, "pinLength": t.pin_length,
            "language": t.language.value, "senderId": t.sender_id}


def email_template(t):
    return {"id": t.message_id, "application": t.application_id,
            "emailTemplateId": t.email_template_id, "from": t.var_from,
            "pinType": t.pin_type.value, "pinLength": t.pin_length}


def sent(s):
    return {"pinId": s.pin_id, "to": s.to, "ncStatus": s.nc_status, "smsStatus": s.sms_status}


def called(s):
    return {"pinId": s.pin_id, "to": s.to, "callStatus": s.call_status}


def mailed(s):
    return {"pinId": s.pin_id, "to": s.to, "name": s.email_status.name,
            "description": s.email_status.description}


def verified(v):
    return {"pinId": v.pin_id, "msisdn": v.msisdn, "verified": v.verified,
            "attemptsRemaining": v.attempts_remaining, "pinError": v.pin_error or ""}


def pin_of(pin_id):
    """What the person got."""
    with open(os.environ["WATCHWORD_MESSAGES"], encoding="utf-8") as f:
        texts = [json.loads(line)["text"] for line in f if pin_id in line]
    return re.search(r"\[(\w+)\]", texts[-1])[1]


def request(**changes):
    return m.TfaApplicationRequest(name="Shop", configuration=m.TfaApplicationConfiguration(**{
        "pin_attempts": 5, "pin_time_to_live": "10m", "verify_pin_limit": "1000/1s",
        "send_pin_per_phone_number_limit": "2/1d", **changes}))


app = step("application_create", lambda: API.create_tfa_application(request()), application)
APP = app.application_id
step("application_get", lambda: API.get_tfa_application(APP), application)
step("application_list", API.get_tfa_applications,
     lambda l: {"found": [a.application_id for a in l].count(APP)})
change = request(pin_attempts=6)
change.name = "Shop 2"
step("application_update", lambda: API.update_tfa_application(APP, change), application)

message = m.TfaCreateMessageRequest(
    message_text="Your PIN is [{{pin}}]", pin_type=m.TfaPinType.NUMERIC, pin_length=4,
    language=m.TfaLanguage.EN, sender_id="Shop")
MSG = step("template_create", lambda: API.create_tfa_message_template(APP, message),
           template).message_id
step("template_get", lambda: API.get_tfa_message_template(APP, MSG), template)
step("template_list", lambda: API.get_tfa_message_templates(APP),
     lambda l: {"found": [t.message_id for t in l].count(MSG)})
step("template_update", lambda: API.update_tfa_message_template(
    APP, MSG, m.TfaUpdateMessageRequest(pin_length=6, language=m.TfaLanguage.PT_BR)), template)

MAIL = step("email_template_create", lambda: API.create_tfa_email_message_template(
    APP, m.TfaCreateEmailMessageRequest(
        email_template_id=1234, var_from="company@example.com", pin_length=4,
        pin_type=m.TfaPinType.NUMERIC)), email_template)
step("email_template_update", lambda: API.update_tfa_email_message_template(
    APP, MAIL.message_id, m.TfaUpdateEmailMessageRequest(
        pin_type=m.TfaPinType.ALPHANUMERIC, pin_length=6)), email_template)


def start(to):
    return API.send_tfa_pin_code_over_sms(
        nc_needed=True, tfa_start_authentication_request=m.TfaStartAuthenticationRequest(
            application_id=APP, message_id=MSG, to=to, var_from="InfoSMS"))


def verify(pin_id, pin):
    return API.verify_tfa_phone_number(pin_id, m.TfaVerifyPinRequest(pin=pin))


PIN = step("send", lambda: start(TO), sent).pin_id
step("resend", lambda: API.resend_tfa_pin_code_over_sms(PIN, m.TfaResendPinRequest()), sent)
step("verify_wrong", lambda: verify(PIN, "x"), verified)
step("verify", lambda: verify(PIN, pin_of(PIN)), verified)
step("verifications", lambda: API.get_tfa_verification_status(msisdn=TO, app_id=APP),
     lambda l: {"msisdn": l.verifications[0].msisdn, "verified": l.verifications[0].verified,
                "dated": l.verifications[0].verified_at >= l.verifications[0].sent_at > 0})

CALL = step("send_voice", lambda: API.send_tfa_pin_code_over_voice(
    m.TfaStartAuthenticationRequest(application_id=APP, message_id=MSG, to="41443026727")),
            called).pin_id
step("resend_voice", lambda: API.resend_tfa_pin_code_over_voice(CALL, m.TfaResendPinRequest()),
     called)
step("verify_voice", lambda: verify(CALL, pin_of(CALL)), verified)
POST = step("send_email", lambda: API.send2fa_pin_code_over_email(
    m.TfaStartEmailAuthenticationRequest(
        application_id=APP, message_id=MAIL.message_id, to="john.smith@example.com",
        var_from="Shop <shop@example.com>", placeholders={"firstName": "John"})), mailed).pin_id
step("resend_email", lambda: API.resend2fa_pin_code_over_email(
    POST, m.TfaResendPinRequest(placeholders={"firstName": "John"})), mailed)
step("verify_email", lambda: verify(POST, pin_of(POST)), verified)

start(TO)
step("throttled", lambda: start(TO))


def expire():
    API.update_tfa_application(APP, request(pin_time_to_live="1s", pin_attempts=1000))
    pin_id = start("41793026728").pin_id
    for _ in range(200):
        answer = verify(pin_id, "x")
        if answer.pin_error == "TTL_EXPIRED":
            break
        time.sleep(0.02)
    return answer


step("expired", expire, lambda v: {"verified": v.verified, "pinError": v.pin_error})
step("bad_key", lambda: api_of("0" * 32).get_tfa_applications())
step("missing_scope",
     lambda: api_of(os.environ["WATCHWORD_PIN_KEY"]).create_tfa_application(request()))
step("unknown_application", lambda: API.get_tfa_application("0" * 32))
step("unknown_pin", lambda: verify("nothing", "1598"))
message.pin_length = 99
step("invalid", lambda: API.create_tfa_message_template(APP, message))
