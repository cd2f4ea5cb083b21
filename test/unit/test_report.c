/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of statuses, and how the words of SMPP and of v1 map onto it. */
#include "unit.h"

#include "twofa/report.h"

static void
test_the_registry(void **state)
{
	const struct report_status_row *s = report_status_find(5);
	const struct report_error_row *e = report_error_find(27);

	(void)state;
	assert_string_equal(s->name, "DELIVERED_TO_HANDSET");
	assert_string_equal(s->group_name, "DELIVERED");
	assert_int_equal(s->group, 3);
	assert_string_equal(e->name, "EC_ABSENT_SUBSCRIBER");
	assert_string_equal(e->group_name, "HANDSET_ERRORS");
	assert_false(e->permanent);
	assert_true(report_error_find(1)->permanent);
	assert_null(report_status_find(0));
	assert_null(report_status_find(1));
	assert_null(report_error_find(2));
	assert_int_equal(report_status_named(span_of("expired_dlr_unknown"))->id, 29);
	assert_null(report_status_named(span_of("DELIVERED")));
	assert_int_equal(report_error_named(span_of("NO_ERROR"))->id, 0);
}

/* Statuses and errors of calls and of mails: the end of a message that each is, its word
 * on version 1, and the groups of errors. */
static void
test_calls_and_mails(void **state)
{
	static const struct {
		int64_t status;
		const char *name;
		enum message_state state;
		const char *v1;
	} statuses[] = {
	    {97, "BUSY", MESSAGE_FAILED, "MESSAGE_NOT_DELIVERED"},
	    {96, "NO_ANSWER", MESSAGE_FAILED, "MESSAGE_NOT_DELIVERED"},
	    {99, "REJECTED", MESSAGE_FAILED, "MESSAGE_REJECTED"},
	    {60, "REJECTED_INVALID_RING_TIMEOUT", MESSAGE_FAILED, "MESSAGE_REJECTED"},
	    {75, "REJECTED_FREE_TRIAL_EXCEEDED", MESSAGE_FAILED, "NOT_ENOUGH_CREDITS"},
	    {89, "REJECTED_INTERNAL_ERROR", MESSAGE_FAILED, "SYSTEM_ERROR"},
	};
	static const struct {
		int64_t error;
		const char *name;
		enum report_error_group group;
		const char *group_name;
		bool permanent;
	} errors[] = {
	    {5002, "EC_VOICE_USER_BUSY", REPORT_ERROR_GROUP_OPERATOR_ERRORS,
		"OPERATOR_ERRORS", true},
	    {5603, "EC_DECLINE", REPORT_ERROR_GROUP_HANDSET_ERRORS, "HANDSET_ERRORS",
		false},
	    {10303, "DESTINATION_NOT_FOUND", REPORT_ERROR_GROUP_OPERATOR_ERRORS,
		"OPERATOR_ERRORS", true},
	    {6006, "EC_INVALID_EMAIL_ADDRESS", REPORT_ERROR_GROUP_BOUNCED, "BOUNCED",
		true},
	    {6010, "EC_RECIPIENT_INBOX_FULL", REPORT_ERROR_GROUP_BOUNCED, "BOUNCED",
		false},
	    {6034, "EC_SUPPRESSED_BOUNCE", REPORT_ERROR_GROUP_DROPPED, "DROPPED", true},
	};

	(void)state;
	for (size_t i = 0; i < countof(statuses); i++) {
		const struct report_status_row *row =
		    report_status_find(statuses[i].status);

		assert_string_equal(row->name, statuses[i].name);
		check_case(i, report_message_state(row->id) == statuses[i].state);
		assert_string_equal(report_v1_words(row->id)->status, statuses[i].v1);
	}
	for (size_t i = 0; i < countof(errors); i++) {
		const struct report_error_row *row = report_error_find(errors[i].error);

		assert_string_equal(row->name, errors[i].name);
		assert_string_equal(row->group_name, errors[i].group_name);
		check_case(i, row->group == errors[i].group);
		check_case(i, row->permanent == errors[i].permanent);
	}
}

