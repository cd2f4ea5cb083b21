/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of destinations that grow old: what a limit still counts is found, wherever it
 * stands.
 */
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define OLD "SELECT count(*) FROM destination_pin"
#define YOUNG "SELECT count(*) FROM destination_young"

/* Three verify requests a day. */
static void
begin(struct world *w, size_t guesses_in_memory)
{
	struct application_change change = {.pin_ttl = "10d",
	    .pin_attempts = {true, 100},
	    .verify_limit = "3/1d",
	    .send_phone_limit = "100/1h"};

	w->guesses_max = guesses_in_memory;
	world_restart(w);
	world_configure(w, &change);
}

static void
verify_twice(struct world *w, const struct world_sent *s)
{
	assert_int_equal(world_verify(w, &s->pin_id, "none").err, OK);
	assert_int_equal(world_verify(w, &s->pin_id, "none").err, OK);
}

/* One of the three is left for the new PIN of the number. */
static void
send_and_verify_once(struct world *w)
{
	struct world_sent b = world_send(w, TO);

	assert_int_equal(b.err, OK);
	assert_int_equal(world_verify(w, &b.pin_id, "none").err, OK);
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).err, ERR_THROTTLED);
}

static void
test_an_old_pin_that_is_verified_comes_back(void **state)
{
	struct world *w = *state;
	struct world_sent a;

	begin(w, 2);
	a = world_send(w, TO);
	world_pass(w, 3 * PERIOD_MS_DAY);
	assert_int_equal(world_age(w), 1);
	assert_int_equal(world_ask(w, OLD), 1);
	verify_twice(w, &a);
	assert_int_equal(world_ask(w, OLD), 0);
	assert_int_equal(world_ask(w, YOUNG), 1);
	send_and_verify_once(w);
}

static void
stay_young(struct world *w, size_t guesses_in_memory)
{
	struct world_sent a;

	begin(w, guesses_in_memory);
	a = world_send(w, TO);
	world_pass(w, 3 * PERIOD_MS_DAY / 2);
	verify_twice(w, &a);
	world_pass(w, PERIOD_MS_DAY - 1);
	assert_int_equal(world_age(w), 0);
	send_and_verify_once(w);
}

static void
test_who_was_verified_lately_stays_young(void **state)
{
	stay_young(*state, 100);
}

static void
test_and_where_the_row_itself_knows_too(void **state)
{
	stay_young(*state, 1);
}

/* Those of its number that stayed go with one that goes. */
static void
test_what_stayed_goes_with_a_later_one(void **state)
{
	struct world *w = *state;
	struct world_sent a;

	begin(w, 2);
	a = world_send(w, TO);
	world_pass(w, 3 * PERIOD_MS_DAY / 2);
	verify_twice(w, &a);
	world_pass(w, PERIOD_MS_DAY - 2);
	assert_int_equal(world_age(w), 0);
	assert_int_equal(world_send(w, TO).err, OK);
	world_pass(w, 3 * PERIOD_MS_DAY);
	assert_int_equal(world_age(w), 1);
	assert_int_equal(world_ask(w, OLD), 2);
	assert_int_equal(world_ask(w, YOUNG), 0);
}

/* As schema 14 left it: what later steps add is not there. */
static void
undo_later_steps(const struct world *w)
{
	static const char *const columns[] = {"template DROP COLUMN gsm7",
	    "template DROP COLUMN autofill_domain", "template DROP COLUMN autofill_hash",
	    "template DROP COLUMN variants", "pin DROP COLUMN language"};
	char sql[128];

	world_tell(w, "DROP TABLE destination_young");
	world_tell(w, "DROP TABLE destination_aged");
	for (size_t i = 0; i < countof(columns); i++) {
		snprintf(sql, sizeof(sql), "ALTER TABLE %s", columns[i]);
		world_tell(w, sql);
	}
	world_tell(w, "PRAGMA user_version = 14");
}

/* Before this table there was one for all of them; after the upgrade all is old, and what
 * was noted there before counts for a day. */
static void
test_after_an_upgrade_all_is_old(void **state)
{
	struct world *w = *state;
	struct world_sent a;

	begin(w, 1);
	a = world_send(w, TO);
	world_pass(w, PERIOD_MS_DAY / 2);
	verify_twice(w, &a);
	world_tell(w, "INSERT INTO destination_pin "
		      "SELECT application, destination, id FROM pin");
	world_tell(w, "UPDATE destination_mark SET pin = (SELECT max(id) FROM pin)");
	undo_later_steps(w);
	world_restart(w);
	assert_int_equal(world_ask(w, OLD), 1);
	world_pass(w, PERIOD_MS_DAY - 1);
	send_and_verify_once(w);
}

/* Where few are sent memory never fills; what a start has to look at stays little all the
 * same. */
static void
test_a_start_looks_at_some_days(void **state)
{
	enum { DAYS = 30, A_DAY = 10 };
	struct world *w = *state;

	w->recent_max = 1000;
	begin(w, 2);
	for (size_t i = 0; i < DAYS * A_DAY; i++) {
		world_pass(w, PERIOD_MS_DAY / A_DAY);
		assert_int_equal(world_send(w, TO).err, OK);
		(void)world_age(w);
	}
	assert_in_range(world_ask(w, "SELECT count(*) FROM pin p, destination_mark m "
				     "WHERE p.id >= m.pin"),
	    A_DAY, 10 * A_DAY);
}

