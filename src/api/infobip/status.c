/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/status.h"

#include "api/listing.h"
#include "api/ops/status.h"

/* ---- the messages of a PIN ---- */

static enum err
read_status(struct call *c)
{
	struct status_ask *ask = c->ask;

	ask->pin_id = call_id(c, 0);
	return OK;
}

static void
write_status(struct call *c)
{
	const struct status_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_array(&out, NULL);
	for (size_t i = 0; i < r->count; i++) {
		const struct report_v1 *words = report_v1_words(r->messages[i]);

		json_out_object(&out, NULL);
		json_out_text(&out, "status", words->status);
		json_out_text(&out, "description", words->description);
		json_out_bool(&out, "finalStatus", words->final);
		json_out_end(&out);
	}
	json_out_end(&out);
}

const struct wire wire_status_v1 = {read_status, write_status};

/* ---- verifications ---- */

/* The manual of version 1 has an example with curl that sends the number in double
 * quotes. */
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
read_verifications(struct call *c)
{
	struct verifications_ask *ask = c->ask;

	ask->application = call_id(c, 0);
	ask->to = unquote(span_of(call_query(c, "msisdn")));
	ask->verified = call_query_bool(c, "verified");
	ask->sent = call_query_bool(c, "sent");
	return OK;
}

static void
put_verifications(struct call *c, const char *name)
{
	const struct verifications_result *r = c->result;
	struct json_out *out = listing_rows(c, name);

	for (size_t i = 0; i < r->count; i++) {
		const struct verification *v = &r->list[i];

		json_out_object(out, NULL);
		json_out_text(out, "msisdn", v->destination);
		json_out_bool(out, "verified", v->verified_at_ms != 0);
		json_out_int(out, "verifiedAt", v->verified_at_ms);
		if (v->sent_at_ms != 0)
			json_out_int(out, "sentAt", v->sent_at_ms);
		json_out_end(out);
	}
}

/* A bare list. */
static void
write_verifications_v1(struct call *c)
{
	put_verifications(c, NULL);
}

static void
write_verifications_v2(struct call *c)
{
	put_verifications(c, "verifications");
}

const struct wire wire_verifications_v1 = {read_verifications, write_verifications_v1};
const struct wire wire_verifications_v2 = {read_verifications, write_verifications_v2};
