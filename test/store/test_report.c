/* SPDX-License-Identifier: Apache-2.0 */
/* Reports in the store: who is owed one, when it is due, and how it ends. */
#include "store/world.h"

#include "store/outbox.h"
#include "store/receipt.h"
#include "store/report.h"
#include "store/upkeep.h"
#include "twofa/report_body.h"

enum { MINUTE_MS = 60000, LEASE_MS = 15000, ALL_GROUPS = 0x3f };

static struct world *w;

static int
set_up(void **state)
{
	(void)state;
	w = world_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	world_free(w);
	return 0;
}

static void
subscribe(const struct report_subscription *rows, size_t n)
{
	struct subscriptions_job j = {.count = n, .rows = rows};

	assert_int_equal(world_run(w, &j.job, VERB_SUBSCRIPTIONS), OK);
}

static void
subscribe_one(unsigned groups, int64_t queue_max)
{
	subscribe(&(struct report_subscription){"hook", "test", groups, queue_max}, 1);
}

static struct reports_take_job
take(const char *subscription)
{
	struct reports_take_job j = {
	    .subscription = subscription, .limit = 100, .lease_ms = LEASE_MS};

	assert_int_equal(world_run(w, &j.job, VERB_REPORTS_TAKE), OK);
	return j;
}

static void
done(const struct report_taken *t, enum report_end end, int64_t again_ms)
{
	struct report_done_job j = {.subscription = "hook",
	    .pin_id = t->pin_id,
	    .seq = t->seq,
	    .end = end,
	    .again_ms = again_ms};

	assert_int_equal(world_run(w, &j.job, VERB_REPORT_DONE), OK);
}

static struct ident
track(const char *to, enum message_state state)
{
	struct world_sent sent = world_send_tracked(w, to);
	struct outcome_job j = {.pin_id = sent.pin_id,
	    .state = state,
	    .carrier = "c",
	    .submits = 1,
	    .tracked = true};

	assert_int_equal(sent.err, OK);
	assert_int_equal(world_run(w, &j.job, VERB_OUTCOME), OK);
	return sent.pin_id;
}

static void
test_a_final_fate_is_owed_to_every_subscription_of_the_account(void **state)
{
	static const struct report_subscription rows[] = {{"a", "test", ALL_GROUPS, 10},
	    {"b", "test", ALL_GROUPS, 10}, {"c", "somebody else", ALL_GROUPS, 10}};
	struct ident pin_id;
	struct reports_take_job j;

	(void)state;
	subscribe(rows, countof(rows));
	pin_id = track("41790000001", MESSAGE_FAILED);
	for (size_t i = 0; i < 2; i++) {
		j = take(rows[i].name);
		assert_int_equal(j.count, 1);
		assert_memory_equal(&j.list[0].pin_id, &pin_id, sizeof(pin_id));
		assert_non_null(strstr(j.list[0].body, "\"to\":\"41790000001\""));
	}
	assert_int_equal(take("c").count, 0);
}

static void
test_what_nobody_tracks_or_is_not_final_is_not_owed(void **state)
{
	struct world_sent sent;

	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	sent = world_send(w, "41790000001");
	assert_int_equal(world_outcome(w, &sent.pin_id, 0, MESSAGE_FAILED), OK);
	track("41790000002", MESSAGE_ACCEPTED);
	assert_int_equal(take("hook").count, 0);
}

static void
accept_as(const struct ident *pin_id, const char *carrier_message_id)
{
	struct outcome_job j = {.pin_id = *pin_id,
	    .state = MESSAGE_ACCEPTED,
	    .carrier = "c",
	    .carrier_message_id = carrier_message_id,
	    .tracked = true,
	    .sender = "Bar",
	    .parts = 2};

	assert_int_equal(world_run(w, &j.job, VERB_OUTCOME), OK);
}

static void
receipt(const char *carrier_message_id, enum report_status status)
{
	struct receipt_job j = {
	    .carrier = "c", .carrier_message_id = carrier_message_id, .status = status};

	assert_int_equal(world_run(w, &j.job, VERB_RECEIPT), OK);
}

