/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the embedded engine: newest PINs of numbers, entries that wait, that are
 * changed, and that may go. test_recent, test_guesses and test_twins see the store with
 * it.
 */
#include "store/sqlite/hot.h"

#include <stdio.h>

#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"
#define OTHER "41790000002"

static const struct ident application = {{7}};
static const struct span no_log = {NULL, 0};

/* The n-th id of a millisecond. */
static struct ident
id_of(int64_t ms, uint8_t n)
{
	struct ident id;

	ident_floor(&id, ms);
	id.bytes[IDENT_LEN - 1] = n;
	return id;
}

static struct hot_pin *
enter_with(struct hot *h, int64_t ms, uint8_t n, const char *to, struct span log)
{
	struct ident id = id_of(ms, n);
	struct hot_pin *pin = hot_enter(h, &application, to, &id);
	struct pin_row row = {.recipe.pin_id = id,
	    .recipe.application = application,
	    .destination = to,
	    .log = log};

	hot_set_row(h, pin, &row);
	hot_assert(h);
	return pin;
}

static struct hot_pin *
enter(struct hot *h, int64_t ms, uint8_t n, const char *to)
{
	return enter_with(h, ms, n, to, SPAN("12345678"));
}

/* All that waits has its place on disk. */
static void
place_all(struct hot *h, int64_t now_ms)
{
	struct hot_pin *pin;

	do {
		while ((pin = hot_next_place(h)) != NULL)
			hot_placed(h, pin);
	} while (hot_turn_places(h, now_ms));
	hot_assert(h);
}

static struct hot_pin *
find(const struct hot *h, int64_t ms, uint8_t n)
{
	struct ident id = id_of(ms, n);

	return hot_find(h, &id);
}

static bool
newest_is(const struct hot *h, const char *to, int64_t ms, uint8_t n)
{
	struct ident expected = id_of(ms, n);
	const struct hot_pin *newest = hot_newest(h, &application, to);

	return newest != NULL &&
	       ident_compare(&newest->row.recipe.pin_id, &expected) == 0;
}

static void
test_the_newest_of_a_number_is_the_highest_id(void **state)
{
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	enter(&h, 10, 5, TO);
	enter(&h, 10, 9, TO);
	enter(&h, 10, 7, TO);
	enter(&h, 10, 200, OTHER);
	assert_true(newest_is(&h, TO, 10, 9));
	assert_true(newest_is(&h, OTHER, 10, 200));
	enter(&h, 11, 1, TO);
	assert_true(newest_is(&h, TO, 11, 1));
	assert_null(hot_newest(&h, &application, "41790000003"));
	assert_null(hot_newest(&h, &(struct ident){{8}}, TO));
	hot_fini(&h);
}

static void
test_numbers_of_one_bucket_are_kept_apart(void **state)
{
	static const char *const numbers[] = {TO, OTHER, TO, "41790000003", OTHER, TO};
	static const uint8_t newest[] = {6, 5, 6, 4, 5, 6};
	struct hot h;

	(void)state;
	hot_init(&h, 1, 100, 7);
	for (uint8_t n = 0; n < countof(numbers); n++)
		enter(&h, 10, n + 1, numbers[n]);
	for (uint8_t n = 0; n < countof(numbers); n++)
		check_case(n, newest_is(&h, numbers[n], 10, newest[n]));
	hot_fini(&h);
}

/* Else a newer one could be forgotten before an older one that is yet to come. */
static void
test_clean_ones_go_between_milliseconds(void **state)
{
	struct hot h;

	(void)state;
	hot_init(&h, 16, 0, 7);
	for (uint8_t n = 1; n < 8; n++)
		enter(&h, 10, n, TO);
	assert_false(hot_turn_places(&h, 10));
	place_all(&h, 11);
	assert_int_equal(h.clean, 7);
	hot_trim(&h, 100, 10);
	assert_int_equal(h.clean, 7);
	hot_trim(&h, 3, 11);
	hot_assert(&h);
	assert_int_equal(h.clean, 4);
	hot_trim(&h, 100, 11);
	hot_assert(&h);
	assert_int_equal(h.count, 0);
	assert_null(hot_newest(&h, &application, TO));
	hot_fini(&h);
}

