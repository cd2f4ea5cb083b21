/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A smoke of the codec and of the receipts' reader under the sanitizers: PDUs and texts
 * that began as good ones, changed by dice with a fixed seed, each in memory of exactly
 * its length, so that an octet read too far is seen. A PDU that is read well must be
 * written and read again as the same. SMPP_FUZZ_S lets it run for so many seconds.
 */
#include "carrier/smpp_receipt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "unit/unit.h"

enum { PDU_MAX = 4096, ROUNDS = 150000, SECONDS_MAX = 20 };

static struct dice dice = {1};

static size_t
below(size_t n)
{
	return (size_t)dice_between(&dice, 0, (int64_t)n - 1);
}

/* ---- good ones to begin with ---- */

static const char receipt_text[] =
    "id:0000001a sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 "
    "stat:DELIVRD err:000 text:Your PIN is 1207";

static void
make_pdu(enum smpp_command command, struct smpp_pdu *pdu)
{
	*pdu = (struct smpp_pdu){.command = command,
	    .sequence = 7,
	    .source_addr = "41790000000",
	    .destination_addr = "41793026727",
	    .esm_class = 4,
	    .short_message = span_of(receipt_text),
	    .message_id = "1a",
	    .system_id = "watchword",
	    .tlv_receipted_message_id = "0000001a",
	    .tlv_message_state = 2,
	    .tlv_network_error_code = {"\3\0\33", 3},
	    .tlv_message_payload = span_of(receipt_text),
	    .tlv_sar_msg_ref_num = 513,
	    .tlv_qos_time_to_live = 900};
	pdu->tlvs = (unsigned)dice_next(&dice) & ((1u << SMPP_TLV_COUNT) - 1);
}

static size_t
make_octets(char octets[PDU_MAX])
{
	struct smpp_pdu pdu;
	struct buf out;
	const char *field;
	size_t len;

	make_pdu((enum smpp_command)below(SMPP_COMMAND_COUNT), &pdu);
	buf_init(&out, PDU_MAX);
	assert_int_equal(smpp_pdu_encode(&pdu, &out, &field), OK);
	len = out.len;
	memcpy(octets, out.ptr, len);
	buf_fini(&out);
	return len;
}

/* ---- changing them ---- */

static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};

/* Many parameters, of every tag that is known and some that are not. */
static size_t
add_parameters(char *octets, size_t len)
{
	static const uint16_t tags[] = {0x001e, 0x0427, 0x0423, 0x0424, 0x0017, 0x020c,
	    0x020e, 0x0210, 0x1400, 0xffff};

	for (size_t n = below(60); n > 0 && len + 40 < PDU_MAX; n--) {
		uint16_t tag = tags[below(countof(tags))];
		uint16_t claimed = (uint16_t)below(10);

		octets[len++] = (char)(tag >> 8);
		octets[len++] = (char)tag;
		octets[len++] = (char)(claimed >> 8);
		octets[len++] = (char)claimed;
		for (size_t k = below(2) == 0 ? claimed : below(12); k > 0; k--)
			octets[len++] = (char)dice_next(&dice);
	}
	return len;
}

static size_t
change(char *octets, size_t len)
{
	size_t at = below(len);

	switch (below(6)) {
	case 0:
		octets[at] ^= (char)(1 << below(8));
		return len;
	case 1:
		octets[at] = (char)telling[below(sizeof(telling))];
		return len;
	case 2:
		return at == 0 ? 1 : at; /* cut off */
	case 3:
		memmove(octets + at, octets + at + 1, len - at - 1);
		return len > 1 ? len - 1 : len;
	case 4:
		if (len == PDU_MAX)
			return len;
		memmove(octets + at + 1, octets + at, len - at);
		octets[at] = (char)dice_next(&dice);
		return len + 1;
	default:
		return add_parameters(octets, len);
	}
}

/* Mostly what a stream would hand on: a length that is right. */
static void
mend_length(char *octets, size_t len)
{
	if (len < 4 || below(16) == 0)
		return;
	for (int i = 0; i < 4; i++)
		octets[i] = (char)(len >> 8 * (3 - i));
}

/* ---- what must hold ---- */

