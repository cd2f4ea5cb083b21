/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN rows that verifies find in memory: what is told of them is what the database
 * says, and of two stores with the same requests the one that has forgotten all of them
 * before each request answers the same.
 */
#include "store/pin_cache.h"

#include <stdio.h>

#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define OTHER "41790000002"

enum { PINS_MAX = 4096, NUMBERS = 5, STEPS = 1200, NEAR = 12 };

/* ---- the module ---- */

/* The n-th id of a millisecond. */
static struct ident
id_of(int64_t ms, uint8_t n)
{
	struct ident id;

	ident_floor(&id, ms);
	id.bytes[IDENT_LEN - 1] = n;
	return id;
}

static void
enter(struct pin_cache *c, int64_t ms, uint8_t n, const char *to)
{
	struct pin_row row = {
	    .recipe.pin_id = id_of(ms, n), .destination = to, .log = SPAN("12345678")};

	pin_cache_enter(c, &row, ms);
}

static const struct pin_row *
find(const struct pin_cache *c, int64_t ms, uint8_t n)
{
	struct ident id = id_of(ms, n);

	return pin_cache_find(c, &id);
}

static bool
newest_is(const struct pin_cache *c, const struct pin_row *row, int64_t ms, uint8_t n)
{
	struct ident expected = id_of(ms, n);
	struct ident newest;

	pin_cache_newest(c, row, &newest);
	return ident_compare(&newest, &expected) == 0;
}

static void
test_the_newest_of_a_number_is_the_highest_id(void **state)
{
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 4, 7);
	enter(&c, 10, 5, TO);
	enter(&c, 10, 9, TO);
	enter(&c, 10, 7, TO);
	enter(&c, 10, 200, OTHER);
	assert_true(newest_is(&c, find(&c, 10, 5), 10, 9));
	assert_true(newest_is(&c, find(&c, 10, 7), 10, 9));
	assert_true(newest_is(&c, find(&c, 10, 200), 10, 200));
	enter(&c, 11, 1, TO);
	assert_true(newest_is(&c, find(&c, 10, 5), 11, 1));
	assert_true(newest_is(&c, find(&c, 11, 1), 11, 1));
	pin_cache_fini(&c);
}

static void
test_numbers_of_one_bucket_are_kept_apart(void **state)
{
	static const char *const numbers[] = {TO, OTHER, TO, "41790000003", OTHER, TO};
	static const uint8_t newest[] = {6, 5, 6, 4, 5, 6};
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 1, 7);
	for (uint8_t n = 0; n < countof(numbers); n++)
		enter(&c, 10, n + 1, numbers[n]);
	for (uint8_t n = 0; n < countof(numbers); n++)
		check_case(n, newest_is(&c, find(&c, 10, n + 1), 10, newest[n]));
	pin_cache_fini(&c);
}

/* Else a newer one could be forgotten before an older one. */
static void
test_generations_turn_between_milliseconds(void **state)
{
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 2, 7);
	for (uint8_t n = 1; n < 8; n++)
		enter(&c, 10, n, TO);
	for (uint8_t n = 1; n < 8; n++)
		assert_true(newest_is(&c, find(&c, 10, n), 10, 7));
	enter(&c, 11, 1, OTHER);
	enter(&c, 11, 2, OTHER);
	assert_non_null(find(&c, 10, 1));
	enter(&c, 12, 1, OTHER);
	assert_null(find(&c, 10, 1));
	assert_true(newest_is(&c, find(&c, 11, 1), 12, 1));
	pin_cache_fini(&c);
}

static void
test_a_log_without_room_is_asked_for(void **state)
{
	struct verify_state guessed = {.attempts = 3};
	struct verify_state none = {.attempts = 0};
	struct ident id = id_of(10, 1);
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 2, 7);
	enter(&c, 10, 1, TO);
	pin_cache_settled(&c, &id, &guessed, (struct span){NULL, 0});
	assert_int_equal(find(&c, 10, 1)->state.attempts, 3);
	assert_true(span_equal_text(find(&c, 10, 1)->log, "12345678"));
	pin_cache_settled(&c, &id, &none, SPAN("abcd"));
	assert_int_equal(find(&c, 10, 1)->state.attempts, 3);
	assert_true(span_equal_text(find(&c, 10, 1)->log, "abcd"));
	pin_cache_settled(&c, &id, &none, SPAN("123456789"));
	assert_null(find(&c, 10, 1));
	pin_cache_settled(&c, &id, &none, SPAN("abcd"));
	assert_null(find(&c, 10, 1));
	pin_cache_fini(&c);
}

/* The one before it may be in the database alone. */
static void
test_of_what_was_removed_nothing_is_known(void **state)
{
	struct ident id = id_of(11, 1);
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 4, 7);
	enter(&c, 10, 1, TO);
	pin_cache_removed(&c, &id);
	assert_non_null(find(&c, 10, 1));
	enter(&c, 11, 1, TO);
	pin_cache_removed(&c, &id);
	assert_null(find(&c, 10, 1));
	assert_null(find(&c, 11, 1));
	pin_cache_fini(&c);
}

/* ---- two stores ---- */

struct answer {
	enum err err;
	enum verdict verdict;
	int64_t left;
	char destination[32];
};

