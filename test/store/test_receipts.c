/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: to which message they go, and what they may no longer change. */
#include "store/world.h"

#include <stdio.h>

#include "store/outbox.h"
#include "store/receipt.h"
#include "store/status.h"

/* A PIN whose message this carrier accepted and calls `id`. */
static struct ident
accepted(struct world *w, const char *to, const char *carrier, const char *id)
{
	struct world_sent s = world_send(w, to);
	struct outcome_job j = {.pin_id = s.pin_id,
	    .state = MESSAGE_ACCEPTED,
	    .carrier = carrier,
	    .carrier_message_id = id,
	    .submits = 1};

	assert_int_equal(s.err, OK);
	assert_int_equal(world_run(w, &j.job, VERB_OUTCOME), OK);
	return s.pin_id;
}

/* One whose text went out in two parts, which that carrier calls so. */
static struct ident
accepted_in_parts_by(
    struct world *w, const char *to, const char *carrier, const char *const ids[2])
{
	struct world_sent s = world_send(w, to);
	struct outcome_job j = {.pin_id = s.pin_id,
	    .state = MESSAGE_ACCEPTED,
	    .carrier = carrier,
	    .part_ids = ids,
	    .part_count = 2,
	    .submits = 1};

	assert_int_equal(s.err, OK);
	assert_int_equal(world_run(w, &j.job, VERB_OUTCOME), OK);
	return s.pin_id;
}

static struct ident
accepted_in_parts(struct world *w, const char *to, const char *first, const char *second)
{
	const char *const ids[] = {first, second};

	return accepted_in_parts_by(w, to, "main", ids);
}

static struct receipt_job
report(struct world *w, const char *carrier, const char *id, enum report_status status)
{
	struct receipt_job j = {.carrier = carrier,
	    .carrier_message_id = id,
	    .status = status,
	    .done_at_ms = T0 + 5};

	world_run(w, &j.job, VERB_RECEIPT);
	return j;
}

static struct message_status
message_of(struct world *w, const struct ident *pin_id)
{
	struct status_job j = {.account = w->account, .pin_id = *pin_id};

	assert_int_equal(world_run(w, &j.job, VERB_STATUS), OK);
	return j.messages[j.count - 1];
}

static struct receipts_held_job
try_held(struct world *w, int64_t after, int64_t limit)
{
	struct receipts_held_job j = {.after = after, .limit = limit};

	assert_int_equal(world_run(w, &j.job, VERB_RECEIPTS_HELD), OK);
	return j;
}

static void
test_a_receipt_finds_its_message(void **state)
{
	struct world *w = *state;
	struct ident a = accepted(w, "4179", "main", "1a");
	struct ident b = accepted(w, "4178", "main", "1b");
	struct receipt_job j = report(w, "main", "1a", REPORT_DELIVERED_TO_HANDSET);

	assert_int_equal(j.job.err, OK);
	assert_true(j.match.found && !j.held);
	assert_memory_equal(j.match.pin_id.bytes, a.bytes, IDENT_LEN);
	assert_int_equal(message_of(w, &a).state, MESSAGE_DELIVERED);
	assert_int_equal(message_of(w, &a).status, REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &b).state, MESSAGE_ACCEPTED);
	assert_int_equal(message_of(w, &b).status, REPORT_NONE);
}

static void
test_each_group_has_its_state(void **state)
{
	static const struct {
		enum report_status status;
		enum message_state state;
	} cases[] = {
	    {REPORT_PENDING_ENROUTE, MESSAGE_ACCEPTED},
	    {REPORT_DELIVERED_TO_OPERATOR, MESSAGE_DELIVERED},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, MESSAGE_FAILED},
	    {REPORT_REJECTED_DND, MESSAGE_FAILED},
	    {REPORT_EXPIRED_DLR_UNKNOWN, MESSAGE_EXPIRED},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		char to[16];
		char id[16];
		struct ident pin_id;

		snprintf(to, sizeof(to), "41790%zu", i);
		snprintf(id, sizeof(id), "id%zu", i);
		pin_id = accepted(w, to, "main", id);
		report(w, "main", id, cases[i].status);
		check_case(i, message_of(w, &pin_id).state == cases[i].state);
		check_case(i, message_of(w, &pin_id).status == cases[i].status);
	}
}

