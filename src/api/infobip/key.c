/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/key.h"

#include "api/body.h"
#include "twofa/scope.h"

/* ---- requests ---- */

struct ident
key_read_account(const struct call *c, struct span text)
{
	if (text.ptr == NULL || span_equal_text(text, "_"))
		return c->principal.account;
	return ident_parse_or_none(text);
}

enum err
key_read_change(struct call *c, const struct json_row *rows, struct key_put_ask *ask)
{
	struct key_members m = {0};
	enum err e = body_read(c, rows, &m);

	ask->change = m.change;
	ask->of.owner = key_read_account(c, span_of(m.account));
	return e;
}

void
key_read_filters(struct call *c, struct key_list_ask *ask)
{
	ask->name = call_query(c, "name");
	ask->enabled = call_query_bool(c, "enabled");
	ask->of.owner = key_read_account(c, span_of(call_query(c, "accountId")));
}

/* ---- answers ---- */

static void
put_one(struct json_out *out, const struct key_result *r, key_put_f *put)
{
	json_out_object(out, NULL);
	put(out, r->key, r->secret);
	json_out_end(out);
}

static void
keep_from_caches(struct call *c, const struct key_result *r)
{
	if (r->secret != NULL)
		call_put_header(c, "Cache-Control", "no-store");
}

void
key_write(struct call *c, key_put_f *put)
{
	const struct key_result *r = c->result;
	struct json_out out = call_json(c);

	put_one(&out, r, put);
	keep_from_caches(c, r);
}

static void
write_secret(struct call *c)
{
	const struct key_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_text(&out, NULL, r->secret);
	keep_from_caches(c, r);
}

const struct wire wire_key_mint = {NULL, write_secret};

void
key_put_list(struct json_out *out, const struct key_list_result *r, key_put_f *put)
{
	json_out_array(out, "apiKeys");
	for (size_t i = 0; i < r->count; i++)
		put_one(out, &(struct key_result){.key = &r->list[i]}, put);
	json_out_end(out);
}

static void
put_allowed(struct json_out *out, const char *allowed)
{
	const char *at = allowed == NULL ? "" : allowed;

	if (*at == '\0')
		return;
	json_out_array(out, "allowedIPs");
	while (*at != '\0') {
		size_t len = strcspn(at, " ");

		json_out_span(out, NULL, (struct span){at, len});
		at += len;
		at += *at == ' ';
	}
	json_out_end(out);
}

static void
put_time(struct json_out *out, const char *name, int64_t at_ms, int generation)
{
	char at[KEY_TIME_TEXT_LEN];

	if (at_ms == 0)
		return;
	key_terms_time_format(at_ms, generation, at);
	json_out_text(out, name, at);
}

void
key_put_terms(struct json_out *out, const struct key_row *k, int generation)
{
	json_out_text(out, "name", k->name);
	put_allowed(out, k->terms.allowed);
	put_time(out, "validFrom", k->terms.valid_from_ms, generation);
	put_time(out, "validTo", k->terms.valid_to_ms, generation);
	json_out_bool(out, "enabled", k->terms.enabled);
	json_out_array(out, "permissions");
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		if ((k->terms.permissions & 1u << i) != 0)
			json_out_text(
			    out, NULL, key_terms_permission_name(i, generation));
	json_out_end(out);
}
