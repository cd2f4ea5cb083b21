// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.ObjectMapper;
import com.infobip.ApiClient;
import com.infobip.ApiException;
import com.infobip.ApiKey;
import com.infobip.BaseUrl;
import com.infobip.api.TfaApi;
import com.infobip.model.*;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The conversation of harness/clients.py with Infobip's official Java client. */
public class Conversation {
	static final String TO = "41793026727";
	static final TfaApi API = api(System.getenv("WATCHWORD_KEY"));

	interface Call<T> {
		T make() throws ApiException, Exception;
	}

	static TfaApi api(String key) {
		return new TfaApi(ApiClient.forApiKey(ApiKey.from(key))
			.withBaseUrl(BaseUrl.from(System.getenv("WATCHWORD_URL"))).build());
	}

	static Map<String, Object> values(Object... pairs) {
		Map<String, Object> map = new LinkedHashMap<>();

		for (int i = 0; i < pairs.length; i += 2)
			map.put((String) pairs[i], pairs[i + 1]);
		return map;
	}

	/** Prints what the library made of one call. */
	static <T> T step(String name, Call<T> call, Function<T, Map<String, Object>> read)
		throws Exception {
		Map<String, Object> said =
			values("step", name, "class", "", "status", 0, "code", "", "got", values());
		T answer = null;

		try {
			answer = call.make();
			said.put("got", read.apply(answer));
		} catch (ApiException e) {
			said.put("class", e.getClass().getName());
			said.put("status", e.responseStatusCode());
			said.put("code", e.details() == null ? "no details" : e.details().getMessageId());
			said.put("errorCode", e.details() == null ? "" : e.details().getErrorCode());
		}
		System.out.println(new ObjectMapper().writeValueAsString(said));
		return answer;
	}

	static TfaApplicationRequest request(String name, int attempts, String ttl) {
		return new TfaApplicationRequest().name(name)._configuration(
			new TfaApplicationConfiguration().pinAttempts(attempts).pinTimeToLive(ttl)
				.verifyPinLimit("1000/1s").sendPinPerPhoneNumberLimit("2/1d"));
	}

	static TfaCreateMessageRequest message(int length) {
		return new TfaCreateMessageRequest().messageText("Your PIN is [{{pin}}]")
			.pinType(TfaPinType.NUMERIC).pinLength(length).language(TfaLanguage.EN)
			.senderId("Shop");
	}

	static Map<String, Object> application(TfaApplicationResponse a) {
		TfaApplicationConfiguration c = a.getConfiguration();

		return values("id", a.getApplicationId(), "name", a.getName(), "enabled", a.getEnabled(),
			"pinAttempts", c.getPinAttempts(), "pinTimeToLive", c.getPinTimeToLive(),
			"sendPinPerPhoneNumberLimit", c.getSendPinPerPhoneNumberLimit());
	}

	static Map<String, Object> template(TfaMessage t) {
		return values("id", t.getMessageId(), "application", t.getApplicationId(),
			"text", t.getMessageText(), "pinType", t.getPinType().getValue(),
			"pinLength", t.getPinLength(), "language", t.getLanguage().getValue(),
			"senderId", t.getSenderId());
	}

	static Map<String, Object> emailTemplate(TfaEmailMessage t) {
		return values("id", t.getMessageId(), "application", t.getApplicationId(),
			"emailTemplateId", t.getEmailTemplateId(), "from", t.getFrom(),
			"pinType", t.getPinType().getValue(), "pinLength", t.getPinLength());
	}

	static Map<String, Object> sent(TfaStartAuthenticationResponse s) {
		return values("pinId", s.getPinId(), "to", s.getTo(), "ncStatus", s.getNcStatus(),
			"smsStatus", s.getSmsStatus());
	}

	static Map<String, Object> called(TfaStartAuthenticationResponse s) {
		return values("pinId", s.getPinId(), "to", s.getTo(), "callStatus", s.getCallStatus());
	}

	static Map<String, Object> mailed(TfaStartEmailAuthenticationResponse s) {
		return values("pinId", s.getPinId(), "to", s.getTo(), "name",
			s.getEmailStatus().getName(), "description", s.getEmailStatus().getDescription());
	}

	static Map<String, Object> verified(TfaVerifyPinResponse v) {
		return values("pinId", v.getPinId(), "msisdn", v.getMsisdn(), "verified",
			v.getVerified(), "attemptsRemaining", v.getAttemptsRemaining(), "pinError",
			v.getPinError() == null ? "" : v.getPinError());
	}

	/** What the person got. */
	static String pinOf(String pinId) throws Exception {
		String pin = null;

		for (String line : Files.readAllLines(Path.of(System.getenv("WATCHWORD_MESSAGES")))) {
			var found = Pattern.compile("\\[(\\w+)\\]").matcher(line);

			if (line.contains(pinId) && found.find())
				pin = found.group(1);
		}
		return pin;
	}

	static TfaVerifyPinResponse verify(String pinId, String pin) throws ApiException {
		return API.verifyTfaPhoneNumber(pinId, new TfaVerifyPinRequest().pin(pin)).execute();
	}

	static TfaStartAuthenticationResponse start(String app, String msg, String to)
		throws ApiException {
		return API.sendTfaPinCodeOverSms(new TfaStartAuthenticationRequest()
			.applicationId(app).messageId(msg).from("InfoSMS").to(to)).ncNeeded(true).execute();
	}