static void
test_an_id_is_one_of_its_carrier(void **state)
{
	struct world *w = *state;
	struct ident a = accepted(w, "4179", "one", "7");
	struct ident b;

	world_pass(w, 1000);
	b = accepted(w, "4178", "two", "7");
	report(w, "one", "7", REPORT_REJECTED); /* not the newer one */
	assert_int_equal(message_of(w, &a).state, MESSAGE_FAILED);
	assert_int_equal(message_of(w, &b).state, MESSAGE_ACCEPTED);
	report(w, "two", "7", REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &b).state, MESSAGE_DELIVERED);
	assert_true(report(w, "three", "7", REPORT_REJECTED).held);
}

static void
test_an_id_of_a_part_is_one_of_its_carrier(void **state)
{
	static const char *const ids[] = {"7", "8"};
	struct world *w = *state;
	struct ident a = accepted_in_parts_by(w, "4179", "one", ids);
	struct ident b;

	world_pass(w, 1000);
	b = accepted_in_parts_by(w, "4178", "two", ids);
	for (size_t i = 0; i < countof(ids); i++)
		report(w, "one", ids[i], REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &a).state, MESSAGE_DELIVERED);
	assert_int_equal(message_of(w, &b).state, MESSAGE_ACCEPTED);
	report(w, "two", ids[0], REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &b).state, MESSAGE_ACCEPTED);
	assert_true(report(w, "three", ids[1], REPORT_REJECTED).held);
}

/* Carriers count from 0 again after a restart. */
static void
test_of_two_with_one_id_the_newer_is_meant(void **state)
{
	struct world *w = *state;
	struct ident a = accepted(w, "4179", "main", "1");
	struct ident b;

	world_pass(w, 1000);
	b = accepted(w, "4178", "main", "1");
	report(w, "main", "1", REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &a).state, MESSAGE_ACCEPTED);
	assert_int_equal(message_of(w, &b).state, MESSAGE_DELIVERED);
}

static void
test_a_final_state_is_never_moved(void **state)
{
	static const enum report_status finals[] = {REPORT_DELIVERED_TO_HANDSET,
	    REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_EXPIRED_EXPIRED, REPORT_REJECTED};
	struct world *w = *state;

	for (size_t i = 0; i < countof(finals); i++) {
		char to[16];
		char id[16];
		struct ident pin_id;

		snprintf(to, sizeof(to), "41790%zu", i);
		snprintf(id, sizeof(id), "id%zu", i);
		pin_id = accepted(w, to, "main", id);
		report(w, "main", id, finals[i]);
		for (size_t k = 0; k < countof(finals); k++)
			report(w, "main", id, finals[k]);
		report(w, "main", id, REPORT_PENDING_ENROUTE);
		try_held(w, 0, 100);
		check_case(i, message_of(w, &pin_id).status == finals[i]);
	}
}

