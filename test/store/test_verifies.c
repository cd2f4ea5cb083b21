/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies side by side in one batch, at several PINs of one number, and the log that
 * counts them: over a send, a restart and retention.
 */
#include <semaphore.h>
#include <stdio.h>

#include "store/store.h"
#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define HOUR PERIOD_MS_HOUR

enum { GUESSES_MAX = 16 };

/* Guesses that are offered before the store's thread begins: one batch. */
struct guesses {
	struct verify_job jobs[GUESSES_MAX];
	struct arena arenas[GUESSES_MAX];
	size_t count;
	size_t judged;
	int64_t failures_max;
};

static struct guesses guesses;
static sem_t finished;

static void
finish(struct job *j)
{
	(void)j;
	sem_post(&finished);
}

static struct verify_job *
guess(struct world *w, const struct world_sent *s, const char *typed)
{
	size_t i = guesses.count++;
	struct verify_job *j = &guesses.jobs[i];

	arena_init(&guesses.arenas[i]);
	*j = (struct verify_job){.job.verb = VERB_VERIFY,
	    .job.arena = &guesses.arenas[i],
	    .job.finish = finish,
	    .account = w->account,
	    .pin_id = s->pin_id,
	    .typed = span_of(typed),
	    .failures_max = guesses.failures_max};
	assert_int_equal(store_offer(w->store, &j->job), OK);
	return j;
}

/* A PIN of six digits is never these. */
static struct verify_job *
guess_wrong(struct world *w, const struct world_sent *s)
{
	return guess(w, s, "none");
}

/* The newest PIN of the number. */
static struct verify_job *
guess_by_number(struct world *w, const char *to, const char *typed)
{
	static const struct world_sent none;
	struct verify_job *j = guess(w, &none, typed);

	j->application = w->application;
	j->destination = to;
	return j;
}

static void
run_batch(struct world *w)
{
	store_start(w->store);
	for (; guesses.judged < guesses.count; guesses.judged++)
		assert_int_equal(sem_wait(&finished), 0);
	world_restart(w);
}

static size_t
count(enum err err, enum verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < guesses.count; i++)
		n += guesses.jobs[i].job.err == err &&
		     (err != OK || guesses.jobs[i].verdict == verdict);
	return n;
}

static int
setup(void **state)
{
	assert_int_equal(sem_init(&finished, 0, 0), 0);
	guesses = (struct guesses){0};
	return world_setup(state);
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < guesses.count; i++)
		arena_fini(&guesses.arenas[i]);
	sem_destroy(&finished);
	return world_teardown(state);
}

static void
configure(struct world *w, int64_t attempts, bool multiple, const char *verify_limit)
{
	struct application_change change = {.pin_attempts = {true, attempts},
	    .allow_multiple = {true, multiple},
	    .verify_limit = verify_limit,
	    .send_phone_limit = "100/1d",
	    .pin_ttl = "1d"};

	world_configure(w, &change);
}

static void
test_guesses_of_one_batch_are_judged_in_turn(void **state)
{
	struct world *w = *state;
	struct world_sent a, b;
	struct verify_job *j[7];

	configure(w, 3, true, "100/1s");
	a = world_send(w, TO);
	b = world_send(w, TO);
	j[0] = guess_wrong(w, &a);
	j[1] = guess(w, &a, a.pin);
	j[2] = guess_wrong(w, &b);
	j[3] = guess_wrong(w, &a);
	j[4] = guess(w, &a, a.pin);
	j[5] = guess(w, &b, b.pin);
	j[6] = guess(w, &b, a.pin);
	run_batch(w);
	assert_int_equal(j[0]->verdict, VERDICT_WRONG);
	assert_int_equal(j[0]->attempts_left, 2);
	assert_int_equal(j[1]->verdict, VERDICT_RIGHT);
	assert_int_equal(j[3]->verdict, VERDICT_WRONG);
	assert_int_equal(j[3]->attempts_left, 0);
	assert_int_equal(j[4]->verdict, VERDICT_NO_MORE);
	assert_int_equal(j[2]->verdict, VERDICT_WRONG);
	assert_int_equal(j[5]->verdict, VERDICT_RIGHT);
	assert_int_equal(j[6]->verdict, VERDICT_WRONG);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).verdict, VERDICT_NO_MORE);
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).verdict, VERDICT_NO_MORE);
}