struct side {
	struct world *world;
	bool forgets;
	struct world_sent pins[PINS_MAX];
};

static struct side sides[2];

static struct answer
verify(struct world *w, const struct world_sent *pin, bool right, bool stranger)
{
	struct verify_job j = {.account = stranger ? w->application : w->account,
	    .pin_id = pin->pin_id,
	    .typed = span_of(right ? pin->pin : "none"),
	    .failures_max = 12};
	struct answer a = {.err = world_run(w, &j.job, VERB_VERIFY)};

	if (a.err != OK)
		return a;
	a.verdict = j.verdict;
	a.left = j.attempts_left;
	snprintf(a.destination, sizeof(a.destination), "%s", j.destination);
	return a;
}

static void
begin(struct side *s, size_t in_cache, bool forgets)
{
	static const struct application_change change = {.pin_attempts = {true, 4},
	    .allow_multiple = {true, true},
	    .verify_limit = "6/1m",
	    .send_phone_limit = "100/1h",
	    .pin_ttl = "90s"};
	struct world *w = world_new();

	s->world = w;
	s->forgets = forgets;
	w->pin_cache_max = in_cache;
	w->dice = 3;
	world_restart(w);
	world_configure(w, &change);
}

static struct answer
do_step(struct side *s, size_t *count)
{
	struct world *w = s->world;
	uint32_t what = world_dice(w, 100);
	uint32_t back = world_dice(w, NEAR);
	char to[32];

	world_pass(w, world_dice(w, 2) == 0 ? 0 : 997 * (int64_t)world_dice(w, 9));
	if (s->forgets)
		world_restart(w);
	if (what == 0)
		world_pass(w, INT64_C(997) * 3600 * 26);
	if (what < 4)
		return (struct answer){.left = world_retain(w, 1)};
	if (what < 30 || *count <= back) {
		snprintf(to, sizeof(to), "4179000%u", back % NUMBERS);
		s->pins[*count] = world_send(w, to);
		return (struct answer){.err = s->pins[(*count)++].err};
	}
	return verify(w, &s->pins[*count - 1 - back], what < 45, what == 99);
}

static void
compare(size_t in_cache)
{
	size_t counts[2] = {0, 0};
	size_t verdicts[4] = {0};
	size_t throttled = 0;
	size_t gone = 0;

	begin(&sides[0], in_cache, false);
	begin(&sides[1], in_cache, true);
	for (size_t i = 0; i < STEPS; i++) {
		struct answer a = do_step(&sides[0], &counts[0]);
		struct answer b = do_step(&sides[1], &counts[1]);

		check_case(i, a.err == b.err);
		check_case(i, a.verdict == b.verdict);
		check_case(i, a.left == b.left);
		check_case(i, strcmp(a.destination, b.destination) == 0);
		throttled += a.err == ERR_THROTTLED;
		gone += a.err == ERR_NOT_FOUND;
		verdicts[a.verdict] += a.destination[0] != '\0';
	}
	for (size_t i = 0; i < countof(verdicts); i++)
		assert_in_range(verdicts[i], STEPS / 100, STEPS / 2);
	assert_in_range(throttled, STEPS / 50, STEPS / 2);
	assert_in_range(gone, STEPS / 50, STEPS / 2);
	world_free(sides[0].world);
	world_free(sides[1].world);
}

static void
test_who_forgets_answers_the_same(void **state)
{
	(void)state;
	compare(3);
}

static void
test_the_same_with_much_in_memory(void **state)
{
	(void)state;
	compare(100);
}

/* What was inserted by a batch that failed is not the newest of anything. */
static void
test_a_batch_that_failed_left_nothing(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .verify_limit = "2/1h", .send_phone_limit = "1000/1h"};
	struct world_sent a, b;

	w->pin_cache_max = 1000;
	world_restart(w);
	world_configure(w, &change);
	world_tell(w, "CREATE TRIGGER broken BEFORE INSERT ON destination_pin "
		      "BEGIN SELECT RAISE(ABORT, 'no'); END");
	for (b.err = OK; b.err == OK; world_pass(w, 1)) {
		a = world_send(w, TO);
		assert_int_equal(a.err, OK);
		world_pass(w, 1);
		b = world_send(w, TO);
	}
	world_tell(w, "DROP TRIGGER broken");
	assert_int_equal(world_verify(w, &a.pin_id, "none").verdict, VERDICT_WRONG);
	assert_int_equal(world_verify(w, &a.pin_id, "none").verdict, VERDICT_WRONG);
	world_restart(w);
	assert_int_equal(world_verify(w, &a.pin_id, a.pin).err, ERR_THROTTLED);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_newest_of_a_number_is_the_highest_id),
	    cmocka_unit_test(test_numbers_of_one_bucket_are_kept_apart),
	    cmocka_unit_test(test_generations_turn_between_milliseconds),
	    cmocka_unit_test(test_a_log_without_room_is_asked_for),
	    cmocka_unit_test(test_of_what_was_removed_nothing_is_known),
	    cmocka_unit_test(test_who_forgets_answers_the_same),
	    cmocka_unit_test(test_the_same_with_much_in_memory),
	    CASE(a_batch_that_failed_left_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
