/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN rows that verifies find in memory: what is told of them is what the database
 * says (and test_twins.c, that a store without them answers the same).
 */
#include "store/sqlite/pin_cache.h"

#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define OTHER "41790000002"

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

/* A PIN of the same millisecond may have a lower id than one that was forgotten. */
static void
test_what_comes_with_the_forgotten_is_not_kept(void **state)
{
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 4, 7);
	enter(&c, 10, 9, TO);
	pin_cache_clear(&c);
	enter(&c, 10, 5, TO);
	assert_null(find(&c, 10, 5));
	enter(&c, 11, 1, TO);
	assert_true(newest_is(&c, find(&c, 11, 1), 11, 1));
	pin_cache_fini(&c);
}

static void
test_long_logs_stay_where_they_are(void **state)
{
	char octets[PIN_CACHE_LOG_MAX + 1] = {0};
	struct pin_row row = {.recipe.pin_id = id_of(10, 1), .destination = TO};
	struct pin_cache c;

	(void)state;
	pin_cache_init(&c, 4, 7);
	row.log = (struct span){octets, sizeof(octets)};
	pin_cache_enter(&c, &row, 10);
	assert_null(find(&c, 10, 1));
	row.recipe.pin_id = id_of(10, 2);
	row.log.len--;
	pin_cache_enter(&c, &row, 10);
	assert_non_null(find(&c, 10, 2));
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

/* A PIN that was inserted by a batch that failed is not the newest of anything. */
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
	world_tell(w, "CREATE TRIGGER broken BEFORE INSERT ON destination_young "
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
	    cmocka_unit_test(test_what_comes_with_the_forgotten_is_not_kept),
	    cmocka_unit_test(test_long_logs_stay_where_they_are),
	    cmocka_unit_test(test_of_what_was_removed_nothing_is_known),
	    CASE(a_batch_that_failed_left_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
