/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of destinations, in memory and on disk: whatever moves when, a limit counts
 * each send once, lists have them all, and a start finds what was in memory.
 */
#include <stdio.h>

#include "store/limits.h"
#include "store/status.h"
#include "store/store.h"
#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define WINDOW PERIOD_MS_HOUR

enum { NUMBERS = 12, LIMIT = 3, STEPS = 3000, IN_MEMORY = 5 };

/* The last sends of a number, which a limit has to know. */
struct model {
	int64_t sent_ms[LIMIT]; /* the oldest first; 0: none */
};

static struct model models[NUMBERS];

static bool
model_admits(struct model *m, int64_t now_ms)
{
	if (m->sent_ms[0] != 0 && m->sent_ms[0] > now_ms - WINDOW)
		return false;
	memmove(&m->sent_ms[0], &m->sent_ms[1], sizeof(m->sent_ms) - sizeof(int64_t));
	m->sent_ms[LIMIT - 1] = now_ms;
	return true;
}

static void
number(size_t i, char to[32])
{
	snprintf(to, 32, "4179%07zu", i * 7919 % 9999991);
}

static size_t
listed(struct world *w, const char *destination)
{
	struct verifications_job j = {.account = w->account,
	    .application = w->application,
	    .destination = destination};

	assert_int_equal(world_run(w, &j.job, VERB_VERIFICATIONS), OK);
	for (size_t i = 1; i < j.count; i++) {
		int order = strcmp(j.list[i - 1].destination, j.list[i].destination);

		assert_true(order < 0 || (order == 0 && j.list[i - 1].sent_at_ms <=
							    j.list[i].sent_at_ms));
	}
	return j.count;
}

/* So many PINs may stand in memory. */
static void
begin(struct world *w, int64_t in_memory)
{
	struct application_change change = {
	    .send_phone_limit = "3/1h", .pin_ttl = "1m", .verify_limit = "1000/1s"};

	w->recent_max = in_memory;
	world_restart(w);
	world_configure(w, &change);
	memset(models, 0, sizeof(models));
	w->dice = 1;
}

/* Sends to numbers by chance, over restarts; how many were let in. */
static size_t
send_by_chance(struct world *w, size_t steps)
{
	size_t admitted = 0;
	char to[32];

	for (size_t step = 0; step < steps; step++) {
		size_t i = world_dice(w, NUMBERS);
		bool admits;

		world_pass(w, world_dice(w, PERIOD_MS_HOUR / 10));
		if (world_dice(w, 40) == 0)
			world_restart(w);
		admits = model_admits(&models[i], w->wall_ms);
		number(i, to);
		check_case(step, world_send(w, to).err == (admits ? OK : ERR_THROTTLED));
		admitted += admits;
	}
	return admitted;
}

static void
test_a_limit_counts_each_send_once_wherever_it_stands(void **state)
{
	struct world *w = *state;
	size_t sum = 0;
	size_t admitted;
	char to[32];

	begin(w, IN_MEMORY);
	admitted = send_by_chance(w, STEPS);
	assert_in_range(admitted, STEPS / 4, STEPS - STEPS / 10);
	assert_int_equal(listed(w, NULL), admitted);
	for (size_t i = 0; i < NUMBERS; i++) {
		number(i, to);
		sum += listed(w, to);
	}
	assert_int_equal(sum, admitted);
	assert_in_range(world_ask(w, "SELECT count(*) FROM destination_young"),
	    admitted - IN_MEMORY - 1, admitted);
}

/* Each round moves the mark: what a start has to look at stays small. */
static void
test_the_mark_follows(void **state)
{
	struct world *w = *state;

	begin(w, IN_MEMORY);
	send_by_chance(w, 400);
	assert_in_range(world_ask(w, "SELECT count(*) FROM pin p, destination_mark m "
				     "WHERE p.id >= m.pin"),
	    1, 8 * IN_MEMORY);
}

static void
test_retention_takes_both(void **state)
{
	struct world *w = *state;

	begin(w, IN_MEMORY);
	send_by_chance(w, 200);
	world_pass(w, 2 * PERIOD_MS_DAY);
	assert_true(world_retain(w, PERIOD_MS_DAY) > 0);
	assert_int_equal(listed(w, NULL), 0);
	assert_int_equal(world_ask(w, "SELECT count(*) FROM destination_young"), 0);
	memset(models, 0, sizeof(models));
	send_by_chance(w, 200);
}

