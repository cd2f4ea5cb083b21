/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialect that is as unlike those of the product as may be: bodies and answers are
 * forms, Basic is an account and one of its API keys, ids have prefixes, and a check
 * names a number instead of a PIN. All of it is this file and one row
 * (api_options.dialects): that is what it is here to show.
 */
#include "forms_dialect.h"

#include <ctype.h>
#include <stdio.h>

#include "api/body.h"
#include "api/ops/send.h"
#include "api/ops/verify.h"
#include "api/sign_in.h"
#include "twofa/scope.h"

enum { PREFIX_LEN = 2 };

/* ---- forms ---- */

static void
put(struct call *c, const char *name, const char *value)
{
	struct buf *b = &c->response.body;

	buf_printf(b, "%s%s=", b->len == 0 ? "" : "&", name);
	for (const char *at = value; *at != '\0'; at++)
		buf_printf(
		    b, isalnum((unsigned char)*at) ? "%c" : "%%%02X", (unsigned char)*at);
}

static void
put_id(struct call *c, const char *name, const char *prefix, const struct ident *id)
{
	char text[PREFIX_LEN + IDENT_TEXT_LEN + 1];

	snprintf(text, sizeof(text), "%s", prefix);
	ident_text(id, text + PREFIX_LEN);
	put(c, name, text);
}

/* "VA" and the digits; none for another shape. */
static struct ident
read_id(struct span s, const char *prefix)
{
	if (s.len < PREFIX_LEN || memcmp(s.ptr, prefix, PREFIX_LEN) != 0)
		return ident_parse_or_none((struct span){0});
	return ident_parse_or_none((struct span){s.ptr + PREFIX_LEN, s.len - PREFIX_LEN});
}

static void
put_error(struct call *c, enum err e)
{
	static const struct {
		enum err err;
		int status;
		const char *code;
	} words[] = {{ERR_INVALID, 400, "60200"}, {ERR_UNAUTHORIZED, 401, "20003"},
	    {ERR_NOT_FOUND, 404, "20404"}, {ERR_MEDIA_TYPE, 415, "20415"},
	    {ERR_MISMATCH, 422, "20422"}, {ERR_THROTTLED, 429, "60203"},
	    {OK, 500, "20500"}};
	size_t i = 0;

	while (words[i].err != OK && words[i].err != e)
		i++;
	c->response.status = words[i].status;
	put(c, "code", words[i].code);
	put(c, "about", c->fail.kept > 0 ? c->fail.items[0].field : "");
}

/* ---- who calls ---- */

static enum err
sign_in_pair(struct call *c, struct span account, struct span token)
{
	struct ident id = read_id(account, "AC");

	return ident_is_none(&id) ? ERR_UNAUTHORIZED : sign_in_key(c, &id, token);
}

/* ---- send ---- */

struct send_members {
	const char *to;
	const char *template;
	struct opt_bool lookup;
};

#define AT(member) offsetof(struct send_members, member)
static const struct json_row send_rows[] = {
    {"To", JSON_ROW_TEXT, true, AT(to), 1, 64, NULL},
    {"Template", JSON_ROW_TEXT, true, AT(template), 1, 64, NULL},
    {"Lookup", JSON_ROW_BOOL, false, AT(lookup), 0, 0, NULL},
    {0},
};
#undef AT

static enum err
read_send(struct call *c)
{
	struct send_members m = {0};
	struct send_ask *ask = c->ask;
	enum err e = body_read(c, send_rows, &m);

	ask->application = read_id(c->params[0], "VA");
	ask->template = read_id(span_of(m.template), "MG");
	ask->to = m.to;
	ask->channel = CHANNEL_SMS;
	ask->lookup_needed = m.lookup.value;
	return e;
}

static void
write_send(struct call *c)
{
	const struct send_result *r = c->result;

	put_id(c, "sid", "VE", &r->pin_id);
	put(c, "to", r->to);
	put(c, "status", r->sent ? "pending" : "canceled");
	c->response.status = 201;
}

/* ---- check ---- */

struct check_members {
	const char *to;
	const char *code;
};

static const struct json_row check_rows[] = {
    {"To", JSON_ROW_TEXT, true, offsetof(struct check_members, to), 1, 64, NULL},
    {"Code", JSON_ROW_TEXT, true, offsetof(struct check_members, code), 1, 64, NULL},
    {0},
};

static enum err
read_check(struct call *c)
{
	struct check_members m = {0};
	struct verify_number_ask *ask = c->ask;
	enum err e = body_read(c, check_rows, &m);

	ask->application = read_id(c->params[0], "VA");
	ask->to = m.to;
	ask->typed = m.code;
	return e;
}

static void
write_check(struct call *c)
{
	const struct verify_result *r = c->result;

	put_id(c, "sid", "VE", &r->pin_id);
	put(c, "to", r->to);
	put(c, "status", r->verdict == VERDICT_RIGHT ? "approved" : "pending");
}

/* ---- the table ---- */

static const struct wire send = {read_send, write_send};
static const struct wire check = {read_check, write_check};

static const struct route routes[] = {
    {"POST", "/services/{}/verifications", SCOPE_PIN, &op_send, &send},
    {"POST", "/services/{}/checks", SCOPE_PIN, &op_verify_number, &check},
};

const struct dialect dialect_forms = {
    .name = "forms",
    .prefix = "/forms/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = put_error,
    .content_type = "application/x-www-form-urlencoded;charset=UTF-8",
    .read_body = body_form,
    .sign_in_basic = sign_in_pair,
    .challenge = "Basic realm=\"forms\"",
};
