/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency records over days, crashes and changes of key. */
#include "store/world.h"

#include <stdio.h>
#include <unistd.h>

#include "store/idempotency.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/receipt.h"
#include "store/send.h"
#include "store/status.h"
#include "store/store.h"

#define HOUR INT64_C(3600000)

/* ---- the verbs, with a key ---- */

struct keyed_send {
	struct idempotency record;
	struct outgoing_message *outgoing;
	struct send_job send;
};

static void
name(struct idempotency *record, struct world *w, const char *key, const char *request)
{
	record->account = w->account;
	secret_hash(span_of(key), record->name);
	secret_hash(span_of(request), record->request);
}

static enum err
send(struct world *w, const char *key, const char *to, struct keyed_send *out)
{
	static const struct application_caps no_caps;
	struct send_job *j = &out->send;
	enum err e;

	*out = (struct keyed_send){.outgoing = outgoing_new()};
	name(&out->record, w, key, to);
	*j = (struct send_job){.account = w->account,
	    .application = w->application,
	    .template = w->template,
	    .caps = &no_caps,
	    .outgoing = out->outgoing};
	j->job.verb = VERB_SEND;
	j->job.arena = &w->arena;
	j->job.idempotency = &out->record;
	out->outgoing->content.channel = CHANNEL_SMS;
	out->outgoing->destination = arena_text(&out->outgoing->arena, span_of(to));
	e = store_run(w->store, &j->job);
	outgoing_free(out->outgoing);
	out->outgoing = NULL;
	return e;
}

static enum err
answer(struct world *w, struct keyed_send *of, const char *body)
{
	struct idempotency_answer_job j = {.idempotency = &of->record};

	j.job.verb = VERB_IDEMPOTENCY_ANSWER;
	j.job.arena = &w->arena;
	of->record.status = 200;
	of->record.body = span_of(body);
	return store_run(w->store, &j.job);
}

static void
send_and_answer(struct world *w, const char *key, const char *to, const char *body)
{
	struct keyed_send s;

	assert_int_equal(send(w, key, to, &s), OK);
	assert_int_equal(s.record.state, IDEMPOTENCY_NEW);
	assert_int_equal(answer(w, &s, body), OK);
}

static void
expect_answer(struct world *w, const char *key, const char *to, const char *body)
{
	struct keyed_send s;

	assert_int_equal(send(w, key, to, &s), OK);
	assert_int_equal(s.record.state, IDEMPOTENCY_ANSWERED);
	assert_int_equal(s.record.status, 200);
	assert_true(span_equal_text(s.record.body, body));
}

static int64_t
trim(struct world *w, int64_t limit)
{
	struct idempotency_trim_job j = {.limit = limit};

	j.job.verb = VERB_IDEMPOTENCY_TRIM;
	j.job.arena = &w->arena;
	assert_int_equal(store_run(w->store, &j.job), OK);
	return j.removed;
}

/* ---- cases ---- */

static void
test_an_answer_is_kept_for_a_day(void **state)
{
	struct world *w = *state;
	struct keyed_send s;

	send_and_answer(w, "k", "4179", "first");
	world_pass(w, 24 * HOUR - 1);
	expect_answer(w, "k", "4179", "first");
	assert_int_equal(send(w, "k", "4178", &s), ERR_MISMATCH);
	world_pass(w, 1);
	send_and_answer(w, "k", "4178", "second");
	expect_answer(w, "k", "4178", "second");
}

static void
test_a_record_outlives_the_change_of_its_key(void **state)
{
	struct world *w = *state;
	struct keyed_send s;

	send_and_answer(w, "early", "4179", "e");
	world_pass(w, 23 * HOUR);
	send_and_answer(w, "late", "4178", "l");
	for (int i = 0; i < 23; i++) {
		char key[8];

		world_pass(w, HOUR);
		store_expire_keys(w->store);
		snprintf(key, sizeof(key), "%d", i);
		send_and_answer(w, key, key, "x");
		expect_answer(w, "late", "4178", "l");
		assert_int_equal(send(w, "late", "4179", &s), ERR_MISMATCH);
	}
}

