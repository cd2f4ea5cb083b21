/* SPDX-License-Identifier: Apache-2.0 */
/* The codec against octets written by hand from SMPP 3.4, and against what is not SMPP.
 */
#include "base/secret.h"
#include "carrier/smpp_pdu.h"
#include "unit/unit.h"

#include <stdio.h>

enum { MUTATIONS = 200000, OCTETS_MAX = 512 };

/* Spaces are for the reader. */
static struct span
octets(const char *hex, uint8_t out[OCTETS_MAX])
{
	char packed[2 * OCTETS_MAX];
	size_t n = 0;

	for (; *hex != '\0'; hex++)
		if (*hex != ' ')
			packed[n++] = *hex;
	assert_true(secret_from_hex((struct span){packed, n}, out, n / 2));
	return (struct span){(char *)out, n / 2};
}

#define BIND                                                                             \
	"00000000 00000009 00000000 00000001 "                                           \
	"7761746368 00 736563726574 00 766d61 00 34 00 00 00"

/* A whole PDU: its length, which is tedious to count, is put in. */
static struct span
whole(const char *hex, uint8_t out[OCTETS_MAX])
{
	struct span s = octets(hex, out);

	assert_true(s.len <= 255);
	out[3] = (uint8_t)s.len;
	return s;
}

/* submit_sm of "hi" from "Bar" (5/0) to 4179 (1/1), 1 hour, UDHI not set */
#define SUBMIT                                                                           \
	"00000000 00000004 00000000 00000002 00 05 00 42617200 01 01 3431373900 "        \
	"00 00 00 00 30303030303030313030303030303052 00 01 00 00 00 02 6869"

static const char *const good[] = {
    "00000010 00000015 00000000 00000001",
    "00000010 80000015 00000000 00000001",
    "00000000 00000006 00000000 00000003",
    "00000010 80000000 00000003 00000004",
    "00000000 80000009 00000000 00000001 736d736300",
    "00000000 80000009 00000000 00000001 736d736300 0210 0001 34",
    "00000000 80000004 00000058 00000002",
    "00000000 80000004 00000000 00000002 303030303030316100",
    "00000000 80000005 00000000 00000007 00",
    SUBMIT,
    "00000000 00000005 00000000 00000009 00 01 01 3431373900 05 00 42617200 04 00 00 00 "
    "00 00 00 "
    "00 00 00 001e 0003 316100 0427 0001 02 1400 0002 ffff",
};

static void
test_what_is_good_comes_out_as_it_went_in(void **state)
{
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(good) - 1; i++) {
		struct span s = whole(good[i], raw);
		struct smpp_pdu pdu;
		const char *field = "";
		struct buf out;

		check_case(i, smpp_pdu_decode(s, &pdu, &field) == OK);
		buf_init(&out, SMPP_PDU_LEN_MAX);
		check_case(i, smpp_pdu_encode(&pdu, &out, &field) == OK);
		/* an empty body of a response is written out as empty fields */
		check_case(i, span_equal(buf_span(&out), s) || s.len == SMPP_HEADER_LEN);
		buf_fini(&out);
	}
}

static void
test_a_bind_as_written_by_hand(void **state)
{
	uint8_t raw[OCTETS_MAX];
	struct smpp_pdu pdu = {.command = SMPP_bind_transceiver,
	    .sequence = 1,
	    .system_id = "watch",
	    .password = "secret",
	    .system_type = "vma",
	    .interface_version = 0x34};
	struct buf out;
	const char *field;
	struct span want;

	(void)state;
	buf_init(&out, SMPP_PDU_LEN_MAX);
	assert_int_equal(smpp_pdu_encode(&pdu, &out, &field), OK);
	want = whole(BIND, raw);
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.ptr, want.ptr, want.len);
	buf_fini(&out);
}

static void
test_a_submit_as_written_by_hand(void **state)
{
	uint8_t raw[OCTETS_MAX];
	struct smpp_pdu pdu;
	const char *field;

	(void)state;
	assert_int_equal(smpp_pdu_decode(whole(SUBMIT, raw), &pdu, &field), OK);
	assert_int_equal(pdu.command, SMPP_submit_sm);
	assert_int_equal(pdu.sequence, 2);
	assert_string_equal(pdu.source_addr, "Bar");
	assert_int_equal(pdu.source_addr_ton, 5);
	assert_string_equal(pdu.destination_addr, "4179");
	assert_string_equal(pdu.validity_period, "000000010000000R");
	assert_int_equal(pdu.registered_delivery, 1);
	assert_true(span_equal_text(pdu.short_message, "hi"));
}

