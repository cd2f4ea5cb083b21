/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter of carriers with a thread of their own, around a library that is a loop of
 * a few lines; test/concurrency runs it under ThreadSanitizer as well.
 */
#include "carrier/carrier_thread.h"

#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "unit/unit.h"

enum { JOBS_MAX = 600, PLACES = 20, DEADLINE_MS = 10000, HELD_MAX = 64 };

/* The library: answers at once, ends and reports later, as it is told. */
struct library {
	struct carrier_thread *thread;
	pthread_t loop;
	bool silent; /* answers nothing; before the start */
	bool slow;   /* ends a job a while after its answer */
	bool up;
	int64_t stopped_within;
	bool over;
	struct carrier_job *held[HELD_MAX];
	size_t held_count;
	struct dice dice;
};

struct world {
	struct event_base *base;
	struct library library;
	struct carrier_config config;
	unsigned done[JOBS_MAX];
	enum carrier_result results[JOBS_MAX];
	bool untried[JOBS_MAX];
	unsigned answers;
	unsigned receipts;
	unsigned refuse_receipts; /* so many are not durable */
	pthread_t loop;
};

/* ---- the library ---- */

static void
end_job(struct library *lib, struct carrier_job *job)
{
	(void)lib;
	carrier_thread_report(
	    job, REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_VOICE_ANSWERED, 0);
	carrier_thread_end(job);
}

static void
lib_submit(void *ctx, struct carrier_job *job)
{
	struct library *lib = ctx;
	struct carrier_outcome o = {
	    .result = CARRIER_ACCEPTED, .reason = "taken", .message_id = "id"};

	assert_string_equal(job->message.to, "41793026727");
	assert_true(span_equal_text(job->message.content.voice.text, "Your PIN is 1207"));
	carrier_thread_forget(job);
	assert_null(job->message.content.voice.text.ptr);
	if (!lib->silent)
		carrier_thread_answer(job, &o);
	if (lib->silent || lib->slow)
		lib->held[lib->held_count++] = job;
	else
		end_job(lib, job);
}

static void
lib_stop(void *ctx, int64_t within_ms)
{
	struct library *lib = ctx;

	lib->stopped_within = within_ms;
	while (lib->held_count > 0 && !lib->silent)
		end_job(lib, lib->held[--lib->held_count]);
}

static void
lib_quit(void *ctx)
{
	((struct library *)ctx)->over = true;
}

static void
lib_run(void *ctx)
{
	struct library *lib = ctx;
	struct pollfd p = {.fd = carrier_thread_fd(lib->thread), .events = POLLIN};

	if (lib->up)
		carrier_thread_tell_up(lib->thread, true);
	while (!lib->over) {
		poll(&p, 1, 1);
		carrier_thread_turn(lib->thread);
		if (lib->slow && lib->held_count > 0 && dice_next(&lib->dice) % 4 == 0)
			end_job(lib, lib->held[--lib->held_count]);
	}
}

/* ---- the loop ---- */

static struct world *world; /* of the test that runs: outcomes know only a number */

static void
on_done(void *ctx, const struct carrier_outcome *o)
{
	size_t i = (size_t)(uintptr_t)ctx;

	assert_true(pthread_equal(pthread_self(), world->loop));
	assert_non_null(o->reason);
	world->done[i]++;
	world->results[i] = o->result;
	world->untried[i] = o->untried;
	world->answers++;
}

static void
on_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	struct world *w = ctx;
	bool durable = w->refuse_receipts == 0;

	assert_ptr_equal(config, &w->config);
	assert_string_equal(r->message_id, "id");
	assert_int_equal(r->status, REPORT_DELIVERED_TO_HANDSET);
	if (durable)
		w->receipts++;
	else
		w->refuse_receipts--;
	r->taken(r->taken_ctx, durable);
}

static void
turn(struct world *w)
{
	struct timeval tv = {0, 2000};

	event_base_loopexit(w->base, &tv);
	event_base_loop(w->base, EVLOOP_ONCE);
}

