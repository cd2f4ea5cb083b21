/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes by guesses, in memory, in the journal and in the PIN rows: wherever it stands,
 * each guess counts once, and whoever asks for a PIN is told of all of them.
 */
#include <stdio.h>

#include "store/status.h"
#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"

enum { PINS = 24, ATTEMPTS = 40, STEPS = 3000 };

struct model {
	struct world_sent sent;
	int64_t attempts;
	bool verified;
};

static struct model models[PINS];

static void
begin_limited(struct world *w, size_t in_memory, int64_t attempts, bool multiple,
    const char *verify_limit)
{
	struct application_change change = {.pin_attempts = {true, attempts},
	    .allow_multiple = {true, multiple},
	    .verify_limit = verify_limit,
	    .send_phone_limit = "100/1h",
	    .pin_ttl = "1d"};

	w->guesses_max = in_memory;
	world_restart(w);
	world_configure(w, &change);
	w->dice = 1;
}

static void
begin(struct world *w, size_t in_memory, int64_t attempts, bool multiple)
{
	begin_limited(w, in_memory, attempts, multiple, "1000/1s");
}

/* Two of a number, so that logs stand in the rows of others as well. */
static void
send_all(struct world *w)
{
	char to[32];

	for (size_t i = 0; i < PINS; i++) {
		snprintf(to, sizeof(to), "4179%07zu", i / 2);
		models[i] = (struct model){.sent = world_send(w, to)};
		assert_int_equal(models[i].sent.err, OK);
		world_pass(w, 1);
	}
}

static bool
lives(const struct model *m)
{
	return m->attempts < ATTEMPTS && !m->verified;
}

static void
guess(struct world *w, size_t step, struct model *m, bool right)
{
	const char *typed = right ? m->sent.pin : "none";
	struct world_verified v = world_verify(w, &m->sent.pin_id, typed);
	enum verdict told = right ? VERDICT_RIGHT : VERDICT_WRONG;

	check_case(step, v.err == OK);
	check_case(step, v.verdict == (lives(m) ? told : VERDICT_NO_MORE));
	if (!lives(m))
		return;
	m->attempts++;
	m->verified = right;
	check_case(step, v.left == (right ? 0 : ATTEMPTS - m->attempts));
}

static void
resend(struct world *w, size_t step, const struct model *m)
{
	int64_t wait_ms;
	enum err e = world_resend(w, &m->sent.pin_id, &wait_ms);

	check_case(step, lives(m) ? e == OK || e == ERR_THROTTLED : e == ERR_NOT_FOUND);
}

static void
look(struct world *w, size_t step, const struct model *m)
{
	struct timeline_job j = {.account = w->account, .pin_id = m->sent.pin_id};

	check_case(step, world_run(w, &j.job, VERB_TIMELINE) == OK);
	check_case(step, j.state.attempts == m->attempts);
	check_case(step, (j.state.verified_at_ms != 0) == m->verified);
	check_case(step, (j.state.matched_at_ms != 0) == m->verified);
	check_case(step, (j.state.attempted_at_ms != 0) == (m->attempts > 0));
}

/* The list has as many as the model. */
static void
list(struct world *w, size_t step)
{
	struct verifications_job j = {
	    .account = w->account, .application = w->application};
	size_t verified = 0;

	check_case(step, world_run(w, &j.job, VERB_VERIFICATIONS) == OK);
	check_case(step, j.count == PINS);
	for (size_t i = 0; i < PINS; i++)
		verified += models[i].verified;
	for (size_t i = 0; i < j.count; i++)
		verified -= j.list[i].verified_at_ms != 0;
	check_case(step, verified == 0);
}

static void
step_by_chance(struct world *w, size_t step)
{
	struct model *m = &models[world_dice(w, PINS)];
	uint32_t what = world_dice(w, 100);

	world_pass(w, 1000);
	if (what < 3)
		world_restart(w);
	else if (what < 10)
		resend(w, step, m);
	else if (what < 18)
		look(w, step, m);
	else if (what < 20)
		list(w, step);
	else
		guess(w, step, m, what == 20);
}

static void
count_by_chance(struct world *w, size_t in_memory)
{
	size_t verified = 0;
	size_t ended = 0;

	begin(w, in_memory, ATTEMPTS, false);
	send_all(w);
	for (size_t step = 0; step < STEPS; step++) {
		step_by_chance(w, step);
		if (step % 100 == 0)
			assert_in_range(
			    world_ask(w, "SELECT count(*) FROM guess"), 0, 4 * in_memory);
	}
	for (size_t i = 0; i < PINS; i++) {
		look(w, i, &models[i]);
		verified += models[i].verified;
		ended += !lives(&models[i]);
	}
	assert_in_range(verified, 1, PINS - 1);
	assert_int_equal(ended, PINS);
	list(w, STEPS);
	assert_in_range(
	    world_ask(w, "SELECT count(*) FROM pin WHERE attempts > 0"), PINS / 2, PINS);
}

