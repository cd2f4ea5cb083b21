/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts as SMSCs write them, and the ids by which they name messages. */
#include "carrier/smpp_receipt.h"

#include <stdio.h>

#include "unit/unit.h"

static struct smpp_pdu
deliver(const char *text)
{
	return (struct smpp_pdu){.command = SMPP_deliver_sm,
	    .esm_class = 0x04,
	    .short_message = span_of(text)};
}

static void
test_texts_of_many_makers(void **state)
{
	static const struct {
		const char *text;
		const char *id;
		enum report_status status;
		enum report_error error;
		int64_t done_at_ms;
	} cases[] = {
	    {"id:1a sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 "
	     "stat:DELIVRD err:000 text:Your PIN is 1207",
		"1a", REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NO_ERROR,
		INT64_C(1795521660000)},
	    {"id:7 submit date:261124120059 done date:261124120159 stat:UNDELIV err:027",
		"7", REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_EC_ABSENT_SUBSCRIBER, INT64_C(1795521719000)},
	    {"stat:EXPIRED id:7", "7", REPORT_EXPIRED_EXPIRED, REPORT_ERROR_EC_VP_EXPIRED,
		0},
	    {"ID:7 STAT:delivrd ERR:0", "7", REPORT_DELIVERED_TO_HANDSET,
		REPORT_ERROR_NO_ERROR, 0},
	    {"id: 7 sub: 001 stat: REJECTD err: 00A", "7", REPORT_REJECTED,
		REPORT_ERROR_EC_UNKNOWN_ERROR, 0},
	    {"id : 7  stat :  ENROUTE", "7", REPORT_PENDING_ENROUTE,
		REPORT_ERROR_NO_ERROR, 0},
	    {"id:7,stat:ACCEPTD,err:0", "7", REPORT_PENDING_ACCEPTED,
		REPORT_ERROR_NO_ERROR, 0},
	    {"\r\nid:7\r\nstat:DELETED\r\n", "7", REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_EC_UNKNOWN_ERROR, 0},
	    {"id:7 stat:UNKNOWN done date:20261124120159 err:255", "7",
		REPORT_EXPIRED_DLR_UNKNOWN, REPORT_ERROR_EC_VP_EXPIRED,
		INT64_C(1795521719000)},
	    {"id:7 stat:DELIVRD done date:25-11-24", "7", REPORT_DELIVERED_TO_HANDSET,
		REPORT_ERROR_NO_ERROR, 0},
	    {"id:7 stat:DELIVRD done date:2613241200", "7", REPORT_DELIVERED_TO_HANDSET,
		REPORT_ERROR_NO_ERROR, 0},
	    /* what the message says is no member, wherever its text stands */
	    {"id:7 stat:UNDELIV err:001 text:id:8 stat:DELIVRD", "7",
		REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER,
		0},
	    {"id:59f0a2d0-91e5-4d0b stat:DELIVRD extra:1 more", "59f0a2d0-91e5-4d0b",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NO_ERROR, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu = deliver(cases[i].text);
		struct smpp_receipt r;

		check_case(i, smpp_receipt_read(&pdu, false, &r) == OK);
		check_case(i, strcmp(r.text_id, cases[i].id) == 0);
		check_case(i, r.status == cases[i].status);
		check_case(i, r.error == cases[i].error);
		check_case(i, r.done_at_ms == cases[i].done_at_ms);
	}
}

static void
test_what_is_missing(void **state)
{
	static const char *const cases[] = {"", "id: sub:001 stat:DELIVRD", "id:7",
	    "id:7 stat:", "id:7 stat:PERHAPS", "stat:DELIVRD", "idle:7 stat:DELIVRD",
	    ("id:0123456789012345678901234567890123456789012345678901234567890123456789 "
	     "stat:DELIVRD")};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu = deliver(cases[i]);
		struct smpp_receipt r;

		check_case(i, smpp_receipt_read(&pdu, false, &r) == ERR_SYNTAX);
	}
}

