/* SPDX-License-Identifier: Apache-2.0 */
/* The store's time against clocks that step, and over restarts and reboots. */
#include "store/store_clock.h"

#include "twofa/period.h"
#include "unit/unit.h"

#define T0 INT64_C(1800000000000)
#define SECOND INT64_C(1000)
#define MINUTE PERIOD_MS_MINUTE
#define HOUR PERIOD_MS_HOUR
#define DAY PERIOD_MS_DAY
#define YEAR PERIOD_MS_YEAR

/* ---- the clock alone ---- */

struct machine {
	struct clock clock; /* first */
	int64_t wall_ms;
	int64_t steady_ms;
	int64_t boot;
	struct store_clock store;
};

static struct machine *
machine_of(const struct clock *c)
{
	return (struct machine *)(uintptr_t)c;
}

static int64_t
wall_ms(const struct clock *c)
{
	return machine_of(c)->wall_ms;
}

static int64_t
steady_ms(const struct clock *c)
{
	return machine_of(c)->steady_ms;
}

static int64_t
boot(const struct clock *c)
{
	return machine_of(c)->boot;
}

static void
start(struct machine *m)
{
	static const struct clock_record none;

	*m = (struct machine){.clock = {wall_ms, steady_ms, NULL, boot},
	    .wall_ms = T0,
	    .steady_ms = DAY,
	    .boot = 1};
	store_clock_init(&m->store, &m->clock, &none);
}

static void
pass(struct machine *m, int64_t ms)
{
	m->wall_ms += ms;
	m->steady_ms += ms;
}

/* Looks once a minute, as an idle server does. */
static struct store_time
look_for(struct machine *m, int64_t ms)
{
	struct store_time time;

	store_clock_read(&m->store, &time);
	for (int64_t left = ms; left > 0; left -= MINUTE) {
		pass(m, left < MINUTE ? left : MINUTE);
		store_clock_read(&m->store, &time);
	}
	return time;
}

static const int64_t steps[] = {61 * SECOND, 5 * MINUTE, HOUR, DAY, 60 * DAY, YEAR,
    -61 * SECOND, -5 * MINUTE, -HOUR, -DAY, -60 * DAY, -YEAR};

static void
test_a_step_that_does_not_last_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(steps); i++) {
		struct store_time time;
		struct machine m;

		start(&m);
		m.wall_ms += steps[i];
		time = look_for(&m, 5 * MINUTE - 1);
		check_case(i, time.now_ms == T0 + 5 * MINUTE - 1);
		check_case(i, time.wall_ms == time.now_ms);
		m.wall_ms -= steps[i];
		time = look_for(&m, 1);
		check_case(i, time.now_ms == T0 + 5 * MINUTE);
		check_case(i, time.settled_ms == time.now_ms);
		check_case(i, time.history_ms == time.now_ms);
	}
}

static void
test_a_step_that_lasts_is_taken_after_five_minutes(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(steps); i++) {
		bool forward = steps[i] > 0;
		struct store_time time;
		struct machine m;

		start(&m);
		m.wall_ms += steps[i];
		time = look_for(&m, 5 * MINUTE);
		check_case(i, time.wall_ms == m.wall_ms);
		check_case(i, time.now_ms == (forward ? m.wall_ms : T0 + 5 * MINUTE));
	}
}

static void
test_what_deletes_waits_for_an_hour(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(steps); i++) {
		struct store_time time;
		struct machine m;
		int64_t plain_ms = T0 + HOUR + 4 * MINUTE;

		start(&m);
		m.wall_ms += steps[i];
		time = look_for(&m, HOUR + 4 * MINUTE);
		check_case(i, time.settled_ms == plain_ms);
		check_case(i, time.history_ms <= plain_ms);
		check_case(i, time.history_ms <= m.wall_ms);
		time = look_for(&m, MINUTE);
		check_case(i, time.settled_ms == time.now_ms);
		check_case(i, time.history_ms == m.wall_ms);
	}
}

/* Taken, and right again after half an hour: what people look at is all there. */
static void
test_history_stays_when_a_step_is_mended_within_the_hour(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(steps); i++) {
		struct store_time time;
		struct machine m;

		start(&m);
		m.wall_ms += steps[i];
		time = look_for(&m, HOUR / 2);
		check_case(i, time.history_ms <= T0 + HOUR / 2);
		m.wall_ms -= steps[i];
		time = look_for(&m, 3 * HOUR);
		check_case(i, time.history_ms == m.wall_ms);
		/* what was stamped meanwhile is over by this one alone */
		check_case(i, time.settled_ms == time.now_ms);
	}
}