static void
check_again(const struct smpp_pdu *pdu)
{
	struct smpp_pdu again;
	struct buf first;
	struct buf second;
	const char *field;

	buf_init(&first, SMPP_PDU_LEN_MAX);
	buf_init(&second, SMPP_PDU_LEN_MAX);
	assert_int_equal(smpp_pdu_encode(pdu, &first, &field), OK);
	assert_int_equal(smpp_pdu_decode(buf_span(&first), &again, &field), OK);
	assert_int_equal(smpp_pdu_encode(&again, &second, &field), OK);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.ptr, second.ptr, first.len);
	buf_fini(&first);
	buf_fini(&second);
}

static void
check_receipt(const struct smpp_pdu *pdu)
{
	struct smpp_receipt r;
	char id[SMPP_ID_LEN_MAX + 1];

	if (smpp_receipt_read(pdu, true, &r) != OK)
		return;
	assert_true(r.text_id[0] != '\0' || r.tlv_id[0] != '\0');
	assert_non_null(report_status_find(r.status));
	assert_non_null(report_error_find(r.error));
	for (int f = SMPP_ID_AUTO; f <= SMPP_ID_DECIMAL_TO_HEX; f++) {
		smpp_receipt_message_id((enum smpp_id_format)f, &r, id);
		assert_true(id[0] != '\0');
	}
}

static bool
read_one(const char *octets, size_t len)
{
	char *exact = mem_new(len);
	struct smpp_pdu pdu;
	const char *field = NULL;
	size_t whole;
	enum err e;

	assert_non_null(exact);
	memcpy(exact, octets, len);
	e = smpp_pdu_length((struct span){exact, len}, &whole);
	assert_true(e == OK || e == ERR_DOWN || e == ERR_SYNTAX);
	e = smpp_pdu_decode((struct span){exact, len}, &pdu, &field);
	assert_non_null(field);
	assert_true(e == OK || e == ERR_SYNTAX || e == ERR_NOT_FOUND);
	if (e == OK) {
		check_again(&pdu);
		check_receipt(&pdu);
	}
	mem_free(exact);
	return e == OK;
}

static bool
is_over(int64_t began_ms, int round)
{
	const char *seconds = getenv("SMPP_FUZZ_S");
	int64_t ran_ms = clock_system.steady_ms(&clock_system) - began_ms;

	if (seconds != NULL)
		return ran_ms > strtol(seconds, NULL, 10) * 1000;
	return round >= ROUNDS || ran_ms > SECONDS_MAX * 1000;
}

static void
test_pdus(void **state)
{
	int64_t began_ms = clock_system.steady_ms(&clock_system);
	int good = 0;
	int round;

	(void)state;
	for (round = 0; !is_over(began_ms, round); round++) {
		char octets[PDU_MAX];
		size_t len = make_octets(octets);

		for (size_t n = below(5); n > 0; n--)
			len = change(octets, len);
		mend_length(octets, len);
		good += read_one(octets, len);
	}
	printf("%d PDUs, %d of them good\n", round, good);
	assert_true(good > round / 10 && good < round);
}

/* Texts put together of what receipts are made of. */
static void
test_texts(void **state)
{
	static const char *const pieces[] = {"id:", "ID :", "stat:", "err:", "done date:",
	    "submit date:", "sub:", "dlvrd:", "text:", " ", "\t", "\r\n", ",", ";", ":",
	    "DELIVRD", "UNDELIV", "0", "001", "1a", "2611241200", "20261124120159",
	    "99999999999999999999", "\xff", "\x01", "PIN 1207"};
	int64_t began_ms = clock_system.steady_ms(&clock_system);

	(void)state;
	for (int round = 0; !is_over(began_ms, round); round++) {
		struct smpp_pdu pdu = {
		    .command = SMPP_deliver_sm, .esm_class = (uint8_t)(below(2) * 4)};
		char text[1024];
		size_t len = 0;
		char *exact;

		for (size_t n = below(30); n > 0; n--) {
			const char *piece = pieces[below(countof(pieces))];

			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
		exact = mem_new(len + 1); /* one octet at least */
		assert_non_null(exact);
		memmove(exact + 1, text, len);
		pdu.short_message = (struct span){exact + 1, len};
		check_receipt(&pdu);
		mem_free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pdus),
	    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