static void
test_each_guess_counts_once_wherever_it_stands(void **state)
{
	count_by_chance(*state, 3);
}

static void
test_the_same_with_much_in_memory(void **state)
{
	count_by_chance(*state, 100);
}

/* Those of the older PIN are noted in the row of the newer one, whose own come later. */
static void
test_the_log_and_the_state_of_a_row_come_apart(void **state)
{
	struct world *w = *state;
	struct world_sent a, b;

	begin_limited(w, 2, 100, true, "6/1h");
	a = world_send(w, TO);
	world_pass(w, 1);
	b = world_send(w, TO);
	for (int64_t i = 0; i < 3; i++) {
		world_restart(w);
		assert_int_equal(world_verify(w, &a.pin_id, "none").left, 99 - i);
		assert_int_equal(world_verify(w, &b.pin_id, "none").left, 99 - i);
	}
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).err, ERR_THROTTLED);
	world_pass(w, PERIOD_MS_HOUR + 1); /* a start is after the newest PIN */
	assert_int_equal(world_verify(w, &a.pin_id, "none").left, 96);
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).verdict, VERDICT_RIGHT);
}

/* A long log makes a generation full with few rows, and none is in the way of another. */
static void
test_long_logs_do_not_gather(void **state)
{
	struct world *w = *state;
	struct world_sent a;

	begin(w, 64, 1000, true);
	a = world_send(w, TO);
	for (int64_t i = 0; i < 600; i++) {
		assert_int_equal(world_verify(w, &a.pin_id, "none").left, 999 - i);
		world_pass(w, 1);
	}
	assert_in_range(world_ask(w, "SELECT count(*) FROM guess"), 1, 20);
	assert_in_range(
	    world_ask(w, "SELECT sum(length(verifies)) FROM guess"), 1024, 32768);
	assert_in_range(world_ask(w, "SELECT attempts FROM pin"), 580, 600);
}

/* A start loses what was settled and not yet removed: the journal is bounded all the
 * same, and nothing is counted twice. */
static void
test_starts_again_and_again_do_not_gather(void **state)
{
	enum { MANY = 400, ROUND = 10, GENERATION = 40 };
	struct world *w = *state;
	struct ident pins[MANY];
	char to[32];

	begin(w, GENERATION, 10, true);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(to, sizeof(to), "4179%07zu", i);
		pins[i] = world_send(w, to).pin_id;
	}
	for (size_t i = 0; i < 2 * MANY; i++) {
		int64_t left = world_verify(w, &pins[i % MANY], "none").left;

		check_case(i, left == (i < MANY ? 9 : 8));
		if (i % ROUND == 0)
			world_restart(w);
		check_case(
		    i, world_ask(w, "SELECT count(*) FROM guess") <= 3 * GENERATION + 2);
	}
}

/* The first batch after a start settles something already: else none ever would. */
static void
test_a_start_for_each_guess_does_not_gather(void **state)
{
	enum { MANY = 60, GENERATION = 4 };
	struct world *w = *state;
	struct ident pins[MANY];
	char to[32];

	begin(w, GENERATION, 10, true);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(to, sizeof(to), "4179%07zu", i);
		pins[i] = world_send(w, to).pin_id;
	}
	for (size_t i = 0; i < 2 * MANY; i++) {
		int64_t left = world_verify(w, &pins[i % MANY], "none").left;

		check_case(i, left == (i < MANY ? 9 : 8));
		world_restart(w);
		check_case(
		    i, world_ask(w, "SELECT count(*) FROM guess") <= 3 * GENERATION + 2);
	}
}

/* Long logs make a generation full in a few guesses; the one before it, of many short
 * ones, goes into its rows as evenly. */
static void
test_no_batch_settles_a_generation(void **state)
{
	enum { MANY = 60, LONG = 300 };
	struct world *w = *state;
	struct world_sent a;
	struct world_sent sent;
	int64_t before;
	int64_t now;
	char to[32];

	begin(w, MANY, 1000, true);
	a = world_send(w, TO);
	for (size_t i = 0; i < LONG; i++) {
		assert_int_equal(world_verify(w, &a.pin_id, "none").err, OK);
		world_pass(w, 1);
	}
	for (size_t i = 0; i < 2 * MANY; i++) {
		snprintf(to, sizeof(to), "4178%07zu", i);
		sent = world_send(w, to);
		assert_int_equal(world_verify(w, &sent.pin_id, "none").err, OK);
	}
	for (size_t i = 0; i < 20; i++) {
		before = world_ask(w, "SELECT count(*) FROM pin WHERE attempts > 0");
		assert_int_equal(world_verify(w, &a.pin_id, "none").err, OK);
		now = world_ask(w, "SELECT count(*) FROM pin WHERE attempts > 0");
		check_case(i, now - before <= MANY / 2 + 1);
	}
}

