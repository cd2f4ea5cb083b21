/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/pin.h"

#include "api/body.h"
#include "api/infobip/alternatives.h"
#include "api/ops/placeholders.h"
#include "api/ops/send.h"
#include "api/ops/verify.h"
#include "base/json_scalar.h"
#include "twofa/mailbox.h"
#include "twofa/placeholder_pair.h"
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
read_map(struct call *c, const char *member, json_t *map)
{
	struct placeholders p;
	const char *name;
	json_t *value;

	if (map == NULL)
		return NULL;
	if ((!json_is_object(map) && !json_scalar_is_empty_array(map)) ||
	    json_object_size(map) > PLACEHOLDERS_MAX) {
		fail_add(&c->fail, member, "must be an object of at most %d texts",
		    PLACEHOLDERS_MAX);
		return NULL;
	}
	placeholders_begin(&p, &c->arena, &c->fail, member);
	json_object_foreach(map, name, value) read_placeholder(c, &p, name, value);
	return placeholders_end(&p);
}

static const char *
read_placeholders(struct call *c, json_t *texts, json_t *landing_page)
{
	return placeholder_pair_join(&c->arena, read_map(c, "placeholders", texts),
	    read_map(c, "landingPagePlaceholders", landing_page));
}

/* ---- send ---- */

struct send_members {
	const char *application;
	const char *message;
	const char *to;
	const char *from;
	json_t *placeholders;
	json_t *landing_page; /* of an email; elsewhere it is an unknown member */
	const char *language; /* our own */
	struct opt_bool track_delivery;
	json_t *alternatives;
};