#define until(w, condition)                                                              \
	do {                                                                             \
		int64_t end = clock_system.steady_ms(&clock_system) + DEADLINE_MS;       \
		while (!(condition)) {                                                   \
			if (clock_system.steady_ms(&clock_system) > end)                 \
				fail_msg("waited too long for %s", #condition);          \
			turn(w);                                                         \
		}                                                                        \
	} while (0)

static struct carrier_thread *
start(struct world *w)
{
	struct carrier_env env = {.base = w->base,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .receipt = on_receipt,
	    .ctx = w};
	struct carrier_thread_user user = {.name = "library",
	    .run = lib_run,
	    .submit = lib_submit,
	    .stop = lib_stop,
	    .quit = lib_quit,
	    .ctx = &w->library};

	w->loop = pthread_self();
	w->library.thread = carrier_thread_new(&w->config, &env, PLACES, &user);
	carrier_thread_start(w->library.thread);
	if (w->library.up)
		until(w, carrier_thread_is_up(w->library.thread));
	return w->library.thread;
}

static void
submit(struct world *w, size_t i)
{
	struct carrier_message m = {.pin_id = "1",
	    .application_id = "2",
	    .reference = "3",
	    .to = "41793026727",
	    .content = {.channel = CHANNEL_VOICE,
		.voice = {.text = SPAN("Your PIN is 1207")}},
	    .validity_ms = 60000};

	carrier_thread_submit(w->library.thread, &m, on_done, (void *)(uintptr_t)i);
}

/* ---- tests ---- */

static void
test_each_submit_has_one_answer(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t;

	w->library.slow = true;
	t = start(w);
	for (size_t i = 0; i < JOBS_MAX; i++) {
		until(w, carrier_thread_has_room(t));
		submit(w, i);
	}
	until(w, w->receipts == JOBS_MAX && !carrier_thread_is_busy(t));
	carrier_thread_free(t);
	for (size_t i = 0; i < JOBS_MAX; i++) {
		check_case(i, w->done[i] == 1);
		check_case(i, w->results[i] == CARRIER_ACCEPTED);
	}
}

static void
test_full_and_down_are_said_at_once(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t;

	w->library.silent = true;
	t = start(w);
	for (size_t i = 0; i < PLACES + 3; i++)
		submit(w, i);
	assert_int_equal(w->answers, 3);
	for (size_t i = PLACES; i < PLACES + 3; i++)
		check_case(i, w->results[i] == CARRIER_RETRY && w->untried[i]);
	carrier_thread_free(t);
	assert_int_equal(w->answers, PLACES + 3);
	for (size_t i = 0; i < PLACES; i++)
		check_case(i, w->done[i] == 1 && w->results[i] == CARRIER_UNKNOWN);
}

static void
test_down_takes_nothing(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t;

	w->library.up = false;
	t = start(w);
	submit(w, 0);
	assert_int_equal(w->done[0], 1);
	assert_true(w->results[0] == CARRIER_RETRY && w->untried[0]);
	carrier_thread_free(t);
}

static void
test_a_receipt_is_told_until_it_is_durable(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t = start(w);

	w->refuse_receipts = 2;
	submit(w, 0);
	until(w, w->refuse_receipts == 0);
	assert_true(carrier_thread_is_busy(t));
	until(w, w->receipts == 1);
	assert_false(carrier_thread_is_busy(t));
	carrier_thread_free(t);
	assert_int_equal(w->receipts, 1);
}

static void
test_a_stop_lets_end_and_takes_no_more(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t;

	w->library.slow = true;
	w->library.dice.state = 1;
	t = start(w);
	for (size_t i = 0; i < PLACES; i++)
		submit(w, i);
	carrier_thread_stop(t, 1234);
	submit(w, PLACES);
	assert_true(w->results[PLACES] == CARRIER_RETRY && w->untried[PLACES]);
	until(w, !carrier_thread_is_busy(t));
	assert_int_equal(w->receipts, PLACES);
	carrier_thread_free(t);
	assert_int_equal(w->library.stopped_within, 1234);
}

/* Nothing is told of it once the store may be gone. */
static void
test_free_ends_what_is_on_its_way(void **state)
{
	struct world *w = *state;
	struct carrier_thread *t = start(w);

	for (size_t i = 0; i < PLACES; i++)
		submit(w, i);
	carrier_thread_free(t);
	assert_int_equal(w->answers, PLACES);
	assert_int_equal(w->receipts, 0);
}

static int
setup(void **state)
{
	world = mem_new(sizeof(*world));
	world->base = event_base_new();
	world->library.up = true;
	world->config.name = "library";
	*state = world;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	event_base_free(world->base);
	mem_free(world);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_submit_has_one_answer),
	    TEST(full_and_down_are_said_at_once),
	    TEST(down_takes_nothing),
	    TEST(a_receipt_is_told_until_it_is_durable),
	    TEST(a_stop_lets_end_and_takes_no_more),
	    TEST(free_ends_what_is_on_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
