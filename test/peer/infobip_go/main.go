// SPDX-License-Identifier: Apache-2.0

// The conversation of harness/clients.py with Infobip's official Go client.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/infobip/infobip-api-go-client/v3/pkg/infobip"
	"github.com/infobip/infobip-api-go-client/v3/pkg/infobip/api"
	"github.com/infobip/infobip-api-go-client/v3/pkg/infobip/models/sms"
)

const to = "41793026727"

type values map[string]any

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func newClient() *api.APIClient {
	configuration := infobip.NewConfiguration()
	configuration.Host = os.Getenv("WATCHWORD_URL")
	if ca := os.Getenv("WATCHWORD_CA"); ca != "" {
		pem, err := os.ReadFile(ca)
		must(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		configuration.HTTPClient = &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool}}}
	}
	return api.NewAPIClient(configuration)
}

func auth(key string) context.Context {
	return context.WithValue(context.Background(), infobip.ContextAPIKeys,
		map[string]infobip.APIKey{"APIKeyHeader": {Key: key}})
}

// step prints what the library made of one call.
func step(name string, got values, httpResponse *http.Response, err error) {
	said := values{"step": name, "class": "", "status": 0, "code": "", "got": got}
	if got == nil || err != nil {
		said["got"] = values{}
	}
	if err != nil {
		var apiError *api.GenericOpenAPIError
		said["class"] = fmt.Sprintf("%T", err)
		said["code"] = err.Error()
		if httpResponse != nil {
			said["status"] = httpResponse.StatusCode
		}
		if errors.As(err, &apiError) {
			if model, ok := apiError.Model().(sms.ApiException); ok {
				said["code"] = model.RequestError.ServiceException.GetMessageId()
			}
		}
	}
	line, err := json.Marshal(said)
	must(err)
	fmt.Println(string(line))
}

func request(name string, attempts int32, ttl string) sms.ApplicationRequest {
	configuration := sms.NewApplicationConfiguration()
	configuration.SetPinAttempts(attempts)
	configuration.SetPinTimeToLive(ttl)
	configuration.SetVerifyPinLimit("1000/1s")
	configuration.SetSendPinPerPhoneNumberLimit("2/1d")
	r := sms.NewApplicationRequest(name)
	r.SetConfiguration(*configuration)
	return *r
}

func application(a *sms.ApplicationResponse) values {
	if a == nil {
		return nil
	}
	c := a.GetConfiguration()
	return values{"id": a.GetApplicationId(), "name": a.GetName(), "enabled": a.GetEnabled(),
		"pinAttempts": c.GetPinAttempts(), "pinTimeToLive": c.GetPinTimeToLive(),
		"sendPinPerPhoneNumberLimit": c.GetSendPinPerPhoneNumberLimit()}
}

type anyTemplate interface {
	GetMessageId() string
	GetApplicationId() string
	GetMessageText() string
	GetPinType() sms.PinType
	GetPinLength() int32
	GetLanguage() sms.TfaLanguage
	GetSenderId() string
}

func template(t anyTemplate) values {
	return values{"id": t.GetMessageId(), "application": t.GetApplicationId(),
		"text": t.GetMessageText(), "pinType": t.GetPinType(), "pinLength": t.GetPinLength(),
		"language": t.GetLanguage(), "senderId": t.GetSenderId()}
}

func emailTemplate(t *sms.EmailMessage) values {
	return values{"id": t.GetMessageId(), "application": t.GetApplicationId(),
		"emailTemplateId": t.GetEmailTemplateId(), "from": t.GetFrom(),
		"pinType": t.GetPinType(), "pinLength": t.GetPinLength()}
}

func sent(s *sms.StartAuthenticationResponse) values {
	return values{"pinId": s.GetPinId(), "to": s.GetTo(), "ncStatus": s.GetNcStatus(),
		"smsStatus": s.GetSmsStatus()}
}

func called(s *sms.StartAuthenticationResponse) values {
	return values{"pinId": s.GetPinId(), "to": s.GetTo(), "callStatus": s.GetCallStatus()}
}

func mailed(s *sms.StartEmailAuthenticationResponse) values {
	status := s.GetEmailStatus()
	return values{"pinId": s.GetPinId(), "to": s.GetTo(), "name": status.GetName(),
		"description": status.GetDescription()}
}

