/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sign_in.h"

#include "api/reason.h"
#include "api/refuse.h"
#include "base/secret.h"
#include "store/access.h"
#include "store/store.h"
#include "twofa/scope.h"

static void
tell(struct call *c, enum scheme s, enum err e)
{
	const struct api_options *o = &c->api->options;

	if (o->signed_in != NULL)
		o->signed_in(o->log, s, e, &c->request, c->response.request_id);
}

/* ---- passwords ---- */

static void
login_task(struct task *t)
{
	struct call *c = container_of(t, struct call, task);

	tell(c, SCHEME_BASIC, c->login.err);
	refuse_unless_ok(c, c->login_then(c));
}

enum err
sign_in_password(struct call *c, struct span name, struct span password,
    enum err (*then)(struct call *c))
{
	enum err e;

	c->login = (struct login_attempt){.name = name,
	    .password = password,
	    .peer = c->request.peer,
	    .loop = c->loop,
	    .done = &c->task};
	c->login_then = then;
	c->task.run = login_task;
	e = login_start(c->api->login, &c->login);
	if (e == ERR_BUSY)
		return OK;
	c->wait_ms = c->login.wait_ms;
	if (e == ERR_THROTTLED)
		reason_limit(c, "logins", NULL, c->wait_ms);
	tell(c, SCHEME_BASIC, e == OK ? c->login.err : e);
	return e == OK ? then(c) : e;
}

static enum err
after_basic(struct call *c)
{
	const struct auth_user *u = &c->login.user;

	if (c->login.err != OK)
		return c->login.err;
	c->principal = (struct principal){.account = u->account,
	    .scopes = u->scopes | SCOPE_SIGNED_IN,
	    .scheme = SCHEME_BASIC};
	return c->signed_in(c);
}

/* A user's name and password. */
static enum err
sign_in_user(struct call *c, struct span name, struct span password)
{
	return sign_in_password(c, name, password, after_basic);
}

/* RFC 7617: the name ends with the first colon. */
static enum err
sign_in_basic(struct call *c, struct span text)
{
	char *octets = arena_alloc(&c->arena, text.len + 1);
	size_t len = 0;
	const char *colon = NULL;
	struct span name;
	struct span password;

	if (secret_from_base64(text, (uint8_t *)octets, text.len, &len) && len > 0)
		colon = memchr(octets, ':', len);
	if (colon == NULL) {
		tell(c, SCHEME_BASIC, ERR_UNAUTHORIZED);
		return ERR_UNAUTHORIZED;
	}
	name = (struct span){octets, (size_t)(colon - octets)};
	password = (struct span){colon + 1, len - (size_t)(colon + 1 - octets)};
	return c->dialect->sign_in_basic != NULL
		   ? c->dialect->sign_in_basic(c, name, password)
		   : sign_in_user(c, name, password);
}

/* ---- what is looked up ---- */

struct touch {
	struct session_job job;
	struct auth *auth;
	int64_t from_ms;
};

/* Also on the store's thread. */
static void
touched(struct job *j)
{
	struct touch *t =
	    container_of(container_of(j, struct session_job, job), struct touch, job);
	const struct session_row *row = &t->job.session;

	if (j->err != OK)
		auth_not_extended(t->auth, row->hash, t->from_ms, row->expires_at_ms);
	mem_free(t);
}

/* Where a session's end has moved to; what the store does not take, a later use tells
 * it. */
static void
extend_session(struct call *c)
{
	struct touch *t;
	enum err e;

	if (c->principal.extend_to_ms == 0)
		return;
	t = mem_new(sizeof(*t));
	t->auth = c->api->auth;
	t->from_ms = c->principal.extend_from_ms;
	t->job.job.verb = VERB_SESSION_TOUCH;
	t->job.job.finish = touched;
	t->job.session.expires_at_ms = c->principal.extend_to_ms;
	memcpy(t->job.session.hash, c->principal.session, SECRET_HASH_LEN);
	e = store_offer(c->api->options.store, &t->job.job);
	if (e == OK)
		return;
	t->job.job.err = e;
	touched(&t->job.job);
}

/* A key has dates that people set; a session began by the store's time. */
static int64_t
time_of_validity(const struct call *c, enum scheme scheme)
{
	struct store *s = c->api->options.store;

	return scheme == SCHEME_APP ? store_wall_ms(s) : store_now_ms(s);
}

/* The credential is looked up, and says whose it is; by an account that is given as well
 * only when they agree. */
static enum err
sign_in_by(
    struct call *c, const struct credential *credential, const struct ident *account)
{
	enum err e = auth_check(c->api->auth, credential, &c->request.peer,
	    time_of_validity(c, credential->scheme), &c->principal);

	if (e == OK && account != NULL &&
	    ident_compare(account, &c->principal.account) != 0)
		e = ERR_UNAUTHORIZED;
	tell(c, credential->scheme, e);
	return e;
}

enum err
sign_in_key(struct call *c, const struct ident *account, struct span key)
{
	enum err e = sign_in_by(c, &(struct credential){SCHEME_APP, key}, account);

	return e == OK ? c->signed_in(c) : e;
}

enum err
sign_in(struct call *c, enum err (*then)(struct call *c))
{
	struct credential credential = auth_parse(c->request.authorization);
	enum err e;

	c->signed_in = then;
	if (credential.scheme == SCHEME_BASIC)
		return sign_in_basic(c, credential.text);
	e = sign_in_by(c, &credential, NULL);
	if (e != OK)
		return e;
	extend_session(c);
	return then(c);
}
