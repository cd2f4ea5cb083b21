/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's time against clocks that step, and whoever deletes for good by it: each of
 * them is in the table `deleters` by name.
 */
#include "store/store_clock.h"

#include <stdio.h>

#include "store/world.h"

#define SECOND INT64_C(1000)
#define MINUTE PERIOD_MS_MINUTE
#define HOUR PERIOD_MS_HOUR
#define DAY PERIOD_MS_DAY
#define YEAR PERIOD_MS_YEAR
#define TO "41790000001"

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
		struct clock_record record;
		struct store_time time;
		struct machine m;

		start(&m);
		(void)look_for(&m, HOUR);
		store_clock_record(&m.store, &record);
		pass(&m, r->down_ms);
		m.wall_ms += r->step_ms;
		if (r->reboot) {
			m.boot = 2;
			m.steady_ms = 20 * SECOND;
		}
		store_clock_init(&m.store, &m.clock, &record);
		store_clock_read(&m.store, &time);
		check_case(i, time.now_ms - T0 - HOUR >= r->least_ms);
		check_case(i, time.now_ms - T0 - HOUR <= r->most_ms);
		check_case(i, time.settled_ms - T0 - HOUR == r->settled_ms);
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

/* ---- who deletes ---- */

static struct world_sent
send_one(struct world *w)
{
	struct world_sent s = world_send(w, TO);

	assert_int_equal(s.err, OK);
	return s;
}

static void
run(struct world *w, struct job *j, enum verb verb)
{
	assert_int_equal(world_run(w, j, verb), OK);
}

static void
retention(struct world *w)
{
	(void)world_retain(w, 30 * DAY);
}

static void
ageing(struct world *w)
{
	(void)world_age(w);
}

static void
destruction_of_keys(struct world *w)
{
	(void)send_one(w); /* perhaps with a new key */
	(void)store_expire_keys(w->store);
}

static void
trimming_of_idempotency_records(struct world *w)
{
	struct idempotency_trim_job j = {.limit = 100};

	run(w, &j.job, VERB_IDEMPOTENCY_TRIM);
}

static void
receipts_that_are_held(struct world *w)
{
	struct receipts_held_job j = {.limit = 100};

	run(w, &j.job, VERB_RECEIPTS_HELD);
}

static void
reports_of_receipts_that_never_came(struct world *w)
{
	struct reports_overdue_job j = {.wait_ms = DAY, .limit = 100};

	run(w, &j.job, VERB_REPORTS_OVERDUE);
}

static void
reports_of_nobody(struct world *w)
{
	struct retain_job j = {.keep_ms = 30 * DAY, .limit = 1000};

	run(w, &j.job, VERB_RETAIN);
}

/* Ended ones go when somebody signs in. */
static void
sessions(struct world *w)
{
	struct session_job j = {.session = {.expires_at_ms = INT64_MAX}, .password = ""};

	(void)world_run(w, &j.job, VERB_SESSION_CREATE);
}

#define BE_OLD(name, columns, values)                                                    \
	"INSERT INTO " name " (" columns ") VALUES (" values ")"
#define IDENT "zeroblob(16)"
/* Of the moment when the world began. */
#define AT "1800000000000"

/* What would be deleted if the clock were right that is 60 days ahead. */
static const struct deleter {
	const char *name;
	void (*run)(struct world *w);
	const char *rows; /* made by hand */
	const char *count;
} deleters[] = {
    {"retention", retention, NULL, "SELECT count(*) FROM pin"},
    {"ageing", ageing, NULL, ""},
    {"keys of PINs", destruction_of_keys, NULL, NULL},
    {"idempotency records", trimming_of_idempotency_records,
	BE_OLD("idempotency", "account, name, created_at, secret, fingerprint, run",
	    IDENT ", zeroblob(32), " AT ", 1, zeroblob(32), 1"),
	"SELECT count(*) FROM idempotency"},
    {"receipts held", receipts_that_are_held,
	BE_OLD("receipt_held", "carrier, carrier_message_id, status, error, done_at, at",
	    "'c', 'unknown', 5, 0, 0, " AT),
	"SELECT count(*) FROM receipt_held"},
    {"receipts waited for", reports_of_receipts_that_never_came, NULL,
	"SELECT count(*) FROM message WHERE state = 3"},
    {"reports of a subscription that is gone", reports_of_nobody,
	BE_OLD("subscription",
	    "name, account, groups, active, queue_max, queued, full, "
	    "dropped, dead",
	    "'s', 'test', 1, 0, 10, 1, 0, 0, 0") ";" BE_OLD("report",
	    "subscription, pin, seq, body, created_at, tries, next_at",
	    "'s', (SELECT id FROM pin), 0, '{}', " AT ", 0, 0"),
	"SELECT count(*) FROM report"},
    {"sessions", sessions,
	BE_OLD("session", "hash, account_user, kind, address, expires_at",
	    "zeroblob(32), " IDENT ", 1, NULL, " AT),
	"SELECT count(*) FROM session"},
};

