/* SPDX-License-Identifier: Apache-2.0 */
/* When a carrier's request with receipts is answered, and what. */
#include "delivery/receipts_http.h"

#include <event2/event.h>
#include <poll.h>

#include "carrier/options.h"
#include "store/store.h"
#include "store/world.h"
#include "unit/unit.h"

enum { ANSWER_WAIT_MS = 20000 };

struct receiving {
	struct world *world;
	struct conf conf;
	struct carrier_config carriers[2];
	struct carrier_generic_options options;
	struct event_base *base;
	struct queue *delivery;
	struct queue *loop; /* of HTTP, where the answer goes */
	struct receipts *receipts;
	struct receipts_http *callbacks;
	struct arena arena;
	struct call_request request;
	struct task back;
	unsigned answers;
};

static struct receiving *now;

static void
on_answer(struct task *t)
{
	(void)t;
	now->answers++;
}

static int
setup(void **state)
{
	static struct text_pair delivered = {"delivered", "DELIVERED_TO_HANDSET"};
	struct receiving *r = mem_new(sizeof(*r));

	now = *state = r;
	r->world = world_new();
	r->options = (struct carrier_generic_options){
	    .http.receipt_secret = "a secret of the path",
	    .receipt_id = "/messageId",
	    .receipt_status = "/status",
	    .receipt_statuses = {1, &delivered},
	    .receipt_answer = "ACK"};
	r->carriers[0] = (struct carrier_config){
	    .name = "main", .type = "generic", .options = &r->options};
	r->carriers[1] = (struct carrier_config){.name = "none", .type = "file"};
	r->conf =
	    (struct conf){.carriers = r->carriers, .carrier_count = countof(r->carriers)};
	r->base = event_base_new();
	r->delivery = queue_new(0);
	r->loop = queue_new(0);
	r->receipts = receipts_new(r->base, r->delivery, r->world->store, 1000);
	r->callbacks = receipts_http_new(&r->conf, &r->world->clock, r->receipts);
	r->back.run = on_answer;
	arena_init(&r->arena);
	return 0;
}

static int
teardown(void **state)
{
	struct receiving *r = *state;

	world_restart(
	    r->world); /* the store's thread has ended before what it uses goes */
	queue_run(r->delivery);
	receipts_http_free(r->callbacks);
	receipts_stop(r->receipts);
	receipts_free(r->receipts);
	queue_free(r->loop);
	queue_free(r->delivery);
	event_base_free(r->base);
	arena_fini(&r->arena);
	world_free(r->world);
	mem_free(r);
	return 0;
}

/* A request of that carrier with so many receipts, behind that secret. */
static void
give(struct receiving *r, struct carrier_callback *in, const char *carrier,
    unsigned receipts, const char *secret)
{
	struct buf body;

	buf_init(&body, 1 << 20);
	for (unsigned i = 0; i < receipts; i++)
		buf_printf(&body, "%c{\"messageId\":\"%u\",\"status\":\"delivered\"}",
		    i == 0 ? '[' : ',', i);
	if (receipts > 0)
		buf_add_char(&body, ']');
	r->request = (struct call_request){.method = SPAN("POST"),
	    .body = span_of(arena_text(&r->arena, buf_span(&body)))};
	buf_fini(&body);
	*in = (struct carrier_callback){.request = &r->request,
	    .arena = &r->arena,
	    .carrier = carrier,
	    .secret = span_of(secret),
	    .back = &r->back,
	    .to = r->loop};
	receipts_http_give(r->callbacks, in);
	queue_run(r->loop);
}

static void
wait_for_the_answer(struct receiving *r)
{
	struct pollfd fd = {.fd = queue_fd(r->loop), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, ANSWER_WAIT_MS), 1);
	queue_run(r->loop);
	assert_int_equal(r->answers, 1);
}

static void
test_it_is_answered_when_it_is_durable_and_not_before(void **state)
{
	struct receiving *r = *state;
	struct carrier_callback in;

	give(r, &in, "main", 3, "a secret of the path");
	assert_int_equal(r->answers, 0);
	assert_int_equal(world_ask(r->world, "SELECT count(*) FROM receipt_held"), 0);
	store_start(r->world->store);
	wait_for_the_answer(r);
	assert_int_equal(in.err, OK);
	assert_string_equal(in.answer, "ACK");
	assert_int_equal(world_ask(r->world, "SELECT count(*) FROM receipt_held"), 3);
}

/* The store has room for a hundred: the others shall come again, and with them all of the
 * request, as its answer is one. */
static void
test_one_that_is_not_taken_makes_all_come_again(void **state)
{
	struct receiving *r = *state;
	struct carrier_callback in;

	give(r, &in, "main", 150, "a secret of the path");
	assert_int_equal(r->answers, 0);
	store_start(r->world->store);
	wait_for_the_answer(r);
	assert_int_equal(in.err, ERR_OVERLOADED);
}

static void
test_none_that_is_durable_is_acknowledged_after_a_failure(void **state)
{
	struct receiving *r = *state;
	struct carrier_callback in;

	world_tell(r->world, "CREATE TRIGGER broken BEFORE INSERT ON receipt_held "
			     "WHEN NEW.carrier_message_id = '1' BEGIN "
			     "SELECT RAISE(ABORT, 'no'); END");
	give(r, &in, "main", 2, "a secret of the path");
	store_start(r->world->store);
	wait_for_the_answer(r);
	assert_int_equal(in.err, ERR_OVERLOADED);
}

static void
test_what_is_refused_is_answered_at_once(void **state)
{
	static const struct {
		const char *carrier;
		unsigned receipts;
		const char *secret;
		enum err e;
	} cases[] = {
	    {"main", 1, "another secret", ERR_FORBIDDEN},
	    {"main", 1, "", ERR_FORBIDDEN},
	    {"main", 0, "a secret of the path", ERR_SYNTAX},
	    {"none", 1, "a secret of the path", ERR_FORBIDDEN},
	    {"nobody", 1, "a secret of the path", ERR_FORBIDDEN},
	};
	struct receiving *r = *state;

	for (unsigned i = 0; i < countof(cases); i++) {
		struct carrier_callback in;

		give(r, &in, cases[i].carrier, cases[i].receipts, cases[i].secret);
		check_case(i, r->answers == i + 1);
		check_case(i, in.err == cases[i].e);
	}
	store_start(r->world->store);
	assert_int_equal(world_ask(r->world, "SELECT count(*) FROM receipt_held"), 0);
}

/* Delivery's thread is woken to look again after those that fit no message yet. */
static void
test_what_is_held_is_looked_after(void **state)
{
	struct receiving *r = *state;
	struct carrier_callback in;

	give(r, &in, "main", 3, "a secret of the path");
	store_start(r->world->store);
	wait_for_the_answer(r);
	assert_int_equal(event_base_get_num_events(r->base, EVENT_BASE_COUNT_ADDED), 0);
	queue_run(r->delivery);
	assert_int_equal(event_base_get_num_events(r->base, EVENT_BASE_COUNT_ADDED), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_it_is_answered_when_it_is_durable_and_not_before),
	    CASE(test_one_that_is_not_taken_makes_all_come_again),
	    CASE(test_none_that_is_durable_is_acknowledged_after_a_failure),
	    CASE(test_what_is_refused_is_answered_at_once),
	    CASE(test_what_is_held_is_looked_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