/* Each of them alone would be followed. */
static void
test_many_small_steps_are_one(void **state)
{
	struct store_time time;
	struct machine m;

	(void)state;
	start(&m);
	for (int i = 0; i < 60; i++) {
		m.wall_ms += 50 * SECOND;
		time = look_for(&m, SECOND);
	}
	assert_true(time.now_ms <= T0 + 60 * SECOND + MINUTE);
}

/* NTP corrects by parts of a second, a leap second by one. */
static void
test_a_small_step_back_lengthens_nothing_and_goes_away(void **state)
{
	static const int64_t back[] = {1, 500, SECOND, 30 * SECOND, 59 * SECOND};

	(void)state;
	for (size_t i = 0; i < countof(back); i++) {
		struct store_time time;
		struct machine m;

		start(&m);
		m.wall_ms -= back[i];
		time = look_for(&m, 10 * MINUTE);
		check_case(i, time.now_ms >= T0 + 10 * MINUTE - 10 * MINUTE / 2048 - 1);
		check_case(i, time.now_ms <= T0 + 10 * MINUTE);
		time = look_for(&m, 2 * DAY);
		check_case(i, time.now_ms == m.wall_ms);
	}
}

/* With or without readings in between: they must not be what makes time pass. */
static void
test_lives_pass_on_an_idle_server_whose_clock_was_set_back(void **state)
{
	static const int64_t back[] = {SECOND, 25 * SECOND, HOUR, DAY, YEAR};

	(void)state;
	for (size_t i = 0; i < countof(back); i++) {
		struct machine m;

		start(&m);
		m.wall_ms -= back[i];
		pass(&m, 24 * SECOND);
		check_case(i, store_clock_now(&m.store) >= T0 + 24 * SECOND - 12);
	}
}

static void
test_a_clock_that_goes_to_and_fro_is_never_followed(void **state)
{
	struct store_time time;
	struct machine m;

	(void)state;
	start(&m);
	for (int i = 0; i < 3600; i++) {
		m.wall_ms += i % 2 == 0 ? DAY : -DAY;
		time = look_for(&m, SECOND);
	}
	assert_int_equal(time.now_ms, T0 + HOUR);
}

static void
test_a_step_that_changes_begins_anew(void **state)
{
	struct store_time time;
	struct machine m;

	(void)state;
	start(&m);
	m.wall_ms += DAY;
	(void)look_for(&m, 4 * MINUTE);
	m.wall_ms += DAY;
	time = look_for(&m, 4 * MINUTE);
	assert_int_equal(time.now_ms, T0 + 8 * MINUTE);
	time = look_for(&m, MINUTE);
	assert_int_equal(time.now_ms, m.wall_ms);
}

/* The machine slept: both clocks say so. */
static void
test_sleep_is_no_step(void **state)
{
	struct store_time time;
	struct machine m;

	(void)state;
	start(&m);
	pass(&m, 10 * DAY);
	store_clock_read(&m.store, &time);
	assert_int_equal(time.now_ms, T0 + 10 * DAY);
	assert_int_equal(time.settled_ms, T0 + 10 * DAY);
}

/* ---- over a restart ---- */

/* The record that a run of an hour leaves to the next one. */
static struct clock_record
run_for_an_hour(struct machine *m)
{
	struct clock_record record;

	start(m);
	(void)look_for(m, HOUR);
	store_clock_record(&m->store, &record);
	return record;
}

static struct store_time
begin_again(struct machine *m, const struct clock_record *record)
{
	struct store_time time;

	store_clock_init(&m->store, &m->clock, record);
	store_clock_read(&m->store, &time);
	return time;
}

struct restart {
	int64_t step_ms; /* of the wall clock while it is down */
	int64_t down_ms;
	bool reboot;               /* the boot clock begins anew, 20 s before the start */
	int64_t least_ms, most_ms; /* what has passed for lives */
	int64_t settled_ms;        /* what has passed for what deletes */
};