static void
test_optional_parameters_known_and_unknown(void **state)
{
	uint8_t raw[OCTETS_MAX];
	struct smpp_pdu pdu;
	const char *field;
	struct span s = whole(good[countof(good) - 1], raw);

	(void)state;
	assert_int_equal(smpp_pdu_decode(s, &pdu, &field), OK);
	assert_string_equal(pdu.tlv_receipted_message_id, "1a");
	assert_int_equal(pdu.tlv_message_state, 2);
	assert_int_equal(
	    pdu.tlvs, 1u << SMPP_TLV_receipted_message_id | 1u << SMPP_TLV_message_state);
}

static void
test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *hex;
		enum err err;
		const char *field;
	} cases[] = {
	    {"00000010 00000015 00000000", ERR_SYNTAX, "command_length"},
	    {"00000011 00000015 00000000 00000001", ERR_SYNTAX, "command_length"},
	    {"00000010 000000ff 00000000 00000001", ERR_NOT_FOUND, "command_id"},
	    {"00000000 00000009 00000000 00000001", ERR_SYNTAX, "system_id"},
	    {"00000000 00000004 00000000 00000001 00 05 00", ERR_SYNTAX, "source_addr"},
	};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct span s = octets(cases[i].hex, raw);
		struct smpp_pdu pdu;
		const char *field = "";

		if (strcmp(cases[i].field, "command_length") != 0)
			raw[3] = (uint8_t)s.len;
		check_case(i, smpp_pdu_decode(s, &pdu, &field) == cases[i].err);
		check_case(i, strcmp(field, cases[i].field) == 0);
	}
}

/* Peers write them wrong; what else the PDU says is not lost for it. */
static void
test_an_optional_parameter_of_another_form_is_passed_over(void **state)
{
	static const char *const cases[] = {
	    "00000000 80000004 00000000 00000002 3100 0427 0002 0102",
	    "00000000 80000004 00000000 00000002 3100 0427 0000",
	    "00000000 80000004 00000000 00000002 3100 0423 0004 03000102",
	    "00000000 80000004 00000000 00000002 3100 0017 0001 09",
	};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct span s = octets(cases[i], raw);
		struct smpp_pdu pdu;
		const char *field = "";

		raw[3] = (uint8_t)s.len;
		check_case(i, smpp_pdu_decode(s, &pdu, &field) == OK);
		check_case(i, pdu.tlvs == 0);
		check_case(i, strcmp(pdu.message_id, "1") == 0);
	}
}

/* The header is the answer; of the body there is what could be read. */
static void
test_a_response_is_an_answer_whatever_its_body_is(void **state)
{
	static const struct {
		const char *hex;
		const char *id;
	} cases[] = {
	    /* an error: TLVs in the place of the id, an id without its end, octets */
	    {"00000000 80000004 0000000b 00000002 0425 0001 01", ""},
	    {"00000000 80000004 00000058 00000002 313233", ""},
	    {"00000000 80000103 00000045 00000002 ffffffff", ""},
	    /* no body at all, and no end of the id */
	    {"00000000 80000004 00000000 00000002", ""},
	    {"00000000 80000004 00000000 00000002 313233", "123"},
	    /* TLVs in the place of the id: two octets that are no text, and 00 */
	    {"00000000 80000004 00000000 00000002 0425 0001 01", ""},
	    /* more than the standard's 64: nobody's id is half of it */
	    {"00000000 80000004 00000000 00000002 "
	     "6161616161616161616161616161616161616161616161616161616161616161 "
	     "6161616161616161616161616161616161616161616161616161616161616161 6100",
		""},
	    /* what stands behind the id: a header, half a value, an octet */
	    {"00000000 80000004 00000000 00000002 3100 0427 01", "1"},
	    {"00000000 80000004 00000000 00000002 3100 0427 0002 01", "1"},
	    {"00000000 80000004 00000000 00000002 3100 00", "1"},
	    {"00000000 80000103 00000000 00000002 3100 ff", "1"},
	};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu;
		const char *field = "";

		check_case(
		    i, smpp_pdu_decode(whole(cases[i].hex, raw), &pdu, &field) == OK);
		check_case(i, pdu.sequence == 2);
		check_case(i, strcmp(pdu.message_id, cases[i].id) == 0);
	}
}

