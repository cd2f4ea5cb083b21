/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a call: route, authenticate, check, proceed; then the answer, back on
 * the loop's thread. Whatever goes wrong is worded by the dialect of the URL.
 */
#include "api/api.h"

#include "api/call.h"
#include "api/cors.h"
#include "api/form.h"
#include "api/idempotency.h"
#include "api/listing.h"
#include "api/reason.h"
#include "api/route.h"
#include "api/sign_in.h"
#include "base/json_scalar.h"
#include "base/utf8.h"
#include "twofa/scope.h"

#define API_MAGIC 0x0a91f00du
#define CALL_MAGIC 0x0ca11ed0u
#define RESPONSE_LEN_MAX (64u * 1024 * 1024)

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

struct call *
call_new(
    struct api *api, struct queue *loop, void (*done)(struct call *, void *), void *ctx)
{
	struct call *c = mem_new(sizeof(*c));

	CHECK_OBJ(api, API_MAGIC);
	c->magic = CALL_MAGIC;
	c->api = api;
	c->loop = loop;
	c->done = done;
	c->done_ctx = ctx;
	c->dialect = &dialect_v2;
	c->response.request_id = atomic_fetch_add(&api->next_request, 1);
	arena_init(&c->arena);
	arena_init(&c->piece_arena);
	fail_init(&c->fail, &c->arena);
	buf_init(&c->response.body, RESPONSE_LEN_MAX);
	return c;
}

void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	CHECK_OBJ(c, CALL_MAGIC);
	json_decref(c->document);
	buf_fini(&c->response.body);
	answers_give(c->api->answers, &c->room);
	arena_fini(&c->piece_arena);
	arena_fini(&c->arena);
	mem_free(c);
}

struct call_request *
call_request(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	return &c->request;
}

struct call_response *
call_response(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	return &c->response;
}

/* Reading again and again is safe to be told when; a GET with Retry-After makes some
 * clients sleep. */
static void
put_retry_after(struct call *c, enum err e)
{
	if (err_kind(e) != ERR_KIND_LATER || !span_equal_text(c->request.method, "POST"))
		return;
	c->response.retry_after_s = c->wait_ms <= 1000 ? 1 : (c->wait_ms + 999) / 1000;
}

/* What is accepted (RFC 9110 11.6.1); an API key does not open what only users may. */
static void
put_challenge(struct call *c)
{
	bool users = c->route != NULL && c->route->scopes == SCOPE_ACCOUNT;

	call_put_header(c, "WWW-Authenticate",
	    users ? "Basic realm=\"watchword\", IBSSO, Bearer"
		  : "App, Basic realm=\"watchword\", IBSSO, Bearer");
}

/* What was written so far of an answer that is none. */
static void
drop_answer(struct call *c)
{
	c->listed = NULL;
	if (c->room.octets == 0) {
		buf_reset(&c->response.body);
		return;
	}
	arena_fini(&c->piece_arena);
	buf_fini(&c->response.body);
	buf_init(&c->response.body, RESPONSE_LEN_MAX);
	answers_give(c->api->answers, &c->room);
}

static void
refuse(struct call *c, enum err e)
{
	drop_answer(c);
	c->response.body_type = NULL;
	put_retry_after(c, e);
	c->response.err = e;
	if (e != ERR_METHOD)
		c->response.allow = NULL;
	reason_complete(c, e);
	c->dialect->put_error(c, e);
	if (c->response.status == 401)
		put_challenge(c);
}

void
call_finish(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	INVARIANT(c->response.status != 0);
	c->done(c, c->done_ctx);
}

void
call_refuse(struct call *c, enum err e)
{
	refuse(c, e);
	call_finish(c);
}

/* What was admitted with its first piece goes on. */
static void
next_piece(struct call *c)
{
	arena_fini(&c->piece_arena);
	store_push(c->api->options.store, c->listed);
}

void
call_answer(struct call *c)
{
	enum err e;

	CHECK_OBJ(c, CALL_MAGIC);
	if (c->keyed != NULL) {
		idempotency_answer(c);
		return;
	}
	e = c->route->operation->answer(c);
	if (e == OK && c->response.body.failed)
		e = ERR_INTERNAL;
	if (e == OK)
		e = listing_room(c);
	if (e == OK && c->listed != NULL) {
		next_piece(c);
		return;
	}
	if (e != OK)
		refuse(c, e);
	call_finish(c);
}

static void
answer_task(struct task *t)
{
	call_answer(container_of(t, struct call, task));
}

struct task *
call_task(struct call *c)
{
	c->task.run = answer_task;
	return &c->task;
}

/* On the store's thread. */
static void
back_to_loop(struct job *j)
{
	struct call *c = j->owner;

	queue_push(c->loop, &c->task);
}

enum err
call_offer(struct call *c, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = c->listed == j ? &c->piece_arena : &c->arena;
	j->owner = c;
	c->task.run = answer_task;
	if (j->finish == NULL)
		j->finish = back_to_loop;
	if (c->keyed != NULL)
		idempotency_attach(c, j);
	return store_offer(c->api->options.store, j);
}

enum err
call_throttle(struct call *c, const char *name)
{
	struct throttle *t = c->api->throttle;
	enum err e =
	    t == NULL ? OK : throttle_pass(t, name, &c->principal.account, &c->wait_ms);

	if (e == ERR_THROTTLED)
		reason_limit(c, "throttles", name, c->wait_ms);
	return e;
}