	static TfaVerifyPinResponse expire(String app, String msg) throws Exception {
		API.updateTfaApplication(app, request("Shop", 1000, "1s")).execute();
		String pinId = start(app, msg, "41793026728").getPinId();
		TfaVerifyPinResponse answer = null;

		for (int i = 0; i < 200; i++) {
			answer = verify(pinId, "x");
			if ("TTL_EXPIRED".equals(answer.getPinError()))
				break;
			Thread.sleep(20);
		}
		return answer;
	}

	static String emailTemplates(String app) throws Exception {
		var made = step("email_template_create", () -> API.createTfaEmailMessageTemplate(app,
			new TfaCreateEmailMessageRequest().emailTemplateId(1234L).from("company@example.com")
				.pinType(TfaPinType.NUMERIC).pinLength(4)).execute(),
			Conversation::emailTemplate);

		step("email_template_update", () -> API.updateTfaEmailMessageTemplate(app,
			made.getMessageId(), new TfaUpdateEmailMessageRequest()
				.pinType(TfaPinType.ALPHANUMERIC).pinLength(6)).execute(),
			Conversation::emailTemplate);
		return made.getMessageId();
	}

	static void calls(String app, String msg) throws Exception {
		String pinId = step("send_voice", () -> API.sendTfaPinCodeOverVoice(
			new TfaStartAuthenticationRequest().applicationId(app).messageId(msg)
				.to("41443026727")).execute(), Conversation::called).getPinId();

		step("resend_voice", () -> API.resendTfaPinCodeOverVoice(pinId,
			new TfaResendPinRequest()).execute(), Conversation::called);
		step("verify_voice", () -> verify(pinId, pinOf(pinId)), Conversation::verified);
	}

	static void mails(String app, String mail) throws Exception {
		String pinId = step("send_email", () -> API.send2faPinCodeOverEmail(
			new TfaStartEmailAuthenticationRequest().applicationId(app).messageId(mail)
				.to("john.smith@example.com").from("Shop <shop@example.com>")
				.placeholders(Map.of("firstName", "John"))
				.landingPagePlaceholders(Map.of("name", "John"))).execute(),
			Conversation::mailed).getPinId();

		step("resend_email", () -> API.resend2faPinCodeOverEmail(pinId,
			new TfaResendPinRequestViaEmail()).execute(), Conversation::mailed);
		step("verify_email", () -> verify(pinId, pinOf(pinId)), Conversation::verified);
	}

	static void errors(String app, String msg) throws Exception {
		start(app, msg, TO);
		step("throttled", () -> start(app, msg, TO), s -> values());
		step("expired", () -> expire(app, msg),
			v -> values("verified", v.getVerified(), "pinError", v.getPinError()));
		step("bad_key", () -> api("0".repeat(32)).getTfaApplications().execute(), l -> values());
		step("missing_scope", () -> api(System.getenv("WATCHWORD_PIN_KEY"))
			.createTfaApplication(request("Shop", 5, "10m")).execute(), a -> values());
		step("unknown_application", () -> API.getTfaApplication("0".repeat(32)).execute(),
			a -> values());
		step("unknown_pin", () -> verify("nothing", "1598"), v -> values());
		step("invalid", () -> API.createTfaMessageTemplate(app, message(99)).execute(),
			t -> values());
	}

	public static void main(String[] arguments) throws Exception {
		String app = step("application_create",
			() -> API.createTfaApplication(request("Shop", 5, "10m")).execute(),
			Conversation::application).getApplicationId();

		step("application_get", () -> API.getTfaApplication(app).execute(),
			Conversation::application);
		step("application_list", () -> API.getTfaApplications().execute(), l -> values("found",
			l.stream().filter(a -> a.getApplicationId().equals(app)).count()));
		step("application_update", () -> API.updateTfaApplication(app,
			request("Shop 2", 6, "10m")).execute(), Conversation::application);

		String msg = step("template_create",
			() -> API.createTfaMessageTemplate(app, message(4)).execute(),
			Conversation::template).getMessageId();

		step("template_get", () -> API.getTfaMessageTemplate(app, msg).execute(),
			Conversation::template);
		step("template_list", () -> API.getTfaMessageTemplates(app).execute(), l -> values("found",
			l.stream().filter(t -> t.getMessageId().equals(msg)).count()));
		step("template_update", () -> API.updateTfaMessageTemplate(app, msg,
			new TfaUpdateMessageRequest().pinLength(6).language(TfaLanguage.PT_BR)).execute(),
			Conversation::template);

		String mail = emailTemplates(app);

		String pinId = step("send", () -> start(app, msg, TO), Conversation::sent).getPinId();

		step("resend", () -> API.resendTfaPinCodeOverSms(pinId, new TfaResendPinRequest())
			.execute(), Conversation::sent);
		step("verify_wrong", () -> verify(pinId, "x"), Conversation::verified);
		step("verify", () -> verify(pinId, pinOf(pinId)), Conversation::verified);
		step("verifications", () -> API.getTfaVerificationStatus(TO, app).execute(), l -> {
			var v = l.getVerifications().get(0);

			return values("msisdn", v.getMsisdn(), "verified", v.getVerified(), "dated",
				v.getVerifiedAt() >= v.getSentAt() && v.getSentAt() > 0);
		});
		calls(app, msg);
		mails(app, mail);
		errors(app, msg);
		System.exit(0);
	}
}