static void
test_a_receipt_makes_it_final_and_only_once(void **state)
{
	struct ident pin_id;
	struct reports_take_job j;

	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	pin_id = world_send_tracked(w, "41790000001").pin_id;
	accept_as(&pin_id, "id-1");
	receipt("id-1", REPORT_PENDING_ENROUTE);
	assert_int_equal(take("hook").count, 0);
	receipt("id-1", REPORT_DELIVERED_TO_HANDSET);
	receipt("id-1", REPORT_UNDELIVERABLE_NOT_DELIVERED);
	j = take("hook");
	assert_int_equal(j.count, 1);
	assert_non_null(strstr(j.list[0].body, "\"name\":\"DELIVERED_TO_HANDSET\""));
	assert_non_null(strstr(j.list[0].body, "\"messageCount\":2"));
	assert_non_null(strstr(j.list[0].body, "\"sender\":\"Bar\""));
}

static void
test_only_the_groups_that_are_wanted(void **state)
{
	(void)state;
	subscribe_one(1u << REPORT_GROUP_DELIVERED, 10);
	track("41790000001", MESSAGE_FAILED);
	assert_int_equal(take("hook").count, 0);
	track("41790000002", MESSAGE_DELIVERED);
	assert_int_equal(take("hook").count, 1);
}

static void
test_what_is_taken_is_due_again_after_its_lease(void **state)
{
	struct reports_take_job first;
	struct reports_take_job second;

	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	track("41790000001", MESSAGE_FAILED);
	first = take("hook");
	assert_int_equal(first.count, 1);
	assert_int_equal(first.list[0].tries, 1);
	assert_int_equal(first.next_at_ms, T0 + LEASE_MS);
	assert_int_equal(take("hook").count, 0);
	world_restart(w);
	subscribe_one(ALL_GROUPS, 10);
	world_pass(w, LEASE_MS);
	second = take("hook");
	assert_int_equal(second.count, 1);
	assert_int_equal(second.list[0].tries, 2);
	assert_string_equal(second.list[0].body, first.list[0].body);
}

static void
test_retries_keep_to_the_schedule(void **state)
{
	struct reports_take_job j;

	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	track("41790000001", MESSAGE_FAILED);
	for (int64_t n = 1; n <= 5; n++) {
		int64_t wait_ms = report_body_retry_ms(n, MINUTE_MS);

		assert_int_equal(wait_ms, MINUTE_MS + MINUTE_MS * n * n);
		j = take("hook");
		assert_int_equal(j.count, 1);
		assert_int_equal(j.list[0].tries, n);
		done(&j.list[0], REPORT_END_AGAIN, wait_ms);
		world_pass(w, wait_ms - 1);
		assert_int_equal(take("hook").count, 0);
		world_pass(w, 1);
	}
	j = take("hook");
	done(&j.list[0], REPORT_END_DEAD, 0);
	world_pass(w, PERIOD_MS_DAY);
	j = take("hook");
	assert_int_equal(j.count, 0);
	assert_int_equal(j.next_at_ms, 0);
}

static void
test_a_full_queue_drops_the_newest_and_counts_them(void **state)
{
	static const char *const numbers[] = {
	    "41790000001", "41790000002", "41790000003", "41790000004", "41790000005"};
	struct reports_take_job j;

	(void)state;
	subscribe_one(ALL_GROUPS, 2);
	for (size_t i = 0; i < countof(numbers); i++)
		track(numbers[i], MESSAGE_FAILED);
	j = take("hook");
	assert_int_equal(j.count, 2);
	assert_int_equal(j.dropped, 3);
	done(&j.list[0], REPORT_END_TAKEN, 0);
	done(&j.list[0], REPORT_END_TAKEN, 0); /* a second time frees nothing */
	track("41790000006", MESSAGE_FAILED);
	track("41790000007", MESSAGE_FAILED);
	j = take("hook");
	assert_int_equal(j.count, 1);
	assert_int_equal(j.dropped, 4);
}

static void
test_a_subscription_that_changes_hands_takes_nothing_along(void **state)
{
	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	track("41790000001", MESSAGE_FAILED);
	subscribe(
	    &(struct report_subscription){"hook", "somebody else", ALL_GROUPS, 10}, 1);
	assert_int_equal(take("hook").count, 0);
}

