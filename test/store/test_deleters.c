/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletions for good, against clocks that step: each of them is in the table `deleters`
 * by name. Signs of a step that people see, and lowering a time that was ahead.
 */
#include "store/access.h"
#include "store/clock_lower.h"
#include "store/idempotency.h"
#include "store/keyring.h"
#include "store/outbox.h"
#include "store/receipt.h"
#include "store/report.h"
#include "store/store.h"
#include "store/upkeep.h"
#include "store/verify.h"
#include "store/world.h"

#define SECOND INT64_C(1000)
#define MINUTE PERIOD_MS_MINUTE
#define HOUR PERIOD_MS_HOUR
#define DAY PERIOD_MS_DAY
#define YEAR PERIOD_MS_YEAR
#define TO "41790000001"

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
/* The moment when the world began. */
#define AT "1800000000000"

/* Deletions that would be due if the clock were right that is 60 days ahead. */
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
	    .submits = 1,
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

/* The minute of a receipt that comes after a step or a reboot is a minute. */
static void
test_what_comes_after_a_step_does_not_wait_for_an_hour(void **state)
{
	struct world *w = *state;
	struct receipt_job late = {.carrier = "c",
	    .carrier_message_id = "nobody",
	    .status = REPORT_DELIVERED_TO_HANDSET};

	for (int reboot = 0; reboot < 2; reboot++) {
		w->wall_ms += 3 * DAY;
		if (reboot > 0) {
			w->boot++;
			w->steady_ms = 20 * SECOND;
			world_restart(w);
		}
		receipts_that_are_held(w);
		world_pass(w, 6 * MINUTE);
		receipts_that_are_held(w);
		late.job = (struct job){.err = OK};
		run(w, &late.job, VERB_RECEIPT);
		world_pass(w, MINUTE - 1);
		receipts_that_are_held(w);
		assert_int_equal(world_ask(w, "SELECT count(*) FROM receipt_held"), 1);
		world_pass(w, 1);
		receipts_that_are_held(w);
		assert_int_equal(world_ask(w, "SELECT count(*) FROM receipt_held"), 0);
	}
}

/* Deletions that are due by a clock that was right all the time. */
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

/* Lives that are longer than what their key covered from the start; others follow it. */
static void
test_a_key_is_there_until_the_last_pin_of_it_is_over(void **state)
{
	static const char *const lives[] = {"61m", "7h", "3d", "30d"};
	static const int64_t ms[] = {61 * MINUTE, 7 * HOUR, 3 * DAY, 30 * DAY};

	(void)state;
	for (size_t i = 0; i < countof(lives); i++) {
		struct world *w = world_new();
		struct application_change change = {.pin_ttl = lives[i],
		    .verify_limit = "100/1s",
		    .send_phone_limit = "100/1m"};
		struct world_verified verified;
		struct world_sent s;

		world_configure(w, &change);
		(void)world_send(w, "4177"); /* makes the key */
		world_pass(w, DAY - MINUTE); /* which is about to be replaced */
		s = send_one(w);
		for (int64_t at = HOUR; at < ms[i]; at += HOUR) {
			world_pass(w, HOUR);
			(void)world_send(w, "4178"); /* with the next key, in time */
			(void)store_expire_keys(w->store);
		}
		world_pass(
		    w, ms[i] - 1 - ms[i] / HOUR * HOUR + (ms[i] % HOUR == 0 ? HOUR : 0));
		(void)store_expire_keys(w->store);
		verified = world_verify(w, &s.pin_id, s.pin);
		check_case(i, verified.err == OK && verified.verdict == VERDICT_RIGHT);
		world_free(w);
	}
}

/* ---- lowering what was ahead ---- */

#define MESSAGES "SELECT count(*) FROM message m JOIN pin p ON p.id = m.pin"

enum { SENT_AHEAD = 3 };

static void
lower(struct world *w, enum err expect)
{
	char why[256];
	struct clock_lowered lowered;
	enum err e;

	store_close(w->store);
	e = clock_lower(w->dir, w->wall_ms, why, &lowered);
	assert_int_equal(e, expect);
	if (e == OK)
		assert_in_range(lowered.by_ms, 60 * DAY - HOUR, 60 * DAY + HOUR);
	assert_int_equal(world_open(w, why), OK);
}

/* 60 days ahead for so long that the step is taken, and back again. */
static void
be_ahead(struct world *w)
{
	w->wall_ms += 60 * DAY;
	(void)send_one(w);
	world_pass(w, 6 * MINUTE);
	(void)send_one(w);
	world_pass(w, MINUTE);
}