/* However many a batch brings, about as many go. */
static void
test_clean_ones_do_not_gather(void **state)
{
	enum { BATCHES = 200, A_BATCH = 10, MOST = 3 };
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	for (int64_t i = 0; i < BATCHES; i++) {
		hot_trim(&h, MOST, i);
		for (uint8_t n = 0; n < A_BATCH; n++)
			enter(&h, i, n, n % 2 == 0 ? TO : OTHER);
		place_all(&h, i + 1);
	}
	assert_in_range(h.clean, A_BATCH, 4 * A_BATCH);
	hot_fini(&h);
}

/* The list of a number is whole as far as it goes. */
static void
test_older_ones_leave_the_list_with_one_that_goes(void **state)
{
	struct verify_state guessed = {.attempts = 3};
	struct ident oldest = id_of(10, 1);
	struct hot h;

	(void)state;
	hot_init(&h, 16, 0, 7);
	enter(&h, 10, 1, TO);
	enter(&h, 11, 1, TO);
	enter(&h, 12, 1, OTHER);
	place_all(&h, 13);
	enter(&h, 13, 1, TO);
	(void)hot_change(&h, &oldest, &guessed, no_log, 13);
	hot_trim(&h, 1, 14); /* the one in the middle */
	hot_assert(&h);
	assert_null(find(&h, 11, 1));
	assert_true(newest_is(&h, TO, 13, 1));
	assert_null(find(&h, 13, 1)->older);
	assert_int_equal(find(&h, 10, 1)->row.state.attempts, 3);
	assert_false(find(&h, 10, 1)->linked);
	hot_fini(&h);
}

static void
settle_all(struct hot *h, int64_t now_ms)
{
	struct hot_pin *pin;

	do {
		while ((pin = hot_next_change(h)) != NULL)
			hot_settled(h, pin);
	} while (hot_turn_changes(h, now_ms));
	hot_assert(h);
}

/* A log that is longer than usual is kept while the row has another. */
static void
test_long_logs_stay_where_they_are(void **state)
{
	struct verify_state guessed = {.attempts = 3};
	struct verify_state none = {.attempts = 0};
	struct ident id = id_of(10, 1);
	char octets[HOT_LOG_MAX + 1] = {0};
	struct span too_long = {octets, sizeof(octets)};
	struct span longest = {octets, HOT_LOG_MAX};
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	assert_false(enter_with(&h, 10, 2, TO, too_long)->log_set);
	assert_true(enter_with(&h, 10, 3, TO, longest)->log_set);
	enter(&h, 10, 1, TO);
	(void)hot_change(&h, &id, &guessed, no_log, 11);
	assert_true(span_equal_text(find(&h, 10, 1)->row.log, "12345678"));
	(void)hot_change(&h, &id, &none, SPAN("abcd"), 11);
	assert_int_equal(find(&h, 10, 1)->row.state.attempts, 3);
	assert_true(span_equal_text(find(&h, 10, 1)->row.log, "abcd"));
	(void)hot_change(&h, &id, &none, too_long, 11);
	assert_int_equal(find(&h, 10, 1)->row.log.len, sizeof(octets));
	settle_all(&h, 12);
	assert_false(find(&h, 10, 1)->log_set);
	assert_int_equal(find(&h, 10, 1)->row.state.attempts, 3);
	hot_fini(&h);
}

/* The one before it is the newest then. */
static void
test_what_was_removed_is_known_no_more(void **state)
{
	struct ident id = id_of(11, 1);
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	enter(&h, 10, 1, TO);
	hot_remove(&h, &id);
	assert_non_null(find(&h, 10, 1));
	enter(&h, 11, 1, TO);
	hot_remove(&h, &id);
	hot_assert(&h);
	assert_null(find(&h, 11, 1));
	assert_true(newest_is(&h, TO, 10, 1));
	place_all(&h, 12);
	assert_int_equal(h.count, 1);
	hot_fini(&h);
}

