/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "twofa/report_body.h"

static const struct ident pin_id = {
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static void
test_the_published_shape(void **state)
{
	struct report_facts f = {.pin_id = pin_id,
	    .to = "41793026727",
	    .sender = "InfoSMS",
	    .sent_at_ms = 1573311600001,
	    .done_at_ms = 1573311601234,
	    .parts = 1,
	    .status = REPORT_DELIVERED_TO_HANDSET};
	char id[REPORT_ID_LEN + 1];
	char expected[1024];
	struct buf b;

	(void)state;
	report_body_message_id(&pin_id, 0, id);
	snprintf(expected, sizeof(expected),
	    "{\"results\":[{\"messageId\":\"%s\",\"to\":\"41793026727\","
	    "\"sender\":\"InfoSMS\",\"sentAt\":\"2019-11-09T15:00:00.001+0000\","
	    "\"doneAt\":\"2019-11-09T15:00:01.234+0000\",\"messageCount\":1,"
	    "\"status\":{\"groupId\":3,\"groupName\":\"DELIVERED\",\"id\":5,"
	    "\"name\":\"DELIVERED_TO_HANDSET\",\"description\":\"Message delivered to "
	    "handset\"},\"error\":{\"groupId\":0,\"groupName\":\"OK\",\"id\":0,"
	    "\"name\":\"NO_ERROR\",\"description\":\"No Error\",\"permanent\":false}}]}",
	    id);
	buf_init(&b, 4096);
	report_body_put(&b, &f);
	buf_add_char(&b, '\0');
	assert_string_equal(b.ptr, expected);
	buf_reset(&b);
	f.sender = NULL;
	f.parts = 0;
	report_body_put(&b, &f);
	buf_add_char(&b, '\0');
	assert_null(strstr(b.ptr, "sender"));
	assert_null(strstr(b.ptr, "messageCount"));
	buf_fini(&b);
}

static void
test_ids_are_uuids_of_one_message_and_kind(void **state)
{
	struct ident other = pin_id;
	char ids[4][REPORT_ID_LEN + 1];

	(void)state;
	other.bytes[15]++;
	report_body_message_id(&pin_id, 0, ids[0]);
	report_body_message_id(&pin_id, 1, ids[1]);
	report_body_message_id(&other, 0, ids[2]);
	report_body_event_id(&pin_id, 0, ids[3]);
	for (size_t i = 0; i < countof(ids); i++) {
		check_case(i, strlen(ids[i]) == REPORT_ID_LEN);
		check_case(i, ids[i][14] == '8');
		check_case(i, strchr("89ab", ids[i][19]) != NULL);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
	report_body_message_id(&pin_id, 0, ids[1]);
	assert_string_equal(ids[0], ids[1]);
}

/* Computed with Python's hmac. */
static void
test_signatures(void **state)
{
	static const struct {
		const char *secret;
		const char *signature;
	} cases[] = {
	    {"kkkkkkkkkk",
		"3f0ef400adc7a307fe889a1aea222df748fd3e3913c784616aefafd433c8ff1e"},
	    {"0123456789012345678901234567890123456789012345678901234567890123456789"
	     "012345678901234567890123456789",
		"c5fe30e8a678d1817084b29137f0c54d4e34ea43b7aaf5fedcc548d753792f26"},
	};
	char out[REPORT_SIGNATURE_LEN + 1];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		report_body_sign(
		    span_of(cases[i].secret), 1800000000, SPAN("{\"results\":[]}"), out);
		assert_string_equal(out, cases[i].signature);
	}
}

static void
test_the_schedule(void **state)
{
	static const int64_t minutes[] = {2, 5, 10, 17, 26};

	(void)state;
	for (size_t i = 0; i < countof(minutes); i++)
		check_case(
		    i, report_body_retry_ms((int64_t)i + 1, 60000) == minutes[i] * 60000);
}

static void
test_what_did_not_arrive_has_an_error(void **state)
{
	static const struct {
		enum report_error reported;
		enum report_status status;
		enum message_reason reason;
		enum report_error error;
	} cases[] = {
	    {0, REPORT_DELIVERED_TO_HANDSET, 0, REPORT_ERROR_NO_ERROR},
	    {0, REPORT_EXPIRED_EXPIRED, 0, REPORT_ERROR_EC_VALIDITY_EXPIRED},
	    {0, REPORT_EXPIRED_DLR_UNKNOWN, 0, REPORT_ERROR_EC_UNKNOWN_ERROR},
	    {0, REPORT_UNDELIVERABLE_NOT_SENT, MESSAGE_REASON_UNREACHABLE,
		REPORT_ERROR_EC_ABSENT_SUBSCRIBER},
	    {0, REPORT_REJECTED_ROUTE_NOT_AVAILABLE, MESSAGE_REASON_EXHAUSTED,
		REPORT_ERROR_EC_NO_RESPONSE},
	    {0, REPORT_REJECTED, MESSAGE_REASON_REFUSED,
		REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR},
	    {REPORT_ERROR_EC_CALL_BARRED, REPORT_REJECTED, MESSAGE_REASON_REFUSED,
		REPORT_ERROR_EC_CALL_BARRED},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, report_body_error_of(cases[i].reported, cases[i].status,
				  cases[i].reason) == cases[i].error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_published_shape),
	    cmocka_unit_test(test_ids_are_uuids_of_one_message_and_kind),
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_the_schedule),
	    cmocka_unit_test(test_what_did_not_arrive_has_an_error),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
