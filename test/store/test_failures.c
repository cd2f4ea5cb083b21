/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each verb, while each of its statements fails in turn, and then its commit: the job
 * says so, nothing of it is stored, and nothing in memory remembers it. The same request
 * is done afterwards as if it came for the first time.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/secret.h"
#include "store/config.h"
#include "store/faulty_engine.h"
#include "store/idempotency.h"
#include "store/limits.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/receipt.h"
#include "store/report.h"
#include "store/send.h"
#include "store/sqlite/engine_sqlite.h"
#include "store/status.h"
#include "store/store.h"
#include "store/upkeep.h"
#include "store/verify.h"
#include "store/world.h"
#include "twofa/scope.h"
#include "unit/unit.h"

#define DAY INT64_C(86400000)

enum { STATEMENTS_MAX = 100, ALL_GROUPS = 63, EMAIL = 7 };

static struct world *w;
static struct world_sent sent;
static struct ident user;
static struct fail fail;
static struct idempotency record;

/* ---- the verbs, each alone; a number that tells of what was done ---- */

static enum err
do_account_create(enum verb v, int64_t *said)
{
	struct account_job j = {.name = "other"};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
do_account_find(enum verb v, int64_t *said)
{
	struct account_job j = {.name = "other"};
	enum err e = world_run(w, &j.job, v);

	*said = j.found;
	return e;
}

static enum err
do_application(enum verb v, int64_t *said)
{
	static const struct application_change change = {
	    .name = "app", .pin_attempts = {true, 5}};
	struct application_job j = {.account = w->account,
	    .id = v == VERB_APPLICATION_LIST ? (struct ident){{0}} : w->application,
	    .change = &change,
	    .fail = &fail};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_template(enum verb v, int64_t *said)
{
	static const struct template_change change = {
	    .pin_type = "NUMERIC", .text = "Your PIN is {{pin}}"};
	static const struct template_extras extras = {.gsm7 = "replace"};
	static const struct template_rules rules = {
	    .pin_length_max = PIN_LENGTH_MAX, .placeholder_required = true};
	struct template_job j = {.account = w->account,
	    .application = w->application,
	    .id = v == VERB_TEMPLATE_LIST ? (struct ident){{0}} : w->template,
	    .kinds = 1,
	    .change = &change,
	    .extras = v == VERB_TEMPLATE_PUT_EXTRAS ? &extras : NULL,
	    .rules = &rules,
	    .fail = &fail};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_email_template(enum verb v, int64_t *said)
{
	struct email_template_job j = {.account = w->account,
	    .given = {.id = EMAIL, .subject = "PIN", .text = "{{pin}}"},
	    .fail = &fail};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_key(enum verb v, int64_t *said)
{
	static const struct key_change change = {.name = "new name"};
	struct key_job j = {.key = {.account = w->account,
				.name = "k",
				.id = "key",
				.hash = {1},
				.terms = {.enabled = true}},
	    .change = v == VERB_KEY_PUT ? &change : NULL,
	    .generation = 2,
	    .granted = SCOPE_ALL,
	    .fail = &fail};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count + j.found;
	return e;
}

static enum err
do_user(enum verb v, int64_t *said)
{
	struct user_job j = {.user = {.account = w->account,
				 .name = "alice",
				 .password = "p",
				 .scopes = SCOPE_ALL}};
	enum err e = world_run(w, &j.job, v);

	if (v == VERB_USER_CREATE && e == OK)
		user = j.user.id;
	*said = (int64_t)j.count;
	return e;
}

static enum err
do_session(enum verb v, int64_t *said)
{
	struct session_job j = {
	    .session = {.hash = {1}, .user = user, .expires_at_ms = w->wall_ms + DAY},
	    .password = "p"};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_subscriptions(enum verb v, int64_t *said)
{
	static const struct report_subscription rows[] = {{"a", "test", ALL_GROUPS, 10}};
	struct subscriptions_job j = {.count = countof(rows), .rows = rows};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
do_send(enum verb v, int64_t *said)
{
	static const struct application_caps caps;
	struct outgoing_message *o = outgoing_new();
	struct send_alternative call = {.row = {.channel = CHANNEL_VOICE,
					    .destination = "41790000002",
					    .template = w->template},
	    .templated = true,
	    .own_number = true};
	struct send_job j = {.account = w->account,
	    .alternatives = &call,
	    .alternative_count = 1,
	    .application = w->application,
	    .template = w->template,
	    .caps = &caps,
	    .outgoing = o,
	    .job = {.idempotency = &record}};
	enum err e;

	record = (struct idempotency){.account = w->account, .name = {1}};
	o->content.channel = CHANNEL_SMS;
	o->tracked = true;
	o->destination = arena_text(&o->arena, SPAN("41790000001"));
	e = world_run(w, &j.job, v);
	sent.pin_id = o->recipe.pin_id;
	outgoing_free(o);
	*said = record.state;
	return e;
}

static enum err
do_idempotency_answer(enum verb v, int64_t *said)
{
	struct idempotency_answer_job j = {.idempotency = &record};

	(void)said;
	record.status = 200;
	record.body = SPAN("{}");
	return world_run(w, &j.job, v);
}

static enum err
do_verify(enum verb v, int64_t *said)
{
	struct world_verified done = world_verify(w, &sent.pin_id, "none");

	(void)v;
	*said = done.left;
	return done.err;
}

static enum err
do_resend(enum verb v, int64_t *said)
{
	struct outgoing_message *o = outgoing_new();
	struct resend_job j = {.account = w->account,
	    .pin_id = sent.pin_id,
	    .resends_max = 3,
	    .interval_ms = 10000,
	    .outgoing = o};
	enum err e;

	o->tracked = true;
	e = world_run(w, &j.job, v);
	*said = j.wait_ms;
	outgoing_free(o);
	return e;
}

static enum err
do_status(enum verb v, int64_t *said)
{
	struct status_job j = {.account = w->account, .pin_id = sent.pin_id};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_timeline(enum verb v, int64_t *said)
{
	struct timeline_job j = {.account = w->account, .pin_id = sent.pin_id};
	enum err e = world_run(w, &j.job, v);

	*said = j.state.attempts;
	return e;
}

static enum err
do_lift(enum verb v, int64_t *said)
{
	struct lift_job j = {.account = w->account,
	    .application = w->application,
	    .destination = "41790000001",
	    .failures_max = 1};
	enum err e = world_run(w, &j.job, v);

	*said = j.was_locked;
	return e;
}

static enum err
do_limits(enum verb v, int64_t *said)
{
	struct limits_job j = {.account = w->account,
	    .application = w->application,
	    .destination = "41790000001"};
	enum err e = world_run(w, &j.job, v);

	*said = j.found;
	return e;
}

static enum err
do_verifications(enum verb v, int64_t *said)
{
	struct verifications_job j = {
	    .account = w->account, .application = w->application};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_note(enum verb v, int64_t *said)
{
	struct note_job j = {
	    .pin_id = sent.pin_id, .tracked = true, .submits = 1, .carrier = "c"};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
do_lease(enum verb v, int64_t *said)
{
	struct lease_job j = {.job = {.err = OK}};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
do_open_messages(enum verb v, int64_t *said)
{
	struct open_messages_job j = {.limit = 10};
	enum err e = world_run(w, &j.job, v);

	for (struct task *t = j.first == NULL ? NULL : &j.first->task; t != NULL;) {
		struct task *next = t->next;

		outgoing_free(container_of(t, struct outgoing_message, task));
		t = next;
	}
	*said = (int64_t)j.count;
	return e;
}

static enum err
do_outcome(enum verb v, int64_t *said)
{
	static const char *const parts[] = {"p1", "p2"};
	struct outcome_job j = {.pin_id = sent.pin_id,
	    .state = MESSAGE_ACCEPTED,
	    .carrier = "c",
	    .part_ids = parts,
	    .part_count = countof(parts),
	    .submits = 1,
	    .tracked = true};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
receive(enum verb v, const char *id, int64_t *said)
{
	struct receipt_job j = {.carrier = "c",
	    .carrier_message_id = id,
	    .status = REPORT_DELIVERED_TO_HANDSET,
	    .error = REPORT_ERROR_NO_ERROR};
	enum err e = world_run(w, &j.job, v);

	*said = j.half + 2 * j.held;
	return e;
}

static enum err
do_receipt(enum verb v, int64_t *said)
{
	return receive(v, "p1", said);
}

static enum err
do_receipt_of_none(enum verb v, int64_t *said)
{
	return receive(v, "unknown", said);
}

static enum err
do_receipts_held(enum verb v, int64_t *said)
{
	struct receipts_held_job j = {.limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = j.dropped;
	return e;
}

static enum err
do_receipts_half(enum verb v, int64_t *said)
{
	struct receipts_half_job j = {.wait_ms = 1000, .limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = j.ended;
	return e;
}

static enum err
do_reports_take(enum verb v, int64_t *said)
{
	struct reports_take_job j = {.subscription = "a", .limit = 10, .lease_ms = 1};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_report_done(enum verb v, int64_t *said)
{
	struct report_done_job j = {
	    .subscription = "a", .pin_id = sent.pin_id, .end = REPORT_END_DEAD};

	(void)said;
	return world_run(w, &j.job, v);
}

/* The resend, whose outcome nobody knows. */
static enum err
do_outcome_unknown(enum verb v, int64_t *said)
{
	struct outcome_job j = {.pin_id = sent.pin_id,
	    .seq = 1,
	    .state = MESSAGE_SUBMITTED,
	    .carrier = "c",
	    .submits = 1,
	    .tracked = true};

	(void)said;
	return world_run(w, &j.job, v);
}

static enum err
do_reports_overdue(enum verb v, int64_t *said)
{
	struct reports_overdue_job j = {.wait_ms = 1, .limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.count;
	return e;
}

static enum err
do_retain(enum verb v, int64_t *said)
{
	struct retain_job j = {.keep_ms = 1, .limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = j.removed > 0;
	return e;
}

static enum err
do_age(enum verb v, int64_t *said)
{
	struct age_job j = {.limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = (int64_t)j.moved;
	return e;
}

static enum err
do_idempotency_trim(enum verb v, int64_t *said)
{
	struct idempotency_trim_job j = {.limit = 10};
	enum err e = world_run(w, &j.job, v);

	*said = j.removed;
	return e;
}

/* In an order in which each finds what those before it have made. */
static const struct {
	enum verb verb;
	enum err (*run)(enum verb v, int64_t *said_out);
	int64_t said; /* when it is done */
	int64_t pass_ms;
} rows[] = {
    {VERB_ACCOUNT_CREATE, do_account_create, 0, 0},
    {VERB_ACCOUNT_FIND, do_account_find, 1, 0},
    {VERB_APPLICATION_PUT, do_application, 1, 0},
    {VERB_APPLICATION_GET, do_application, 1, 0},
    {VERB_APPLICATION_LIST, do_application, 1, 0},
    {VERB_TEMPLATE_PUT, do_template, 1, 0},
    {VERB_TEMPLATE_GET, do_template, 1, 0},
    {VERB_TEMPLATE_FIND, do_template, 1, 0},
    {VERB_TEMPLATE_PUT_EXTRAS, do_template, 1, 0},
    {VERB_TEMPLATE_LIST, do_template, 1, 0},
    {VERB_EMAIL_TEMPLATE_PUT, do_email_template, 1, 0},
    {VERB_EMAIL_TEMPLATE_GET, do_email_template, 1, 0},
    {VERB_EMAIL_TEMPLATE_LIST, do_email_template, 1, 0},
    {VERB_EMAIL_TEMPLATE_DELETE, do_email_template, 1, 0},
    {VERB_KEY_CREATE, do_key, 1, 0},
    {VERB_KEY_PUT, do_key, 1, 0},
    {VERB_KEY_GET, do_key, 1, 0},
    {VERB_KEY_LIST, do_key, 1, 0},
    {VERB_KEY_REVOKE, do_key, 1, 0},
    {VERB_USER_CREATE, do_user, 0, 0},
    {VERB_USER_LIST, do_user, 1, 0},
    {VERB_SESSION_CREATE, do_session, 0, 0},
    {VERB_SESSION_TOUCH, do_session, 0, 1000},
    {VERB_SESSION_LIST, do_session, 1, 0},
    {VERB_SESSION_DELETE, do_session, 0, 0},
    {VERB_USER_PASSWORD, do_user, 0, 0},
    {VERB_USER_DISABLE, do_user, 0, 0},
    {VERB_SUBSCRIPTIONS, do_subscriptions, 0, 0},
    {VERB_SEND, do_send, IDEMPOTENCY_NEW, 2000},
    {VERB_IDEMPOTENCY_ANSWER, do_idempotency_answer, 0, 0},
    {VERB_VERIFY, do_verify, 4, 0},
    {VERB_VERIFY, do_verify, 3, 4000},
    {VERB_VERIFY, do_verify, 2, 4000},
    {VERB_RESEND, do_resend, 0, 20000},
    {VERB_STATUS, do_status, 2, 0},
    {VERB_TIMELINE, do_timeline, 3, 0},
    {VERB_LIMITS, do_limits, 1, 0},
    {VERB_LIFT, do_lift, 1, 0},
    {VERB_VERIFICATIONS, do_verifications, 1, 0},
    {VERB_NOTE, do_note, 0, 0},
    {VERB_LEASE, do_lease, 0, 0},
    {VERB_OPEN_MESSAGES, do_open_messages, 2, 0},
    {VERB_OUTCOME, do_outcome, 0, 0},
    {VERB_RECEIPT, do_receipt, 1, 0},
    {VERB_RECEIPT, do_receipt_of_none, 2, 0},
    {VERB_RECEIPTS_HELD, do_receipts_held, 1, 2 * RECEIPT_HELD_MS},
    {VERB_RECEIPTS_HALF, do_receipts_half, 1, 0},
    {VERB_REPORTS_TAKE, do_reports_take, 1, 0},
    {VERB_REPORT_DONE, do_report_done, 0, 0},
    {VERB_OUTCOME, do_outcome_unknown, 0, 0},
    {VERB_REPORTS_OVERDUE, do_reports_overdue, 1, 3600000},
    {VERB_AGE, do_age, 1, 2 * DAY},
    {VERB_RETAIN, do_retain, 1, DAY},
    {VERB_IDEMPOTENCY_TRIM, do_idempotency_trim, 1, 0},
};

/* ---- all that is stored ---- */

static uint64_t
add(uint64_t sum, const void *octets, int len)
{
	const unsigned char *at = octets;

	for (int i = 0; i < len; i++)
		sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
	return (sum ^ (uint64_t)len) * UINT64_C(0x100000001b3);
}

static uint64_t
add_table(sqlite3 *db, uint64_t sum, const char *table)
{
	char query[128];
	sqlite3_stmt *stmt;

	snprintf(query, sizeof(query), "SELECT * FROM \"%s\"", table);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const void *octets = sqlite3_column_blob(stmt, i);

			sum = add(sum, octets, sqlite3_column_bytes(stmt, i));
		}
	sqlite3_finalize(stmt);
	return sum;
}

static uint64_t
all_rows(void)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	char path[256];
	sqlite3 *db;
	sqlite3_stmt *stmt;

	world_path(w, "watchword.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT name FROM sqlite_schema WHERE type = 'table' "
			     "ORDER BY name",
			     -1, &stmt, NULL),
	    SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		sum = add_table(db, sum, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return sum;
}

/* ---- one failure after the other ---- */

/* False: it was done, as it has fewer statements. */
static bool
fails(size_t i, unsigned statement, uint64_t before)
{
	int64_t said = 0;
	enum err e;

	faulty_plan = (struct faulty_plan){.statement = statement,
	    .commit = statement == 0 ? FAULTY_COMMIT_FAILED : FAULTY_COMMIT_NONE};
	fail_init(&fail, &w->arena);
	e = rows[i].run(rows[i].verb, &said);
	if (faulty_plan.failed > 0) {
		if (e != ERR_IO || all_rows() != before)
			fail_msg("row %zu, statement %u: %s, and %s", i, statement,
			    err_text(e),
			    all_rows() == before ? "nothing is stored" : "it is stored");
		return true;
	}
	if (e != OK || said != rows[i].said)
		fail_msg("row %zu, after %u: %s, and it says %lld", i, statement,
		    err_text(e), (long long)said);
	return false;
}

static void
test_nothing_remains_of_what_failed(void **state)
{
	bool tried[VERB_COUNT] = {false};

	(void)state;
	w = world_new();
	w->engine = faulty_engine(&engine_sqlite);
	world_restart(w);
	for (size_t i = 0; i < countof(rows); i++) {
		unsigned n = 1;
		uint64_t before;

		world_pass(w, 1 + rows[i].pass_ms);
		before = all_rows();
		assert_true(fails(i, 0, before));
		while (fails(i, n, before))
			assert_in_range(++n, 2, STATEMENTS_MAX);
		tried[rows[i].verb] = true;
	}
	for (size_t v = 0; v < VERB_COUNT; v++)
		assert_true(tried[v]);
	world_free(w);
}

/* A lock of somebody else on the database passes, and memory is as true as before. */
static void
test_a_begin_that_fails_forgets_nothing(void **state)
{
	struct world_sent s;
	unsigned usual;

	(void)state;
	w = world_new();
	w->pin_cache_max = w->guesses_max = 1000;
	w->engine = faulty_engine(&engine_sqlite);
	world_restart(w);
	world_configure(w, &(struct application_change){.verify_limit = "100/1s"});
	s = world_send(w, "41790000001");
	faulty_plan.ran = 0;
	assert_int_equal(world_verify(w, &s.pin_id, "none").left, 9);
	usual = faulty_plan.ran;
	faulty_plan.begin = true;
	assert_int_equal(world_verify(w, &s.pin_id, "none").err, ERR_BUSY);
	faulty_plan.ran = 0;
	assert_int_equal(world_verify(w, &s.pin_id, "none").left, 8);
	assert_int_equal(faulty_plan.ran, usual);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_begin_that_fails_forgets_nothing),
	    cmocka_unit_test(test_nothing_remains_of_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