static void
test_every_response_is_an_answer_without_a_body_and_with_noise(void **state)
{
	static const char *const ids[] = {"80000000", "80000001", "80000002", "80000009",
	    "80000004", "80000005", "80000103", "80000008", "80000015", "80000006"};
	static const char *const bodies[] = {"", "00", "ff", "616161", "0427 0009 01",
	    "61616161616161616161616161616161616161 00"};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(ids) * countof(bodies) * 2; i++) {
		struct smpp_pdu pdu;
		const char *field = "";
		char hex[200];

		snprintf(hex, sizeof(hex), "00000000 %s %s 00000007 %s",
		    ids[i / 2 / countof(bodies)], i % 2 == 0 ? "00000000" : "00000045",
		    bodies[i / 2 % countof(bodies)]);
		check_case(i, smpp_pdu_decode(whole(hex, raw), &pdu, &field) == OK);
		check_case(i, smpp_pdu_is_response(pdu.command) && pdu.sequence == 7);
	}
}

/* deliver_sm up to sm_length; service_type and source_addr can be put in. */
#define DELIVER(service_type, source)                                                    \
	"00000000 00000005 00000000 00000009 " service_type "00 01 01 " source           \
	"00 05 00 42617200 04 00 00 00 00 00 00 00 00 "

static void
test_a_request_is_read_for_what_is_needed(void **state)
{
	static const struct {
		const char *hex;
		const char *text;
		const char *id; /* receipted_message_id */
	} cases[] = {
	    /* an octet too many behind the text, alone and before parameters */
	    {DELIVER("", "34") "02 6869 00", "hi", ""},
	    {DELIVER("", "34") "02 6869 00 001e 0003 316100", "hi", "1a"},
	    {DELIVER("", "34") "00 00 001e 0003 316100", "", "1a"},
	    /* sm_length: one short of a text that ends in 00, one and many too long */
	    {DELIVER("", "34") "01 6869", "h", ""},
	    {DELIVER("", "34") "01 6869 001e 0003 316100", "h", "1a"},
	    {DELIVER("", "34") "03 6869", "hi", ""},
	    {DELIVER("", "34") "03 6869 001e 0003 316100", "hi", "1a"},
	    {DELIVER("", "34") "ff 6869", "hi", ""},
	    /* service_type of 6 and 7 characters, an address of 21 and one of 60 */
	    {DELIVER("414243444546", "34") "02 6869 001e 0003 316100", "hi", "1a"},
	    {DELIVER("41424344454647", "34") "02 6869", "hi", ""},
	    {DELIVER("", "313131313131313131313131313131313131313131") "02 6869", "hi",
		""},
	    {DELIVER("",
		 "313131313131313131313131313131313131313131313131313131313131"
		 "313131313131313131313131313131313131313131313131313131313131") "02 "
										 "6869",
		"hi", ""},
	    /* a parameter cut short: its header, its value; half an id is none */
	    {DELIVER("", "34") "02 6869 001e", "hi", ""},
	    {DELIVER("", "34") "02 6869 001e 0009 3161", "hi", ""},
	    {DELIVER("", "34") "02 6869 001e 0003 316100 0427 0001", "hi", "1a"},
	};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct smpp_pdu pdu;
		const char *field = "";

		check_case(
		    i, smpp_pdu_decode(whole(cases[i].hex, raw), &pdu, &field) == OK);
		check_case(i, pdu.esm_class == 4);
		check_case(i, pdu.short_message.len >= strlen(cases[i].text));
		check_case(i, memcmp(pdu.short_message.ptr, cases[i].text,
				  strlen(cases[i].text)) == 0);
		check_case(i, strcmp(pdu.tlv_receipted_message_id, cases[i].id) == 0);
	}
}

static void
test_a_payload_that_is_cut_off_is_a_text(void **state)
{
	uint8_t raw[OCTETS_MAX];
	struct smpp_pdu pdu;
	const char *field = "";

	(void)state;
	assert_int_equal(
	    smpp_pdu_decode(
		whole(DELIVER("", "34") "00 0424 0009 6869", raw), &pdu, &field),
	    OK);
	assert_true(span_equal_text(pdu.tlv_message_payload, "hi"));
	assert_int_equal(pdu.tlvs, 1u << SMPP_TLV_message_payload);
}

/* The octets that are there are the text; the PDU ends where command_length says. */
static void
test_a_text_longer_than_its_pdu(void **state)
{
	uint8_t raw[OCTETS_MAX];
	struct span s = whole(SUBMIT, raw);
	struct smpp_pdu pdu;
	const char *field = "";

	(void)state;
	raw[s.len - 3] = 3; /* sm_length, of two octets */
	assert_int_equal(smpp_pdu_decode(s, &pdu, &field), OK);
	assert_true(span_equal_text(pdu.short_message, "hi"));
}