static void
test_of_right_guesses_side_by_side_one_wins(void **state)
{
	struct world *w = *state;
	struct world_sent a;

	configure(w, 10, false, "100/1s");
	a = world_send(w, TO);
	for (int i = 0; i < 8; i++)
		(void)guess(w, &a, a.pin);
	run_batch(w);
	assert_int_equal(count(OK, VERDICT_RIGHT), 1);
	assert_int_equal(count(OK, VERDICT_NO_MORE), 7);
}

/* Over the batch, a send that takes the log over, and a restart. */
static void
test_a_limit_holds_over_all_pins_of_a_number(void **state)
{
	struct world *w = *state;
	struct world_sent a, b, c;
	struct world_verified v;

	configure(w, 10, true, "5/1h");
	a = world_send(w, TO);
	b = world_send(w, TO);
	for (int i = 0; i < 4; i++) {
		(void)guess_wrong(w, &a);
		(void)guess_wrong(w, &b);
	}
	run_batch(w);
	assert_int_equal(count(OK, VERDICT_WRONG), 5);
	assert_int_equal(count(ERR_THROTTLED, VERDICT_WRONG), 3);
	world_pass(w, HOUR - 2);
	c = world_send(w, TO);
	world_pass(w, 1);
	world_restart(w);
	v = world_verify(w, &c.pin_id, c.pin);
	assert_int_equal(v.err, ERR_THROTTLED);
	assert_int_equal(v.wait_ms, 1);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).err, ERR_THROTTLED);
	world_pass(w, 1);
	assert_int_equal(world_verify(w, &c.pin_id, c.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).verdict, VERDICT_RIGHT);
}

static void
test_another_number_is_none_of_it(void **state)
{
	struct world *w = *state;
	struct world_sent a, b;

	configure(w, 10, true, "1/1h");
	a = world_send(w, TO);
	b = world_send(w, "41790000002");
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).err, ERR_THROTTLED);
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).verdict, VERDICT_RIGHT);
}

/* The failure budget of the strict profile: a day, over all PINs of the number, and no
 * attempt is spent. */
static void
test_a_failure_budget_is_not_refilled_by_new_pins(void **state)
{
	struct world *w = *state;
	struct world_sent a, b;
	struct verify_job *last;

	configure(w, 10, true, "100/1s");
	guesses.failures_max = 3;
	a = world_send(w, TO);
	(void)guess(w, &a, a.pin);
	for (int i = 0; i < 4; i++)
		(void)guess_wrong(w, &a);
	last = guess(w, &a, a.pin);
	run_batch(w);
	assert_int_equal(count(OK, VERDICT_WRONG), 3);
	assert_int_equal(last->verdict, VERDICT_NO_MORE);
	world_pass(w, PERIOD_MS_DAY - 1);
	b = world_send(w, TO);
	last = guess(w, &b, b.pin);
	run_batch(w);
	assert_int_equal(last->verdict, VERDICT_NO_MORE);
	world_pass(w, 1);
	last = guess(w, &b, b.pin);
	run_batch(w);
	assert_int_equal(last->verdict, VERDICT_RIGHT);
}

static void
test_a_row_is_kept_while_its_log_counts(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .pin_ttl = "10s", .verify_limit = "1/1d", .send_phone_limit = "100/10s"};
	struct world_sent a;

	world_configure(w, &change);
	a = world_send(w, TO);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).verdict, VERDICT_RIGHT);
	world_pass(w, PERIOD_MS_DAY - 1);
	assert_int_equal(world_retain(w, HOUR), 0);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).err, ERR_THROTTLED);
	world_pass(w, 1);
	assert_int_equal(world_retain(w, HOUR), 1);
}

static void
test_a_lowered_limit_tells_the_time_when_there_is_room(void **state)
{
	struct world *w = *state;
	struct world_sent a;
	struct world_verified v;

	configure(w, 10, true, "10/1h");
	a = world_send(w, TO);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(world_verify(w, &a.pin_id, "1").err, OK);
		world_pass(w, 60000);
	}
	configure(w, 10, true, "2/1h");
	v = world_verify(w, &a.pin_id, "1");
	assert_int_equal(v.err, ERR_THROTTLED);
	assert_int_equal(v.wait_ms, HOUR - 2 * 60000);
	world_pass(w, v.wait_ms - 1);
	assert_int_equal(world_verify(w, &a.pin_id, "1").err, ERR_THROTTLED);
	world_pass(w, 1);
	assert_int_equal(world_verify(w, &a.pin_id, "1").err, OK);
}

