/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialect that is added by one row (forms_dialect.c), beside those of the product, on a
 * real store: delivery is a function here that takes each message and tells its PIN.
 */
#include <stdio.h>

#include "store/world.h"
#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "forms_dialect.h"
#include "store/access.h"
#include "store/keyring.h"
#include "store/outgoing.h"
#include "store/store.h"
#include "twofa/scope.h"

#define TO "41793026727"
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define FORM "application/x-www-form-urlencoded"

enum { TEXT_MAX = 512, WAIT_MS = 60000, VERIFY_LIMIT_MS = 3000 };

struct house {
	struct world *world;
	struct api *api;
	struct queue *loop;
	char key[API_KEY_LEN + 1];
	char pin[PIN_LENGTH_MAX + 1]; /* of the message that was delivered last */
	bool done;
	struct task known; /* it is known who may call */
	bool is_known;
};

struct answer {
	int status;
	char type[TEXT_MAX];
	char body[TEXT_MAX];
	char challenge[TEXT_MAX];
};

static struct house *house;

/* ---- delivery, and who may call ---- */

/* On the store's thread. */
static void
deliver(void *ctx, struct outgoing_message *o)
{
	struct house *h = ctx;
	uint8_t key[PIN_KEY_LEN];

	assert_int_equal(
	    keyring_find(store_keyring(h->world->store), o->key_id, key), OK);
	pin_derive(key, &o->recipe, h->pin);
	o->answer->sent = true;
	queue_push(o->answer->to, o->answer->task);
	outgoing_free(o);
}

/* On the loop. */
static void
on_known(struct task *t)
{
	container_of(t, struct house, known)->is_known = true;
}

/* On the store's thread, or before it has one. */
static void
on_access(void *ctx, const struct access *access)
{
	(void)ctx;
	api_access_changed(house->api, access);
	if (house->known.run == NULL) {
		house->known.run = on_known;
		queue_push(house->loop, &house->known);
	}
}

static void
make_key(struct house *h, const struct ident *account, char text[API_KEY_LEN + 1])
{
	char id[API_KEY_ID_LEN + 1];
	struct key_job j = {.key = {.account = *account,
				.name = "forms",
				.terms = {.enabled = true,
				    .scopes = SCOPE_ALL,
				    .permissions = PERMISSION_ALL,
				    .allowed = ""}}};

	api_key_make(&entropy_system, text);
	api_key_hash(span_of(text), j.key.hash);
	api_key_id(j.key.hash, id);
	j.key.id = id;
	assert_int_equal(world_run(h->world, &j.job, VERB_KEY_CREATE), OK);
}

static void
run_loop(struct house *h)
{
	queue_wait(h->loop, WAIT_MS);
	queue_run(h->loop);
}

static int
setup(void **state)
{
	static const struct dialect *const forms[] = {&dialect_forms};
	struct house *h = mem_new(sizeof(*h));

	house = h;
	h->world = world_new();
	make_key(h, &h->world->account, h->key);
	h->loop = queue_new(100);
	h->api = api_new(&(struct api_options){.clock = &h->world->clock,
	    .entropy = &entropy_system,
	    .deliver = deliver,
	    .ctx = h,
	    .channels = CHANNELS_ALL,
	    .answers_max = 1000000,
	    .logins_per_address = 10,
	    .logins_per_user = 10,
	    .logins_hash_share = 50,
	    .dialects = forms,
	    .dialect_count = countof(forms)});
	h->world->access_changed = on_access;
	world_restart(h->world);
	h->api->options.store = h->world->store;
	store_start(h->world->store);
	while (!h->is_known)
		run_loop(h);
	*state = h;
	return 0;
}

static int
teardown(void **state)
{
	struct house *h = *state;

	api_stop(h->api);
	world_free(h->world);
	api_free(h->api);
	queue_free(h->loop);
	mem_free(h);
	return 0;
}

/* ---- a call ---- */

struct ask {
	const char *path;
	const char *authorization;
	const char *type;
	const char *body;
	const char *key; /* Idempotency-Key, or NULL */
};

static void
on_done(struct call *c, void *ctx)
{
	(void)c;
	((struct house *)ctx)->done = true;
}