static void
test_smpp_states(void **state)
{
	static const struct {
		unsigned number;
		const char *text;
		enum report_status status;
		enum message_state state;
	} cases[] = {
	    {1, "ENROUTE", REPORT_PENDING_ENROUTE, MESSAGE_ACCEPTED},
	    {2, "DELIVRD", REPORT_DELIVERED_TO_HANDSET, MESSAGE_DELIVERED},
	    {3, "EXPIRED", REPORT_EXPIRED_EXPIRED, MESSAGE_EXPIRED},
	    {4, "DELETED", REPORT_UNDELIVERABLE_NOT_DELIVERED, MESSAGE_FAILED},
	    {5, "UNDELIV", REPORT_UNDELIVERABLE_NOT_DELIVERED, MESSAGE_FAILED},
	    {6, "ACCEPTD", REPORT_PENDING_ACCEPTED, MESSAGE_ACCEPTED},
	    {7, "UNKNOWN", REPORT_EXPIRED_DLR_UNKNOWN, MESSAGE_EXPIRED},
	    {8, "REJECTD", REPORT_REJECTED, MESSAGE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		check_case(i, report_from_smpp_state(cases[i].number) == cases[i].status);
		check_case(
		    i, report_from_smpp_text(span_of(cases[i].text)) == cases[i].status);
		check_case(i, report_message_state(cases[i].status) == cases[i].state);
	}
	assert_int_equal(
	    report_from_smpp_text(span_of("Delivered")), REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(report_from_smpp_text(span_of("")), REPORT_NONE);
	assert_int_equal(report_from_smpp_text(span_of("DELIVRDX")), REPORT_NONE);
	assert_int_equal(report_from_smpp_state(10), REPORT_NONE);
	assert_int_equal(report_from_smpp_state(255), REPORT_NONE);
}

static void
test_smpp_errors(void **state)
{
	static const struct {
		enum report_status status;
		int64_t code;
		enum report_error error;
	} cases[] = {
	    {REPORT_DELIVERED_TO_HANDSET, 0, REPORT_ERROR_NO_ERROR},
	    {REPORT_DELIVERED_TO_HANDSET, 27, REPORT_ERROR_NO_ERROR},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, 27, REPORT_ERROR_EC_ABSENT_SUBSCRIBER},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, 1, REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, 0, REPORT_ERROR_EC_UNKNOWN_ERROR},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, -1, REPORT_ERROR_EC_UNKNOWN_ERROR},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, 999, REPORT_ERROR_EC_UNKNOWN_ERROR},
	    {REPORT_EXPIRED_EXPIRED, -1, REPORT_ERROR_EC_VP_EXPIRED},
	    {REPORT_EXPIRED_EXPIRED, 6, REPORT_ERROR_EC_ABSENT_SUBSCRIBER_SM},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, report_error_from_smpp(cases[i].status, cases[i].code) ==
				  cases[i].error);
}

static void
test_words_of_v1(void **state)
{
	static const struct {
		enum report_status reported;
		enum message_state state;
		enum message_reason reason;
		const char *word;
		bool final;
	} cases[] = {
	    {REPORT_NONE, MESSAGE_READY, MESSAGE_REASON_NONE, "MESSAGE_WAITING_DELIVERY",
		false},
	    {REPORT_NONE, MESSAGE_ACCEPTED, MESSAGE_REASON_NONE,
		"MESSAGE_WAITING_DELIVERY", false},
	    {REPORT_NONE, MESSAGE_FAILED, MESSAGE_REASON_NO_ROUTE,
		"MESSAGE_NETWORK_NOT_ALLOWED", true},
	    {REPORT_NONE, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED,
		"MESSAGE_NETWORK_NOT_AVAILABLE", true},
	    {REPORT_NONE, MESSAGE_FAILED, MESSAGE_REASON_UNREACHABLE, "MESSAGE_NOT_SENT",
		false},
	    {REPORT_NONE, MESSAGE_EXPIRED, MESSAGE_REASON_NONE, "MESSAGE_EXPIRED", true},
	    {REPORT_PENDING_ENROUTE, MESSAGE_ACCEPTED, MESSAGE_REASON_NONE,
		"MESSAGE_WAITING_DELIVERY", false},
	    {REPORT_DELIVERED_TO_HANDSET, MESSAGE_DELIVERED, MESSAGE_REASON_NONE,
		"MESSAGE_DELIVERED", true},
	    {REPORT_UNDELIVERABLE_NOT_DELIVERED, MESSAGE_FAILED, MESSAGE_REASON_NONE,
		"MESSAGE_NOT_DELIVERED", true},
	    {REPORT_EXPIRED_DLR_UNKNOWN, MESSAGE_EXPIRED, MESSAGE_REASON_NONE,
		"MESSAGE_DELIVERY_UNKNOWN", true},
	    {REPORT_REJECTED_NOT_ENOUGH_CREDITS, MESSAGE_FAILED, MESSAGE_REASON_REFUSED,
		"NOT_ENOUGH_CREDITS", true},
	    {REPORT_REJECTED_SENDER, MESSAGE_FAILED, MESSAGE_REASON_REFUSED,
		"INVALID_SOURCE_ADDRESS", true},
	    {REPORT_REJECTED_DESTINATION, MESSAGE_FAILED, MESSAGE_REASON_REFUSED,
		"MESSAGE_INVALID_DESTINATION_ADDRESS", true},
	    {REPORT_REJECTED_SYSTEM_ERROR, MESSAGE_FAILED, MESSAGE_REASON_REFUSED,
		"SYSTEM_ERROR", true},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct report_v1 *words = report_v1_words(
		    report_status_of(cases[i].reported, cases[i].state, cases[i].reason));

		check_case(i, strcmp(words->status, cases[i].word) == 0);
		check_case(i, words->final == cases[i].final);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_registry),
	    cmocka_unit_test(test_calls_and_mails),
	    cmocka_unit_test(test_smpp_states),
	    cmocka_unit_test(test_smpp_errors),
	    cmocka_unit_test(test_words_of_v1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
