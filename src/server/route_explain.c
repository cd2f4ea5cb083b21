/* SPDX-License-Identifier: Apache-2.0 */
#include "server/route_explain.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_out.h"
#include "server/routing.h"
#include "twofa/country.h"
#include "twofa/phone.h"
#include "twofa/render.h"
#include "twofa/sms_text.h"

enum { TEXT_LEN_MAX = 65536 };

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

static void
put_carrier(
    struct json_out *out, const struct carrier_config *c, unsigned rank, unsigned weight)
{
	json_out_object(out, NULL);
	json_out_text(out, "name", c->name);
	json_out_text(out, "type", c->type);
	json_out_int(out, "place", rank + 1);
	json_out_int(out, "weight", weight);
	if (c->rate > 0)
		json_out_int(out, "rate", c->rate);
	json_out_end(out);
}

static void
put_carriers(struct json_out *out, const struct conf *c, const struct conf_route *r)
{
	json_out_array(out, "carriers");
	for (size_t i = 0; r != NULL && i < r->carrier_count; i++)
		put_carrier(out, r->carriers[i].carrier, r->carriers[i].rank,
		    r->carriers[i].weight);
	if (c->route_count == 0 && c->carrier_count > 0)
		put_carrier(out, &c->carriers[0], 0, 1);
	json_out_end(out);
}

/* Segments, 0 without a text or when it cannot be sent; then why. */
static unsigned
put_text(struct json_out *out, const char *text, const char **stop_out)
{
	struct render_value pin = {NULL, "000000"};
	struct sms_parts parts = {0};
	struct arena arena;
	struct buf whole;
	enum err e;

	if (text == NULL)
		return 0;
	arena_init(&arena);
	buf_init(&whole, TEXT_LEN_MAX);
	render_text(&whole, text, &pin, NULL, 0);
	e = whole.failed ? ERR_TOO_LARGE
			 : sms_text_split(&arena, buf_span(&whole), &parts);
	if (e == OK) {
		json_out_text(
		    out, "encoding", parts.alphabet == SMS_GSM7 ? "GSM7" : "UCS2");
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

static const char *
sender_of(const struct conf *c, const struct conf_route *r, const char *to)
{
	const char *sender = r == NULL ? NULL : routing_sender(r, to);

	if (sender != NULL)
		return sender;
	if (r != NULL && r->carrier_count > 0)
		return r->carriers[0].carrier->sender;
	return r == NULL && c->route_count == 0 && c->carrier_count > 0
		   ? c->carriers[0].sender
		   : NULL;
}

enum err
route_explain(
    const struct conf *c, const char *to, const char *text, bool lines, struct buf *buf)
{
	char number[PHONE_DIGITS_MAX + 1];
	const struct conf_route *r;
	const struct country *country;
	const char *stop = NULL;
	struct json_out out;
	unsigned segments;

	if (phone_canonical(span_of(to), number) != OK)
		return ERR_INVALID;
	r = routing_find(c, CHANNEL_SMS, number);
	country = country_of(number);
	if (r != NULL && r->deny != NULL)
		stop = r->deny;
	else if (r == NULL && (c->route_count > 0 || c->carrier_count == 0))
		stop = "no route takes this number";
	json_out_init(&out, buf);
	json_out_object(&out, NULL);
	json_out_text(&out, "to", number);
	if (country != NULL && country->code[0] != '\0')
		json_out_text(&out, "country", country->code);
	json_out_text(&out, "channel", channel_name(CHANNEL_SMS));
	if (r != NULL)
		put_route(&out, r, lines);
	put_carriers(&out, c, r);
	json_out_text(&out, "sender", sender_of(c, r, number));
	segments = put_text(&out, text, &stop);
	if (r != NULL && r->price.given)
		put_price(&out, &r->price, segments);
	json_out_bool(&out, "wouldBeSent", stop == NULL);
	json_out_text(&out, "stoppedBy", stop);
	json_out_end(&out);
	return OK;
}
