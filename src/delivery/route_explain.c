/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/route_explain.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/json_out.h"
#include "conf/routing.h"
#include "twofa/country.h"
#include "twofa/mailbox.h"
#include "twofa/numbering.h"
#include "twofa/phone.h"
#include "twofa/render.h"

enum { TEXT_LEN_MAX = 65536, AT_LEN = 32 };

/* Trailing zeros of a fraction say nothing. */
static void
put_amount(struct json_out *out, const char *name, int64_t micros)
{
	char text[48];
	int len = snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, micros / 1000000,
	    micros % 1000000);

	while (len > 0 && text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';
	json_out_text(out, name, text);
}

static void
put_price(struct json_out *out, const struct conf_price *p, unsigned segments)
{
	json_out_object(out, "price");
	put_amount(out, "perSegment", p->micros);
	if (segments > 0)
		put_amount(out, "total", p->micros * segments);
	if (p->currency[0] != '\0')
		json_out_text(out, "currency", p->currency);
	json_out_end(out);
}

/* In the words of the log: carrier_up, carrier_down, carrier_suspended. */
static void
put_state(struct json_out *out, const struct carrier_config *c,
    const struct carrier_group_state *now)
{
	const char *state = now->binds_up == 0 ? "down" : "up";

	json_out_text(out, "state", now->suspended ? "suspended" : state);
	if (now->binds > 1) {
		json_out_int(out, "binds", (int64_t)now->binds);
		json_out_int(out, "bindsUp", (int64_t)now->binds_up);
	}
	if (now->rate != c->rate)
		json_out_int(out, "throttledTo", now->rate);
}

static void
put_carrier(struct json_out *out, const struct conf_choice *rc,
    const struct carrier_group_state *now)
{
	const struct carrier_config *c = rc->carrier;

	json_out_object(out, NULL);
	json_out_text(out, "name", c->name);
	json_out_text(out, "type", c->type);
	json_out_int(out, "place", rc->rank + 1);
	json_out_int(out, "weight", rc->weight);
	if (c->rate > 0)
		json_out_int(out, "rate", c->rate);
	if (now != NULL)
		put_state(out, c, now);
	json_out_end(out);
}

static const struct carrier_group_state *
state_of(const struct conf *c, const struct route_subject *s,
    const struct carrier_config *carrier)
{
	return s->states == NULL ? NULL : &s->states[carrier - c->carriers];
}

static void
put_carriers(struct json_out *out, const struct conf *c, const struct conf_route *r,
    const struct route_subject *s)
{
	const struct carrier_config *only = routing_default(c, s->channel);
	struct conf_choice first = {.carrier = only, .weight = 1};

	json_out_array(out, "carriers");
	for (size_t i = 0; r != NULL && i < r->carrier_count; i++)
		put_carrier(out, &r->carriers[i], state_of(c, s, r->carriers[i].carrier));
	if (only != NULL)
		put_carrier(out, &first, state_of(c, s, only));
	json_out_end(out);
}

/* The first one that is used up stops the message, unless something did before. */
static void
put_limits(struct json_out *out, const struct route_subject *s, const char **stop)
{
	if (s->limit_count == 0)
		return;
	json_out_array(out, "limits");
	for (size_t i = 0; i < s->limit_count; i++) {
		const struct route_limit *l = &s->limits[i];
		char at[AT_LEN];

		json_out_object(out, NULL);
		json_out_text(out, "name", l->name);
		json_out_text(out, "limit", l->rate);
		json_out_int(out, "left", l->left);
		if (l->left == 0) {
			clock_format(l->free_at_ms, at, sizeof(at));
			json_out_text(out, "freeAt", at);
			*stop = *stop == NULL ? l->name : *stop;
		}
		json_out_end(out);
	}
	json_out_end(out);
}

/* The carrier that would be asked first; NULL: none. */
static const struct carrier_config *
first_carrier(
    const struct conf *c, const struct conf_route *r, const struct route_subject *s)
{
	if (r != NULL)
		return r->carrier_count > 0 ? r->carriers[0].carrier : NULL;
	return routing_default(c, s->channel);
}

static const char *
sender_of(const struct carrier_config *first, const struct conf_route *r, const char *to)
{
	const char *sender = r == NULL ? NULL : routing_sender(r, to);

	if (sender != NULL)
		return sender;
	return first == NULL ? NULL : first->sender;
}

