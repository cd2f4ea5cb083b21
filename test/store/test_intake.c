/* SPDX-License-Identifier: Apache-2.0 */
/* The next batch of all that waits, and those that are refused first. */
#include "store/intake.h"

#include "store/job.h"
#include "unit/unit.h"

enum { MANY = 1000 };

struct crowd {
	struct intake intake;
	struct job jobs[5 * MANY];
	size_t count;
};

static struct crowd crowd;

static int
setup(void **state)
{
	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	intake_init(&crowd.intake);
	return 0;
}

static void
come(enum verb v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct job *j = &crowd.jobs[crowd.count++];

		j->verb = v;
		j->now_ms = (int64_t)i;
		j->task.next = NULL;
		intake_put(&crowd.intake, &j->task);
	}
}

/* How many of a batch are of this verb; they must stand in the order they came in. */
static size_t
count_of(struct task *batch, enum verb v)
{
	size_t n = 0;
	int64_t last = -1;

	for (struct task *t = batch; t != NULL; t = t->next) {
		struct job *j = container_of(t, struct job, task);

		if (j->verb != v)
			continue;
		assert_true(j->now_ms > last);
		last = j->now_ms;
		n++;
	}
	return n;
}

static void
test_what_fits_is_taken_whole(void **state)
{
	struct task *batch;

	(void)state;
	come(VERB_SEND, 3);
	come(VERB_VERIFY, 2);
	come(VERB_APPLICATION_GET, 1);
	batch = intake_take(&crowd.intake, 16);
	assert_int_equal(count_of(batch, VERB_SEND), 3);
	assert_int_equal(count_of(batch, VERB_VERIFY), 2);
	assert_int_equal(count_of(batch, VERB_APPLICATION_GET), 1);
	assert_null(intake_take(&crowd.intake, 16));
	assert_int_equal(crowd.intake.len, 0);
}

static void
test_a_verify_does_not_wait_behind_sends(void **state)
{
	(void)state;
	come(VERB_SEND, MANY);
	come(VERB_VERIFY, 10);
	assert_int_equal(count_of(intake_take(&crowd.intake, 64), VERB_VERIFY), 10);
}

static void
test_nobody_starves(void **state)
{
	struct task *batch;

	(void)state;
	come(VERB_VERIFY, MANY);
	come(VERB_RESEND, MANY);
	come(VERB_SEND, MANY);
	come(VERB_APPLICATION_GET, MANY);
	come(VERB_VERIFICATIONS, MANY);
	batch = intake_take(&crowd.intake, 162);
	assert_int_equal(count_of(batch, VERB_VERIFY), 120);
	assert_int_equal(count_of(batch, VERB_RESEND), 20);
	assert_int_equal(count_of(batch, VERB_SEND), 10);
	assert_int_equal(count_of(batch, VERB_APPLICATION_GET), 10);
	assert_int_equal(count_of(batch, VERB_VERIFICATIONS), INTAKE_LISTS_MAX);
}

static void
test_what_one_leaves_goes_to_the_first_that_waits(void **state)
{
	struct task *batch;

	(void)state;
	come(VERB_SEND, MANY);
	come(VERB_VERIFY, MANY);
	batch = intake_take(&crowd.intake, 160);
	assert_int_equal(count_of(batch, VERB_VERIFY), 150);
	assert_int_equal(count_of(batch, VERB_SEND), 10);
}

static size_t
length(const struct task *t)
{
	size_t n = 0;

	for (; t != NULL; t = t->next)
		n++;
	return n;
}

/* Only those who asked, in a lane with more than a batch, and never a verify. */
static void
test_who_has_waited_too_long_in_a_crowd_is_told(void **state)
{
	struct task *stale;

	(void)state;
	come(VERB_VERIFY, MANY);
	come(VERB_SEND, MANY);
	come(VERB_RESEND, 100);
	for (size_t i = 0; i < crowd.count; i++)
		crowd.jobs[i].offered_ms = crowd.jobs[i].now_ms;
	assert_null(intake_stale(&crowd.intake, 100, 700));
	for (size_t i = 0; i < crowd.count; i++)
		crowd.jobs[i].offered = true;
	assert_null(intake_stale(&crowd.intake, 100, 0));
	stale = intake_stale(&crowd.intake, 100, 700);
	assert_int_equal(count_of(stale, VERB_SEND), 700);
	assert_int_equal(length(stale), 700);
	stale = intake_stale(&crowd.intake, 100, MANY);
	assert_int_equal(length(stale), 200);
	assert_int_equal(crowd.intake.lanes[INTAKE_SEND].len, 100);
	assert_int_equal(crowd.intake.lanes[INTAKE_URGENT].len, MANY);
}