static struct answer
answer_of(struct call *c)
{
	const struct call_response *r = call_response(c);
	struct answer a = {.status = r->status};

	snprintf(a.type, sizeof(a.type), "%s", r->content_type);
	snprintf(a.body, sizeof(a.body), "%.*s", (int)r->body.len, r->body.ptr);
	for (unsigned i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, "WWW-Authenticate") == 0)
			snprintf(
			    a.challenge, sizeof(a.challenge), "%s", r->headers[i].value);
	return a;
}

static struct answer
call(struct house *h, const struct ask *ask)
{
	struct call *c = call_new(h->api, h->loop, on_done, h);
	struct header key = {SPAN("Idempotency-Key"), span_of(ask->key)};
	struct answer a;

	*call_request(c) = (struct call_request){.method = SPAN("POST"),
	    .target = span_of(ask->path),
	    .authorization = span_of(ask->authorization),
	    .content_type = span_of(ask->type),
	    .body = span_of(ask->body),
	    .headers = &key,
	    .header_count = ask->key != NULL};
	h->done = false;
	api_start(c);
	while (!h->done)
		run_loop(h);
	a = answer_of(c);
	call_free(c);
	return a;
}

/* RFC 4648 4. */
static char *
base64(struct arena *a, struct span s)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, 4 * (s.len / 3 + 1) + 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		unsigned group = 0;

		for (size_t k = 0; k < 3; k++)
			group = group << 8 |
				(i + k < s.len ? (unsigned char)s.ptr[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			out[len++] =
			    k <= s.len - i ? letters[group >> (18 - 6 * k) & 63] : '=';
	}
	return out;
}

static const char *
basic(struct house *h, const char *name, const char *password)
{
	char *text = arena_printf(&h->world->arena, "%s:%s", name, password);

	return arena_printf(
	    &h->world->arena, "Basic %s", base64(&h->world->arena, span_of(text)));
}

static const char *
name_of(struct house *h, const char *prefix, const struct ident *id)
{
	char text[IDENT_TEXT_LEN + 1];

	ident_text(id, text);
	return arena_printf(&h->world->arena, "%s%s", prefix, text);
}

static const char *
pair(struct house *h)
{
	return basic(h, name_of(h, "AC", &h->world->account), h->key);
}

/* A form to one of the dialect's two URLs, as its own account. */
static struct ask
form_to(struct house *h, const char *what, const char *body)
{
	return (struct ask){
	    .path = arena_printf(&h->world->arena, "/forms/1/services/%s/%s",
		name_of(h, "VA", &h->world->application), what),
	    .authorization = pair(h),
	    .type = FORM,
	    .body = body};
}

static struct answer
send(struct house *h, const char *to)
{
	struct ask ask = form_to(h, "verifications",
	    arena_printf(&h->world->arena, "To=%s&Template=%s&Lookup=false", to,
		name_of(h, "MG", &h->world->template)));

	return call(h, &ask);
}

static struct ask
check_of(struct house *h, const char *to, const char *code)
{
	return form_to(
	    h, "checks", arena_printf(&h->world->arena, "To=%s&Code=%s", to, code));
}

static struct answer
check(struct house *h, const char *to, const char *code)
{
	struct ask ask = check_of(h, to, code);

	return call(h, &ask);
}

/* The member of a form. */
static const char *
member(struct house *h, const struct answer *a, const char *name)
{
	return form_value(&h->world->arena, span_of(a->body), name);
}

/* ---- what it shows ---- */

static void
test_a_pin_is_sent_and_checked_by_number(void **state)
{
	struct house *h = *state;
	struct answer sent = send(h, "%2B" TO);
	struct answer wrong = check(h, TO, "none");
	struct answer right;

	world_pass(h->world, VERIFY_LIMIT_MS);
	right = check(h, "%2B" TO, h->pin);
	assert_int_equal(sent.status, 201);
	assert_string_equal(sent.type, FORM ";charset=UTF-8");
	assert_string_equal(member(h, &sent, "to"), TO);
	assert_string_equal(member(h, &sent, "status"), "pending");
	assert_int_equal(wrong.status, 200);
	assert_string_equal(member(h, &wrong, "status"), "pending");
	assert_string_equal(member(h, &wrong, "sid"), member(h, &sent, "sid"));
	assert_string_equal(member(h, &right, "status"), "approved");
}