/* Retention takes them before so many wait that a generation turns. */
static void
test_what_was_removed_makes_room_for_what_comes(void **state)
{
	enum { LIVE = 30, SENDS = 5000 };
	struct verify_state guessed = {.attempts = 3};
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	for (int64_t i = 0; i < SENDS; i++) {
		struct ident id = id_of(i - LIVE, 1);

		enter(&h, i, 1, i % 3 == 0 ? TO : OTHER);
		if (i % 7 == 0)
			(void)hot_change(&h, &id, &guessed, no_log, i);
		if (i >= LIVE)
			hot_remove(&h, &id);
		if (i % 100 == 0)
			settle_all(&h, i);
	}
	hot_assert(&h);
	assert_int_equal(h.waiting, LIVE);
	assert_true(newest_is(&h, TO, SENDS - 2, 1));
	assert_in_range(h.places.young_count, LIVE, 4 * LIVE);
	place_all(&h, SENDS);
	assert_int_equal(h.clean, LIVE);
	hot_fini(&h);
}

static void
test_generations_leave_in_order(void **state)
{
	static const char *const numbers[] = {
	    "41795", "41791", "417911", "41795", "4179"};
	static const uint8_t order[] = {5, 2, 3, 1, 4};
	struct verify_state guessed = {.attempts = 1};
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	for (uint8_t n = 0; n < countof(numbers); n++) {
		struct ident id = id_of(20 - n, n + 1);

		enter(&h, n, n + 1, numbers[n]);
		(void)hot_change(&h, &id, &guessed, no_log, 50 + n);
	}
	assert_int_equal(hot_queue_since(&h.places), 0);
	assert_int_equal(hot_queue_since(&h.changes), 50);
	assert_true(hot_turn_places(&h, 60) && hot_turn_changes(&h, 60));
	for (uint8_t n = 0; n < countof(numbers); n++) {
		struct hot_pin *place = hot_next_place(&h);
		struct hot_pin *change = hot_next_change(&h);

		check_case(n, place->row.recipe.pin_id.bytes[IDENT_LEN - 1] == order[n]);
		check_case(n, change->row.recipe.pin_id.bytes[IDENT_LEN - 1] == 5 - n);
		hot_placed(&h, place);
		hot_settled(&h, change);
	}
	hot_assert(&h);
	assert_int_equal(hot_queue_since(&h.changes), INT64_MAX);
	assert_null(hot_next_place(&h));
	hot_fini(&h);
}

/* Applications of one moment differ in the end of their ids alone. */
static void
test_numbers_of_an_application_leave_side_by_side(void **state)
{
	static const struct ident applications[] = {{{1, [15] = 2}}, {{1, [15] = 1}}};
	static const char *const numbers[] = {OTHER, TO};
	static const uint8_t order[] = {4, 2, 3, 1};
	struct hot h;

	(void)state;
	hot_init(&h, 16, 4, 7);
	for (uint8_t n = 0; n < countof(order); n++) {
		struct ident id = id_of(10, n + 1);

		(void)hot_enter(&h, &applications[n % 2], numbers[n / 2], &id);
	}
	assert_true(hot_turn_places(&h, 11));
	hot_assert(&h);
	for (uint8_t n = 0; n < countof(order); n++) {
		struct hot_pin *place = hot_next_place(&h);

		check_case(n, place->row.recipe.pin_id.bytes[IDENT_LEN - 1] == order[n]);
		hot_placed(&h, place);
	}
	hot_fini(&h);
}

/* ---- the same by chance, beside arrays ---- */

enum { PINS = 40, NUMBERS = 4, STEPS = 20000 };

struct known {
	struct ident id;
	int number;
	int64_t attempts;
	bool lives;
	bool waits;
};

struct game {
	uint32_t at;
	struct known known[PINS];
	int64_t now_ms;
};

static uint32_t throw(struct game * d, uint32_t sides)
{
	d->at = d->at * 1664525 + 1013904223;
	return (d->at >> 8) % sides;
}

static void
number_text(int number, char out[16])
{
	snprintf(out, 16, "4179%d", number);
}

