/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/pin.h"

#include "api/body.h"
#include "api/ops/placeholders.h"
#include "api/ops/send.h"
#include "api/ops/verify.h"
#include "base/json_scalar.h"
#include "twofa/template.h"

#include <strings.h>

static struct ident
read_id(const char *text)
{
	return ident_parse_or_none(span_of(text));
}

/* ---- placeholders ---- */

/* null is no value. */
static void
read_placeholder(
    struct call *c, struct placeholders *p, const char *name, const json_t *value)
{
	if (json_is_null(value) && strcmp(name, "pin") != 0)
		return;
	placeholders_add(p, name, json_scalar_as_text(value, &c->arena));
}

/* {"firstName":"John"}; [] is what PHP makes of an empty map. */
static const char *
read_placeholders(struct call *c, json_t *map)
{
	struct placeholders p;
	const char *name;
	json_t *value;

	if (map == NULL)
		return NULL;
	if ((!json_is_object(map) && !json_scalar_is_empty_array(map)) ||
	    json_object_size(map) > PLACEHOLDERS_MAX) {
		fail_add(&c->fail, "placeholders",
		    "must be an object of at most %d texts", PLACEHOLDERS_MAX);
		return NULL;
	}
	placeholders_begin(&p, &c->arena, &c->fail);
	json_object_foreach(map, name, value) read_placeholder(c, &p, name, value);
	return placeholders_end(&p);
}

/* ---- send ---- */

struct send_members {
	const char *application;
	const char *message;
	const char *to;
	const char *from;
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct send_members, member)
static const struct json_row send_rows[] = {
    {"applicationId", JSON_ROW_TEXT, true, AT(application), 1, 64, NULL},
    {"messageId", JSON_ROW_TEXT, true, AT(message), 1, 64, NULL},
    {"to", JSON_ROW_TEXT, true, AT(to), 1, 64, NULL},
    {"from", JSON_ROW_LINE, false, AT(from), 0, TEMPLATE_SENDER_MAX, NULL},
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

static enum err
read_send(struct call *c)
{
	struct send_members m = {0};
	struct send_ask *ask = c->ask;
	const char *lookup = call_query(c, "ncNeeded");
	enum err e = body_read(c, send_rows, &m);

	ask->application = read_id(m.application);
	ask->template = read_id(m.message);
	ask->to = m.to;
	ask->from = m.from;
	ask->placeholders = read_placeholders(c, m.placeholders);
	ask->channel = CHANNEL_SMS;
	ask->lookup_needed = lookup == NULL || strcasecmp(lookup, "false") != 0;
	ask->tracked = m.track_delivery.value;
	return e;
}

static void
put_sent(struct call *c, bool to_first)
{
	const struct send_result *r = c->result;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&r->pin_id, id);
	json_out_object(&out, NULL);
	if (!to_first)
		json_out_text(&out, "pinId", id);
	json_out_text(&out, "to", r->to);
	json_out_text(&out, "ncStatus", message_lookup_status_name(r->lookup));
	json_out_text(&out, "smsStatus", r->sent ? "MESSAGE_SENT" : "MESSAGE_NOT_SENT");
	if (to_first)
		json_out_text(&out, "pinId", id);
	json_out_text(&out, "externalMessageId", r->message_id);
	json_out_end(&out);
}

static void
write_sent(struct call *c)
{
	put_sent(c, false);
}

const struct wire wire_send = {read_send, write_sent};

/* ---- resend ---- */

struct resend_members {
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct resend_members, member)
static const struct json_row resend_rows[] = {
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

static enum err
read_resend(struct call *c)
{
	struct resend_members m = {0};
	struct resend_ask *ask = c->ask;
	enum err e = body_read(c, resend_rows, &m);

	ask->pin_id = call_id(c, 0);
	ask->placeholders = read_placeholders(c, m.placeholders);
	ask->channel = CHANNEL_SMS;
	ask->tracked = m.track_delivery.value;
	return e;
}

static void
write_sent_v1(struct call *c)
{
	put_sent(c, true);
}

const struct wire wire_resend = {read_resend, write_sent};
const struct wire wire_resend_v1 = {read_resend, write_sent_v1};

/* ---- verify ---- */

struct verify_members {
	const char *pin;
	json_t *value; /* the same, as it came */
};

static const struct json_row verify_rows[] = {
    {"pin", JSON_ROW_TEXT, true, offsetof(struct verify_members, pin), 1, 64, NULL},
    {"pin", JSON_ROW_VALUE, false, offsetof(struct verify_members, value), 0, 0, NULL},
    {0},
};

/* True and false are texts elsewhere; here they are nothing that anybody typed. */
static enum err
read_verify(struct call *c)
{
	struct verify_members m = {0};
	struct verify_ask *ask = c->ask;
	enum err e = body_read(c, verify_rows, &m);

	if (e == OK && json_is_boolean(m.value)) {
		fail_add(&c->fail, "pin", "must be a string");
		e = ERR_INVALID;
	}
	ask->pin_id = call_id(c, 0);
	ask->typed = m.pin;
	ask->typed_number = json_is_number(m.value);
	return e;
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

static void
write_verified(struct call *c)
{
	const struct verify_result *r = c->result;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&r->pin_id, id);
	json_out_object(&out, NULL);
	json_out_text(&out, "pinId", id);
	json_out_text(&out, "msisdn", r->to);
	json_out_bool(&out, "verified", r->verdict == VERDICT_RIGHT);
	json_out_int(&out, "attemptsRemaining", r->attempts_left);
	json_out_text(&out, "pinError", pin_error(r->verdict));
	json_out_end(&out);
}

const struct wire wire_verify = {read_verify, write_verified};