static void
test_a_receipt_that_never_comes_is_reported_too(void **state)
{
	struct reports_overdue_job j = {.wait_ms = 60 * MINUTE_MS, .limit = 10};
	struct reports_take_job taken;

	(void)state;
	subscribe_one(ALL_GROUPS, 10);
	track("41790000001", MESSAGE_ACCEPTED);
	world_pass(w, 75 * MINUTE_MS - 1);
	assert_int_equal(world_run(w, &j.job, VERB_REPORTS_OVERDUE), OK);
	assert_int_equal(take("hook").count, 0);
	world_pass(w, 2);
	assert_int_equal(world_run(w, &j.job, VERB_REPORTS_OVERDUE), OK);
	taken = take("hook");
	assert_int_equal(taken.count, 1);
	assert_non_null(strstr(taken.list[0].body, "\"name\":\"EXPIRED_DLR_UNKNOWN\""));
}

#define REPORTS "SELECT count(*) FROM report"
#define SUBSCRIPTIONS "SELECT count(*) FROM subscription"

static int64_t
retain_reports(int64_t keep_ms, int64_t limit)
{
	struct retain_job j = {.keep_ms = keep_ms, .limit = limit};

	assert_int_equal(world_run(w, &j.job, VERB_RETAIN), OK);
	return j.reports_removed;
}

static void
test_what_waits_for_nobody_any_more_goes_with_retention(void **state)
{
	static const struct report_subscription rows[] = {
	    {"gone", "test", ALL_GROUPS, 10}, {"stays", "test", ALL_GROUPS, 10}};

	(void)state;
	subscribe(rows, 2);
	track("41790000001", MESSAGE_FAILED);
	track("41790000002", MESSAGE_FAILED);
	track("41790000003", MESSAGE_FAILED);
	subscribe(&rows[1], 1);
	world_pass(w, PERIOD_MS_DAY);
	track("41790000004", MESSAGE_FAILED);
	assert_int_equal(retain_reports(2 * PERIOD_MS_DAY, 100), 0);
	assert_int_equal(world_ask(w, REPORTS), 7);
	/* in stretches, and those that somebody waits for stay */
	assert_int_equal(retain_reports(PERIOD_MS_HOUR, 2), 2);
	assert_int_equal(world_ask(w, SUBSCRIPTIONS), 2);
	assert_int_equal(retain_reports(PERIOD_MS_HOUR, 2), 1);
	assert_int_equal(world_ask(w, REPORTS), 4);
	assert_int_equal(world_ask(w, SUBSCRIPTIONS), 1);
	assert_int_equal(take("stays").count, 4);
}

static void
test_one_that_was_taken_out_and_put_back_in_time_has_its_reports(void **state)
{
	static const struct report_subscription row = {"hook", "test", ALL_GROUPS, 10};

	(void)state;
	subscribe(&row, 1);
	track("41790000001", MESSAGE_FAILED);
	subscribe(&row, 0);
	world_pass(w, PERIOD_MS_HOUR);
	assert_int_equal(retain_reports(PERIOD_MS_DAY, 100), 0);
	subscribe(&row, 1);
	world_pass(w, PERIOD_MS_DAY);
	assert_int_equal(retain_reports(PERIOD_MS_HOUR, 100), 0);
	assert_int_equal(take("hook").count, 1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(test_a_final_fate_is_owed_to_every_subscription_of_the_account),
	    CASE(test_what_nobody_tracks_or_is_not_final_is_not_owed),
	    CASE(test_a_receipt_makes_it_final_and_only_once),
	    CASE(test_only_the_groups_that_are_wanted),
	    CASE(test_what_is_taken_is_due_again_after_its_lease),
	    CASE(test_retries_keep_to_the_schedule),
	    CASE(test_a_full_queue_drops_the_newest_and_counts_them),
	    CASE(test_a_subscription_that_changes_hands_takes_nothing_along),
	    CASE(test_a_receipt_that_never_comes_is_reported_too),
	    CASE(test_what_waits_for_nobody_any_more_goes_with_retention),
	    CASE(test_one_that_was_taken_out_and_put_back_in_time_has_its_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
