/* SPDX-License-Identifier: Apache-2.0 */
/* Send, resend, verify, and what can be asked of them (contract 3 and 4). */
#include "api/ops.h"

#include <stdio.h>
#include <strings.h>

#include "base/utf8.h"
#include "twofa/phone.h"

enum { PLACEHOLDERS_MAX = 50, PLACEHOLDER_NAME_MAX = 100, PLACEHOLDER_VALUE_MAX = 1000 };

/* ---- what send and resend share ---- */

/* {"firstName":"John"}: texts only, not named "pin"; kept as compact JSON. */
static const char *
check_placeholders(struct call *c, json_t *map, struct arena *a)
{
	const char *name;
	json_t *value;
	char *text;
	const char *kept;

	if (map == NULL)
		return NULL;
	if (!json_is_object(map) || json_object_size(map) > PLACEHOLDERS_MAX) {
		fail_add(&c->fail, "placeholders",
		    "must be an object of at most %d texts", PLACEHOLDERS_MAX);
		return NULL;
	}
	json_object_foreach(map, name, value)
	{
		const char *field = arena_printf(&c->arena, "placeholders.%s", name);
		struct span s = span_of(json_string_value(value));

		if (strcmp(name, "pin") == 0)
			fail_add(&c->fail, field, "must not be named pin");
		else if (!json_is_string(value))
			fail_add(&c->fail, field, "must be a string");
		else if (strlen(name) > PLACEHOLDER_NAME_MAX ||
			 s.len > PLACEHOLDER_VALUE_MAX)
			fail_add(&c->fail, field, "is too long");
	}
	text = json_dumps(map, JSON_COMPACT);
	if (text == NULL)
		panic("out of memory");
	kept = arena_text(a, span_of(text));
	mem_free(text);
	return kept;
}

/*
 * The id by which delivery reports will name a message: made from what names it
 * already, in the form of a UUID (RFC 9562, version 8), so that nothing is stored.
 */
static void
put_external_id(struct json_out *out, const struct ident *pin_id, unsigned seq)
{
	uint8_t bytes[9 + IDENT_LEN + 4] = "external";
	uint8_t hash[SECRET_HASH_LEN];
	char hex[2 * 16 + 1];
	char text[40];

	memcpy(bytes + 9, pin_id->bytes, IDENT_LEN);
	memcpy(bytes + 9 + IDENT_LEN, &seq, sizeof(seq));
	secret_hash((struct span){(const char *)bytes, sizeof(bytes)}, hash);
	hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x80);
	hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
	secret_hex_lower(hash, 16, hex);
	snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	    hex + 16, hex + 20);
	json_out_text(out, "externalMessageId", text);
}

static void
put_sms_status(struct call *c, struct json_out *out)
{
	json_out_text(out, "ncStatus", lookup_status_name(c->delivery.lookup));
	json_out_text(
	    out, "smsStatus", c->delivery.sent ? "MESSAGE_SENT" : "MESSAGE_NOT_SENT");
}

static void
put_sent(struct call *c, bool to_first)
{
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&c->pin_id, id);
	json_out_object(&out, NULL);
	if (!to_first)
		json_out_text(&out, "pinId", id);
	json_out_text(&out, "to", c->destination);
	put_sms_status(c, &out);
	if (to_first)
		json_out_text(&out, "pinId", id);
	if (c->track_delivery)
		put_external_id(&out, &c->pin_id, c->message_seq);
	json_out_end(&out);
	c->response.status = 200;
}

/* On the store's thread: a committed message goes on to delivery, a refused one back. */
static void
hand_on(struct job *j, struct order *o)
{
	struct call *c = j->owner;

	if (j->item.err != OK) {
		order_free(o);
		queue_push(c->loop, &c->task);
		return;
	}
	c->pin_id = o->recipe.pin_id;
	c->message_seq = o->seq;
	c->destination = arena_text(&c->arena, span_of(o->destination));
	o->answer = &c->delivery;
	c->delivery.task = &c->task;
	c->delivery.to = c->loop;
	c->api->options.deliver(c->api->options.ctx, o);
}

/* ---- send ---- */