static void
fail_and_go_on(struct world *w, const char *trigger)
{
	struct world_sent s[4];
	size_t failed = 0;

	for (size_t i = 0; i < countof(s); i++)
		s[i] = world_send(w, TO);
	for (size_t i = 0; i < countof(s); i++)
		assert_int_equal(world_verify(w, &s[i].pin_id, "none").left, 99);
	world_tell(w, trigger);
	for (size_t i = 0; i < countof(s); i++)
		failed += world_verify(w, &s[i].pin_id, "none").err != OK;
	assert_in_range(failed, 1, countof(s));
	world_tell(w, "DROP TRIGGER broken");
	for (size_t i = 0; i < countof(s); i++)
		failed += (size_t)(98 - world_verify(w, &s[i].pin_id, "none").left);
	assert_int_equal(failed, countof(s));
}

static void
test_a_batch_that_failed_left_nothing(void **state)
{
	struct world *w = *state;

	begin(w, 1, 100, true);
	fail_and_go_on(w, "CREATE TRIGGER broken BEFORE UPDATE ON pin "
			  "BEGIN SELECT RAISE(ABORT, 'no'); END");
	fail_and_go_on(w, "CREATE TRIGGER broken BEFORE DELETE ON guess "
			  "BEGIN SELECT RAISE(ABORT, 'no'); END");
	fail_and_go_on(w, "CREATE TRIGGER broken AFTER INSERT ON guess "
			  "BEGIN SELECT RAISE(ABORT, 'no'); END");
}

/* Rows that somebody put there or took away by hand. */
static void
test_rows_of_no_pin_stop_nobody(void **state)
{
	struct world *w = *state;
	struct world_sent s[3];

	begin(w, 1, 100, true);
	for (size_t i = 0; i < countof(s); i++) {
		s[i] = world_send(w, TO);
		assert_int_equal(world_verify(w, &s[i].pin_id, "none").left, 99);
		world_pass(w, 1);
	}
	world_tell(w,
	    "INSERT INTO guess SELECT max(seq) + 7, x'00', 1, 1, 1, 1, x'ff' FROM guess");
	world_tell(w,
	    "INSERT INTO guess SELECT max(seq) + 1, zeroblob(16), 1, 1, 1, 1, x'ff' "
	    "FROM guess");
	world_tell(w, "DELETE FROM pin WHERE id = (SELECT min(id) FROM pin)");
	world_restart(w);
	assert_int_equal(world_verify(w, &s[0].pin_id, "none").err, ERR_NOT_FOUND);
	for (int64_t i = 0; i < 8; i++)
		assert_int_equal(
		    world_verify(w, &s[1 + i % 2].pin_id, "none").left, 98 - i / 2);
	assert_in_range(world_ask(w, "SELECT count(*) FROM guess"), 1, 4);
}

/* In a column that a verify does not read: its row takes nothing, and memory must. */
static void
test_a_row_that_takes_nothing_gives_no_guess_back(void **state)
{
	struct world *w = *state;
	struct world_sent s;
	struct world_sent other;

	begin(w, 2, ATTEMPTS, true);
	s = world_send(w, TO);
	other = world_send(w, "41790000002");
	world_tell(w, "PRAGMA writable_schema = ON;"
		      "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT,', ') ') "
		      "WHERE name = 'pin'; PRAGMA writable_schema = RESET;"
		      "UPDATE pin SET channel = 'x' WHERE destination = '" TO "';"
		      "PRAGMA writable_schema = ON;"
		      "UPDATE sqlite_schema SET sql = "
		      "replace(sql, ')  WITHOUT', ') STRICT, WITHOUT') "
		      "WHERE name = 'pin'");
	for (int64_t n = 1; n < ATTEMPTS; n++) {
		if (n % 7 == 0)
			world_restart(w);
		assert_int_equal(world_verify(w, &s.pin_id, "no").left, ATTEMPTS - n);
		for (int64_t i = 0; i < n % 5; i++)
			(void)world_verify(w, &other.pin_id, other.pin);
	}
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(each_guess_counts_once_wherever_it_stands),
	    CASE(the_same_with_much_in_memory),
	    CASE(the_log_and_the_state_of_a_row_come_apart),
	    CASE(long_logs_do_not_gather),
	    CASE(starts_again_and_again_do_not_gather),
	    CASE(a_start_for_each_guess_does_not_gather),
	    CASE(no_batch_settles_a_generation),
	    CASE(a_batch_that_failed_left_nothing),
	    CASE(rows_of_no_pin_stop_nobody),
	    CASE(a_row_that_takes_nothing_gives_no_guess_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