static const struct restart restarts[] = {
    /* the boot clock says what passed, whatever the wall clock does */
    {0, 10 * SECOND, false, 10 * SECOND, 10 * SECOND, 10 * SECOND},
    {-DAY, 10 * SECOND, false, 10 * SECOND, 10 * SECOND, 10 * SECOND},
    {60 * DAY, 10 * SECOND, false, 10 * SECOND, 10 * SECOND, 10 * SECOND},
    {-YEAR, 3 * DAY, false, 3 * DAY, 3 * DAY, 3 * DAY},
    /* the wall clock does, and nothing is deleted by it yet */
    {0, 5 * MINUTE, true, 5 * MINUTE, 5 * MINUTE, 0},
    {0, 3 * DAY, true, 3 * DAY, 3 * DAY, 0},
    {DAY, MINUTE, true, DAY + MINUTE, DAY + MINUTE, 0},
    /* it cannot be believed, or not so far */
    {-DAY, MINUTE, true, 20 * SECOND, 20 * SECOND, 0},
    {-50 * YEAR, MINUTE, true, 20 * SECOND, 20 * SECOND, 0},
    {60 * DAY, MINUTE, true, 20 * SECOND + 7 * DAY, 20 * SECOND + 7 * DAY, 0},
};

static void
test_what_passes_while_it_is_down_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(restarts); i++) {
		const struct restart *r = &restarts[i];
		struct machine m;
		struct clock_record record = run_for_an_hour(&m);
		struct store_time time;

		pass(&m, r->down_ms);
		m.wall_ms += r->step_ms;
		if (r->reboot) {
			m.boot = 2;
			m.steady_ms = 20 * SECOND;
		}
		time = begin_again(&m, &record);
		check_case(i, time.now_ms - T0 - HOUR >= r->least_ms);
		check_case(i, time.now_ms - T0 - HOUR <= r->most_ms);
		check_case(i, time.settled_ms - T0 - HOUR == r->settled_ms);
	}
}

struct other_machine {
	int64_t up_ms;  /* how long it has been up */
	int64_t off_ms; /* how its clock differs from the one before */
	int64_t least_ms, most_ms;
};

/* A minute later. */
static const struct other_machine others[] = {
    {300 * DAY, 0, MINUTE, MINUTE},
    {300 * DAY, 30 * SECOND, MINUTE, 90 * SECOND},
    {300 * DAY, -90 * SECOND, 0, 0},
    {300 * DAY, -HOUR, 0, 5 * MINUTE},
    {300 * DAY, -60 * DAY, 0, 5 * MINUTE},
    {30 * SECOND, 0, MINUTE, MINUTE},
    {30 * SECOND, -HOUR, 30 * SECOND, 30 * SECOND},
};

/* A copy of the data, a volume, a snapshot: how long the machine was up says nothing of
 * how long ago the last run was. */
static void
test_a_store_may_move_to_a_machine_that_is_up_for_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(others); i++) {
		const struct other_machine *o = &others[i];
		struct machine m;
		struct clock_record record = run_for_an_hour(&m);
		struct store_time time;

		m.wall_ms += MINUTE + o->off_ms;
		m.steady_ms = o->up_ms;
		m.boot = 2;
		time = begin_again(&m, &record);
		check_case(i, time.now_ms - T0 - HOUR >= o->least_ms);
		check_case(i, time.now_ms - T0 - HOUR <= o->most_ms);
	}
}

/* A restart in the midst of five minutes does not make a step true. */
static void
test_a_restart_is_no_proof(void **state)
{
	struct clock_record record;
	struct store_time time;
	struct machine m;

	(void)state;
	start(&m);
	m.wall_ms += 60 * DAY;
	for (int i = 0; i < 10; i++) {
		(void)look_for(&m, 2 * MINUTE);
		store_clock_record(&m.store, &record);
		store_clock_init(&m.store, &m.clock, &record);
	}
	store_clock_read(&m.store, &time);
	assert_int_equal(time.now_ms, T0 + 20 * MINUTE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_step_that_does_not_last_changes_nothing),
	    cmocka_unit_test(test_a_step_that_lasts_is_taken_after_five_minutes),
	    cmocka_unit_test(test_what_deletes_waits_for_an_hour),
	    cmocka_unit_test(test_history_stays_when_a_step_is_mended_within_the_hour),
	    cmocka_unit_test(test_many_small_steps_are_one),
	    cmocka_unit_test(test_a_small_step_back_lengthens_nothing_and_goes_away),
	    cmocka_unit_test(test_lives_pass_on_an_idle_server_whose_clock_was_set_back),
	    cmocka_unit_test(test_a_clock_that_goes_to_and_fro_is_never_followed),
	    cmocka_unit_test(test_a_step_that_changes_begins_anew),
	    cmocka_unit_test(test_sleep_is_no_step),
	    cmocka_unit_test(test_what_passes_while_it_is_down_counts),
	    cmocka_unit_test(test_a_store_may_move_to_a_machine_that_is_up_for_long),
	    cmocka_unit_test(test_a_restart_is_no_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
