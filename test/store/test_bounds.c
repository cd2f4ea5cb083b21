/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds on what one account may pile up, and rows that go again by themselves. */
#include "store/config.h"
#include "store/status.h"
#include "store/verify.h"
#include "store/world.h"

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

/* Beside the store: `insert` for every number from 1 to n of the table c. */
static void
fill(int n, const char *insert)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < "
	    "%d) "
	    "%s",
	    n, insert);
	world_tell(w, text);
}

/* ---- how many there may be ---- */

static void
assert_refused(enum err e, const struct fail *f, const char *field, const char *reason)
{
	assert_int_equal(e, ERR_INVALID);
	assert_int_equal(f->count, 1);
	assert_string_equal(f->items[0].field, field);
	assert_string_equal(f->items[0].reason, reason);
}

static enum err
put_email(int64_t id, struct fail *fail)
{
	struct email_template_job j = {.account = w->account,
	    .create = id == 0,
	    .given = {.id = id, .subject = "PIN", .text = "{{pin}}"},
	    .fail = fail};

	fail_init(fail, &w->arena);
	return world_run(w, &j.job, VERB_EMAIL_TEMPLATE_PUT);
}

static void
test_an_account_has_so_many_email_templates(void **state)
{
	static const char full[] = "the account has 1000 email templates";
	struct email_template_job first = {.account = w->account, .given = {.id = 1}};
	struct fail fail;

	(void)state;
	assert_int_equal(put_email(1, &fail), OK);
	fill(EMAIL_TEMPLATES_PER_ACCOUNT - 2,
	    "INSERT INTO email_template (account, id, subject, text) "
	    "SELECT account, n + 1, subject, text FROM email_template, c");
	assert_int_equal(put_email(0, &fail), OK);
	assert_refused(put_email(0, &fail), &fail, "id", full);
	assert_refused(put_email(4000, &fail), &fail, "id", full);
	assert_int_equal(put_email(2, &fail), OK); /* there is one: replaced */
	assert_int_equal(world_run(w, &first.job, VERB_EMAIL_TEMPLATE_DELETE), OK);
	assert_int_equal(put_email(0, &fail), OK);
}

static void
test_a_list_of_email_templates_has_not_what_they_say(void **state)
{
	struct email_template_job j = {.account = w->account};
	struct fail fail;

	(void)state;
	assert_int_equal(put_email(7, &fail), OK);
	assert_int_equal(world_run(w, &j.job, VERB_EMAIL_TEMPLATE_LIST), OK);
	assert_int_equal(j.count, 1);
	assert_int_equal(j.list[0].id, 7);
	assert_string_equal(j.list[0].subject, "PIN");
	assert_null(j.list[0].text);
}

static enum err
put_application(bool create, struct fail *fail)
{
	static const struct application_change change = {.name = "shop"};
	struct application_job j = {.account = w->account,
	    .id = w->application,
	    .create = create,
	    .change = &change,
	    .fail = fail};

	fail_init(fail, &w->arena);
	return world_run(w, &j.job, VERB_APPLICATION_PUT);
}

static void
test_an_account_has_so_many_applications(void **state)
{
	struct fail fail;

	(void)state;
	fill(APPLICATIONS_PER_ACCOUNT - 2,
	    "INSERT INTO application (account, id, name, enabled, process, v1_texts, "
	    "pin_attempts, allow_multiple, pin_ttl, verify_limit, "
	    "send_application_limit, "
	    "send_phone_limit, created_at) SELECT account, randomblob(16), name, "
	    "enabled, "
	    "process, v1_texts, pin_attempts, allow_multiple, pin_ttl, verify_limit, "
	    "send_application_limit, send_phone_limit, created_at FROM application, c");
	assert_int_equal(put_application(true, &fail), OK);
	assert_refused(put_application(true, &fail), &fail, "applicationId",
	    "the account has 10000 applications");
	assert_int_equal(put_application(false, &fail), OK);
}

static enum err
put_template(bool create, struct fail *fail)
{
	static const struct template_rules rules = {
	    .pin_length_max = PIN_LENGTH_MAX, .placeholder_required = true};
	static const struct template_change change = {
	    .pin_type = "NUMERIC", .text = "PIN {{pin}}"};
	struct template_job j = {.account = w->account,
	    .application = w->application,
	    .id = w->template,
	    .create = create,
	    .kind = TEMPLATE_MESSAGE,
	    .kinds = 1u << TEMPLATE_MESSAGE,
	    .change = &change,
	    .rules = &rules,
	    .fail = fail};

	fail_init(fail, &w->arena);
	return world_run(w, &j.job, VERB_TEMPLATE_PUT);
}

static void
test_an_application_has_so_many_message_templates(void **state)
{
	struct fail fail;

	(void)state;
	fill(TEMPLATES_PER_APPLICATION - 2,
	    "INSERT INTO template (account, application, id, pin_type, pin_length, text, "
	    "placeholder, v1_sender) SELECT account, application, randomblob(16), "
	    "pin_type, pin_length, text, placeholder, v1_sender FROM template, c");
	assert_int_equal(put_template(true, &fail), OK);
	assert_refused(put_template(true, &fail), &fail, "messageId",
	    "the application has 1000 message templates");
	assert_int_equal(put_template(false, &fail), OK);
}

/* ---- what is listed ---- */

static void
test_of_too_many_pins_of_a_number_the_newest_are_listed(void **state)
{
	struct verifications_job j = {
	    .account = w->account, .application = w->application, .destination = "4179"};
	struct world_sent last;

	(void)state;
	world_send(w, "4179");
	fill(VERIFICATIONS_MAX,
	    "INSERT INTO pin (id, account, application, template, destination, salt, "
	    "generation, key_id, pin_type, pin_length, attempts, attempts_max, multiple, "
	    "expires_at) SELECT CAST(x'0000000000' || randomblob(11) AS BLOB), account, "
	    "application, "
	    "template, destination, salt, generation, key_id, pin_type, pin_length, 0, "
	    "10, 0, "
	    "expires_at FROM pin, c");
	fill(1, "INSERT INTO destination_pin (application, destination, pin) "
		"SELECT application, destination, id FROM pin WHERE id < x'01'");
	world_pass(w, 1000);
	last = world_send(w, "4179");
	assert_int_equal(world_verify(w, &last.pin_id, last.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_run(w, &j.job, VERB_VERIFICATIONS), OK);
	assert_int_equal(j.count, VERIFICATIONS_MAX);
	assert_int_equal(j.list[j.count - 1].verified_at_ms, T0 + 1000);
	assert_int_equal(j.list[j.count - 2].sent_at_ms, T0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_account_has_so_many_email_templates),
	    CASE(a_list_of_email_templates_has_not_what_they_say),
	    CASE(an_account_has_so_many_applications),
	    CASE(an_application_has_so_many_message_templates),
	    CASE(of_too_many_pins_of_a_number_the_newest_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