static void
test_the_newest_pin_of_a_number_is_the_one_that_is_meant(void **state)
{
	struct house *h = *state;
	char first[PIN_LENGTH_MAX + 1];
	struct answer sent;
	struct answer old;

	(void)send(h, TO);
	memcpy(first, h->pin, sizeof(first));
	do {
		world_pass(h->world, 1000);
		sent = send(h, TO);
		assert_int_equal(sent.status, 201);
	} while (strcmp(first, h->pin) == 0);
	old = check(h, TO, first);
	assert_string_equal(member(h, &old, "status"), "pending");
	assert_string_equal(member(h, &old, "sid"), member(h, &sent, "sid"));
}

static void
test_a_number_without_a_pin_is_not_found(void **state)
{
	struct house *h = *state;
	struct answer a = check(h, TO, "1234");

	assert_int_equal(a.status, 404);
	assert_string_equal(member(h, &a, "code"), "20404");
}

/* Its answer is rendered by the dialect inside the store's transaction. */
static void
test_a_check_under_a_key_is_done_once(void **state)
{
	struct house *h = *state;
	struct ask ask;
	struct answer first;
	struct answer again;

	(void)send(h, TO);
	ask = check_of(h, TO, h->pin);
	ask.key = "once";
	first = call(h, &ask);
	again = call(h, &ask);
	assert_string_equal(member(h, &first, "status"), "approved");
	assert_int_equal(again.status, 200);
	assert_string_equal(again.body, first.body);
	assert_string_equal(again.type, first.type);
	ask.body = "To=" TO "&Code=none";
	assert_int_equal(call(h, &ask).status, 422);
}

static void
test_a_fault_is_worded_as_a_form(void **state)
{
	struct house *h = *state;
	struct answer a = send(h, "nobody");

	assert_int_equal(a.status, 400);
	assert_string_equal(a.body, "code=60200&about=to");
	assert_string_equal(a.type, FORM ";charset=UTF-8");
}

static void
test_a_pair_needs_its_own_key(void **state)
{
	struct house *h = *state;
	struct ask ask = {
	    .path = "/forms/1/services/VA/checks", .type = FORM, .body = ""};
	struct ident other = h->world->application;
	struct answer a;

	ask.authorization = basic(h, name_of(h, "AC", &other), h->key);
	a = call(h, &ask);
	assert_int_equal(a.status, 401);
	assert_string_equal(a.challenge, "Basic realm=\"forms\"");
	ask.authorization = basic(h, name_of(h, "AC", &h->world->account), "ww_other");
	assert_int_equal(call(h, &ask).status, 401);
	ask.authorization = basic(h, "somebody", h->key);
	assert_int_equal(call(h, &ask).status, 401);
}

static void
test_json_is_for_others(void **state)
{
	struct house *h = *state;
	struct ask ask = {.path = "/forms/1/services/VA/checks",
	    .authorization = pair(h),
	    .type = "application/json",
	    .body = "{}"};

	assert_int_equal(call(h, &ask).status, 415);
}

/* The same PIN by its id, in JSON, with the key alone: what there was before. */
static void
test_the_other_dialects_stay_as_they_are(void **state)
{
	struct house *h = *state;
	struct answer sent = send(h, TO);
	struct ask ask = {.path = arena_printf(&h->world->arena, "/2fa/2/pin/%s/verify",
			      member(h, &sent, "sid") + 2),
	    .authorization = arena_printf(&h->world->arena, "App %s", h->key),
	    .type = "application/json",
	    .body = arena_printf(&h->world->arena, "{\"pin\":\"%s\"}", h->pin)};
	struct answer a = call(h, &ask);

	assert_int_equal(a.status, 200);
	assert_string_equal(a.type, "application/json;charset=UTF-8");
	assert_non_null(strstr(a.body, "\"verified\":true"));
	ask.type = FORM;
	ask.body = "pin=1";
	assert_int_equal(call(h, &ask).status, 415);
	ask.authorization = "App ww_other";
	a = call(h, &ask);
	assert_int_equal(a.status, 401);
	assert_string_equal(a.type, "application/json;charset=UTF-8");
	assert_non_null(strstr(a.challenge, "App, Basic"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(test_a_pin_is_sent_and_checked_by_number),
	    CASE(test_the_newest_pin_of_a_number_is_the_one_that_is_meant),
	    CASE(test_a_number_without_a_pin_is_not_found),
	    CASE(test_a_check_under_a_key_is_done_once),
	    CASE(test_a_fault_is_worded_as_a_form),
	    CASE(test_a_pair_needs_its_own_key),
	    CASE(test_json_is_for_others),
	    CASE(test_the_other_dialects_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