/*
 * Whether this account may do this now. Who is not known is told so before he is told
 * that it is crowded; who is refused for that has spent nothing.
 */
static enum err
admit(struct call *c)
{
	const struct operation *op = c->route->operation;

	if (c->route->scopes == 0)
		return OK;
	if ((c->principal.scopes & c->route->scopes) == 0)
		return ERR_FORBIDDEN;
	if (op->crowded && !store_has_room(c->api->options.store, op->verb))
		return ERR_OVERLOADED;
	return call_throttle(c, op->name);
}

/* The credential is good, or none is needed. */
enum err
call_go_on(struct call *c)
{
	const struct operation *op = c->route->operation;
	enum err e = admit(c);

	if (e == OK)
		e = idempotency_read(c);
	if (e == OK && op->check != NULL)
		e = op->check(c);
	return e == OK ? op->proceed(c) : e;
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
	return c->route->scopes == 0 ? call_go_on(c) : sign_in(c);
}

/* What went on may have ended at once. */
void
call_went(struct call *c, enum err e)
{
	if (e == OK)
		return;
	refuse(c, e);
	call_finish(c);
}

void
api_start(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	call_went(c, start(c));
}

void
api_refuse(struct call *c, enum err e, const char *why)
{
	CHECK_OBJ(c, CALL_MAGIC);
	if (why != NULL)
		fail_add(&c->fail, "request", "%s", why);
	/* only for the dialect, when the request came as far as its URL */
	if (route_find(c) != OK)
		c->route = NULL;
	cors_put(c);
	refuse(c, e);
}

/* ---- what operations read ---- */

static bool
is_json_type(struct span type)
{
	for (size_t i = 0; i + 4 <= type.len; i++)
		if (span_equal_nocase((struct span){type.ptr + i, 4}, "json"))
			return true;
	return type.len == 0;
}

static bool
is_xml_type(struct span type)
{
	for (size_t i = 0; i + 3 <= type.len; i++)
		if (span_equal_nocase((struct span){type.ptr + i, 3}, "xml"))
			return true;
	return false;
}

struct span
call_body(const struct call *c)
{
	struct span body = utf8_without_mark(c->request.body);

	while (body.len > 0 && strchr(" \t\r\n", body.ptr[0]) != NULL &&
	       body.ptr[0] != '\0') {
		body.ptr++;
		body.len--;
	}
	return body;
}

enum err
call_parse_body(struct call *c)
{
	struct span body = call_body(c);
	enum err e;

	if (is_xml_type(c->request.content_type) && c->request.body.len > 0)
		return ERR_MEDIA_TYPE;
	if (body.len == 0)
		return OK;
	c->is_form = form_is(c, body);
	if (c->is_form)
		return form_parse(c, body, &c->document);
	e = json_parse(body, &c->fail, &c->document);
	return e != OK && !is_json_type(c->request.content_type) ? ERR_MEDIA_TYPE : e;
}

enum err
call_read_body(struct call *c, const struct json_row *rows, void *out)
{
	enum err e = call_parse_body(c);

	if (e == OK && (c->document == NULL || json_is_null(c->document) ||
			   json_is_empty_array(c->document))) {
		json_decref(c->document);
		c->document = json_object();
	}
	return e == OK ? json_read(c->document, rows, &c->fail, out) : e;
}

const char *
call_form_value(struct call *c, struct span form, const char *name)
{
	const char *at = form.ptr;
	const char *end = at == NULL ? NULL : at + form.len;

	while (at != NULL && at < end) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		const char *equals;
		struct span key;

		if (stop == NULL)
			stop = end;
		equals = memchr(at, '=', (size_t)(stop - at));
		key = (struct span){at, (size_t)((equals == NULL ? stop : equals) - at)};
		if (span_equal_text(arena_percent_decoded(&c->arena, key, true), name)) {
			const char *from = equals == NULL ? stop : equals + 1;
			struct span value = {from, (size_t)(stop - from)};

			return arena_text(
			    &c->arena, arena_percent_decoded(&c->arena, value, true));
		}
		at = stop + 1;
	}
	return NULL;
}

const char *
call_query(struct call *c, const char *name)
{
	return call_form_value(c, c->query, name);
}

enum err
call_ident(struct call *c, unsigned i, struct ident *out)
{
	INVARIANT(i < ROUTE_PARAMS_MAX);
	return ident_parse(c->params[i], out) ? OK : ERR_NOT_FOUND;
}

struct json_out
call_json(struct call *c)
{
	struct json_out out;

	json_out_init(&out, &c->response.body);
	return out;
}

/* ---- headers ---- */

struct span
call_header(struct call *c, const char *name)
{
	return header_find(c->request.headers, c->request.header_count, name);
}

static struct response_header *
response_header(struct call_response *r, const char *name)
{
	for (unsigned i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return &r->headers[i];
	INVARIANT(r->header_count < RESPONSE_HEADERS_MAX);
	return &r->headers[r->header_count++];
}

void
call_put_header(struct call *c, const char *name, const char *value)
{
	char *copy = arena_text(&c->arena, span_of(value));

	for (char *at = copy; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	*response_header(&c->response, name) = (struct response_header){name, copy};
}
