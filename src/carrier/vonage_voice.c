/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/vonage_voice.h"

#include <stdio.h>

#include "base/json_out.h"
#include "base/secret.h"
#include "net/http_sign.h"
#include "net/jwt.h"
#include "twofa/spoken.h"

enum {
	RING_MAX_S = 60,
	SPOKEN_LEN_MAX = 1500,
	TOKEN_LIFE_S = 900,
	TOKEN_SPARE_S = 60, /* before its end: a request takes its time */
	CLAIMS_LEN_MAX = 1024,
	JTI_LEN = 16
};

/* "Call status values" of the Voice API's event webhook. */
static const struct {
	const char *name;
	enum report_status status;
	enum report_error error;
} statuses[] = {
    {"started", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"ringing", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"answered", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"completed", REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NORMAL_HANGUP},
    {"busy", REPORT_BUSY, REPORT_ERROR_BUSY},
    {"unanswered", REPORT_NO_ANSWER, REPORT_ERROR_NO_ANSWER},
    {"timeout", REPORT_NO_ANSWER, REPORT_ERROR_NO_ANSWER},
    {"cancelled", REPORT_CANCELLED, REPORT_ERROR_CANCELLED},
    {"rejected", REPORT_REJECTED, REPORT_ERROR_REJECTED},
    {"failed", REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_UNKNOWN},
};

/* ---- the request ---- */

/* A rate needs markup, which not every voice knows; without one there is none. */
static enum err
speak(struct buf *out, const struct content_voice *voice)
{
	struct buf text;
	enum err e;

	if (!carrier_http_has_rate(voice)) {
		spoken_write(out, voice);
		return OK;
	}
	buf_init(&text, out->len_max);
	spoken_write(&text, voice);
	buf_printf(
	    out, "<speak><prosody rate='%d%%'>", (int)(voice->speech_rate * 100 + 0.5));
	e = text.failed ? ERR_TOO_LARGE : http_template_put_xml(out, buf_span(&text));
	buf_add_text(out, "</prosody></speak>");
	buf_fini(&text);
	return e;
}

static const char body[] =
    "{\"to\":[{\"type\":\"phone\",\"number\":\"{{to}}\"}],"
    "\"from\":{\"type\":\"phone\",\"number\":\"{{from}}\"},"
    "\"ncco\":[{\"action\":\"talk\",\"text\":\"{{spoken}}\","
    "\"language\":\"{{language}}\"{{?style}},\"style\":{{style}}{{/}},"
    "\"loop\":{{rounds}}}],"
    "\"ringing_timer\":{{validity_s}}%s}";
static const char hooks[] = ",\"event_url\":[\"{{callback_url}}\"],"
			    "\"event_method\":\"POST\"";

static const char *
fault_of(const struct carrier_vonage_options *c, char why[256])
{
	const char *fault;

	snprintf(why, 256, "is needed for voice");
	if (c->application_id == NULL)
		return "application_id";
	if (c->private_key == NULL)
		return "private_key_file";
	fault = jwt_key_fault(c->private_key);
	if (fault != NULL)
		snprintf(why, 256, "%s", fault);
	return fault == NULL ? NULL : "private_key_file";
}

enum err
vonage_voice_make(struct carrier_http_maker *m)
{
	const struct carrier_vonage_options *c = m->config->options;
	const char *base = c->http.url == NULL ? "https://api.nexmo.com" : c->http.url;
	bool receipts = m->callback_url != NULL &&
			(c->http.receipt_secret != NULL || c->signature_secret != NULL);
	struct carrier_http_recipe *r = &m->recipe;
	const char *field = fault_of(c, m->why);

	if (field != NULL) {
		m->field = field;
		return ERR_INVALID;
	}
	r->method = "POST";
	r->url = arena_printf(m->arena, "%s/v1/calls", base);
	r->headers[0] = "Content-Type: application/json";
	r->headers[1] = "Authorization: Bearer {{token}}";
	r->sink = HTTP_TEMPLATE_SINK_JSON;
	r->body = arena_printf(m->arena, body, receipts ? hooks : "");
	r->validity_min_s = 1;
	r->validity_max_s = RING_MAX_S; /* it rings no longer than the PIN lives */
	r->speak = speak;
	r->tongue = CARRIER_HTTP_TONGUE_VONAGE;
	r->spoken_len_max = SPOKEN_LEN_MAX;
	return OK;
}

