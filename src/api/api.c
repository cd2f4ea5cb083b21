/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a call: route, authenticate, check, proceed; then the answer, back on
 * the loop's thread. Whatever goes wrong is worded by the dialect of the URL.
 */
#include "api/api.h"

#include "api/admit.h"
#include "api/cors.h"
#include "api/idempotency.h"
#include "api/refuse.h"
#include "api/route.h"
#include "api/sign_in.h"
#include "store/access.h"

#define API_MAGIC 0x0a91f00du

struct api *
api_new(const struct api_options *o)
{
	struct api *api = mem_new(sizeof(*api));

	api->magic = API_MAGIC;
	api->options = *o;
	/* apart from those of earlier runs, as long as there are under 1,000,000 a second
	 */
	atomic_store(
	    &api->next_request, (uint_fast64_t)o->clock->wall_ms(o->clock) * 1000);
	api->auth = auth_new();
	if (o->throttle_count > 0)
		api->throttle = throttle_new(o->throttles, o->throttle_count, o->clock);
	api->answers = answers_new((size_t)o->answers_max);
	api->options.throttles = NULL; /* the caller's, and read */
	api->login = login_new(&(struct login_options){.auth = api->auth,
	    .clock = o->clock,
	    .entropy = o->entropy,
	    .per_address = o->logins_per_address,
	    .per_user = o->logins_per_user,
	    .hash_share = o->logins_hash_share});
	return api;
}

void
api_stop(struct api *api)
{
	if (api == NULL)
		return;
	CHECK_OBJ(api, API_MAGIC);
	login_free(api->login);
	api->login = NULL;
}

void
api_free(struct api *api)
{
	if (api == NULL)
		return;
	CHECK_OBJ(api, API_MAGIC);
	api_stop(api);
	throttle_free(api->throttle);
	answers_free(api->answers);
	auth_free(api->auth);
	mem_free(api);
}

void
api_access_changed(struct api *api, const struct access *access)
{
	CHECK_OBJ(api, API_MAGIC);
	auth_replace(api->auth, access);
}

void
api_session_changed(struct api *api, const struct session_job *j)
{
	CHECK_OBJ(api, API_MAGIC);
	auth_session_changed(api->auth, j);
}

static enum err
read_ask(struct call *c)
{
	const struct operation *op = c->route->operation;
	const struct wire *wire = c->route->wire;

	if (op->ask_len > 0)
		c->ask = arena_alloc(&c->arena, op->ask_len);
	return wire == NULL || wire->read == NULL ? OK : wire->read(c);
}

/* Faults of the ask that could be read are told with those that kept it from that. */
static enum err
read_and_check(struct call *c)
{
	const struct operation *op = c->route->operation;
	enum err e = read_ask(c);
	enum err found = OK;

	if ((e == OK || e == ERR_INVALID) && op->check != NULL)
		found = op->check(c);
	return e == OK ? found : e;
}

/* The credential is good, or none is needed. */
static enum err
go_on(struct call *c)
{
	enum err e = admit(c);

	if (e == OK)
		e = idempotency_read(c);
	if (e == OK)
		e = read_and_check(c);
	return e == OK ? c->route->operation->proceed(c) : e;
}

static enum err
start(struct call *c)
{
	enum err e = route_find(c);

	cors_put(c);
	if (e == ERR_METHOD && cors_preflight(c))
		return OK;
	if (e != OK)
		return e;
	return c->route->scopes == 0 ? go_on(c) : sign_in(c, go_on);
}

void
api_start(struct call *c)
{
	call_check(c);
	refuse_unless_ok(c, start(c));
}

void
api_refuse(struct call *c, enum err e, const char *why)
{
	call_check(c);
	if (why != NULL)
		fail_add(&c->fail, "request", "%s", why);
	/* only for the dialect, when the request came as far as its URL */
	if (route_find(c) != OK)
		c->route = NULL;
	cors_put(c);
	refuse(c, e);
	call_format(c);
}

void
api_print_routes(FILE *to)
{
	route_print(to);
}
