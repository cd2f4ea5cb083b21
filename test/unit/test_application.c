/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications and templates: defaults, bounds, and what a request changes and what
 * it leaves.
 */
#include "unit.h"

#include "twofa/application.h"
#include "twofa/template.h"

static const struct template_rules loose = {.pin_length_max = 16};
static const struct template_rules tight = {
    .pin_length_max = 10, .placeholder_required = true};

/* Exactly one thing is wrong, and it is this field; NULL: nothing is. */
static bool
only(const struct fail *f, const char *field)
{
	if (field == NULL)
		return f->count == 0;
	return f->count == 1 && strcmp(f->items[0].field, field) == 0;
}

static void
test_application_defaults(void **state)
{
	struct application app;

	(void)state;
	application_init(&app);
	assert_true(app.enabled);
	assert_true(app.config.pin_attempts == 10);
	assert_true(app.config.allow_multiple);
	assert_string_equal(app.config.pin_ttl.text, "15m");
	assert_true(app.config.pin_ttl.ms == 15 * PERIOD_MS_MINUTE);
	assert_string_equal(app.config.verify_limit.text, "1/3s");
	assert_string_equal(app.config.send_application_limit.text, "10000/1d");
	assert_string_equal(app.config.send_phone_limit.text, "3/1d");
}

static void
test_an_empty_change_changes_nothing(void **state)
{
	const struct application_change none = {.name = NULL};
	struct application before;
	struct application after;
	struct arena a;
	struct fail f;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	application_init(&before);
	before.name = "shop";
	after = before;
	assert_int_equal(application_apply(&after, &none, &f), OK);
	assert_memory_equal(&after, &before, sizeof(after));
	arena_fini(&a);
}

#define C "configuration."