static void
test_impossible_lengths(void **state)
{
	static const struct {
		const char *hex;
		enum err err;
	} cases[] = {{"000000", ERR_DOWN}, {"00000000", ERR_SYNTAX},
	    {"0000000f", ERR_SYNTAX}, {"00000010", OK}, {"00011170", OK},
	    {"00011171", ERR_SYNTAX}, {"ffffffff", ERR_SYNTAX}};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		size_t len;

		check_case(
		    i, smpp_pdu_length(octets(cases[i].hex, raw), &len) == cases[i].err);
	}
}

/* Each in memory of just its size, so that reading over the end is seen. */
static void
test_mutations(void **state)
{
	struct dice dice = {11};
	uint8_t raw[OCTETS_MAX];

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct span s =
		    whole(good[dice_between(&dice, 0, countof(good) - 1)], raw);
		struct smpp_pdu pdu;
		const char *field = "";
		char *copy;

		for (int64_t n = dice_between(&dice, 0, 4); n > 0; n--)
			raw[dice_between(&dice, 0, (int64_t)s.len - 1)] =
			    (uint8_t)dice_between(&dice, 0, 255);
		s.len = (size_t)dice_between(&dice, 1, (int64_t)s.len);
		if (dice_between(&dice, 0, 3) > 0 && s.len > 4)
			memcpy(raw, (uint8_t[]){0, 0, 0, (uint8_t)s.len}, 4);
		copy = mem_array(s.len, 1);
		memcpy(copy, s.ptr, s.len);
		if (smpp_pdu_decode((struct span){copy, s.len}, &pdu, &field) != OK)
			assert_string_not_equal(field, "");
		mem_free(copy);
	}
}

static void
test_a_field_that_does_not_fit_is_named(void **state)
{
	struct smpp_pdu pdu = {.command = SMPP_submit_sm};
	const char *field = "";
	char text[300] = {0};
	struct buf out;

	(void)state;
	pdu.short_message = (struct span){text, 255};
	buf_init(&out, SMPP_PDU_LEN_MAX);
	assert_int_equal(smpp_pdu_encode(&pdu, &out, &field), ERR_TOO_LARGE);
	assert_string_equal(field, "short_message");
	buf_fini(&out);
}

static void
test_what_a_status_means(void **state)
{
	(void)state;
	assert_int_equal(smpp_pdu_status_result(0), CARRIER_ACCEPTED);
	assert_int_equal(smpp_pdu_status_result(SMPP_ESME_RTHROTTLED), CARRIER_RETRY);
	assert_int_equal(smpp_pdu_status_result(SMPP_ESME_RMSGQFUL), CARRIER_RETRY);
	assert_int_equal(smpp_pdu_status_result(SMPP_ESME_RINVDSTADR), CARRIER_REFUSED);
	assert_int_equal(smpp_pdu_status_result(0x400), CARRIER_RETRY);
	assert_string_equal(smpp_pdu_status_name(0x58), "ESME_RTHROTTLED");
	assert_string_equal(smpp_pdu_status_name(0x400), "vendor");
}

static void
test_what_is_left_of_a_life(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {{1, "000000000001000R"}, {999, "000000000001000R"},
	    {1999, "000000000001000R"}, {900000, "000000001500000R"},
	    {86399999, "000000235959000R"}, {86400000, "000001000000000R"},
	    {INT64_C(31) * 86400000, "000101000000000R"},
	    {INT64_C(3650) * 86400000, "001100000000000R"}};
	char text[17];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		smpp_pdu_relative_time(cases[i].ms, text);
		check_case(i, strcmp(text, cases[i].text) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_good_comes_out_as_it_went_in),
	    cmocka_unit_test(test_a_bind_as_written_by_hand),
	    cmocka_unit_test(test_a_submit_as_written_by_hand),
	    cmocka_unit_test(test_optional_parameters_known_and_unknown),
	    cmocka_unit_test(test_what_is_wrong_is_named),
	    cmocka_unit_test(test_an_optional_parameter_of_another_form_is_passed_over),
	    cmocka_unit_test(test_a_response_is_an_answer_whatever_its_body_is),
	    cmocka_unit_test(
		test_every_response_is_an_answer_without_a_body_and_with_noise),
	    cmocka_unit_test(test_a_request_is_read_for_what_is_needed),
	    cmocka_unit_test(test_a_payload_that_is_cut_off_is_a_text),
	    cmocka_unit_test(test_a_text_longer_than_its_pdu),
	    cmocka_unit_test(test_impossible_lengths),
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_a_field_that_does_not_fit_is_named),
	    cmocka_unit_test(test_what_a_status_means),
	    cmocka_unit_test(test_what_is_left_of_a_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