/* Keys are in a file, and those of the last days in a table of the connection. */
static int64_t
left(struct world *w, const struct deleter *d, const struct world_sent *s)
{
	uint8_t key[PIN_KEY_LEN];

	if (d->run == destruction_of_keys)
		return keyring_find(store_keyring(w->store), s->key_id, key) == OK;
	if (d->run == ageing)
		return world_ask(w, "SELECT 1 - count(*) FROM destination_pin");
	return world_ask(w, d->count);
}

static void
begin(struct world *w, const struct deleter *d, struct world_sent *s)
{
	struct application_change many = {.send_phone_limit = "1000/1m"};
	struct outcome_job sent = {.seq = 0,
	    .state = MESSAGE_ACCEPTED,
	    .carrier = "c",
	    .carrier_message_id = "known",
	    .attempts = 1,
	    .tracked = true};

	world_configure(w, &many);
	*s = world_send_tracked(w, TO);
	sent.pin_id = s->pin_id;
	run(w, &sent.job, VERB_OUTCOME);
	if (d->rows != NULL)
		world_tell(w, d->rows);
}

static void
with_each(void (*check)(struct world *w, const struct deleter *d, struct world_sent *s))
{
	for (size_t i = 0; i < countof(deleters); i++) {
		struct world *w = world_new();
		struct world_sent s;

		print_message("%s\n", deleters[i].name);
		begin(w, &deleters[i], &s);
		check(w, &deleters[i], &s);
		world_free(w);
	}
}

/* Each minute, as housekeeping does. */
static void
run_for(struct world *w, const struct deleter *d, int64_t ms)
{
	for (int64_t at = 0; at < ms; at += MINUTE) {
		world_pass(w, MINUTE);
		d->run(w);
	}
}

static void
is_left_by_a_moment(struct world *w, const struct deleter *d, struct world_sent *s)
{
	w->wall_ms += 60 * DAY;
	d->run(w);
	world_pass(w, SECOND);
	d->run(w);
	w->wall_ms -= 60 * DAY;
	d->run(w);
	assert_int_equal(left(w, d, s), 1);
}

static void
test_a_moment_60_days_ahead_deletes_nothing(void **state)
{
	(void)state;
	with_each(is_left_by_a_moment);
}

static void
is_left_for_an_hour(struct world *w, const struct deleter *d, struct world_sent *s)
{
	bool short_lived = d->run == receipts_that_are_held || d->run == sessions;

	if (short_lived) /* an hour is more than their own time */
		world_tell(
		    w, d->run == sessions
			   ? "UPDATE session SET expires_at = expires_at + 86400000"
			   : "UPDATE receipt_held SET at = at + 86400000");
	w->wall_ms += 60 * DAY;
	run_for(w, d, 60 * MINUTE);
	assert_int_equal(left(w, d, s), 1);
	run_for(w, d, 10 * MINUTE);
	assert_int_equal(left(w, d, s), 0);
}

static void
test_a_step_that_holds_deletes_after_an_hour(void **state)
{
	(void)state;
	with_each(is_left_for_an_hour);
}

static void
is_left_by_a_start(struct world *w, const struct deleter *d, struct world_sent *s)
{
	static const int64_t ahead[] = {60 * DAY, 6 * DAY};

	for (size_t i = 0; i < countof(ahead); i++) {
		w->boot++;
		w->steady_ms = 20 * SECOND;
		w->wall_ms += ahead[i];
		world_restart(w);
		d->run(w);
		world_pass(w, SECOND);
		d->run(w);
		w->wall_ms -= ahead[i];
		d->run(w);
		assert_int_equal(left(w, d, s), 1);
	}
}

static void
test_a_start_with_a_clock_ahead_deletes_nothing(void **state)
{
	(void)state;
	with_each(is_left_by_a_start);
}

/* What is due by a clock that was right all the time. */
static void
goes_in_time(struct world *w, const struct deleter *d, struct world_sent *s)
{
	world_pass(w, 60 * DAY);
	d->run(w);
	assert_int_equal(left(w, d, s), 0);
}

static void
test_what_is_due_goes(void **state)
{
	(void)state;
	with_each(goes_in_time);
}

