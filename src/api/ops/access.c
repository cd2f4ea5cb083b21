/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in with a user's password: sessions and OAuth tokens (contract 5.2, 5.3). */
#include "api/body.h"
#include "api/form.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "api/sign_in.h"

#include <strings.h>

#include "base/secret.h"
#include "store/access.h"
#include "store/store.h"

enum { TOKEN_OCTETS = 32, TOKEN_TEXT_LEN = 2 * TOKEN_OCTETS };

struct sign_in_request {
	const char *name;
	const char *password;
	const char *grant;
	struct opt_bool unsafe;
};

struct sign_in {
	struct session_job job; /* first */
	struct sign_in_request request;
	char token[TOKEN_TEXT_LEN + 1];
};

/* ---- what both share: after the password was right ---- */

static enum err
make_session(struct call *c)
{
	struct sign_in *s = c->job;
	struct session_row *row = &s->job.session;

	if (c->login.err != OK)
		return c->login.err;
	api_key_hash(span_of(s->token), row->hash);
	row->user = c->login.user.id;
	row->bound = row->kind == SESSION_IBSSO && !s->request.unsafe.value;
	row->address = c->request.peer;
	row->expires_at_ms =
	    store_now_ms(c->api->options.store) +
	    (row->kind == SESSION_IBSSO ? SESSION_IDLE_MS : TOKEN_LIFE_MS);
	s->job.password = c->login.user.password;
	return offer_job(c, &s->job.job, VERB_SESSION_CREATE);
}

static enum err
proceed_sign_in(struct call *c)
{
	const struct sign_in *s = c->job;

	return sign_in_password(
	    c, span_of(s->request.name), span_of(s->request.password), make_session);
}

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

#define AT(member) offsetof(struct sign_in_request, member)
static const struct json_row session_rows[] = {
    {"username", JSON_ROW_TEXT, false, AT(name), 0, 0, NULL},
    {"password", JSON_ROW_TEXT, false, AT(password), 0, 0, NULL},
    {"unsafe", JSON_ROW_BOOL, false, AT(unsafe), 0, 0, NULL},
    {0},
};

static enum err
check_session(struct call *c)
{
	struct sign_in *s = arena_alloc(&c->arena, sizeof(*s));
	struct sign_in_request *r = &s->request;
	const char *unsafe = call_query(c, "unsafe");
	enum err e = body_read(c, session_rows, r);

	if (e != OK && e != ERR_INVALID)
		return e;
	r->name = or_query(c, r->name, "username");
	r->password = or_query(c, r->password, "password");
	if (!r->unsafe.set && unsafe != NULL)
		r->unsafe.value = strcasecmp(unsafe, "true") == 0;
	api_key_make_uuid(c->api->options.entropy, s->token);
	s->job.session.kind = SESSION_IBSSO;
	c->job = s;
	need(c, r->name, "username");
	need(c, r->password, "password");
	return c->fail.count == 0 ? OK : ERR_INVALID;
}

static enum err
answer_session(struct call *c)
{
	struct sign_in *s = c->job;
	struct json_out out = call_json(c);

	if (s->job.job.err != OK)
		return s->job.job.err;
	json_out_object(&out, NULL);
	json_out_text(&out, "token", s->token);
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_session_create = {.name = "session_create",
    .check = check_session,
    .proceed = proceed_sign_in,
    .answer = answer_session};

/* Only a session ends: whoever came otherwise has none. */
static enum err
check_session_end(struct call *c)
{
	struct session_job *j = arena_alloc(&c->arena, sizeof(*j));

	memcpy(j->session.hash, c->principal.session, SECRET_HASH_LEN);
	c->job = j;
	return c->principal.scheme == SCHEME_IBSSO ? OK : ERR_FORBIDDEN;
}

static enum err
proceed_session_end(struct call *c)
{
	return offer_job(c, &((struct session_job *)c->job)->job, VERB_SESSION_DELETE);
}

/* Ended twice at the same time is ended. */
static enum err
answer_session_end(struct call *c)
{
	enum err e = ((struct session_job *)c->job)->job.err;

	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	c->response.status = 200;
	return OK;
}

const struct operation op_session_delete = {.name = "session_delete",
    .check = check_session_end,
    .proceed = proceed_session_end,
    .answer = answer_session_end};

/* ---- tokens ---- */

static const struct json_row token_rows[] = {
    {"client_id", JSON_ROW_TEXT, false, AT(name), 0, 0, NULL},
    {"client_secret", JSON_ROW_TEXT, false, AT(password), 0, 0, NULL},
    {"grant_type", JSON_ROW_TEXT, false, AT(grant), 0, 0, NULL},
    {0},
};
#undef AT

static void
read_form(struct call *c, struct span form, struct sign_in_request *r)
{
	r->name = form_value(&c->arena, form, "client_id");
	r->password = form_value(&c->arena, form, "client_secret");
	r->grant = form_value(&c->arena, form, "grant_type");
}

/* A form as OAuth says, or JSON, or neither and all of it in the query. */
static enum err
read_token_request(struct call *c, struct sign_in_request *r)
{
	struct span body = body_octets(c);
	enum err e = OK;

	if (body.len > 0 && body.ptr[0] != '{' && body.ptr[0] != '[')
		read_form(c, body, r);
	else
		e = body_read(c, token_rows, r);
	r->name = or_query(c, r->name, "client_id");
	r->password = or_query(c, r->password, "client_secret");
	r->grant = or_query(c, r->grant, "grant_type");
	return e;
}

static enum err
check_token(struct call *c)
{
	struct sign_in *s = arena_alloc(&c->arena, sizeof(*s));
	struct sign_in_request *r = &s->request;
	uint8_t octets[TOKEN_OCTETS];
	enum err e = read_token_request(c, r);

	if (e != OK && e != ERR_INVALID)
		return e;
	c->api->options.entropy->fill(c->api->options.entropy, octets, sizeof(octets));
	secret_hex_lower(octets, sizeof(octets), s->token);
	secret_wipe(octets, sizeof(octets));
	s->job.session.kind = SESSION_BEARER;
	c->job = s;
	need(c, r->grant, "grant_type");
	if (!fail_names(&c->fail, "grant_type") &&
	    strcmp(r->grant, "client_credentials") != 0)
		fail_add(&c->fail, "grant_type", "must be client_credentials");
	need(c, r->name, "client_id");
	need(c, r->password, "client_secret");
	return c->fail.count == 0 ? OK : ERR_INVALID;
}

static enum err
answer_token(struct call *c)
{
	struct sign_in *s = c->job;
	struct json_out out = call_json(c);

	if (s->job.job.err != OK)
		return s->job.job.err;
	json_out_object(&out, NULL);
	json_out_text(&out, "access_token", s->token);
	json_out_int(&out, "expires_in", TOKEN_LIFE_MS / 1000);
	json_out_text(&out, "token_type", "Bearer");
	json_out_end(&out);
	c->response.status = 200;
	/* RFC 6749 5.1 */
	call_put_header(c, "Cache-Control", "no-store");
	return OK;
}

const struct operation op_token_create = {.name = "token_create",
    .check = check_token,
    .proceed = proceed_sign_in,
    .answer = answer_token};