static void
test_damage_is_of_one_number_and_one_application(void **state)
{
	struct world *w = *state;
	struct world_sent a, b;
	struct verify_job *bad, *good;
	int64_t wait_ms;

	configure(w, 10, true, "100/1s");
	a = world_send(w, TO);
	b = world_send(w, "41790000002");
	world_tell(w, "UPDATE pin SET verifies = x'ff' WHERE destination = '" TO "'");
	world_restart(w); /* what it wrote itself it does not read again */
	bad = guess(w, &a, a.pin);
	good = guess(w, &b, b.pin);
	run_batch(w);
	assert_int_equal(bad->job.err, ERR_CORRUPT);
	assert_int_equal(good->verdict, VERDICT_RIGHT);
	assert_int_equal(world_resend(w, &a.pin_id, &wait_ms), ERR_CORRUPT);
	assert_int_equal(world_resend(w, &b.pin_id, &wait_ms), OK);
	world_tell(w, "UPDATE application_usage SET ring = x'00'");
	assert_int_equal(world_send(w, TO).err, ERR_CORRUPT);
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).verdict, VERDICT_RIGHT);
}

/* ---- by number ---- */

static void
test_a_number_means_its_newest_pin(void **state)
{
	struct world *w = *state;
	struct world_sent a, b, other;
	struct verify_job *j[5];

	configure(w, 3, true, "100/1s");
	a = world_send(w, TO);
	world_pass(w, 1);
	b = world_send(w, TO);
	other = world_send(w, "41790000002");
	j[0] = guess_by_number(w, TO, "none");
	j[1] = guess(w, &b, "none");
	j[2] = guess_by_number(w, TO, b.pin);
	j[3] = guess_by_number(w, TO, b.pin);
	j[4] = guess_by_number(w, "41790000002", other.pin);
	run_batch(w);
	assert_int_equal(j[0]->attempts_left, 2);
	assert_int_equal(j[1]->attempts_left, 1);
	assert_int_equal(j[2]->verdict, VERDICT_RIGHT);
	assert_int_equal(j[3]->verdict, VERDICT_NO_MORE);
	assert_int_equal(j[4]->verdict, VERDICT_RIGHT);
	assert_int_equal(ident_compare(&j[2]->pin_id, &b.pin_id), 0);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).verdict, VERDICT_RIGHT);
}

static void
test_a_number_is_of_one_application_and_account(void **state)
{
	struct world *w = *state;
	struct world_sent a;
	struct verify_job *stranger, *elsewhere, *nobody;

	configure(w, 3, true, "100/1s");
	a = world_send(w, TO);
	stranger = guess_by_number(w, TO, a.pin);
	stranger->account = w->application;
	elsewhere = guess_by_number(w, TO, a.pin);
	elsewhere->application = w->template;
	nobody = guess_by_number(w, "41790000009", a.pin);
	run_batch(w);
	assert_int_equal(stranger->job.err, ERR_NOT_FOUND);
	assert_int_equal(elsewhere->job.err, ERR_NOT_FOUND);
	assert_int_equal(nobody->job.err, ERR_NOT_FOUND);
	assert_int_equal(world_verify(w, &a.pin_id, "none").left, 2);
}

/* As by its id: over, and not unknown. */
static void
test_an_old_pin_of_a_number_is_over(void **state)
{
	struct world *w = *state;
	struct world_sent a;
	struct verify_job *j;

	configure(w, 3, true, "100/1s");
	a = world_send(w, TO);
	world_pass(w, 10 * PERIOD_MS_DAY);
	for (int i = 0; i < 10; i++)
		(void)world_send(w, "41790000002");
	assert_true(world_age(w) > 0);
	j = guess_by_number(w, TO, a.pin);
	run_batch(w);
	assert_int_equal(j->job.err, OK);
	assert_int_equal(j->verdict, VERDICT_EXPIRED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(guesses_of_one_batch_are_judged_in_turn),
	    CASE(of_right_guesses_side_by_side_one_wins),
	    CASE(a_limit_holds_over_all_pins_of_a_number),
	    CASE(another_number_is_none_of_it),
	    CASE(a_failure_budget_is_not_refilled_by_new_pins),
	    CASE(a_row_is_kept_while_its_log_counts),
	    CASE(a_lowered_limit_tells_the_time_when_there_is_room),
	    CASE(damage_is_of_one_number_and_one_application),
	    CASE(a_number_means_its_newest_pin),
	    CASE(a_number_is_of_one_application_and_account),
	    CASE(an_old_pin_of_a_number_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