/* A year back would be a year of rows too many; history must not go by a mark ahead. */
static void
test_history_goes_by_the_wall_clock_when_that_is_behind(void **state)
{
	struct world *w = *state;

	(void)send_one(w);
	w->wall_ms += 20 * DAY;
	for (int i = 0; i < 6; i++) {
		world_pass(w, MINUTE);
		(void)world_retain(w, 30 * DAY);
	}
	w->wall_ms -= 20 * DAY;
	world_pass(w, 11 * DAY);
	assert_int_equal(world_retain(w, 30 * DAY), 0);
	world_pass(w, 20 * DAY);
	assert_int_equal(world_retain(w, 30 * DAY), 1);
}

/* ---- what is seen of it ---- */

static void
test_a_send_in_a_wrong_moment_is_stamped_right(void **state)
{
	struct world *w = *state;
	struct world_sent s;

	w->wall_ms += 60 * DAY;
	s = send_one(w);
	assert_int_equal(ident_ms(&s.pin_id), T0);
	w->wall_ms -= 61 * DAY;
	world_pass(w, SECOND);
	s = send_one(w);
	assert_int_equal(ident_ms(&s.pin_id), T0 + SECOND);
}

static void
test_a_day_back_lets_lives_end_in_time(void **state)
{
	static const int64_t back[] = {SECOND, 25 * SECOND, HOUR, DAY, YEAR};
	struct world *w = *state;
	struct application_change change = {
	    .pin_ttl = "20s", .verify_limit = "100/1s", .send_phone_limit = "100/1s"};

	world_configure(w, &change);
	for (size_t i = 0; i < 2 * countof(back); i++) {
		struct world_sent s = send_one(w);

		w->wall_ms -= back[i % countof(back)];
		world_pass(w, 19 * SECOND);
		check_case(i, world_verify(w, &s.pin_id, s.pin).verdict == VERDICT_RIGHT);
		world_pass(w, 1100);
		if (i >= countof(back))
			world_restart(w);
		check_case(
		    i, world_verify(w, &s.pin_id, s.pin).verdict == VERDICT_EXPIRED);
	}
}

/* A life that is longer than what its key covered from the start. */
static void
test_a_key_is_there_until_the_last_pin_of_it_is_over(void **state)
{
	static const char *const lives[] = {"61m", "7h", "3d", "30d"};
	static const int64_t ms[] = {61 * MINUTE, 7 * HOUR, 3 * DAY, 30 * DAY};

	(void)state;
	for (size_t i = 0; i < countof(lives); i++) {
		struct world *w = world_new();
		struct application_change change = {
		    .pin_ttl = lives[i], .verify_limit = "100/1s"};
		struct world_sent s;

		world_configure(w, &change);
		world_pass(w, DAY - MINUTE); /* the key is about to be replaced */
		s = send_one(w);
		for (int64_t at = HOUR; at < ms[i]; at += HOUR) {
			world_pass(w, HOUR);
			(void)store_expire_keys(w->store);
		}
		world_pass(
		    w, ms[i] - 1 - ms[i] / HOUR * HOUR + (ms[i] % HOUR == 0 ? HOUR : 0));
		(void)store_expire_keys(w->store);
		check_case(i, world_verify(w, &s.pin_id, s.pin).verdict == VERDICT_RIGHT);
		world_free(w);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_step_that_does_not_last_changes_nothing),
	    cmocka_unit_test(test_a_step_that_lasts_is_taken_after_five_minutes),
	    cmocka_unit_test(test_what_deletes_waits_for_an_hour),
	    cmocka_unit_test(test_many_small_steps_are_one),
	    cmocka_unit_test(test_a_small_step_back_lengthens_nothing_and_goes_away),
	    cmocka_unit_test(test_lives_pass_on_an_idle_server_whose_clock_was_set_back),
	    cmocka_unit_test(test_a_clock_that_goes_to_and_fro_is_never_followed),
	    cmocka_unit_test(test_a_step_that_changes_begins_anew),
	    cmocka_unit_test(test_sleep_is_no_step),
	    cmocka_unit_test(test_what_passes_while_it_is_down_counts),
	    cmocka_unit_test(test_a_restart_is_no_proof),
	    cmocka_unit_test(test_a_moment_60_days_ahead_deletes_nothing),
	    cmocka_unit_test(test_a_step_that_holds_deletes_after_an_hour),
	    cmocka_unit_test(test_a_start_with_a_clock_ahead_deletes_nothing),
	    cmocka_unit_test(test_what_is_due_goes),
	    CASE(test_history_goes_by_the_wall_clock_when_that_is_behind),
	    CASE(test_a_send_in_a_wrong_moment_is_stamped_right),
	    CASE(test_a_day_back_lets_lives_end_in_time),
	    cmocka_unit_test(test_a_key_is_there_until_the_last_pin_of_it_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