char *
vonage_voice_make_token(const struct carrier_config *config,
    const struct carrier_env *env, int64_t *until_ms_out)
{
	const struct carrier_vonage_options *c = config->options;
	int64_t now_s = env->clock->wall_ms(env->clock) / 1000;
	uint8_t random[JTI_LEN];
	char jti[2 * JTI_LEN + 1];
	struct json_out out;
	struct buf claims;
	char *token;

	env->entropy->fill(env->entropy, random, sizeof(random));
	secret_hex_lower(random, sizeof(random), jti);
	buf_init(&claims, CLAIMS_LEN_MAX);
	json_out_init(&out, &claims);
	json_out_object(&out, NULL);
	json_out_text(&out, "application_id", c->application_id);
	json_out_int(&out, "iat", now_s);
	json_out_int(&out, "exp", now_s + TOKEN_LIFE_S);
	json_out_text(&out, "jti", jti);
	json_out_end(&out);
	token = claims.failed ? NULL : jwt_sign(c->private_key, buf_span(&claims));
	buf_fini(&claims);
	*until_ms_out = (now_s + TOKEN_LIFE_S - TOKEN_SPARE_S) * 1000;
	return token;
}

void
vonage_voice_classify(const struct carrier_config *config,
    const struct carrier_http_answer *a, struct carrier_http_verdict *v)
{
	(void)config;
	carrier_http_classify_status(a->status, v);
	if (v->result == CARRIER_ACCEPTED)
		carrier_http_id_at(a->doc, "/uuid", v);
}

/* ---- events ---- */

bool
vonage_voice_is_event(const json_t *doc)
{
	return json_is_object(doc) && json_object_get(doc, "uuid") != NULL &&
	       json_object_get(doc, "messageId") == NULL;
}

/* "Bearer TOKEN", the word in any case (RFC 9110 11.1). */
static struct span
bearer_of(const struct carrier_request *request)
{
	struct span s =
	    header_find(request->headers, request->header_count, "Authorization");
	struct span scheme = {s.ptr, s.len < 7 ? 0 : 7};

	if (!span_equal_nocase(scheme, "Bearer "))
		return (struct span){NULL, 0};
	return span_trim((struct span){s.ptr + 7, s.len - 7});
}

/* The token covers the body by its hash: without one it would prove any body. */
bool
vonage_voice_is_signed(struct carrier_receipts *r, const struct carrier_request *request)
{
	const struct carrier_vonage_options *c = r->config->options;
	json_t *claims = NULL;
	const char *hash;
	bool same;

	if (jwt_open(r->arena, bearer_of(request), span_of(c->signature_secret),
		&claims) != OK)
		return false;
	hash = json_string_value(json_object_get(claims, "payload_hash"));
	same = hash != NULL &&
	       http_sign_equal_hex(
		   http_sign_sha256_hex(r->arena, request->body), span_of(hash));
	json_decref(claims);
	return same;
}

enum err
vonage_voice_read(struct carrier_receipts *r, const json_t *doc)
{
	const char *name = json_string_value(json_object_get(doc, "status"));
	const char *id = json_string_value(json_object_get(doc, "uuid"));
	struct carrier_receipt one = {0};

	if (id == NULL || id[0] == '\0')
		return ERR_SYNTAX;
	for (size_t i = 0; name != NULL && i < countof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0) {
			one.status = statuses[i].status;
			one.error = statuses[i].error;
		}
	if (one.status == REPORT_NONE)
		return OK;
	one.message_id = arena_text(r->arena, span_of(id));
	return carrier_http_receipt_add(r, &one);
}