func verified(v *sms.VerifyPinResponse) values {
	return values{"pinId": v.GetPinId(), "msisdn": v.GetMsisdn(), "verified": v.GetVerified(),
		"attemptsRemaining": v.GetAttemptsRemaining(), "pinError": v.GetPinError()}
}

// pinOf is what the person got.
func pinOf(pinID string) string {
	octets, err := os.ReadFile(os.Getenv("WATCHWORD_MESSAGES"))
	must(err)
	pin := ""
	for _, line := range strings.Split(string(octets), "\n") {
		if found := regexp.MustCompile(`\[(\w+)\]`).FindStringSubmatch(line); found != nil &&
			strings.Contains(line, pinID) {
			pin = found[1]
		}
	}
	return pin
}

type conversation struct {
	api    *api.TfaAPIService
	key    context.Context
	app    string
	msg    string
	mail   string
	pinKey context.Context
}

func (c *conversation) applications() {
	made, http, err := c.api.CreateTfaApplication(c.key).
		ApplicationRequest(request("Shop", 5, "10m")).Execute()
	step("application_create", application(made), http, err)
	c.app = made.GetApplicationId()
	one, http, err := c.api.GetTfaApplication(c.key, c.app).Execute()
	step("application_get", application(one), http, err)
	all, http, err := c.api.GetTfaApplications(c.key).Execute()
	found := 0
	for _, a := range all {
		if a.GetApplicationId() == c.app {
			found++
		}
	}
	step("application_list", values{"found": found}, http, err)
	changed, http, err := c.api.UpdateTfaApplication(c.key, c.app).
		ApplicationRequest(request("Shop 2", 6, "10m")).Execute()
	step("application_update", application(changed), http, err)
}

func message(length int32) sms.CreateMessageRequest {
	m := sms.NewCreateMessageRequest("Your PIN is [{{pin}}]", sms.PINTYPE_NUMERIC)
	m.SetPinLength(length)
	m.SetLanguage(sms.TFALANGUAGE_EN)
	m.SetSenderId("Shop")
	return *m
}

func (c *conversation) templates() {
	made, http, err := c.api.CreateTfaMessageTemplate(c.key, c.app).
		CreateMessageRequest(message(4)).Execute()
	step("template_create", template(made), http, err)
	c.msg = made.GetMessageId()
	one, http, err := c.api.GetTfaMessageTemplate(c.key, c.app, c.msg).Execute()
	step("template_get", template(one), http, err)
	all, http, err := c.api.GetTfaMessageTemplates(c.key, c.app).Execute()
	found := 0
	for _, t := range all {
		if t.GetMessageId() == c.msg {
			found++
		}
	}
	step("template_list", values{"found": found}, http, err)
	change := sms.NewUpdateMessageRequest()
	change.SetPinLength(6)
	change.SetLanguage(sms.TFALANGUAGE_PT_BR)
	changed, http, err := c.api.UpdateTfaMessageTemplate(c.key, c.app, c.msg).
		UpdateMessageRequest(*change).Execute()
	step("template_update", template(changed), http, err)
}

func (c *conversation) emailTemplates() {
	m := sms.NewCreateEmailMessageRequest(1234)
	m.SetFrom("company@example.com")
	m.SetPinType(sms.PINTYPE_NUMERIC)
	m.SetPinLength(4)
	made, http, err := c.api.CreateTfaEmailMessageTemplate(c.key, c.app).
		CreateEmailMessageRequest(*m).Execute()
	step("email_template_create", emailTemplate(made), http, err)
	c.mail = made.GetMessageId()
	change := sms.NewUpdateEmailMessageRequest()
	change.SetPinType(sms.PINTYPE_ALPHANUMERIC)
	change.SetPinLength(6)
	changed, http, err := c.api.UpdateTfaEmailMessageTemplate(c.key, c.app, made.GetMessageId()).
		UpdateEmailMessageRequest(*change).Execute()
	step("email_template_update", emailTemplate(changed), http, err)
}

func (c *conversation) start(to string) (*sms.StartAuthenticationResponse, *http.Response, error) {
	r := sms.NewStartAuthenticationRequest(c.app, c.msg, to)
	r.SetFrom("InfoSMS")
	return c.api.SendTfaPinCodeOverSms(c.key).NcNeeded(true).
		StartAuthenticationRequest(*r).Execute()
}

func (c *conversation) verify(pinID, pin string) (*sms.VerifyPinResponse, *http.Response, error) {
	return c.api.VerifyTfaPhoneNumber(c.key, pinID).
		VerifyPinRequest(*sms.NewVerifyPinRequest(pin)).Execute()
}