static void
send(struct game *d, struct hot *h, struct known *k)
{
	char to[16];

	*k = (struct known){.id = id_of(d->now_ms, (uint8_t) throw(d, 256)),
	    .number = (int) throw(d, NUMBERS),
	    .lives = true,
	    .waits = true};
	k->id.bytes[IDENT_LEN - 2] = (uint8_t)(k - d->known); /* each its own */
	number_text(k->number, to);
	hot_set_row(h, hot_enter(h, &application, to, &k->id),
	    &(struct pin_row){.recipe.pin_id = k->id,
		.recipe.application = application,
		.destination = to});
}

static void
guess(struct hot *h, struct known *k, int64_t now_ms)
{
	struct verify_state guessed = {.attempts = ++k->attempts};

	(void)hot_change(h, &k->id, &guessed, no_log, now_ms);
}

static void
ignore(bool turned)
{
	(void)turned;
}

static void
place_some(struct game *d, struct hot *h, size_t count)
{
	struct hot_pin *pin = NULL;

	for (; count > 0 && (pin = hot_next_place(h)) != NULL; count--) {
		for (size_t i = 0; i < PINS; i++)
			if (ident_compare(&d->known[i].id, &pin->row.recipe.pin_id) == 0)
				d->known[i].waits = false;
		hot_placed(h, pin);
	}
	if (hot_queue_left(&h->places) == 0)
		ignore(hot_turn_places(h, d->now_ms));
}

static void
settle_some(struct game *d, struct hot *h, size_t count)
{
	struct hot_pin *pin = NULL;

	for (; count > 0 && (pin = hot_next_change(h)) != NULL; count--)
		hot_settled(h, pin);
	if (hot_queue_left(&h->changes) == 0)
		ignore(hot_turn_changes(h, d->now_ms));
}

static void
step(struct game *d, struct hot *h)
{
	struct known *k = &d->known[throw(d, PINS)];
	uint32_t what = throw(d, 100);

	d->now_ms += throw(d, 3) == 0;
	if (!k->lives)
		send(d, h, k);
	else if (what < 50)
		guess(h, k, d->now_ms);
	else if (what < 70)
		place_some(d, h, throw(d, 6));
	else if (what < 90)
		settle_some(d, h, throw(d, 6));
	else if (what < 95)
		hot_trim(h, throw(d, 4), d->now_ms);
	else {
		hot_remove(h, &k->id);
		k->lives = false;
	}
}

/* Memory says what is so, and all that the database does not have. */
static void
check(const struct game *d, const struct hot *h, size_t at)
{
	for (size_t i = 0; i < PINS; i++) {
		const struct known *k = &d->known[i];
		const struct hot_pin *pin = k->lives ? hot_find(h, &k->id) : NULL;
		char to[16];

		if (!k->lives)
			continue;
		check_case(at, pin != NULL || !k->waits);
		check_case(at, pin == NULL || !pin->state_set ||
				   pin->row.state.attempts == k->attempts);
		number_text(k->number, to);
		pin = hot_newest(h, &application, to);
		check_case(at, pin != NULL || !k->waits);
		check_case(at,
		    pin == NULL || ident_compare(&pin->row.recipe.pin_id, &k->id) >= 0);
	}
	hot_assert(h);
}

static void
test_by_chance(void **state)
{
	struct game d = {.at = 5, .now_ms = 1000};
	struct hot h;

	(void)state;
	hot_init(&h, 8, 3, 7);
	for (size_t i = 0; i < STEPS; i++) {
		step(&d, &h);
		check(&d, &h, i);
	}
	hot_fini(&h);
}

/* ---- in a store ---- */

/* A PIN of a batch that failed is not the newest of anything. */
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

