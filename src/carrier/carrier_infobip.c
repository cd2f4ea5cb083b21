/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Infobip's SMS API (contract 8.2), version 3 or 2; its voice messages (/tts/3/advanced,
 * the one of that API that takes an id, a URL for reports and a key to repeat); its email
 * API (/email/4/messages). The message id is ours, and the same at each attempt: an SMS
 * that was taken before is refused as a duplicate, which is as good as accepted. Nobody
 * promises that for calls and emails. Receipts are delivery reports to a URL with a
 * secret in its path, of one form for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json_lenient.h"
#include "carrier/carrier_http.h"
#include "carrier/types.h"

enum { VALIDITY_MAX_S = 48 * 3600, SPOKEN_LEN_MAX = 1400 };

/* Statuses of the registry that are not as their group: of an answer. */
static const struct carrier_http_code codes[] = {
    {REPORT_REJECTED_DUPLICATE_MESSAGE_ID, CARRIER_ACCEPTED, false, false, REPORT_NONE,
	REPORT_ERROR_NO_ERROR},
    {REPORT_REJECTED_SYSTEM_ERROR, CARRIER_RETRY, false, false, REPORT_NONE,
	REPORT_ERROR_NO_ERROR},
    {REPORT_REJECTED_PREFIX_MISSING, CARRIER_REFUSED, false, false,
	REPORT_REJECTED_PREFIX_MISSING, REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {REPORT_REJECTED_DND, CARRIER_REFUSED, false, false, REPORT_REJECTED_DND,
	REPORT_ERROR_NO_ERROR},
    {REPORT_REJECTED_FLOODING_FILTER, CARRIER_REFUSED, false, false,
	REPORT_REJECTED_FLOODING_FILTER, REPORT_ERROR_EC_DESTINATION_FLOODING},
    {REPORT_REJECTED_MESSAGE_TOO_LONG, CARRIER_REFUSED, false, false,
	REPORT_REJECTED_MESSAGE_TOO_LONG, REPORT_ERROR_NO_ERROR},
    {REPORT_MISSING_TO, CARRIER_REFUSED, false, false, REPORT_MISSING_TO,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {REPORT_REJECTED_DESTINATION, CARRIER_REFUSED, false, false,
	REPORT_REJECTED_DESTINATION, REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
};

/* SmsIndiaDltOptions of the published clients; of both versions. */
#define INDIA_DLT                                                                        \
	"\"regional\":{\"indiaDlt\":{\"principalEntityId\":\"{{dltEntity}}\""            \
	"{{?dltTemplate}},\"contentTemplateId\":\"{{dltTemplate}}\"{{/}}"                \
	"{{?dltTelemarketer}},\"telemarketerId\":\"{{dltTelemarketer}}\"{{/}}}}"

static const char body_3[] =
    "{\"messages\":[{\"sender\":\"{{from}}\",\"destinations\":[{\"to\":\"{{to}}\","
    "\"messageId\":\"{{reference}}\"}],\"content\":{\"text\":\"{{text}}\"},"
    "\"options\":{\"validityPeriod\":{\"amount\":{{validity_s}},"
    "\"timeUnit\":\"SECONDS\"}{{?dltEntity}}," INDIA_DLT "{{/}}}";
static const char hooks_3[] =
    ",\"webhooks\":{\"delivery\":{\"url\":\"{{callback_url}}\"},"
    "\"contentType\":\"application/json\"}";
static const char body_2[] =
    "{\"messages\":[{\"from\":\"{{from}}\",\"destinations\":[{\"to\":\"{{to}}\","
    "\"messageId\":\"{{reference}}\"}],\"text\":\"{{text}}\","
    "\"validityPeriod\":{{validity_min}}{{?dltEntity}}," INDIA_DLT "{{/}}";
static const char hooks_2[] = ",\"notifyUrl\":\"{{callback_url}}\","
			      "\"notifyContentType\":\"application/json\"";

/* notifyContentVersion 2 is the published one; its id, status and error stand where those
 * of an SMS do. */
static const char body_voice[] =
    "{\"messages\":[{\"destinations\":[{"
    "\"to\":\"{{to}}\",\"messageId\":\"{{reference}}\"}]"
    "{{?from}},\"from\":\"{{from}}\"{{/}},\"text\":\"{{spoken}}\","
    "\"language\":\"{{language}}\"{{?voice}},\"voice\":{\"name\":\"{{voice}}\"}{{/}}"
    "{{?rate}},\"speechRate\":{{rate}}{{/}}"
    "{{?repeat}},\"repeatDtmf\":\"{{repeat}}\",\"maxDtmf\":1{{/}},"
    "\"validityPeriod\":{{validity_min}}";
static const char hooks_voice[] = ",\"notifyUrl\":\"{{callback_url}}\","
				  "\"notifyContentType\":\"application/json\","
				  "\"notifyContentVersion\":2";
static const char body_email[] =
    "{\"messages\":[{\"sender\":\"{{from}}\",\"destinations\":[{\"to\":[{"
    "\"destination\":\"{{to}}\",\"messageId\":\"{{reference}}\"}]}],\"content\":{"
    "\"subject\":\"{{subject}}\"{{?text}},\"text\":\"{{text}}\"{{/}}"
    "{{?html}},\"html\":\"{{html}}\"{{/}}"
    "{{?landingPage}},\"optoutLandingPageId\":\"{{landingPage}}\"{{/}}"
    "{{?landingPagePlaceholders}},\"landingPagePlaceholders\":"
    "\"{{landingPagePlaceholders}}\"{{/}}},"
    "\"options\":{\"validityPeriod\":{\"amount\":{{validity_s}},"
    "\"timeUnit\":\"SECONDS\"}}";

static enum err
make(struct carrier_http_maker *m, const char *path, const char *body, const char *hooks)
{
	const struct carrier_http_options *c = m->config->options;
	bool hooked = m->callback_url != NULL && c->receipt_secret != NULL;
	struct carrier_http_recipe *r = &m->recipe;

	if (c->url == NULL || c->secret == NULL) {
		m->field = c->url == NULL ? "url" : "api_key_file";
		snprintf(m->why, sizeof(m->why), "is needed");
		return ERR_INVALID;
	}
	r->method = "POST";
	r->url = arena_printf(m->arena, "%s%s", c->url, path);
	r->headers[0] = "Content-Type: application/json";
	r->headers[1] = "Accept: application/json";
	r->headers[2] = "Authorization: App {{password}}";
	r->sink = HTTP_TEMPLATE_SINK_JSON;
	r->body = arena_printf(m->arena, "%s%s}]}", body, hooked ? hooks : "");
	r->validity_max_s = VALIDITY_MAX_S;
	return OK;
}

static enum err
make_sms(struct carrier_http_maker *m)
{
	const struct carrier_infobip_options *c = m->config->options;

	return strcmp(c->version, "2") == 0
		   ? make(m, "/sms/2/text/advanced", body_2, hooks_2)
		   : make(m, "/sms/3/messages", body_3, hooks_3);
}

/* A comma is half a second of silence there. */
static enum err
speak(struct buf *out, const struct content_voice *voice)
{
	carrier_http_speak(out, voice, CARRIER_HTTP_ROUNDS, ",,,, ");
	return OK;
}

static enum err
make_voice(struct carrier_http_maker *m)
{
	m->recipe.speak = speak;
	m->recipe.tongue = CARRIER_HTTP_TONGUE_INFOBIP;
	m->recipe.spoken_len_max = SPOKEN_LEN_MAX;
	m->recipe.no_hash_key = true;
	return make(m, "/tts/3/advanced", body_voice, hooks_voice);
}

static enum err
make_email(struct carrier_http_maker *m)
{
	return make(m, "/email/4/messages", body_email, hooks_3);
}

static void
classify_group(int64_t group, struct carrier_http_verdict *v)
{
	v->result = CARRIER_UNKNOWN;
	if (group == REPORT_GROUP_ACCEPTED || group == REPORT_GROUP_PENDING ||
	    group == REPORT_GROUP_DELIVERED)
		v->result = CARRIER_ACCEPTED;
	else if (group > 0)
		v->result = CARRIER_REFUSED;
	v->elsewhere = v->result == CARRIER_REFUSED;
}

static void
classify_answer(const struct carrier_config *config, const struct carrier_http_answer *a,
    struct carrier_http_verdict *v)
{
	int64_t id = carrier_http_number_at(a->doc, "/messages/0/status/id", -1);
	int64_t group = carrier_http_number_at(a->doc, "/messages/0/status/groupId", -1);
	const struct report_status_row *row = report_status_find(id);

	(void)config;
	carrier_http_classify_status(a->status, v);
	if (v->result != CARRIER_ACCEPTED)
		return;
	classify_group(row != NULL ? (int64_t)row->group : group, v);
	if (v->result == CARRIER_REFUSED && row != NULL)
		v->status = row->id;
	(void)carrier_http_classify_code(codes, countof(codes), id, v);
	if (id >= 0)
		v->code = (uint32_t)id;
	snprintf(v->reason, sizeof(v->reason), "HTTP %d, %s", a->status,
	    row != NULL ? row->name : "a status that is not in the registry");
	if (v->result == CARRIER_ACCEPTED && id != REPORT_REJECTED_DUPLICATE_MESSAGE_ID)
		carrier_http_id_at(a->doc, "/messages/0/messageId", v);
}

/* ---- receipts ---- */

/* "2019-11-09T16:00:00.000+0100"; 0 when it is something else. */
static int64_t
read_time(const char *text)
{
	struct tm tm = {0};
	int ms = 0;
	char sign = '+';
	int hours = 0;
	int minutes = 0;
	const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t offset_s;

	if (rest == NULL ||
	    sscanf(rest, ".%3d%c%2d%2d", &ms, &sign, &hours, &minutes) != 4)
		return 0;
	offset_s = (hours * 60 + minutes) * INT64_C(60);
	return ((int64_t)timegm(&tm) - (sign == '-' ? -offset_s : offset_s)) * 1000 + ms;
}

static enum report_status
read_status(const json_t *one)
{
	static const enum report_status by_group[] = {REPORT_PENDING_ACCEPTED,
	    REPORT_PENDING_ENROUTE, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	    REPORT_DELIVERED_TO_HANDSET, REPORT_EXPIRED_EXPIRED, REPORT_REJECTED};
	const struct report_status_row *row =
	    report_status_find(carrier_http_number_at(one, "/status/id", -1));
	int64_t group = carrier_http_number_at(one, "/status/groupId", -1);

	if (row != NULL)
		return row->id;
	return group >= 0 && group < (int64_t)countof(by_group) ? by_group[group]
								: REPORT_NONE;
}

static enum err
read_one(struct carrier_receipts *r, const json_t *one)
{
	const struct report_error_row *error =
	    report_error_find(carrier_http_number_at(one, "/error/id", 0));
	char id[CARRIER_HTTP_MESSAGE_ID_MAX] = "";
	struct carrier_receipt receipt = {.status = read_status(one),
	    .error = error == NULL ? REPORT_ERROR_EC_UNKNOWN_ERROR : error->id,
	    .done_at_ms = read_time(json_string_value(json_object_get(one, "doneAt")))};

	if (receipt.status == REPORT_NONE ||
	    !json_pointer_scalar_text(json_object_get(one, "messageId"), id, sizeof(id)))
		return ERR_SYNTAX;
	receipt.message_id = arena_text(r->arena, span_of(id));
	return carrier_http_receipt_add(r, &receipt);
}

static enum err
read_list(struct carrier_receipts *r, const json_t *list)
{
	enum err e = json_is_array(list) ? OK : ERR_SYNTAX;

	for (size_t i = 0; e == OK && i < json_array_size(list); i++)
		e = read_one(r, json_array_get(list, i));
	return e;
}

/* {"results": [...]}, or several of them in a list, as who gathers webhooks sends. */
static enum err
read_receipts(struct carrier_receipts *r, const struct carrier_request *request)
{
	json_t *doc;
	enum err e = json_lenient_parse(request->body, &doc);

	if (e == OK && !json_is_array(doc))
		e = read_list(r, json_object_get(doc, "results"));
	for (size_t i = 0; e == OK && i < json_array_size(doc); i++)
		e = read_list(r, json_object_get(json_array_get(doc, i), "results"));
	json_decref(doc);
	return e == OK ? OK : ERR_SYNTAX;
}

static const struct carrier_http_vendor vendor = {
    .ways = {[CHANNEL_SMS] = {.knows_again = true,
		 .make = make_sms,
		 .classify = classify_answer},
	[CHANNEL_VOICE] = {.make = make_voice, .classify = classify_answer},
	[CHANNEL_EMAIL] = {.make = make_email, .classify = classify_answer}},
    .trusts = carrier_http_trusts_secret,
    .read = read_receipts};

CARRIER_HTTP(infobip, CHANNELS_ALL)