static void
test_under_way_comes_before_the_end(void **state)
{
	struct world *w = *state;
	struct ident a = accepted(w, "4179", "main", "1a");

	report(w, "main", "1a", REPORT_PENDING_ENROUTE);
	assert_int_equal(message_of(w, &a).status, REPORT_PENDING_ENROUTE);
	report(w, "main", "1a", REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(message_of(w, &a).state, MESSAGE_FAILED);
}

/* In any order, also over a restart, and a part that is reported twice is one. */
static void
test_a_message_in_parts_is_delivered_with_the_last(void **state)
{
	static const char *const orders[][2] = {{"a.1", "a.2"}, {"b.2", "b.1"}};
	struct world *w = *state;

	for (size_t i = 0; i < countof(orders); i++) {
		struct ident a = accepted_in_parts(w, i == 0 ? "4179" : "4178",
		    i == 0 ? "a.1" : "b.1", i == 0 ? "a.2" : "b.2");

		for (int again = 0; again < 2; again++)
			assert_true(
			    report(w, "main", orders[i][0], REPORT_DELIVERED_TO_HANDSET)
				.match.found);
		world_restart(w);
		check_case(i, message_of(w, &a).state == MESSAGE_ACCEPTED);
		check_case(i, message_of(w, &a).status == REPORT_NONE);
		report(w, "main", orders[i][1], REPORT_DELIVERED_TO_HANDSET);
		check_case(i, message_of(w, &a).state == MESSAGE_DELIVERED);
		check_case(i, message_of(w, &a).status == REPORT_DELIVERED_TO_HANDSET);
	}
	assert_int_equal(try_held(w, 0, 100).count, 0);
}

/* As a disk may leave it: written anew it would be refused. */
static void
damage_message(struct world *w, const struct ident *pin_id)
{
	char hex[IDENT_TEXT_LEN + 1];
	char sql[600];

	ident_text(pin_id, hex);
	snprintf(sql, sizeof(sql),
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT,', ') ') "
	    "WHERE name = 'message'; PRAGMA writable_schema = RESET;"
	    "UPDATE message SET created_at = 'x' WHERE hex(pin) = '%s';"
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET sql = replace(sql, ')  WITHOUT', ') STRICT, "
	    "WITHOUT') "
	    "WHERE name = 'message'",
	    hex);
	world_tell(w, sql);
	world_restart(w);
}

/* One that cannot be written keeps no other from its end. */
static void
test_a_damaged_message_of_which_half_is_known_is_alone(void **state)
{
	struct world *w = *state;
	struct ident damaged = accepted_in_parts(w, "4179", "a.1", "a.2");
	struct ident whole = accepted_in_parts(w, "4178", "b.1", "b.2");
	struct receipts_half_job j = {.wait_ms = 1000, .limit = 10};

	report(w, "main", "a.1", REPORT_DELIVERED_TO_HANDSET);
	world_pass(w, 1);
	report(w, "main", "b.1", REPORT_DELIVERED_TO_HANDSET);
	damage_message(w, &damaged);
	world_pass(w, 2000);
	assert_int_equal(world_run(w, &j.job, VERB_RECEIPTS_HALF), OK);
	assert_int_equal(j.ended, 1);
	assert_int_equal(message_of(w, &whole).state, MESSAGE_DELIVERED);
	assert_int_equal(world_ask(w, "SELECT count(*) FROM message_half"), 0);
}

static void
test_of_any_other_end_one_part_is_enough(void **state)
{
	struct world *w = *state;
	struct ident first = accepted_in_parts(w, "4179", "a.1", "a.2");
	struct ident last = accepted_in_parts(w, "4178", "b.1", "b.2");

	report(w, "main", "a.1", REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(message_of(w, &first).state, MESSAGE_FAILED);
	report(w, "main", "a.2", REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(message_of(w, &first).state, MESSAGE_FAILED);
	report(w, "main", "b.1", REPORT_DELIVERED_TO_HANDSET);
	report(w, "main", "b.2", REPORT_PENDING_ENROUTE);
	assert_int_equal(message_of(w, &last).state, MESSAGE_ACCEPTED);
	report(w, "main", "b.2", REPORT_EXPIRED_EXPIRED);
	assert_int_equal(message_of(w, &last).state, MESSAGE_EXPIRED);
	assert_int_equal(message_of(w, &last).status, REPORT_EXPIRED_EXPIRED);
	assert_int_equal(try_held(w, 0, 100).count, 0);
}

static void
test_receipts_of_parts_before_the_outcome_wait_for_it(void **state)
{
	struct world *w = *state;
	struct ident a;

	report(w, "main", "a.2", REPORT_DELIVERED_TO_HANDSET);
	report(w, "main", "a.1", REPORT_DELIVERED_TO_HANDSET);
	a = accepted_in_parts(w, "4179", "a.1", "a.2");
	assert_int_equal(try_held(w, 0, 100).matched, 2);
	assert_int_equal(message_of(w, &a).state, MESSAGE_DELIVERED);
}

static void
test_parts_go_with_their_pin(void **state)
{
	struct world *w = *state;

	accepted_in_parts(w, "4179", "a.1", "a.2");
	assert_true(report(w, "main", "a.1", REPORT_PENDING_ENROUTE).match.found);
	world_pass(w, 400 * PERIOD_MS_DAY);
	assert_int_equal(world_retain(w, 0), 1);
	assert_false(report(w, "main", "a.1", REPORT_PENDING_ENROUTE).match.found);
}

static void
test_a_receipt_before_the_outcome_waits_for_it(void **state)
{
	struct world *w = *state;
	struct receipt_job j = report(w, "main", "1a", REPORT_DELIVERED_TO_HANDSET);
	struct ident a;

	assert_int_equal(j.job.err, OK);
	assert_true(j.held && !j.match.found);
	assert_int_equal(try_held(w, 0, 100).matched, 0);
	world_restart(w);
	a = accepted(w, "4179", "main", "1a");
	assert_int_equal(message_of(w, &a).state, MESSAGE_ACCEPTED);
	assert_int_equal(try_held(w, 0, 100).matched, 1);
	assert_int_equal(message_of(w, &a).state, MESSAGE_DELIVERED);
	assert_int_equal(try_held(w, 0, 100).count, 0);
}

static void
test_what_fits_nothing_is_dropped_in_time(void **state)
{
	struct world *w = *state;

	report(w, "main", "stranger", REPORT_DELIVERED_TO_HANDSET);
	world_pass(w, RECEIPT_HELD_MS - 1);
	assert_int_equal(try_held(w, 0, 100).dropped, 0);
	world_pass(w, 1);
	assert_int_equal(try_held(w, 0, 100).dropped, 1);
	assert_int_equal(try_held(w, 0, 100).count, 0);
}

static void
test_those_that_are_held_are_bounded(void **state)
{
	struct world *w = *state;
	struct receipt_job j = {0};
	int n = 0;

	while (j.job.err == OK && n <= RECEIPTS_HELD_MAX + 2) {
		char id[16];

		snprintf(id, sizeof(id), "%d", n++);
		j = report(w, "main", id, REPORT_DELIVERED_TO_HANDSET);
	}
	assert_int_equal(j.job.err, ERR_OVERLOADED);
	assert_int_equal(n, RECEIPTS_HELD_MAX + 1);
	assert_int_equal(
	    report(w, "main", "0", REPORT_DELIVERED_TO_HANDSET).job.err, ERR_OVERLOADED);
}

/* Nor does one that nobody waits for take the room of those that come and go. */
static void
test_those_that_went_leave_their_room(void **state)
{
	struct world *w = *state;
	char text[256];

	report(w, "main", "stranger", REPORT_DELIVERED_TO_HANDSET);
	snprintf(text, sizeof(text),
	    "INSERT INTO receipt_held SELECT id + %d, carrier, 'last', status, error, "
	    "done_at, "
	    "at FROM receipt_held",
	    RECEIPTS_HELD_MAX);
	world_tell(w, text);
	assert_int_equal(
	    report(w, "main", "early", REPORT_DELIVERED_TO_HANDSET).job.err, OK);
	assert_int_equal(try_held(w, 0, 100).count, 3);
}

static void
test_many_are_tried_a_stretch_at_a_time(void **state)
{
	struct world *w = *state;
	struct receipts_held_job j = {0};
	int64_t seen = 0;

	for (int i = 0; i < 5; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		report(w, "main", id, REPORT_DELIVERED_TO_HANDSET);
	}
	do {
		j = try_held(w, j.after, 2);
		seen += (int64_t)j.count;
	} while (j.after != 0);
	assert_int_equal(seen, 5);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_receipt_finds_its_message),
	    CASE(each_group_has_its_state),
	    CASE(an_id_is_one_of_its_carrier),
	    CASE(an_id_of_a_part_is_one_of_its_carrier),
	    CASE(of_two_with_one_id_the_newer_is_meant),
	    CASE(a_final_state_is_never_moved),
	    CASE(under_way_comes_before_the_end),
	    CASE(a_message_in_parts_is_delivered_with_the_last),
	    CASE(a_damaged_message_of_which_half_is_known_is_alone),
	    CASE(of_any_other_end_one_part_is_enough),
	    CASE(receipts_of_parts_before_the_outcome_wait_for_it),
	    CASE(parts_go_with_their_pin),
	    CASE(a_receipt_before_the_outcome_waits_for_it),
	    CASE(what_fits_nothing_is_dropped_in_time),
	    CASE(those_that_are_held_are_bounded),
	    CASE(those_that_went_leave_their_room),
	    CASE(many_are_tried_a_stretch_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