static void
test_a_message_is_no_receipt(void **state)
{
	static const char *const cases[] = {"", "STOP", "stat: DELIVRD?", "my id: 7"};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu = deliver(cases[i]);
		struct smpp_receipt r;

		pdu.esm_class = 0;
		check_case(i, smpp_receipt_read(&pdu, true, &r) == ERR_NOT_FOUND);
	}
}

static void
test_a_receipt_that_does_not_say_so(void **state)
{
	struct smpp_pdu pdu = deliver("id:7 stat:DELIVRD");
	struct smpp_receipt r;

	(void)state;
	pdu.esm_class = 0;
	assert_int_equal(smpp_receipt_read(&pdu, true, &r), OK);
	/* a phone's message to the short code may say the same */
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), ERR_NOT_FOUND);
}

static void
test_parameters_go_before_the_text(void **state)
{
	struct smpp_pdu pdu = deliver("id:9 stat:DELIVRD err:000");
	struct smpp_receipt r;

	(void)state;
	pdu.tlvs = 1u << SMPP_TLV_receipted_message_id | 1u << SMPP_TLV_message_state |
		   1u << SMPP_TLV_network_error_code;
	snprintf(pdu.tlv_receipted_message_id, 65, "%s", "1a");
	pdu.tlv_message_state = 5;
	pdu.tlv_network_error_code = (struct span){"\3\0\6", 3};
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), OK);
	assert_string_equal(r.tlv_id, "1a");
	assert_int_equal(r.status, REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(r.error, REPORT_ERROR_EC_ABSENT_SUBSCRIBER_SM);
}

static void
test_parameters_alone_are_enough(void **state)
{
	struct smpp_pdu pdu = {.command = SMPP_data_sm,
	    .tlvs = 1u << SMPP_TLV_receipted_message_id | 1u << SMPP_TLV_message_state,
	    .tlv_receipted_message_id = "1a",
	    .tlv_message_state = 2};
	struct smpp_receipt r;

	(void)state;
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), OK);
	assert_int_equal(r.status, REPORT_DELIVERED_TO_HANDSET);
}

static void
test_a_text_in_the_payload_and_behind_a_header(void **state)
{
	struct smpp_pdu pdu = {.command = SMPP_deliver_sm,
	    .esm_class = 0x44,
	    .tlvs = 1u << SMPP_TLV_message_payload,
	    .tlv_message_payload = {"\5\0\3\1\1\1id:7 stat:DELIVRD", 23}};
	struct smpp_receipt r;

	(void)state;
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), OK);
	assert_string_equal(r.text_id, "7");
	pdu.tlv_message_payload = (struct span){"\377id:7", 5};
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), ERR_SYNTAX);
}

/* A letter in two octets each, upper one first or last. */
static struct span
wide(const char *text, bool little, char out[512])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		out[n++] = little ? *text : '\0';
		out[n++] = little ? '\0' : *text;
	}
	return (struct span){out, n};
}

/* data_coding says one thing and the octets another. */
static void
test_a_text_in_any_coding(void **state)
{
	static const uint8_t codings[] = {0, 1, 3, 4, 8, 0x18, 0xf1};
	static const char text[] = "id:1a sub:001 stat:DELIVRD err:000 text:x";
	char octets[512];

	(void)state;
	for (size_t i = 0; i < 4 * countof(codings); i++) {
		struct smpp_pdu pdu = deliver(text);
		struct smpp_receipt r;

		pdu.data_coding = codings[i / 4];
		if (i % 4 > 0)
			pdu.short_message = wide(text, i % 4 == 2, octets);
		if (i % 4 == 3) { /* behind a byte order mark */
			memmove(octets + 2, octets, pdu.short_message.len);
			memcpy(octets, "\xfe\xff", 2);
			pdu.short_message.len += 2;
		}
		check_case(i, smpp_receipt_read(&pdu, false, &r) == OK);
		check_case(i, strcmp(r.text_id, "1a") == 0);
		check_case(i, r.status == REPORT_DELIVERED_TO_HANDSET);
	}
}

