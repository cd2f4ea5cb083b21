/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/session.h"

#include "api/offer.h"
#include "api/sign_in.h"
#include "base/secret.h"
#include "store/access.h"
#include "store/store.h"

enum { TOKEN_OCTETS = 32, TOKEN_TEXT_LEN = 2 * TOKEN_OCTETS };

struct new_session {
	struct session_job job; /* first */
	char token[TOKEN_TEXT_LEN + 1];
};

/* ---- a session or a token, after the password was right ---- */

static enum err
make_session(struct call *c)
{
	struct new_session *s = c->job;
	const struct session_ask *ask = c->ask;
	struct session_row *row = &s->job.session;

	if (c->login.err != OK)
		return c->login.err;
	api_key_hash(span_of(s->token), row->hash);
	row->user = c->login.user.id;
	row->bound = row->kind == SESSION_IBSSO && !ask->any_address;
	row->address = c->request.peer;
	row->expires_at_ms =
	    store_now_ms(c->api->options.store) +
	    (row->kind == SESSION_IBSSO ? SESSION_IDLE_MS : TOKEN_LIFE_MS);
	s->job.password = c->login.user.password;
	return offer_job(c, &s->job.job, VERB_SESSION_CREATE);
}

static struct new_session *
new_session(struct call *c, enum session_kind kind)
{
	struct new_session *s = arena_alloc(&c->arena, sizeof(*s));

	s->job.session.kind = kind;
	c->job = s;
	return s;
}

static enum err
sign_in_user(struct call *c)
{
	const struct session_ask *ask = c->ask;

	return sign_in_password(
	    c, span_of(ask->name), span_of(ask->password), make_session);
}

static enum err
proceed_session(struct call *c)
{
	api_key_make_uuid(c->api->options.entropy, new_session(c, SESSION_IBSSO)->token);
	return sign_in_user(c);
}

static enum err
proceed_token(struct call *c)
{
	const struct entropy *e = c->api->options.entropy;
	uint8_t octets[TOKEN_OCTETS];

	e->fill(e, octets, sizeof(octets));
	secret_hex_lower(octets, sizeof(octets), new_session(c, SESSION_BEARER)->token);
	secret_wipe(octets, sizeof(octets));
	return sign_in_user(c);
}

static enum err
answer_session(struct call *c)
{
	const struct new_session *s = c->job;
	struct session_result *r = c->result;

	*r = (struct session_result){s->token, TOKEN_LIFE_MS / 1000};
	return s->job.job.err;
}

const struct operation op_session_create = {.name = "session_create",
    .ask_len = sizeof(struct session_ask),
    .result_len = sizeof(struct session_result),
    .proceed = proceed_session,
    .answer = answer_session};
const struct operation op_token_create = {.name = "token_create",
    .ask_len = sizeof(struct session_ask),
    .result_len = sizeof(struct session_result),
    .proceed = proceed_token,
    .answer = answer_session};

/* ---- the end of a session ---- */

/* A caller who came otherwise has none. */
static enum err
check_end(struct call *c)
{
	return c->principal.scheme == SCHEME_IBSSO ? OK : ERR_FORBIDDEN;
}

static enum err
proceed_end(struct call *c)
{
	struct session_job *j = arena_alloc(&c->arena, sizeof(*j));

	memcpy(j->session.hash, c->principal.session, SECRET_HASH_LEN);
	c->job = j;
	return offer_job(c, &j->job, VERB_SESSION_DELETE);
}

/* Ended twice at the same time is ended. */
static enum err
answer_end(struct call *c)
{
	enum err e = ((const struct session_job *)c->job)->job.err;

	return e == ERR_NOT_FOUND ? OK : e;
}

const struct operation op_session_delete = {.name = "session_delete",
    .check = check_end,
    .proceed = proceed_end,
    .answer = answer_end};