struct send_request {
	const char *application;
	const char *message;
	const char *to;
	const char *from;
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct send_request, member)
static const struct json_row send_rows[] = {
    {"applicationId", JSON_ROW_TEXT, true, AT(application), 1, 64, NULL},
    {"messageId", JSON_ROW_TEXT, true, AT(message), 1, 64, NULL},
    {"to", JSON_ROW_TEXT_LOOSE, true, AT(to), 1, 64, NULL},
    {"from", JSON_ROW_TEXT, false, AT(from), 0, TEMPLATE_SENDER_MAX, NULL},
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

/* On the store's thread. */
static void
send_finished(struct job *j)
{
	struct send_job *send = container_of(j, struct send_job, job);
	struct call *c = j->owner;

	c->wait_ms = send->wait_ms;
	if (send->disabled && j->item.err == ERR_INVALID)
		fail_add(&c->fail, "applicationId", "the application is not enabled");
	hand_on(j, send->order);
}

static enum err
check_destination(struct call *c, const char *to, struct order *o)
{
	char digits[PHONE_DIGITS_MAX + 1];

	if (phone_canonical(span_of(to), digits) != OK) {
		fail_add(&c->fail, "to",
		    "must be a phone number in international format, %d to %d digits",
		    PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
		return ERR_INVALID;
	}
	o->destination = arena_text(&o->arena, span_of(digits));
	return OK;
}

static enum err
check_send(struct call *c)
{
	struct send_request r = {0};
	struct send_job *j = arena_alloc(&c->arena, sizeof(*j));
	const char *lookup = call_query(c, "ncNeeded");
	enum err e = call_read_body(c, send_rows, &r);

	if (e != OK)
		return e;
	j->order = order_new();
	j->order->channel = CHANNEL_SMS;
	j->order->lookup_needed = lookup == NULL || strcasecmp(lookup, "false") != 0;
	j->order->placeholders = check_placeholders(c, r.placeholders, &j->order->arena);
	e = check_destination(c, r.to, j->order);
	if (e == OK && c->fail.count > 0)
		e = ERR_INVALID;
	if (e == OK && (!ident_parse(span_of(r.application), &j->application) ||
			   !ident_parse(span_of(r.message), &j->template)))
		e = ERR_NOT_FOUND;
	if (e != OK) {
		order_free(j->order);
		return e;
	}
	j->account = c->principal.account;
	j->caps = &c->api->options.caps;
	if (r.from != NULL && r.from[0] != '\0')
		j->from = r.from;
	j->job.finish = send_finished;
	c->track_delivery = r.track_delivery.value;
	c->job = j;
	return OK;
}

static enum err
proceed_send(struct call *c)
{
	struct send_job *j = c->job;
	enum err e = call_offer(c, &j->job, VERB_SEND);

	if (e != OK)
		order_free(j->order);
	return e;
}

static enum err
answer_send(struct call *c)
{
	struct send_job *j = c->job;

	if (j->job.item.err != OK)
		return j->job.item.err;
	put_sent(c, false);
	return OK;
}

const struct operation op_send = {"send", check_send, proceed_send, answer_send};

/* ---- resend ---- */

struct resend_request {
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct resend_request, member)
static const struct json_row resend_rows[] = {
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

/* On the store's thread. */
static void
resend_finished(struct job *j)
{
	struct resend_job *resend = container_of(j, struct resend_job, job);

	((struct call *)j->owner)->wait_ms = resend->wait_ms;
	hand_on(j, resend->order);
}

static enum err
check_resend(struct call *c)
{
	struct resend_request r = {0};
	struct resend_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e = call_read_body(c, resend_rows, &r);

	if (e == OK)
		e = call_ident(c, 0, &j->pin_id);
	if (e != OK)
		return e;
	j->order = order_new();
	j->order->placeholders = check_placeholders(c, r.placeholders, &j->order->arena);
	if (c->fail.count > 0) {
		order_free(j->order);
		return ERR_INVALID;
	}
	j->order->channel = CHANNEL_SMS;
	j->order->lookup_needed = true;
	j->account = c->principal.account;
	j->resends_max = c->api->options.resends_per_pin;
	j->interval_ms = c->api->options.resend_interval_ms;
	j->job.finish = resend_finished;
	c->track_delivery = r.track_delivery.value;
	c->job = j;
	return OK;
}

static enum err
proceed_resend(struct call *c)
{
	struct resend_job *j = c->job;
	enum err e = call_offer(c, &j->job, VERB_RESEND);

	if (e != OK)
		order_free(j->order);
	return e;
}

static enum err
answer_resend(struct call *c)
{
	struct resend_job *j = c->job;

	if (j->job.item.err != OK)
		return j->job.item.err;
	put_sent(c, c->dialect->version == 1);
	return OK;
}

const struct operation op_resend = {
    "resend", check_resend, proceed_resend, answer_resend};

/* ---- verify ---- */

struct verify_request {
	const char *pin;
};

static const struct json_row verify_rows[] = {
    {"pin", JSON_ROW_TEXT_LOOSE, true, offsetof(struct verify_request, pin), 1, 64, NULL},
    {0},
};

static enum err
check_verify(struct call *c)
{
	struct verify_request r = {0};
	struct verify_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e = call_read_body(c, verify_rows, &r);

	if (e == OK)
		e = call_ident(c, 0, &j->pin_id);
	if (e != OK)
		return e;
	j->typed = span_of(r.pin);
	j->account = c->principal.account;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return OK;
}

static enum err
proceed_verify(struct call *c)
{
	return call_offer(c, &((struct verify_job *)c->job)->job, VERB_VERIFY);
}

static const char *
pin_error(enum verdict v)
{
	switch (v) {
	case VERDICT_RIGHT:
		return NULL;
	case VERDICT_WRONG:
		return "WRONG_PIN";
	case VERDICT_EXPIRED:
		return "TTL_EXPIRED";
	case VERDICT_NO_MORE:
		return "NO_MORE_PIN_ATTEMPTS";
	}
	INVARIANT(!"verdict");
	return NULL;
}

static enum err
answer_verify(struct call *c)
{
	struct verify_job *j = c->job;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	c->wait_ms = j->wait_ms;
	if (j->job.item.err != OK)
		return j->job.item.err;
	ident_text(&j->pin_id, id);
	json_out_object(&out, NULL);
	json_out_text(&out, "pinId", id);
	json_out_text(&out, "msisdn", j->destination);
	json_out_bool(&out, "verified", j->verdict == VERDICT_RIGHT);
	json_out_int(&out, "attemptsRemaining", j->attempts_left);
	json_out_text(&out, "pinError", pin_error(j->verdict));
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_verify = {
    "verify", check_verify, proceed_verify, answer_verify};

/* ---- v1 status ---- */

static enum err
check_status(struct call *c)
{
	struct status_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	c->job = j;
	return call_ident(c, 0, &j->pin_id);
}

static enum err
proceed_status(struct call *c)
{
	return call_offer(c, &((struct status_job *)c->job)->job, VERB_STATUS);
}

/* Contract 3.6; `finalStatus` as published, odd as two of them are. */
struct status_words {
	const char *status;
	const char *description;
	bool final;
};

static const struct status_words waiting = {
    "MESSAGE_WAITING_DELIVERY", "Message sent, waiting for delivery", false};
static const struct status_words expired = {"MESSAGE_EXPIRED", "Message expired", true};

static struct status_words
failed_words(enum message_reason reason)
{
	switch (reason) {
	case MESSAGE_REASON_NO_ROUTE:
		return (struct status_words){"MESSAGE_NETWORK_NOT_ALLOWED",
		    "Message not sent, network not allowed", true};
	case MESSAGE_REASON_EXHAUSTED:
		return (struct status_words){"MESSAGE_NETWORK_NOT_AVAILABLE",
		    "Message not sent, bulk or gateway offline", true};
	case MESSAGE_REASON_REFUSED:
		return (struct status_words){
		    "MESSAGE_REJECTED", "Message rejected", true};
	case MESSAGE_REASON_RENDER:
	case MESSAGE_REASON_NO_KEY:
		return (struct status_words){"SYSTEM_ERROR", "System error", true};
	case MESSAGE_REASON_NONE:
	case MESSAGE_REASON_UNREACHABLE:
		break;
	}
	return (struct status_words){"MESSAGE_NOT_SENT", "Message not sent", false};
}

static struct status_words
words_of(const struct message_status *m, int64_t now_ms)
{
	switch (m->state) {
	case MESSAGE_READY:
	case MESSAGE_LEASED:
	case MESSAGE_SUBMITTED:
		return m->expires_at_ms <= now_ms ? expired : waiting;
	case MESSAGE_ACCEPTED:
		return waiting;
	case MESSAGE_DELIVERED:
		return (struct status_words){
		    "MESSAGE_DELIVERED", "Message sent and delivered", true};
	case MESSAGE_FAILED:
		return failed_words(m->reason);
	case MESSAGE_EXPIRED:
	case MESSAGE_STATE_COUNT:
		break;
	}
	return expired;
}

static enum err
answer_status(struct call *c)
{
	struct status_job *j = c->job;
	struct json_out out = call_json(c);

	if (j->job.item.err != OK)
		return j->job.item.err;
	json_out_array(&out, NULL);
	for (size_t i = 0; i < j->count; i++) {
		struct status_words w = words_of(&j->messages[i], j->job.now_ms);

		json_out_object(&out, NULL);
		json_out_text(&out, "status", w.status);
		json_out_text(&out, "description", w.description);
		json_out_bool(&out, "finalStatus", w.final);
		json_out_end(&out);
	}
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_status = {
    "status", check_status, proceed_status, answer_status};

/* ---- verifications ---- */

/* The v1 manual's curl example sends the number in double quotes. */
static struct span
unquote(struct span s)
{
	s = span_trim(s);
	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"') {
		s.ptr++;
		s.len -= 2;
	}
	return s;
}

static enum err
check_verifications(struct call *c)
{
	struct verifications_job *j = arena_alloc(&c->arena, sizeof(*j));
	struct span number = unquote(span_of(call_query(c, "msisdn")));
	char *digits = arena_alloc(&c->arena, PHONE_DIGITS_MAX + 1);

	j->account = c->principal.account;
	c->job = j;
	if (number.len == 0 && c->dialect->version == 2) {
		fail_add(&c->fail, "msisdn", "must not be blank");
		return ERR_INVALID;
	}
	/* another shape is a destination nothing was sent to */
	if (number.len > 0 && utf8_valid(number))
		j->destination = phone_canonical(number, digits) == OK
				     ? digits
				     : arena_text(&c->arena, number);
	return call_ident(c, 0, &j->application);
}

static enum err
proceed_verifications(struct call *c)
{
	return call_offer(
	    c, &((struct verifications_job *)c->job)->job, VERB_VERIFICATIONS);
}

/* `name`=true or false must agree with what is; any other value asks nothing. */
static bool
passes(struct call *c, const char *name, bool is)
{
	const char *wanted = call_query(c, name);

	if (wanted == NULL)
		return true;
	if (strcasecmp(wanted, "true") == 0)
		return is;
	return strcasecmp(wanted, "false") != 0 || !is;
}

static enum err
answer_verifications(struct call *c)
{
	struct verifications_job *j = c->job;
	struct json_out out = call_json(c);

	if (j->job.item.err != OK)
		return j->job.item.err;
	if (c->dialect->version == 2)
		json_out_object(&out, NULL);
	json_out_array(&out, c->dialect->version == 2 ? "verifications" : NULL);
	for (size_t i = 0; i < j->count; i++) {
		const struct verification *v = &j->list[i];

		if (!passes(c, "verified", v->verified_at_ms != 0) ||
		    !passes(c, "sent", v->sent_at_ms != 0))
			continue;
		json_out_object(&out, NULL);
		json_out_text(&out, "msisdn", v->destination);
		json_out_bool(&out, "verified", v->verified_at_ms != 0);
		json_out_int(&out, "verifiedAt", v->verified_at_ms);
		if (v->sent_at_ms != 0)
			json_out_int(&out, "sentAt", v->sent_at_ms);
		json_out_end(&out);
	}
	json_out_end(&out);
	if (c->dialect->version == 2)
		json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_verifications = {
    "verifications", check_verifications, proceed_verifications, answer_verifications};

/* ---- channels to come ---- */

static enum err
proceed_no_channel(struct call *c)
{
	fail_add(
	    &c->fail, "channel", "this server has no carrier for voice or email yet");
	return ERR_INVALID;
}

const struct operation op_no_channel = {"no_channel", NULL, proceed_no_channel, NULL};