/* A caller that asks for many lists at once waits longer, and nobody else does. */
static void
test_lists_never_fill_a_batch(void **state)
{
	struct task *batch;

	(void)state;
	come(VERB_VERIFICATIONS, MANY);
	come(VERB_APPLICATION_GET, MANY);
	batch = intake_take(&crowd.intake, 160);
	assert_int_equal(count_of(batch, VERB_VERIFICATIONS), INTAKE_LISTS_MAX);
	assert_int_equal(count_of(batch, VERB_APPLICATION_GET), 40);
}

static void
test_everything_comes_out_once(void **state)
{
	static const enum verb verbs[] = {VERB_SEND, VERB_VERIFY, VERB_RESEND,
	    VERB_OUTCOME, VERB_TEMPLATE_GET, VERB_RETAIN};
	struct dice dice = {1};
	size_t out = 0;

	(void)state;
	for (size_t round = 0; round < 200; round++) {
		come(verbs[dice_between(&dice, 0, countof(verbs) - 1)],
		    (size_t)dice_between(&dice, 0, 15));
		for (struct task *t =
			 intake_take(&crowd.intake, (size_t)dice_between(&dice, 1, 20));
		     t != NULL; t = t->next)
			out++;
	}
	while (crowd.intake.len > 0)
		for (struct task *t = intake_take(&crowd.intake, 7); t != NULL;
		     t = t->next)
			out++;
	assert_int_equal(out, crowd.count);
}

static void
test_sends_are_refused_first_and_verifies_last(void **state)
{
	(void)state;
	assert_int_equal(intake_bound(VERB_SEND, 8192), 4096);
	assert_int_equal(intake_bound(VERB_APPLICATION_PUT, 8192), 4096);
	assert_int_equal(intake_bound(VERB_RESEND, 8192), 6144);
	assert_int_equal(intake_bound(VERB_VERIFY, 8192), 8192);
	assert_int_equal(intake_bound(VERB_SEND, 1), 1);
}

/* One for whom somebody waits takes the others along. */
static void
test_a_batch_may_rest_while_nobody_waits_for_any_of_it(void **state)
{
	(void)state;
	assert_false(intake_is_patient(&crowd.intake));
	crowd.jobs[0].patient = true;
	crowd.jobs[2].patient = true;
	come(VERB_OUTCOME, 1);
	assert_true(intake_is_patient(&crowd.intake));
	come(VERB_VERIFY, 1);
	assert_false(intake_is_patient(&crowd.intake));
	assert_int_equal(count_of(intake_take(&crowd.intake, 128), VERB_OUTCOME), 1);
	assert_false(intake_is_patient(&crowd.intake));
	come(VERB_OUTCOME, 1);
	assert_true(intake_is_patient(&crowd.intake));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_what_fits_is_taken_whole, setup),
	    cmocka_unit_test_setup(test_a_verify_does_not_wait_behind_sends, setup),
	    cmocka_unit_test_setup(test_nobody_starves, setup),
	    cmocka_unit_test_setup(
		test_what_one_leaves_goes_to_the_first_that_waits, setup),
	    cmocka_unit_test_setup(test_lists_never_fill_a_batch, setup),
	    cmocka_unit_test_setup(test_everything_comes_out_once, setup),
	    cmocka_unit_test_setup(
		test_who_has_waited_too_long_in_a_crowd_is_told, setup),
	    cmocka_unit_test_setup(
		test_a_batch_may_rest_while_nobody_waits_for_any_of_it, setup),
	    cmocka_unit_test_setup(test_sends_are_refused_first_and_verifies_last, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