/* Several of one batch are one after another in the limit, and of one stretch that moves.
 */
static void
test_the_newest_is_the_one_in_memory(void **state)
{
	struct world *w = *state;
	struct world_sent first;
	struct world_sent second;

	begin(w, 1);
	first = world_send(w, TO);
	assert_int_equal(world_verify(w, &first.pin_id, "none").left, 9);
	world_pass(w, 1);
	second = world_send(w, TO);
	world_pass(w, 1);
	assert_int_equal(world_send(w, "4178").err, OK); /* the first one moved */
	assert_int_equal(world_ask(w, "SELECT count(*) FROM destination_young"), 1);
	assert_int_equal(world_verify(w, &first.pin_id, "none").left, 8);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin WHERE verifies IS NOT NULL AND id = "
			 "(SELECT max(id) FROM pin WHERE destination = '41790000001')"),
	    1);
	assert_int_equal(
	    world_verify(w, &second.pin_id, second.pin).verdict, VERDICT_RIGHT);
}

/* A clock that is set back over a restart gives ids below those of the last second. */
static void
test_a_clock_that_was_set_back_hides_nothing(void **state)
{
	struct world *w = *state;
	char to[32];

	begin(w, 1);
	for (size_t i = 20; i > 0; i--) { /* against the order of the rounds */
		number(i, to);
		world_pass(w, 40);
		assert_int_equal(world_send(w, to).err, OK);
	}
	w->wall_ms -= 900;
	w->recent_max = 100; /* what comes now stays in memory */
	world_restart(w);
	for (size_t i = 0; i < LIMIT; i++)
		assert_int_equal(world_send(w, TO).err, OK);
	world_restart(w);
	assert_int_equal(world_send(w, TO).err, ERR_THROTTLED);
}

/* Both tables have as many as the lower limit allows. */
static void
test_a_limit_that_was_lowered_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "10/1h"};
	struct limits_job j = {
	    .account = w->account, .application = w->application, .destination = TO};

	w->recent_max = 4;
	world_restart(w);
	world_configure(w, &change);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(world_send(w, TO).err, OK);
		world_pass(w, 1);
	}
	assert_in_range(world_ask(w, "SELECT count(*) FROM destination_young"), 3, 6);
	change.send_phone_limit = "3/1h";
	world_configure(w, &change);
	assert_int_equal(world_run(w, &j.job, VERB_LIMITS), OK);
	assert_int_equal(j.phone.left, 0);
	assert_int_equal(j.phone.wait_ms, WINDOW - 3);
	assert_int_equal(world_send(w, TO).err, ERR_THROTTLED);
}