static void
test_application_bounds(void **state)
{
	static const struct {
		struct application_change change;
		const char *field;
	} cases[] = {
	    {{.pin_attempts = {true, 1}}, NULL},
	    {{.pin_attempts = {true, 1000}}, NULL},
	    {{.pin_attempts = {true, 0}}, C "pinAttempts"},
	    {{.pin_attempts = {true, 1001}}, C "pinAttempts"},
	    {{.pin_ttl = "365d"}, NULL},
	    {{.pin_ttl = "366d"}, C "pinTimeToLive"},
	    {{.pin_ttl = "0m"}, C "pinTimeToLive"},
	    {{.pin_ttl = "soon"}, C "pinTimeToLive"},
	    {{.pin_ttl = ""}, C "pinTimeToLive"},
	    {{.pin_ttl_ms = {true, 1}}, NULL},
	    {{.pin_ttl_ms = {true, 0}}, C "pinTimeToLive"},
	    {{.pin_ttl_ms = {true, PERIOD_MS_YEAR + 1}}, C "pinTimeToLive"},
	    {{.verify_limit = "5/1d"}, NULL},
	    {{.verify_limit = "5/25h"}, C "verifyPinLimit"},
	    {{.verify_limit = "5"}, C "verifyPinLimit"},
	    {{.send_application_limit = "5/365d"}, NULL},
	    {{.send_application_limit = "5/366d"}, C "sendPinPerApplicationLimit"},
	    {{.send_phone_limit = "0/1d"}, C "sendPinPerPhoneNumberLimit"},
	    {{.send_phone_limit = "1000000001/1d"}, C "sendPinPerPhoneNumberLimit"},
	    {{.verify_count = {true, 0}}, C "verificationAttempts"},
	    {{.verify_period_ms = {true, PERIOD_MS_DAY}}, NULL},
	    {{.verify_period_ms = {true, PERIOD_MS_DAY + 1}},
		C "verificationIntervalLength"},
	    {{.send_phone_count = {true, -1}}, C "initiationAttempts"},
	    {{.send_phone_period_ms = {true, 0}}, C "initiationIntervalLength"},
	    {{.send_application_count = {true, RATE_COUNT_MAX + 1}},
		C "overallInitiationAttempts"},
	    {{.send_application_period_ms = {true, PERIOD_MS_YEAR + 1}},
		C "overallInitiationIntervalLength"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct application app;
		struct arena a;
		struct fail f;
		enum err e;

		arena_init(&a);
		fail_init(&f, &a);
		application_init(&app);
		e = application_apply(&app, &cases[i].change, &f);
		check_case(i, e == (cases[i].field == NULL ? OK : ERR_INVALID));
		check_case(i, only(&f, cases[i].field));
		arena_fini(&a);
	}
}

/* Each changed member takes effect and the others stay. */
static void
test_application_patch(void **state)
{
	const struct application_change c = {.name = "shop",
	    .enabled = {true, false},
	    .pin_ttl = "1h",
	    .send_phone_limit = "5/2h",
	    .verify_count = {true, 7}};
	struct application app;
	struct arena a;
	struct fail f;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	application_init(&app);
	assert_int_equal(application_apply(&app, &c, &f), OK);
	assert_string_equal(app.name, "shop");
	assert_false(app.enabled);
	assert_true(app.config.allow_multiple && app.config.pin_attempts == 10);
	assert_string_equal(app.config.pin_ttl.text, "1h");
	assert_true(app.config.send_phone_limit.count == 5);
	assert_true(app.config.send_phone_limit.period_ms == 2 * PERIOD_MS_HOUR);
	/* A count alone keeps the period. */
	assert_string_equal(app.config.verify_limit.text, "7/3s");
	assert_string_equal(app.config.send_application_limit.text, "10000/1d");
	arena_fini(&a);
}

static void
test_application_all_faults_at_once(void **state)
{
	const struct application_change c = {.pin_attempts = {true, 0},
	    .pin_ttl = "x",
	    .verify_limit = "x",
	    .send_application_limit = "x",
	    .send_phone_limit = "x"};
	struct application app;
	struct arena a;
	struct fail f;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	application_init(&app);
	assert_int_equal(application_apply(&app, &c, &f), ERR_INVALID);
	assert_int_equal(f.count, 5);
	arena_fini(&a);
}

static void
test_application_load(void **state)
{
	struct application_config c = {0};

	(void)state;
	assert_int_equal(application_load(&c, "1h", "2/2s", "3/3m", "4/4h"), OK);
	assert_true(c.pin_ttl.ms == PERIOD_MS_HOUR && c.verify_limit.count == 2);
	assert_true(c.send_application_limit.count == 3 && c.send_phone_limit.count == 4);
	assert_int_equal(application_load(&c, "", "2/2s", "3/3m", "4/4h"), ERR_CORRUPT);
	assert_int_equal(application_load(&c, "1h", "2", "3/3m", "4/4h"), ERR_CORRUPT);
	assert_int_equal(application_load(&c, "1h", "2/2s", "0/3m", "4/4h"), ERR_CORRUPT);
	assert_int_equal(application_load(&c, "1h", "2/2s", "3/3m", "4/4x"), ERR_CORRUPT);
	assert_int_equal(application_load(&c, NULL, "2/2s", "3/3m", "4/4h"), ERR_CORRUPT);
}

static void
test_application_cap(void **state)
{
	struct application_caps caps = {false, 10 * PERIOD_MS_MINUTE, 5, 6};
	struct application app;

	(void)state;
	application_init(&app);
	application_cap(&app.config, &caps);
	assert_true(app.config.pin_ttl.ms == 15 * PERIOD_MS_MINUTE);
	assert_true(app.config.allow_multiple && app.config.pin_attempts == 10);
	caps.strict = true;
	application_cap(&app.config, &caps);
	assert_true(app.config.pin_ttl.ms == 10 * PERIOD_MS_MINUTE);
	assert_true(!app.config.allow_multiple && app.config.pin_attempts == 5);
	/* A member that is stricter already stays. */
	app.config.pin_ttl.ms = 1;
	app.config.pin_attempts = 1;
	application_cap(&app.config, &caps);
	assert_true(app.config.pin_ttl.ms == 1 && app.config.pin_attempts == 1);
}

/* ---- templates ---- */

static void
test_template_defaults(void **state)
{
	struct template t;

	(void)state;
	template_init(&t, TEMPLATE_MESSAGE);
	assert_int_equal(t.pin_type, PIN_NUMERIC);
	assert_int_equal(t.pin_length, 4);
	assert_string_equal(t.placeholder, "{{pin}}");
	assert_null(t.text);
	assert_null(t.sender);
	assert_null(t.language);
	assert_false(t.speech_rate.set);
}

static void
test_template_bounds(void **state)
{
	static const struct {
		struct template_change change;
		const struct template_rules *rules;
		const char *field;
	} cases[] = {
	    {{.text = "{{pin}}"}, &tight, NULL},
	    {{.text = "no place"}, &tight, "messageText"},
	    {{.text = "no place"}, &loose, NULL},
	    {{.text = "<pin>", .placeholder = "<pin>"}, &tight, NULL},
	    {{.text = "{{pin}}", .placeholder = "<pin>"}, &tight, "messageText"},
	    {{.placeholder = ""}, &loose, "pinPlaceholder"},
	    {{.pin_length = {true, 1}}, &loose, NULL},
	    {{.pin_length = {true, 16}}, &loose, NULL},
	    {{.pin_length = {true, 0}}, &loose, "pinLength"},
	    {{.pin_length = {true, -1}}, &loose, "pinLength"},
	    {{.pin_length = {true, 17}}, &loose, "pinLength"},
	    {{.pin_length = {true, 11}}, &tight, "pinLength"},
	    {{.pin_length = {true, INT64_C(4294967300)}}, &loose, "pinLength"},
	    {{.pin_type = "alphanumeric"}, &loose, NULL},
	    {{.pin_type = "DIGITS"}, &loose, "pinType"},
	    {{.pin_type = ""}, &loose, "pinType"},
	    {{.language = "pt-BR"}, &loose, NULL},
	    {{.language = "zh_tw"}, &loose, NULL},
	    {{.language = "xx"}, &loose, "language"},
	    {{.language = "pt_br_"}, &loose, "language"},
	    {{.language = "english, please"}, &loose, "language"},
	    {{.language = ""}, &loose, "language"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct template t;
		struct arena a;
		struct fail f;
		enum err e;

		arena_init(&a);
		fail_init(&f, &a);
		template_init(&t, TEMPLATE_MESSAGE);
		e = template_apply(&t, &cases[i].change, cases[i].rules, &f);
		check_case(i, e == (cases[i].field == NULL ? OK : ERR_INVALID));
		check_case(i, only(&f, cases[i].field));
		arena_fini(&a);
	}
}

static void
test_template_patch(void **state)
{
	const struct template_change first = {.text = "{{pin}}",
	    .sender = "Shop",
	    .language = "PT-br",
	    .speech_rate = {true, 0.5}};
	const struct template_change second = {
	    .sender_id = "Shop 2", .pin_length = {true, 8}};
	struct template t;
	struct arena a;
	struct fail f;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	template_init(&t, TEMPLATE_MESSAGE);
	assert_int_equal(template_apply(&t, &first, &tight, &f), OK);
	assert_string_equal(t.sender, "Shop");
	assert_true(t.v1_sender);
	assert_string_equal(t.language, "pt_br");
	assert_int_equal(template_apply(&t, &second, &tight, &f), OK);
	assert_string_equal(t.sender, "Shop 2");
	assert_false(t.v1_sender);
	assert_int_equal(t.pin_length, 8);
	assert_string_equal(t.text, "{{pin}}");
	assert_string_equal(t.language, "pt_br");
	assert_true(t.speech_rate.set && t.speech_rate.value == 0.5);
	arena_fini(&a);
}

/* `regional.indiaDlt` needs its entity, from this request or an earlier one. */
static void
test_template_dlt(void **state)
{
	json_t *any = json_object();
	struct template_change c = {.dlt = any, .dlt_template = "42"};
	struct template t;
	struct arena a;
	struct fail f;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	template_init(&t, TEMPLATE_MESSAGE);
	assert_int_equal(template_apply(&t, &c, &loose, &f), ERR_INVALID);
	assert_true(only(&f, "regional.indiaDlt.principalEntityId"));
	fail_init(&f, &a);
	template_init(&t, TEMPLATE_MESSAGE);
	c.dlt_entity = "7";
	assert_int_equal(template_apply(&t, &c, &loose, &f), OK);
	c.dlt_entity = NULL;
	assert_int_equal(template_apply(&t, &c, &loose, &f), OK);
	assert_string_equal(t.dlt_entity, "7");
	json_decref(any);
	arena_fini(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_application_defaults),
	    cmocka_unit_test(test_an_empty_change_changes_nothing),
	    cmocka_unit_test(test_application_bounds),
	    cmocka_unit_test(test_application_patch),
	    cmocka_unit_test(test_application_all_faults_at_once),
	    cmocka_unit_test(test_application_load),
	    cmocka_unit_test(test_application_cap),
	    cmocka_unit_test(test_template_defaults),
	    cmocka_unit_test(test_template_bounds),
	    cmocka_unit_test(test_template_patch),
	    cmocka_unit_test(test_template_dlt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