/* Somebody changes the number of a row whose place memory has already. */
static void
test_a_row_of_another_number_fails_alone(void **state)
{
	static const char *const changes[] = {
	    "UPDATE pin SET application = randomblob(16) WHERE destination = '" TO "'",
	    "UPDATE pin SET destination = '41790000007' WHERE destination = '" TO "'",
	};
	struct world *w = *state;
	struct application_change change = {.verify_limit = "100/1s"};
	struct world_sent a, b;

	w->recent_max = 100;
	world_configure(w, &change);
	for (size_t i = 0; i < countof(changes); i++) {
		a = world_send(w, TO);
		b = world_send(w, OTHER);
		world_restart(w);
		world_pass(w, 1);
		assert_int_equal(world_verify(w, &b.pin_id, "none").left, 9);
		world_tell(w, changes[i]);
		(void)world_verify(w, &a.pin_id, "none");
		(void)world_verify(w, &a.pin_id, "none");
		assert_int_equal(world_verify(w, &b.pin_id, "none").left, 8);
		assert_int_equal(world_ask(w, "SELECT max(attempts) FROM pin_now"), 2);
		world_pass(w, PERIOD_MS_DAY);
		(void)world_retain(w, PERIOD_MS_HOUR);
		assert_int_equal(world_send(w, TO).err, OK);
		assert_int_equal(world_send(w, OTHER).err, OK);
		world_pass(w, PERIOD_MS_DAY);
		(void)world_retain(w, PERIOD_MS_HOUR);
	}
}

/* A server that nobody asks has in its rows what it knows, an hour later. */
static void
test_what_rests_for_an_hour_stands_in_its_row(void **state)
{
	struct world *w = *state;
	struct world_sent s;

	w->guesses_max = 1000;
	world_restart(w);
	s = world_send(w, TO);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_RIGHT);
	world_pass(w, PERIOD_MS_HOUR - 1);
	(void)world_age(w);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin WHERE verified_at IS NOT NULL"), 0);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin_now WHERE verified_at IS NOT NULL"),
	    1);
	world_restart(w);
	world_pass(w, 1);
	(void)world_age(w);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin WHERE verified_at IS NOT NULL"), 1);
	assert_int_equal(world_ask(w, "SELECT count(*) FROM guess"), 0);
	assert_int_equal(
	    world_ask(
		w, "SELECT sum(attempts) FROM pin_now WHERE verified_at IS NOT NULL"),
	    1);
}

/* The row is behind; the view is not. */
static void
test_the_view_says_what_is_so(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .verify_limit = "100/1s", .send_phone_limit = "100/1h"};
	struct world_sent a, b;

	w->guesses_max = 1000;
	world_restart(w);
	world_configure(w, &change);
	a = world_send(w, TO);
	world_pass(w, 1);
	b = world_send(w, TO);
	for (size_t i = 0; i < 3; i++)
		(void)world_verify(w, &a.pin_id, "none");
	assert_int_equal(world_verify(w, &b.pin_id, b.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_ask(w, "SELECT sum(attempts) FROM pin"), 0);
	assert_int_equal(world_ask(w, "SELECT max(attempts) FROM pin_now"), 3);
	assert_int_equal(world_ask(w, "SELECT sum(attempts) FROM pin_now"), 4);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin_now WHERE matched_at IS NOT NULL"), 1);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin_now WHERE length(verifies) > 1"), 1);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_newest_of_a_number_is_the_highest_id),
	    cmocka_unit_test(test_numbers_of_one_bucket_are_kept_apart),
	    cmocka_unit_test(test_clean_ones_go_between_milliseconds),
	    cmocka_unit_test(test_clean_ones_do_not_gather),
	    cmocka_unit_test(test_older_ones_leave_the_list_with_one_that_goes),
	    cmocka_unit_test(test_long_logs_stay_where_they_are),
	    cmocka_unit_test(test_what_was_removed_is_known_no_more),
	    cmocka_unit_test(test_what_was_removed_makes_room_for_what_comes),
	    cmocka_unit_test(test_generations_leave_in_order),
	    cmocka_unit_test(test_numbers_of_an_application_leave_side_by_side),
	    cmocka_unit_test(test_by_chance),
	    CASE(a_batch_that_failed_left_nothing),
	    CASE(a_row_of_another_number_fails_alone),
	    CASE(what_rests_for_an_hour_stands_in_its_row),
	    CASE(the_view_says_what_is_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