func (c *conversation) pins() {
	s, http, err := c.start(to)
	step("send", sent(s), http, err)
	pinID := s.GetPinId()
	again, http, err := c.api.ResendTfaPinCodeOverSms(c.key, pinID).
		ResendPinRequest(*sms.NewResendPinRequest()).Execute()
	step("resend", sent(again), http, err)
	wrong, http, err := c.verify(pinID, "x")
	step("verify_wrong", verified(wrong), http, err)
	right, http, err := c.verify(pinID, pinOf(pinID))
	step("verify", verified(right), http, err)
	list, http, err := c.api.GetTfaVerificationStatus(c.key, c.app).Msisdn(to).Execute()
	first := list.GetVerifications()[0]
	step("verifications", values{"msisdn": first.GetMsisdn(), "verified": first.GetVerified(),
		"dated": first.GetVerifiedAt() >= first.GetSentAt() && first.GetSentAt() > 0}, http, err)
}

func (c *conversation) calls() {
	s, http, err := c.api.SendTfaPinCodeOverVoice(c.key).StartAuthenticationRequest(
		*sms.NewStartAuthenticationRequest(c.app, c.msg, "41443026727")).Execute()
	step("send_voice", called(s), http, err)
	pinID := s.GetPinId()
	again, http, err := c.api.ResendTfaPinCodeOverVoice(c.key, pinID).
		ResendPinRequest(*sms.NewResendPinRequest()).Execute()
	step("resend_voice", called(again), http, err)
	right, http, err := c.verify(pinID, pinOf(pinID))
	step("verify_voice", verified(right), http, err)
}

func (c *conversation) mails() {
	r := sms.NewStartEmailAuthenticationRequest(c.app, c.mail, "john.smith@example.com")
	r.SetFrom("Shop <shop@example.com>")
	r.SetPlaceholders(map[string]string{"firstName": "John"})
	r.SetLandingPagePlaceholders(map[string]string{"name": "John"})
	s, http, err := c.api.Send2faPinCodeOverEmail(c.key).
		StartEmailAuthenticationRequest(*r).Execute()
	step("send_email", mailed(s), http, err)
	pinID := s.GetPinId()
	again, http, err := c.api.Resend2faPinCodeOverEmail(c.key, pinID).
		ResendPinRequestViaEmail(*sms.NewResendPinRequestViaEmail()).Execute()
	step("resend_email", mailed(again), http, err)
	right, http, err := c.verify(pinID, pinOf(pinID))
	step("verify_email", verified(right), http, err)
}

func (c *conversation) expire() {
	_, _, err := c.api.UpdateTfaApplication(c.key, c.app).
		ApplicationRequest(request("Shop", 1000, "1s")).Execute()
	must(err)
	s, _, err := c.start("41793026728")
	must(err)
	for i := 0; ; i++ {
		v, http, err := c.verify(s.GetPinId(), "x")
		if err != nil || v.GetPinError() == "TTL_EXPIRED" || i == 200 {
			step("expired", values{"verified": v.GetVerified(), "pinError": v.GetPinError()},
				http, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *conversation) errors() {
	_, _, err := c.start(to)
	must(err)
	_, http, err := c.start(to)
	step("throttled", nil, http, err)
	c.expire()
	_, http, err = c.api.GetTfaApplications(auth(strings.Repeat("0", 32))).Execute()
	step("bad_key", nil, http, err)
	_, http, err = c.api.CreateTfaApplication(c.pinKey).
		ApplicationRequest(request("Shop", 5, "10m")).Execute()
	step("missing_scope", nil, http, err)
	_, http, err = c.api.GetTfaApplication(c.key, strings.Repeat("0", 32)).Execute()
	step("unknown_application", nil, http, err)
	_, http, err = c.verify("nothing", "1598")
	step("unknown_pin", nil, http, err)
	_, http, err = c.api.CreateTfaMessageTemplate(c.key, c.app).
		CreateMessageRequest(message(99)).Execute()
	step("invalid", nil, http, err)
}

func main() {
	c := &conversation{api: newClient().TfaAPI, key: auth(os.Getenv("WATCHWORD_KEY")),
		pinKey: auth(os.Getenv("WATCHWORD_PIN_KEY"))}
	c.applications()
	c.templates()
	c.emailTemplates()
	c.pins()
	c.calls()
	c.mails()
	c.errors()
}