static void
test_texts_that_stand_elsewhere_or_look_otherwise(void **state)
{
	static const struct {
		uint8_t esm_class;
		struct span text;
		struct span payload;
	} cases[] = {
	    /* in the payload beside a text that is none; UDHI without a header */
	    {4, SPAN("delivered"), SPAN("id:ab_c stat:DELIVRD")},
	    {0x44, SPAN("id:ab_c stat:DELIVRD"), {0}},
	    {0x44, SPAN("\3\0\1\1id:ab_c stat:DELIVRD"), {0}},
	    /* an underscore of the GSM alphabet; UTF-8's mark; 00 at the end */
	    {4,
		SPAN("id:ab\x11"
		     "c done\x11"
		     "date:2611241201 stat:DELIVRD"),
		{0}},
	    {4, SPAN("\xef\xbb\xbfid:ab_c stat:DELIVRD"), {0}},
	    {4, SPAN("id:ab_c stat:DELIVRD\0"), {0}},
	    /* Latin-1 in the text of the message */
	    {4, SPAN("id:ab_c stat:DELIVRD text:Z\xfcrich"), {0}},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu = {.command = SMPP_deliver_sm,
		    .esm_class = cases[i].esm_class,
		    .short_message = cases[i].text,
		    .tlv_message_payload = cases[i].payload,
		    .tlvs =
			cases[i].payload.len > 0 ? 1u << SMPP_TLV_message_payload : 0};
		struct smpp_receipt r;

		check_case(i, smpp_receipt_read(&pdu, false, &r) == OK);
		check_case(i, strcmp(r.text_id, "ab_c") == 0);
		check_case(i, r.status == REPORT_DELIVERED_TO_HANDSET);
	}
}

/* No phone writes a parameter, so one that only receipts have is a mark as well. */
static void
test_a_state_beside_an_unmarked_text(void **state)
{
	struct smpp_pdu pdu = deliver("id:7");
	struct smpp_receipt r;

	(void)state;
	pdu.esm_class = 0;
	pdu.tlvs = 1u << SMPP_TLV_message_state;
	pdu.tlv_message_state = 2;
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), OK);
	assert_int_equal(r.status, REPORT_DELIVERED_TO_HANDSET);
	pdu.short_message = SPAN("STOP");
	assert_int_equal(smpp_receipt_read(&pdu, false, &r), ERR_NOT_FOUND);
}

/* Two that may both be ids of messages are not both tried: one is another person's. */
static void
test_a_second_id(void **state)
{
	static const struct {
		const char *text;
		const char *tlv;
		const char *other; /* NULL: none */
	} cases[] = {
	    {"7", "59f0a2d0-91e5-4d0b", "7"},
	    {"AB-0012", "0017", "AB-0012"},
	    {"26", "1a", NULL},
	    {"7", "8", NULL},
	    {"7", "7", NULL},
	    {"", "8-x", NULL},
	    {"7-x", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_receipt r = {.status = REPORT_REJECTED};
		char other[SMPP_ID_LEN_MAX + 1];
		bool is;

		snprintf(r.text_id, sizeof(r.text_id), "%s", cases[i].text);
		snprintf(r.tlv_id, sizeof(r.tlv_id), "%s", cases[i].tlv);
		is = smpp_receipt_other_id(SMPP_ID_AUTO, &r, other);
		check_case(i, is == (cases[i].other != NULL));
		check_case(i, !is || strcmp(other, cases[i].other) == 0);
	}
}

static void
test_offsets(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t minutes;
	} cases[] = {{"+03:00", true, 180}, {"-05:30", true, -330}, {"+00:00", true, 0},
	    {"+14:00", true, 840}, {"+15:00", false, 0}, {"03:00", false, 0},
	    {"+3:00", false, 0}, {"+0300", false, 0}, {"+03:60", false, 0},
	    {"+03:00x", false, 0}, {"+a3:00", false, 0}, {"", false, 0}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		int64_t ms = 0;

		check_case(
		    i, smpp_receipt_offset_parse(cases[i].text, &ms) == cases[i].good);
		check_case(i, ms == cases[i].minutes * 60000);
	}
}