/* Somebody took rows out of the store: what is left of the number goes on. */
static void
test_a_newest_that_is_gone_stops_nobody(void **state)
{
	struct world *w = *state;
	struct world_sent s[4];

	begin(w, 1);
	for (size_t i = 0; i < countof(s); i++) {
		s[i] = world_send(w, i < 2 ? TO : i == 2 ? "4170" : "4199");
		world_pass(w, 1);
	}
	assert_true(world_ask(w, "SELECT count(*) FROM destination_young") >= 2);
	world_tell(w,
	    "DELETE FROM pin WHERE destination = '" TO "' AND id = (SELECT max(id) "
	    "FROM pin WHERE destination = '" TO "')");
	assert_int_equal(world_verify(w, &s[0].pin_id, "none").left, 9);
	assert_int_equal(world_verify(w, &s[0].pin_id, s[0].pin).verdict, VERDICT_RIGHT);
	world_tell(w, "DELETE FROM destination_young");
	assert_int_equal(world_verify(w, &s[2].pin_id, s[2].pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_send(w, TO).err, OK);
}

/* A command beside a server of an older version changes nothing under it. */
static void
test_a_store_that_is_served_is_not_upgraded(void **state)
{
	struct world *w = *state;
	int64_t version = world_ask(w, "PRAGMA user_version");
	char older[64];
	char today[64];
	char why[256];

	snprintf(older, sizeof(older), "PRAGMA user_version = %d", (int)version - 1);
	snprintf(today, sizeof(today), "PRAGMA user_version = %d", (int)version);
	store_close(w->store);
	w->store = NULL;
	world_tell(w, older);
	w->keep_schema = true;
	assert_int_equal(world_open(w, why), ERR_BUSY);
	assert_non_null(strstr(why, "of an older version"));
	assert_int_equal(world_ask(w, "PRAGMA user_version"), version - 1);
	world_tell(w, today);
	assert_int_equal(world_open(w, why), OK);
}

/* Ids of one millisecond are in no order: the log of verifies must not be in two rows. */
static void
test_sends_of_one_millisecond_have_one_log(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .verify_limit = "4/1h", .pin_attempts = {true, 100}};
	struct world_sent s[3];
	char to[32];

	begin(w, 1);
	world_configure(w, &change);
	for (size_t i = 0; i < 30; i++) {
		number(i, to);
		for (size_t k = 0; k < countof(s); k++) {
			s[k] = world_send(w, to);
			check_case(i, s[k].err == OK);
			check_case(i, world_verify(w, &s[k].pin_id, "none").err == OK);
		}
		world_pass(w, 1);
		for (size_t k = 0; k < countof(s); k++) /* all of them move */
			(void)world_send(w, k % 2 == 0 ? "4170" : "4199");
		check_case(i, world_verify(w, &s[0].pin_id, "none").err == OK);
		check_case(i, world_verify(w, &s[1].pin_id, "none").err == ERR_THROTTLED);
	}
}

/* A row that could not move did not leave memory either, and the batch's changes there
 * are undone. */
static void
test_a_batch_that_failed_changed_neither(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	assert_int_equal(world_send(w, TO).err, OK);
	assert_int_equal(world_send(w, TO).err, OK);
	world_pass(w, 1);
	world_tell(w, "CREATE TRIGGER broken BEFORE INSERT ON destination_young "
		      "BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_not_equal(world_send(w, "4178").err, OK);
	world_pass(w, 1);
	assert_int_not_equal(world_send(w, TO).err, OK);
	world_tell(w, "DROP TRIGGER broken");
	assert_int_equal(world_ask(w, "SELECT count(*) FROM pin"), 2);
	assert_int_equal(world_send(w, TO).err, OK);
	assert_int_equal(world_send(w, TO).err, ERR_THROTTLED);
	assert_int_equal(world_send(w, "4178").err, OK);
	assert_int_equal(listed(w, NULL), LIMIT + 1);
}

/* One that is far ahead would hold up all that come after it in memory. */
static void
test_a_damaged_id_holds_nobody_up(void **state)
{
	struct world *w = *state;
	enum err e = OK;
	char to[32];

	begin(w, IN_MEMORY);
	world_tell(w, "CREATE TRIGGER broken BEFORE INSERT ON destination_young "
		      "BEGIN SELECT RAISE(ABORT, 'no'); END");
	for (size_t i = 100; e == OK; i++) {
		number(i, to);
		world_pass(w, 1);
		e = world_send(w, to).err;
	}
	world_tell(w, "DROP TRIGGER broken"); /* and memory is read anew */
	world_tell(w, "UPDATE pin SET id = x'7FFF0000000000000000000000000001' "
		      "WHERE id = (SELECT max(id) FROM pin)");
	for (size_t i = 0; i < 100; i++) {
		number(i, to);
		world_pass(w, 1);
		(void)world_send(w, to);
	}
	assert_true(
	    world_ask(w, "SELECT count(*) FROM destination_young") >= 100 - IN_MEMORY);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_a_limit_counts_each_send_once_wherever_it_stands),
	    CASE(test_the_mark_follows),
	    CASE(test_retention_takes_both),
	    CASE(test_the_newest_is_the_one_in_memory),
	    CASE(test_a_clock_that_was_set_back_hides_nothing),
	    CASE(test_a_limit_that_was_lowered_leaves_nothing),
	    CASE(test_a_newest_that_is_gone_stops_nobody),
	    CASE(test_a_store_that_is_served_is_not_upgraded),
	    CASE(test_sends_of_one_millisecond_have_one_log),
	    CASE(test_a_batch_that_failed_changed_neither),
	    CASE(test_a_damaged_id_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