/* Places of the last days leave memory little by little. */
static void
test_a_send_moves_a_few_dozen_places(void **state)
{
	enum { SENDS = 400, DAYS = 6, FEW = 100 };
	struct world *w = *state;
	int64_t before;

	w->recent_max = 2 * SENDS;
	begin(w, 2);
	for (size_t i = 0; i < SENDS; i++) {
		assert_true(world_send(w, i % 2 == 0 ? TO : "41790000002").err == OK);
		world_pass(w, PERIOD_MS_HOUR / 10);
	}
	for (size_t i = 0; i < DAYS; i++) {
		before = world_ask(w, YOUNG);
		assert_int_equal(world_send(w, TO).err, OK);
		assert_in_range(world_ask(w, YOUNG) - before, 0, FEW);
		world_pass(w, PERIOD_MS_DAY);
	}
	assert_true(before > 0);
}

/* Retention takes all before it is two days old. */
static void
test_runs_of_which_nothing_is_left_go(void **state)
{
	enum { SENDS = 600, A_ROUND = 5 };
	struct world *w = *state;
	struct application_change change = {.pin_ttl = "60s", .send_phone_limit = "9/1m"};

	w->recent_max = 4; /* runs of 16 */
	world_restart(w);
	world_configure(w, &change);
	world_pass(w, 2 * PERIOD_MS_HOUR);
	for (size_t i = 0; i < SENDS; i++) {
		world_pass(w, PERIOD_MS_HOUR / 180);
		assert_int_equal(world_send(w, TO).err, OK);
		if (i % A_ROUND == 0) {
			(void)world_retain(w, 1);
			(void)world_age(w);
		}
	}
	assert_in_range(world_ask(w, "SELECT count(*) FROM pin"), 80, 110);
	assert_in_range(world_ask(w, "SELECT count(*) FROM number_run"), 4, 9);
}

/* Runs that have places of no PIN end with the two days. */
static void
test_runs_end_where_no_pin_is_left(void **state)
{
	enum { SENDS = 100 };
	struct world *w = *state;
	int64_t runs;

	w->recent_max = 4;
	begin(w, 2);
	for (size_t i = 0; i < SENDS; i++) {
		assert_int_equal(world_send(w, TO).err, OK);
		world_pass(w, PERIOD_MS_HOUR / 50);
	}
	world_tell(w, "DELETE FROM pin");
	runs = world_ask(w, "SELECT min(run) FROM destination_young");
	world_pass(w, 3 * PERIOD_MS_DAY);
	for (size_t i = 0; i < SENDS; i++) {
		(void)world_age(w);
		world_pass(w, PERIOD_MS_HOUR);
	}
	assert_true(world_ask(w, "SELECT min(run) FROM destination_young") > runs);
}

/* Nobody knows up to where PINs are old: all of them are looked at again. */
static void
test_a_damaged_mark_is_made_anew(void **state)
{
	static const char known[] =
	    "SELECT count(*) FROM destination_aged a WHERE length(a.pin) = 16 AND "
	    "a.pin >= (SELECT max(pin) FROM destination_pin)";
	struct world *w = *state;
	struct world_sent a;

	begin(w, 2);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(world_send(w, "41790000002").err, OK);
		world_pass(w, PERIOD_MS_HOUR);
	}
	a = world_send(w, TO);
	world_pass(w, 3 * PERIOD_MS_DAY);
	assert_int_equal(world_age(w), 21);
	assert_int_equal(world_send(w, "41790000004").err, OK);
	world_pass(w, 3 * PERIOD_MS_DAY);
	world_tell(w, "UPDATE destination_aged SET pin = x'00'");
	world_restart(w);
	verify_twice(w, &a);
	assert_int_equal(world_send(w, "41790000003").err, OK);
	world_pass(w, PERIOD_MS_DAY - 1);
	(void)world_age(w);
	assert_int_equal(world_ask(w, known), 1);
	send_and_verify_once(w);
	world_pass(w, 4 * PERIOD_MS_DAY);
	(void)world_age(w);
	assert_int_equal(world_ask(w, OLD), 24);
	assert_int_equal(world_ask(w, known), 1);
}

/* A row that leaves memory for good makes room there. */
static void
test_memory_has_room_again(void **state)
{
	struct world *w = *state;

	begin(w, 2);
	for (int64_t i = 0; i < w->recent_max; i++)
		assert_int_equal(world_send(w, TO).err, OK);
	world_pass(w, 3 * PERIOD_MS_DAY);
	assert_int_equal(world_age(w), w->recent_max);
	for (int64_t i = 0; i < w->recent_max; i++) {
		assert_int_equal(world_send(w, TO).err, OK);
		world_pass(w, 1);
	}
	assert_int_equal(world_ask(w, YOUNG), 0);
	assert_int_equal(world_ask(w, OLD), w->recent_max);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_old_pin_that_is_verified_comes_back),
	    CASE(who_was_verified_lately_stays_young),
	    CASE(and_where_the_row_itself_knows_too),
	    CASE(what_stayed_goes_with_a_later_one),
	    CASE(after_an_upgrade_all_is_old),
	    CASE(a_start_looks_at_some_days),
	    CASE(a_send_moves_a_few_dozen_places),
	    CASE(runs_of_which_nothing_is_left_go),
	    CASE(runs_end_where_no_pin_is_left),
	    CASE(a_damaged_mark_is_made_anew),
	    CASE(memory_has_room_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