static void
test_an_open_record_is_a_conflict_while_its_call_may_live(void **state)
{
	struct world *w = *state;
	struct keyed_send first;
	struct keyed_send again;

	assert_int_equal(send(w, "k", "4179", &first), OK);
	assert_int_equal(send(w, "k", "4179", &again), ERR_CONFLICT);
	assert_int_equal(send(w, "k", "4178", &again), ERR_MISMATCH);
	world_pass(w, IDEMPOTENCY_CALL_MS);
	assert_int_equal(send(w, "k", "4179", &again), OK);
	assert_int_equal(again.record.state, IDEMPOTENCY_OPEN);
}

static bool
says_sent(struct world *w, const char *key, const char *to)
{
	struct keyed_send again;

	assert_int_equal(send(w, key, to, &again), OK);
	assert_int_equal(again.record.state, IDEMPOTENCY_OPEN);
	return again.record.sent;
}

static bool
is_listed_as_sent(struct world *w, const char *to)
{
	struct verifications_job j = {
	    .account = w->account, .application = w->application, .destination = to};

	assert_int_equal(world_run(w, &j.job, VERB_VERIFICATIONS), OK);
	assert_int_equal(j.count, 1);
	return j.list[0].sent_at_ms != 0;
}

static bool
is_told_as_sent(struct world *w, const struct ident *pin_id)
{
	struct timeline_job j = {.account = w->account, .pin_id = *pin_id};

	assert_int_equal(world_run(w, &j.job, VERB_TIMELINE), OK);
	assert_int_equal(j.count, 1);
	return j.messages[0].sent;
}

static void
expect_sent(struct world *w, const char *key, const struct ident *pin_id, bool sent)
{
	assert_int_equal(says_sent(w, key, key), sent);
	assert_int_equal(is_listed_as_sent(w, key), sent);
	assert_int_equal(is_told_as_sent(w, pin_id), sent);
}

/* The same answer to everybody, however the message went on: sent is what a carrier had,
 * or may get yet. */
static void
test_what_a_carrier_had_was_sent(void **state)
{
	static const char *const keys[] = {"4170", "4171", "4172"};
	struct world *w = *state;
	struct keyed_send s[3];
	struct outcome_job taken = {
	    .state = MESSAGE_ACCEPTED, .carrier = "main", .carrier_message_id = "1a"};
	struct receipt_job late = {.carrier = "main",
	    .carrier_message_id = "1a",
	    .status = REPORT_UNDELIVERABLE_NOT_DELIVERED};

	for (size_t i = 0; i < countof(keys); i++)
		assert_int_equal(send(w, keys[i], keys[i], &s[i]), OK);
	world_restart(w);
	taken.pin_id = s[0].record.pin_id;
	assert_int_equal(world_run(w, &taken.job, VERB_OUTCOME), OK);
	assert_int_equal(world_run(w, &late.job, VERB_RECEIPT), OK);
	assert_true(late.match.found);
	assert_int_equal(world_outcome(w, &s[1].record.pin_id, 0, MESSAGE_FAILED), OK);
	expect_sent(w, keys[0], &s[0].record.pin_id, true);
	expect_sent(w, keys[1], &s[1].record.pin_id, false);
	expect_sent(w, keys[2], &s[2].record.pin_id, true);
}

static void
test_after_a_crash_an_open_record_names_its_message(void **state)
{
	struct world *w = *state;
	struct keyed_send first;
	struct keyed_send again;

	assert_int_equal(send(w, "k", "4179", &first), OK);
	world_restart(w);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send(w, "k", "4179", &again), OK);
		assert_int_equal(again.record.state, IDEMPOTENCY_OPEN);
		assert_memory_equal(
		    &again.record.pin_id, &first.record.pin_id, sizeof(struct ident));
		assert_string_equal(again.record.destination, "4179");
		assert_int_equal(again.record.sent, i == 0);
		assert_int_equal(
		    world_outcome(w, &first.record.pin_id, 0, MESSAGE_FAILED), OK);
	}
	assert_int_equal(world_open_messages(w), 0);
}

