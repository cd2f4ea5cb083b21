/* SPDX-License-Identifier: Apache-2.0 */
/* The room that limits leave for one more send, against the answer to that send. */
#include "store/limits.h"
#include "store/world.h"

static struct limits_job
ask(struct world *w, const char *to)
{
	struct limits_job j = {
	    .account = w->account, .application = w->application, .destination = to};

	assert_int_equal(world_run(w, &j.job, VERB_LIMITS), OK);
	return j;
}

static void
limit(struct world *w, const char *phone, const char *all)
{
	struct application_change change = {
	    .send_phone_limit = phone, .send_application_limit = all};

	world_configure(w, &change);
}

static void
test_what_is_left_for_a_number(void **state)
{
	struct world *w = *state;
	struct limits_job j;

	limit(w, "2/1h", "100/1d");
	assert_int_equal(ask(w, "4179").phone.left, 2);
	assert_int_equal(world_send(w, "4179").err, OK);
	world_pass(w, 1000);
	assert_int_equal(ask(w, "4179").phone.left, 1);
	assert_int_equal(world_send(w, "4179").err, OK);
	j = ask(w, "4179");
	assert_int_equal(j.phone.left, 0);
	assert_int_equal(j.all.left, 98);
	assert_int_equal(j.phone.wait_ms, world_send(w, "4179").wait_ms);
	assert_int_equal(ask(w, "4178").phone.left, 2);
	world_pass(w, j.phone.wait_ms - 1);
	assert_int_equal(ask(w, "4179").phone.left, 0);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	world_pass(w, 1);
	assert_int_equal(ask(w, "4179").phone.left, 1);
	assert_int_equal(world_send(w, "4179").err, OK);
}

static void
test_what_is_left_for_an_application(void **state)
{
	struct world *w = *state;
	struct limits_job j;

	limit(w, "100/1d", "2/1h");
	assert_int_equal(ask(w, "4179").all.left, 2);
	assert_int_equal(world_send(w, "4179").err, OK);
	assert_int_equal(world_send(w, "4178").err, OK);
	j = ask(w, "4177");
	assert_int_equal(j.all.left, 0);
	assert_int_equal(j.all.wait_ms, world_send(w, "4177").wait_ms);
	assert_int_equal(j.phone.left, 100);
	world_pass(w, j.all.wait_ms);
	assert_int_equal(ask(w, "4177").all.left, 2);
	assert_int_equal(world_send(w, "4177").err, OK);
}

static void
test_of_another_account_nothing_is_told(void **state)
{
	struct world *w = *state;
	struct limits_job j = {.account = w->application, /* some other id */
	    .application = w->application,
	    .destination = "4179"};

	assert_int_equal(world_run(w, &j.job, VERB_LIMITS), ERR_NOT_FOUND);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_is_left_for_a_number),
	    CASE(what_is_left_for_an_application),
	    CASE(of_another_account_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