static void
test_lowering_brings_back_the_right_time_and_revives_nothing(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .pin_ttl = "15m", .verify_limit = "100/1s", .send_phone_limit = "100/1h"};
	struct world_sent before;
	struct world_sent ahead;
	struct world_sent after;

	world_configure(w, &change);
	before = send_one(w);
	be_ahead(w);
	assert_int_equal(
	    world_verify(w, &before.pin_id, before.pin).verdict, VERDICT_EXPIRED);
	ahead = send_one(w);
	assert_true(ident_ms(&ahead.pin_id) > T0 + 59 * DAY);
	w->wall_ms -= 60 * DAY;
	lower(w, OK);
	assert_int_equal(
	    world_verify(w, &before.pin_id, before.pin).verdict, VERDICT_EXPIRED);
	assert_int_equal(world_verify(w, &ahead.pin_id, ahead.pin).err, ERR_NOT_FOUND);
	after = send_one(w);
	assert_in_range(ident_ms(&after.pin_id), T0, T0 + HOUR);
	assert_int_equal(
	    world_verify(w, &after.pin_id, after.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin WHERE expires_at > 1800004000000"), 0);
	lower(w, ERR_INVALID);
}

/* They are counted as of when they were sent. */
static void
test_limits_go_on_after_lowering(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "6/1h",
	    .send_application_limit = "6/1d",
	    .verify_limit = "3/1h"};
	struct world_sent s;

	world_configure(w, &change);
	be_ahead(w);
	for (int i = 0; i < SENT_AHEAD; i++)
		s = send_one(w);
	for (int i = 0; i < SENT_AHEAD; i++)
		assert_int_equal(world_verify(w, &s.pin_id, "none").err, OK);
	assert_int_equal(world_verify(w, &s.pin_id, "none").err, ERR_THROTTLED);
	w->wall_ms -= 60 * DAY;
	lower(w, OK);
	s = send_one(w);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).err, ERR_THROTTLED);
	assert_int_equal(world_send(w, "4178").err, OK);
	assert_int_equal(world_send(w, "4178").err, ERR_THROTTLED);
	world_pass(w, HOUR);
	assert_int_equal(world_verify(w, &s.pin_id, "none").err, OK);
	world_pass(w, DAY);
	assert_int_equal(world_send(w, "4178").err, OK);
}

/* No row of any table is in the future, and none was lost. */
static void
test_lowering_leaves_nothing_in_the_future(void **state)
{
	struct world *w = *state;
	struct world_sent s;
	int64_t messages;
	int64_t pins;

	world_configure(w, &(struct application_change){.send_phone_limit = "100/1h"});
	be_ahead(w);
	w->recent_max = 2;
	world_restart(w);
	for (int i = 0; i < 40; i++) {
		world_pass(w, 1);
		s = send_one(w);
		assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_ACCEPTED), OK);
	}
	assert_true(world_verify(w, &s.pin_id, "none").err == OK);
	world_tell(w, "INSERT INTO message_half (pin, seq, at) "
		      "SELECT pin, seq, updated_at FROM message");
	pins = world_ask(w, "SELECT count(*) FROM pin");
	messages = world_ask(w, MESSAGES);
	w->wall_ms -= 60 * DAY;
	lower(w, OK);
	assert_int_equal(world_ask(w, "SELECT count(*) FROM pin"), pins);
	assert_int_equal(world_ask(w, MESSAGES), messages);
	assert_int_equal(
	    world_ask(w,
		"SELECT count(*) FROM message_half h JOIN message m ON m.pin = h.pin "
		"AND m.seq = h.seq AND h.at < 1800086400000"),
	    messages);
	/* as hexadecimal digits: of T0 and a day */
	assert_int_equal(
	    world_ask(w,
		"SELECT (SELECT count(*) FROM pin WHERE hex(id) > '01A31D82') + "
		"(SELECT count(*) FROM message WHERE updated_at > 1800086400000) + "
		"(SELECT count(*) FROM guess WHERE attempted_at > 1800086400000) + "
		"(SELECT count(*) FROM destination_young WHERE hex(pin) > '01A31D82') + "
		"(SELECT count(*) FROM number_run WHERE hex(newest) > '01A31D82')"),
	    0);
	assert_true(world_ask(w, "SELECT count(*) FROM number_run") > 0);
	world_restart(w);
	assert_int_equal(world_age(w), 0);
	world_pass(w, 31 * DAY);
	assert_int_equal(world_retain(w, 30 * DAY), pins);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_moment_60_days_ahead_deletes_nothing),
	    cmocka_unit_test(test_a_step_that_holds_deletes_after_an_hour),
	    cmocka_unit_test(test_a_start_with_a_clock_ahead_deletes_nothing),
	    cmocka_unit_test(test_what_is_due_goes),
	    CASE(test_what_comes_after_a_step_does_not_wait_for_an_hour),
	    CASE(test_history_goes_by_the_wall_clock_when_that_is_behind),
	    CASE(test_a_send_in_a_wrong_moment_is_stamped_right),
	    CASE(test_a_day_back_lets_lives_end_in_time),
	    cmocka_unit_test(test_a_key_is_there_until_the_last_pin_of_it_is_over),
	    CASE(test_lowering_brings_back_the_right_time_and_revives_nothing),
	    CASE(test_limits_go_on_after_lowering),
	    CASE(test_lowering_leaves_nothing_in_the_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
