/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backlog goes a stretch at a time, with rests; what is left after a minute goes in
 * longer ones, and no kind of work waits for the end of another.
 */
#include "server/housekeeping.h"

#include <stdio.h>

#include "store/store.h"
#include "store/world.h"
#include "unit/unit.h"

#define PINS "SELECT count(*) FROM pin"
#define LATE_AND_OLD                                                                     \
	"SELECT count(*) FROM destination_pin "                                          \
	"WHERE pin IN (SELECT id FROM pin ORDER BY id DESC LIMIT 8)"

enum { MANY = 500, LATE = 8, MINUTE_MS = 60000, KEEP_MS = 5 * 86400000 };

static void
send_many(struct world *w, size_t count)
{
	struct application_change change = {
	    .send_phone_limit = "100000/1h", .pin_ttl = "1m", .verify_limit = "10/1h"};
	char to[32];

	world_configure(w, &change);
	for (size_t i = 0; i < count; i++) {
		snprintf(to, sizeof(to), "4179%07zu", i);
		assert_int_equal(world_send(w, to).err, OK);
	}
}

static void
test_a_backlog_goes_in_stretches_that_grow(void **state)
{
	static const int64_t left[] = {
	    MANY - 64, MANY - 64 - 128, MANY - 64 - 128 - 256, 0};
	struct world *w = *state;
	struct housekeeping *h;

	send_many(w, MANY);
	world_pass(w, KEEP_MS + 2 * MINUTE_MS);
	store_start(w->store);
	h = housekeeping_new(w->store, &w->clock, KEEP_MS);
	for (size_t i = 0; i < countof(left); i++) {
		int64_t rest_ms = housekeeping_tick(h);

		check_case(i, left[i] == 0 || rest_ms >= 1);
		check_case(i, world_ask(w, PINS) == left[i]);
		world_pass(w, MINUTE_MS);
	}
	assert_int_equal(housekeeping_tick(h), -1);
	world_restart(w);
	housekeeping_free(h);
}

/* Retention has a long way to go when PINs grow old that were not when it began. */
static void
test_no_kind_waits_for_the_end_of_another(void **state)
{
	struct world *w = *state;
	struct housekeeping *h;

	send_many(w, MANY);
	world_pass(w, KEEP_MS);
	send_many(w, LATE);
	world_pass(w, PERIOD_MS_DAY);
	assert_int_equal(world_age(w), MANY);
	store_start(w->store);
	h = housekeeping_new(w->store, &w->clock, KEEP_MS);
	assert_true(housekeeping_tick(h) >= 1);
	assert_int_equal(world_ask(w, LATE_AND_OLD), 0);
	world_pass(w, 2 * PERIOD_MS_DAY);
	assert_true(housekeeping_tick(h) >= 1);
	assert_int_equal(world_ask(w, LATE_AND_OLD), LATE);
	assert_true(world_ask(w, PINS) > LATE);
	world_restart(w);
	housekeeping_free(h);
}

static void
test_with_nothing_to_do_it_says_so(void **state)
{
	struct world *w = *state;
	struct housekeeping *h;

	store_start(w->store);
	h = housekeeping_new(w->store, &w->clock, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(housekeeping_tick(h), -1);
	world_restart(w);
	housekeeping_free(h);
}

/* The next look is a minute later, and a clock may round that down. */
static void
test_each_look_is_at_everything(void **state)
{
	struct world *w = *state;
	struct housekeeping *h;

	send_many(w, LATE);
	world_pass(w, KEEP_MS + MINUTE_MS / 2);
	store_start(w->store);
	h = housekeeping_new(w->store, &w->clock, KEEP_MS);
	while (housekeeping_tick(h) >= 0)
		world_pass(w, 1);
	assert_int_equal(world_ask(w, PINS), LATE);
	world_pass(w, MINUTE_MS - 1);
	(void)housekeeping_tick(h);
	assert_int_equal(world_ask(w, PINS), 0);
	world_restart(w);
	housekeeping_free(h);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_backlog_goes_in_stretches_that_grow),
	    CASE(no_kind_waits_for_the_end_of_another),
	    CASE(each_look_is_at_everything),
	    CASE(with_nothing_to_do_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
