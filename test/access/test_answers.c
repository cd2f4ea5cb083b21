/* SPDX-License-Identifier: Apache-2.0 */
/* Octets of long answers: in all, by account, and given back. */
#include "api/answers.h"

#include <pthread.h>

#include "unit/unit.h"

enum { MOST = 1000, SHARE = MOST / ANSWERS_SHARE, ACCOUNTS = 5 };

static struct answers *answers;
static struct ident accounts[ACCOUNTS];

static int
set_up(void **state)
{
	(void)state;
	answers = answers_new(MOST);
	for (uint8_t i = 0; i < ACCOUNTS; i++)
		accounts[i] = (struct ident){.bytes = {i}};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	answers_free(answers);
	return 0;
}

static void
test_an_account_has_its_share(void **state)
{
	struct answer_room rooms[3] = {0};

	(void)state;
	assert_int_equal(answers_take(answers, &accounts[0], &rooms[0], 100), OK);
	assert_int_equal(answers_take(answers, &accounts[0], &rooms[1], SHARE - 100), OK);
	assert_int_equal(
	    answers_take(answers, &accounts[0], &rooms[2], 1), ERR_THROTTLED);
	assert_int_equal(
	    answers_take(answers, &accounts[0], &rooms[1], SHARE - 99), ERR_THROTTLED);
	assert_int_equal(rooms[1].octets, SHARE - 100);
	assert_int_equal(answers_take(answers, &accounts[1], &rooms[2], SHARE), OK);
	for (size_t i = 0; i < countof(rooms); i++)
		answers_give(answers, &rooms[i]);
	assert_int_equal(answers_take(answers, &accounts[0], &rooms[0], SHARE), OK);
	answers_give(answers, &rooms[0]);
}

static void
test_all_together_have_the_bound(void **state)
{
	struct answer_room rooms[ACCOUNTS] = {0};

	(void)state;
	for (size_t i = 0; i < ANSWERS_SHARE; i++)
		assert_int_equal(
		    answers_take(answers, &accounts[i], &rooms[i], SHARE), OK);
	assert_int_equal(
	    answers_take(answers, &accounts[4], &rooms[4], 1), ERR_OVERLOADED);
	answers_give(answers, &rooms[2]);
	assert_int_equal(answers_take(answers, &accounts[4], &rooms[4], SHARE), OK);
	assert_int_equal(
	    answers_take(answers, &accounts[4], &rooms[4], SHARE + 1), ERR_OVERLOADED);
	for (size_t i = 0; i < countof(rooms); i++)
		answers_give(answers, &rooms[i]);
}

static void
test_whoever_is_alone_passes(void **state)
{
	struct answer_room one = {0};
	struct answer_room other = {0};

	(void)state;
	assert_int_equal(answers_take(answers, &accounts[0], &one, SHARE), OK);
	assert_int_equal(answers_take(answers, &accounts[0], &one, 5 * MOST), OK);
	assert_int_equal(answers_take(answers, &accounts[0], &other, 1), ERR_THROTTLED);
	assert_int_equal(answers_take(answers, &accounts[1], &other, 1), ERR_OVERLOADED);
	answers_give(answers, &one);
	assert_int_equal(answers_take(answers, &accounts[1], &other, 1), OK);
	answers_give(answers, &other);
	answers_give(answers, &other); /* what has nothing gives nothing */
}

static void
test_what_has_to_be_given_is_counted_and_never_refused(void **state)
{
	struct answer_room list = {0};
	struct answer_room done = {0};
	struct answer_room other = {0};

	(void)state;
	assert_int_equal(answers_take(answers, &accounts[0], &list, SHARE), OK);
	answers_owe(answers, &accounts[0], &done, MOST);
	assert_int_equal(done.octets, MOST);
	assert_int_equal(answers_take(answers, &accounts[1], &other, 1), ERR_OVERLOADED);
	answers_give(answers, &done);
	assert_int_equal(answers_take(answers, &accounts[1], &other, 1), OK);
	answers_give(answers, &other);
	answers_give(answers, &list);
}

static void *
take_and_give(void *ctx)
{
	const struct ident *account = ctx;

	for (int i = 0; i < 20000; i++) {
		struct answer_room room = {0};

		if (answers_take(answers, account, &room, 30) == OK)
			(void)!answers_take(answers, account, &room, 200);
		answers_give(answers, &room);
	}
	return NULL;
}

static void
test_side_by_side_nothing_is_left(void **state)
{
	struct answer_room room = {0};
	struct answer_room rest = {0};
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < countof(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, take_and_give, &accounts[i % 2]),
		    0);
	for (size_t i = 0; i < countof(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(answers_take(answers, &accounts[0], &room, 1), OK);
	assert_int_equal(answers_take(answers, &accounts[0], &rest, SHARE - 1), OK);
	answers_give(answers, &rest);
	answers_give(answers, &room);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_account_has_its_share),
	    CASE(all_together_have_the_bound),
	    CASE(whoever_is_alone_passes),
	    CASE(what_has_to_be_given_is_counted_and_never_refused),
	    CASE(side_by_side_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