static void
test_of_two_answers_the_first_is_both(void **state)
{
	struct world *w = *state;
	struct keyed_send first;
	struct keyed_send one;
	struct keyed_send two;

	assert_int_equal(send(w, "k", "4179", &first), OK);
	world_restart(w);
	assert_int_equal(send(w, "k", "4179", &one), OK);
	assert_int_equal(send(w, "k", "4179", &two), OK);
	assert_int_equal(answer(w, &one, "one"), OK);
	assert_int_equal(answer(w, &two, "two"), OK);
	assert_int_equal(two.record.state, IDEMPOTENCY_ANSWERED);
	assert_true(span_equal_text(two.record.body, "one"));
	assert_int_equal(one.record.state, IDEMPOTENCY_OPEN);
	expect_answer(w, "k", "4179", "one");
}

static void
test_what_failed_leaves_no_record(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "1/10s"};
	struct keyed_send s;

	world_configure(w, &change);
	send_and_answer(w, "first", "4179", "f");
	assert_int_equal(send(w, "k", "4179", &s), ERR_THROTTLED);
	assert_int_equal(send(w, "k", "4178", &s), OK);
	world_pass(w, 24 * HOUR);
	assert_int_equal(trim(w, 100), 2);
}

static void
test_old_records_go_in_bounded_stretches(void **state)
{
	struct world *w = *state;
	char key[8];

	for (int i = 0; i < 7; i++) {
		snprintf(key, sizeof(key), "%d", i);
		send_and_answer(w, key, key, "x");
	}
	world_pass(w, HOUR);
	send_and_answer(w, "young", "4179", "y");
	assert_int_equal(trim(w, 3), 0);
	world_pass(w, 23 * HOUR);
	assert_int_equal(trim(w, 3), 3);
	assert_int_equal(trim(w, 3), 3);
	assert_int_equal(trim(w, 3), 1);
	assert_int_equal(trim(w, 3), 0);
	expect_answer(w, "young", "4179", "y");
}

static void
test_without_its_keyring_a_record_says_nothing(void **state)
{
	struct world *w = *state;
	struct keyed_send s;
	char path[256];

	send_and_answer(w, "k", "4179", "x");
	world_path(w, "idempotency-keyring", path);
	assert_int_equal(unlink(path), 0);
	world_pass(w, 1);
	world_restart(w);
	assert_int_equal(send(w, "k", "4179", &s), ERR_NO_KEY);
	assert_int_equal(send(w, "k", "4178", &s), ERR_NO_KEY);
}

static void
test_another_account_has_its_own_keys(void **state)
{
	struct world *w = *state;
	struct keyed_send s;
	struct ident mine = w->account;

	send_and_answer(w, "k", "4179", "x");
	w->account.bytes[0] ^= 1;
	/* it has no such application, and no such record either */
	assert_int_equal(send(w, "k", "4178", &s), ERR_NOT_FOUND);
	w->account = mine;
	expect_answer(w, "k", "4179", "x");
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_answer_is_kept_for_a_day),
	    CASE(a_record_outlives_the_change_of_its_key),
	    CASE(an_open_record_is_a_conflict_while_its_call_may_live),
	    CASE(after_a_crash_an_open_record_names_its_message),
	    CASE(what_a_carrier_had_was_sent),
	    CASE(of_two_answers_the_first_is_both),
	    CASE(what_failed_leaves_no_record),
	    CASE(old_records_go_in_bounded_stretches),
	    CASE(without_its_keyring_a_record_says_nothing),
	    CASE(another_account_has_its_own_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
