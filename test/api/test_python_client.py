# SPDX-License-Identifier: Apache-2.0
"""Infobip's official Python client, unmodified, through the flow of its README."""

from infobip_api_client import ApiClient, Configuration
from infobip_api_client.api.tfa_api import TfaApi
from infobip_api_client.models import (
    TfaApplicationRequest, TfaCreateMessageRequest, TfaPinType, TfaResendPinRequest,
    TfaStartAuthenticationRequest, TfaVerifyPinRequest)


def test_the_flow_of_its_readme(server):
    configuration = Configuration(host=server.base, api_key={"APIKeyHeader": server.key},
                                  api_key_prefix={"APIKeyHeader": "App"})
    with ApiClient(configuration) as client:
        api = TfaApi(client)
        application = api.create_tfa_application(TfaApplicationRequest(name="2FA application"))
        assert application.application_id and application.configuration.pin_attempts == 10

        template = api.create_tfa_message_template(
            app_id=application.application_id,
            tfa_create_message_request=TfaCreateMessageRequest(
                message_text="Your pin is [{{pin}}]", pin_type=TfaPinType.NUMERIC, pin_length=4))
        assert template.message_id

        sent = api.send_tfa_pin_code_over_sms(
            nc_needed=True, tfa_start_authentication_request=TfaStartAuthenticationRequest(
                application_id=application.application_id, message_id=template.message_id,
                var_from="InfoSMS", to="41793029999"))
        assert (sent.to, sent.sms_status) == ("41793029999", "MESSAGE_SENT")
        pin = server.pin(sent.pin_id)

        again = api.resend_tfa_pin_code_over_sms(
            pin_id=sent.pin_id, tfa_resend_pin_request=TfaResendPinRequest())
        assert again.pin_id == sent.pin_id
        assert server.pin(sent.pin_id, 2) == pin

        verified = api.verify_tfa_phone_number(
            pin_id=sent.pin_id, tfa_verify_pin_request=TfaVerifyPinRequest(pin=pin))
        assert verified.verified is True and verified.msisdn == "41793029999"

        listed = api.get_tfa_verification_status(
            app_id=application.application_id, msisdn="41793029999")
        assert [v.verified for v in listed.verifications] == [True]

        assert [a.application_id for a in api.get_tfa_applications()].count(
            application.application_id) == 1