/* ---- ids ---- */

static void
test_ids_meet(void **state)
{
	static const struct {
		enum smpp_id_format format;
		const char *response;
		const char *text;
		const char *tlv;
		const char *found; /* NULL: they do not meet */
	} cases[] = {
	    {SMPP_ID_AUTO, "0000001a", "1A", "", "1a"},
	    {SMPP_ID_AUTO, "000123", "123", "", "123"},
	    {SMPP_ID_AUTO, "123", "0000000123", "", "123"},
	    {SMPP_ID_AUTO, "000", "0", "", "0"},
	    {SMPP_ID_AUTO, "AB-0012", "AB-0012", "", "AB-0012"},
	    {SMPP_ID_AUTO, "AB-0012", "AB-12", "", NULL},
	    {SMPP_ID_AUTO, "1a", "26", "", NULL}, /* might be another's */
	    {SMPP_ID_AUTO, "1a", "26", "001A", "1a"},
	    {SMPP_ID_AS_IS, "001a", "001a", "", "001a"},
	    {SMPP_ID_AS_IS, "001a", "1a", "", NULL},
	    {SMPP_ID_HEX_TO_DECIMAL, "0000001a", "26", "", "26"},
	    {SMPP_ID_HEX_TO_DECIMAL, "1A", "0000000026", "", "26"},
	    {SMPP_ID_HEX_TO_DECIMAL, "1A", "26", "1A", "26"},
	    {SMPP_ID_HEX_TO_DECIMAL, "1A", "26", "26", "26"},
	    {SMPP_ID_HEX_TO_DECIMAL, "ffffffffffffffff", "18446744073709551615", "",
		"18446744073709551615"},
	    {SMPP_ID_HEX_TO_DECIMAL, "1ffffffffffffffff", "1ffffffffffffffff", "",
		"1ffffffffffffffff"},
	    {SMPP_ID_DECIMAL_TO_HEX, "0026", "0000001A", "", "1a"},
	    {SMPP_ID_DECIMAL_TO_HEX, "26", "1a", "26", "1a"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_receipt r = {.status = REPORT_REJECTED};
		char response[SMPP_ID_LEN_MAX + 1];
		char receipt[SMPP_ID_LEN_MAX + 1];

		snprintf(r.text_id, sizeof(r.text_id), "%s", cases[i].text);
		snprintf(r.tlv_id, sizeof(r.tlv_id), "%s", cases[i].tlv);
		smpp_receipt_response_id(cases[i].format, cases[i].response, response);
		smpp_receipt_message_id(cases[i].format, &r, receipt);
		if (cases[i].found == NULL) {
			check_case(i, strcmp(response, receipt) != 0);
			continue;
		}
		check_case(i, strcmp(response, cases[i].found) == 0);
		check_case(i, strcmp(receipt, cases[i].found) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_of_many_makers),
	    cmocka_unit_test(test_what_is_missing),
	    cmocka_unit_test(test_a_message_is_no_receipt),
	    cmocka_unit_test(test_a_receipt_that_does_not_say_so),
	    cmocka_unit_test(test_parameters_go_before_the_text),
	    cmocka_unit_test(test_parameters_alone_are_enough),
	    cmocka_unit_test(test_a_text_in_the_payload_and_behind_a_header),
	    cmocka_unit_test(test_a_text_in_any_coding),
	    cmocka_unit_test(test_texts_that_stand_elsewhere_or_look_otherwise),
	    cmocka_unit_test(test_a_state_beside_an_unmarked_text),
	    cmocka_unit_test(test_a_second_id),
	    cmocka_unit_test(test_offsets),
	    cmocka_unit_test(test_ids_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