#define AT(member) offsetof(struct send_members, member)
#define SEND_ROWS(to_max, from_max)                                                      \
	{"applicationId", JSON_ROW_TEXT, true, AT(application), 1, 64, NULL},            \
	    {"messageId", JSON_ROW_TEXT, true, AT(message), 1, 64, NULL},                \
	    {"to", JSON_ROW_TEXT, true, AT(to), 1, to_max, NULL},                        \
	    {"from", JSON_ROW_LINE, false, AT(from), 0, from_max, NULL},                 \
	    {"alternatives", JSON_ROW_MAP, false, AT(alternatives), 0, 0, NULL},         \
	    {"placeholders", JSON_ROW_MAP, false, AT(placeholders), 0, 0, NULL},         \
	    {"language", JSON_ROW_TEXT, false, AT(language), 0, 35, NULL},               \
	{                                                                                \
		"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL    \
	}
static const struct json_row send_rows[] = {SEND_ROWS(64, TEMPLATE_SENDER_MAX), {0}};
static const struct json_row send_email_rows[] = {
    SEND_ROWS(MAILBOX_LEN_MAX, MAILBOX_FROM_MAX),
    {"landingPagePlaceholders", JSON_ROW_MAP, false, AT(landing_page), 0, 0, NULL},
    {0},
};
#undef SEND_ROWS
#undef AT

static enum err
read_send_over(struct call *c, enum channel channel, const struct json_row *rows)
{
	struct send_members m = {0};
	struct send_ask *ask = c->ask;
	enum err e = body_read(c, rows, &m);

	ask->application = read_id(m.application);
	ask->template = read_id(m.message);
	ask->to = m.to;
	ask->from = m.from;
	ask->placeholders = read_placeholders(c, m.placeholders, m.landing_page);
	ask->language = m.language;
	ask->channel = channel;
	ask->tracked = m.track_delivery.value;
	alternatives_read(c, m.alternatives, ask);
	return e;
}

/* Anything but false is true (contract 3.1). */
static enum err
read_send(struct call *c)
{
	struct send_ask *ask = c->ask;
	const char *lookup = call_query(c, "ncNeeded");
	enum err e = read_send_over(c, CHANNEL_SMS, send_rows);

	ask->lookup_needed = lookup == NULL || strcasecmp(lookup, "false") != 0;
	return e;
}

/* The published API has no lookup here, and a fixed line that is called is none that a
 * lookup reaches: only who asks for one gets it. */
static enum err
read_send_voice(struct call *c)
{
	struct send_ask *ask = c->ask;
	enum err e = read_send_over(c, CHANNEL_VOICE, send_rows);

	ask->lookup_needed = call_query_bool(c, "ncNeeded").value;
	return e;
}

static enum err
read_send_email(struct call *c)
{
	struct send_ask *ask = c->ask;
	enum err e = read_send_over(c, CHANNEL_EMAIL, send_email_rows);

	if (ask->from != NULL && ask->from[0] != '\0' &&
	    !mailbox_is_from(span_of(ask->from)))
		fail_add(&c->fail, "from",
		    "must be an email address, or a name and <an email address>");
	return e;
}

static void
put_lookup(struct json_out *out, const struct send_result *r)
{
	json_out_text(out, "ncStatus", message_lookup_status_name(r->lookup));
}

static void
put_sms(struct json_out *out, const struct send_result *r)
{
	put_lookup(out, r);
	json_out_text(out, "smsStatus", r->sent ? "MESSAGE_SENT" : "MESSAGE_NOT_SENT");
}

static void
put_voice(struct json_out *out, const struct send_result *r)
{
	if (r->looked_up)
		put_lookup(out, r);
	json_out_text(out, "callStatus", r->status->name);
}

/* The words of the published example go before those of the registry. */
static void
put_email(struct json_out *out, const struct send_result *r)
{
	json_out_object(out, "emailStatus");
	json_out_text(out, "name", r->status->name);
	json_out_text(out, "description",
	    r->sent ? "Message accepted, pending for delivery." : r->status->description);
	json_out_end(out);
}

static void
put_sent(struct call *c, bool to_first)
{
	static void (*const statuses[CHANNEL_COUNT])(
	    struct json_out * out, const struct send_result *r) = {
	    [CHANNEL_SMS] = put_sms,
	    [CHANNEL_VOICE] = put_voice,
	    [CHANNEL_EMAIL] = put_email,
	};
	const struct send_result *r = c->result;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&r->pin_id, id);
	json_out_object(&out, NULL);
	if (!to_first)
		json_out_text(&out, "pinId", id);
	json_out_text(&out, "to", r->to);
	statuses[r->channel](&out, r);
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
const struct wire wire_send_voice = {read_send_voice, write_sent};
const struct wire wire_send_email = {read_send_email, write_sent};

/* ---- resend ---- */

struct resend_members {
	json_t *placeholders;
	json_t *landing_page; /* as of a send */
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct resend_members, member)
#define RESEND_ROWS                                                                      \
	{"placeholders", JSON_ROW_MAP, false, AT(placeholders), 0, 0, NULL},             \
	{                                                                                \
		"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL    \
	}
static const struct json_row resend_rows[] = {RESEND_ROWS, {0}};
static const struct json_row resend_email_rows[] = {RESEND_ROWS,
    {"landingPagePlaceholders", JSON_ROW_MAP, false, AT(landing_page), 0, 0, NULL}, {0}};
#undef RESEND_ROWS
#undef AT

static enum err
read_resend_over(struct call *c, enum channel channel, const struct json_row *rows)
{
	struct resend_members m = {0};
	struct resend_ask *ask = c->ask;
	enum err e = body_read(c, rows, &m);

	ask->pin_id = call_id(c, 0);
	ask->placeholders = read_placeholders(c, m.placeholders, m.landing_page);
	ask->channel = channel;
	ask->tracked = m.track_delivery.value;
	return e;
}

static enum err
read_resend(struct call *c)
{
	((struct resend_ask *)c->ask)->lookup_needed = true;
	return read_resend_over(c, CHANNEL_SMS, resend_rows);
}

static enum err
read_resend_voice(struct call *c)
{
	return read_resend_over(c, CHANNEL_VOICE, resend_rows);
}

static enum err
read_resend_email(struct call *c)
{
	return read_resend_over(c, CHANNEL_EMAIL, resend_email_rows);
}

static void
write_sent_v1(struct call *c)
{
	put_sent(c, true);
}

const struct wire wire_resend = {read_resend, write_sent};
const struct wire wire_resend_v1 = {read_resend, write_sent_v1};
const struct wire wire_resend_voice = {read_resend_voice, write_sent};
const struct wire wire_resend_email = {read_resend_email, write_sent};

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
