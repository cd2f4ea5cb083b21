/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/session.h"

#include "api/body.h"
#include "api/form.h"
#include "api/ops/session.h"

struct members {
	const char *name;
	const char *password;
	const char *grant;
	struct opt_bool unsafe;
};

/* A member that the body does not give may stand in the query. */
static const char *
or_query(struct call *c, const char *value, const char *name)
{
	return value != NULL ? value : call_query(c, name);
}

static void
need(struct call *c, const char *value, const char *name)
{
	if ((value == NULL || value[0] == '\0') && !fail_names(&c->fail, name))
		fail_add(&c->fail, name, "must not be blank");
}

/* ---- sessions ---- */

#define AT(member) offsetof(struct members, member)
static const struct json_row session_rows[] = {
    {"username", JSON_ROW_TEXT, false, AT(name), 0, 0, NULL},
    {"password", JSON_ROW_TEXT, false, AT(password), 0, 0, NULL},
    {"unsafe", JSON_ROW_BOOL, false, AT(unsafe), 0, 0, NULL},
    {0},
};

static enum err
read_session(struct call *c)
{
	struct session_ask *ask = c->ask;
	struct members m = {0};
	enum err e = body_read(c, session_rows, &m);

	if (e != OK && e != ERR_INVALID)
		return e;
	ask->name = or_query(c, m.name, "username");
	ask->password = or_query(c, m.password, "password");
	ask->any_address =
	    m.unsafe.set ? m.unsafe.value : call_query_bool(c, "unsafe").value;
	need(c, ask->name, "username");
	need(c, ask->password, "password");
	return c->fail.count == 0 ? OK : ERR_INVALID;
}

static void
write_session(struct call *c)
{
	const struct session_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_text(&out, "token", r->token);
	json_out_end(&out);
}

const struct wire wire_session = {read_session, write_session};

/* ---- tokens ---- */

static const struct json_row token_rows[] = {
    {"client_id", JSON_ROW_TEXT, false, AT(name), 0, 0, NULL},
    {"client_secret", JSON_ROW_TEXT, false, AT(password), 0, 0, NULL},
    {"grant_type", JSON_ROW_TEXT, false, AT(grant), 0, 0, NULL},
    {0},
};
#undef AT

static void
read_form(struct call *c, struct span form, struct members *m)
{
	m->name = form_value(&c->arena, form, "client_id");
	m->password = form_value(&c->arena, form, "client_secret");
	m->grant = form_value(&c->arena, form, "grant_type");
}

/* A form as OAuth says, or JSON, or neither and all of it in the query. */
static enum err
read_members(struct call *c, struct members *m)
{
	struct span body = body_octets(c);
	enum err e = OK;

	if (body.len > 0 && body.ptr[0] != '{' && body.ptr[0] != '[')
		read_form(c, body, m);
	else
		e = body_read(c, token_rows, m);
	m->name = or_query(c, m->name, "client_id");
	m->password = or_query(c, m->password, "client_secret");
	m->grant = or_query(c, m->grant, "grant_type");
	return e;
}

static enum err
read_token(struct call *c)
{
	struct session_ask *ask = c->ask;
	struct members m = {0};
	enum err e = read_members(c, &m);

	if (e != OK && e != ERR_INVALID)
		return e;
	need(c, m.grant, "grant_type");
	if (!fail_names(&c->fail, "grant_type") &&
	    strcmp(m.grant, "client_credentials") != 0)
		fail_add(&c->fail, "grant_type", "must be client_credentials");
	need(c, m.name, "client_id");
	need(c, m.password, "client_secret");
	ask->name = m.name;
	ask->password = m.password;
	return c->fail.count == 0 ? OK : ERR_INVALID;
}

static void
write_token(struct call *c)
{
	const struct session_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_text(&out, "access_token", r->token);
	json_out_int(&out, "expires_in", r->life_s);
	json_out_text(&out, "token_type", "Bearer");
	json_out_end(&out);
	/* RFC 6749 5.1 */
	call_put_header(c, "Cache-Control", "no-store");
}

const struct wire wire_token = {read_token, write_token};