/* Segments, 0 without a text or when it cannot be sent; then why. */
static unsigned
put_text(struct json_out *out, const struct carrier_config *carrier,
    const struct route_subject *s, const char **stop_out)
{
	const struct render_fill pin = {.pin = {NULL, "000000"}};
	struct sms_parts parts = {0};
	struct arena arena;
	struct buf whole;
	enum err e;

	if (s->text == NULL || !channel_row(s->channel)->has_parts)
		return 0;
	arena_init(&arena);
	buf_init(&whole, TEXT_LEN_MAX);
	render_text(&whole, span_of(s->text), &pin);
	e = whole.failed ? ERR_TOO_LARGE
			 : carrier_split(carrier, &arena, buf_span(&whole), &parts);
	if (e == OK) {
		json_out_text(out, "encoding", sms_text_alphabet_name(parts.alphabet));
		json_out_int(out, "segments", parts.count);
	} else {
		*stop_out = e == ERR_SYNTAX ? "the text is not UTF-8"
					    : "the text needs too many segments";
	}
	buf_fini(&whole);
	arena_fini(&arena);
	return e == OK ? parts.count : 0;
}

static void
put_route(struct json_out *out, const struct conf_route *r, bool lines)
{
	json_out_object(out, "route");
	if (lines)
		json_out_int(out, "line", r->line);
	if (r->countries.count == 0)
		json_out_text(out, "prefix", r->prefix);
	for (size_t i = 0; i < r->countries.count; i++) {
		if (i == 0)
			json_out_array(out, "country");
		json_out_text(out, NULL, r->countries.items[i]);
	}
	if (r->countries.count > 0)
		json_out_end(out);
	json_out_end(out);
}

/* A rule that stops the message, whatever its text; NULL: none. */
static const char *
rule_against(
    const struct conf *c, const struct conf_route *r, const struct route_subject *s)
{
	if (r != NULL && r->deny != NULL)
		return r->deny;
	if (r == NULL && routing_default(c, s->channel) == NULL)
		return channel_row(s->channel)->address == CHANNEL_TO_NUMBER
			   ? "no route takes this number"
			   : "no route takes this mailbox";
	return s->disabled ? "the application is disabled" : NULL;
}

static enum err
read_destination(const struct route_subject *s, char out[MAILBOX_LEN_MAX + 1])
{
	static_assert((int)MAILBOX_LEN_MAX > (int)PHONE_DIGITS_MAX, "either fits");
	if (channel_row(s->channel)->address == CHANNEL_TO_NUMBER)
		return phone_canonical(span_of(s->to), out);
	return mailbox_canonical(span_of(s->to), out);
}

static void
put_number(struct json_out *out, const struct route_subject *s, const char *number)
{
	const struct country *country;

	if (channel_row(s->channel)->address != CHANNEL_TO_NUMBER)
		return;
	country = country_of(number);
	if (country != NULL && country->code[0] != '\0')
		json_out_text(out, "country", country->code);
	json_out_text(out, "numberType", numbering_type_name(numbering_type(number)));
}

enum err
route_explain(const struct conf *c, const struct route_subject *s, struct buf *buf)
{
	char to[MAILBOX_LEN_MAX + 1];
	const struct carrier_config *first;
	const struct conf_route *r;
	const char *stop;
	struct json_out out;
	unsigned segments;

	if (read_destination(s, to) != OK)
		return ERR_INVALID;
	r = routing_find(c, s->channel, to);
	first = first_carrier(c, r, s);
	stop = rule_against(c, r, s);
	json_out_init(&out, buf);
	json_out_object(&out, NULL);
	json_out_text(&out, "to", to);
	put_number(&out, s, to);
	json_out_text(&out, "channel", channel_name(s->channel));
	if (r != NULL)
		put_route(&out, r, s->lines);
	put_carriers(&out, c, r, s);
	json_out_text(&out, "sender", sender_of(first, r, to));
	segments = put_text(&out, first, s, &stop);
	if (r != NULL && r->price.given)
		put_price(&out, &r->price, segments);
	put_limits(&out, s, &stop);
	json_out_bool(&out, "wouldBeSent", stop == NULL);
	json_out_text(&out, "stoppedBy", stop);
	json_out_end(&out);
	return OK;
}
