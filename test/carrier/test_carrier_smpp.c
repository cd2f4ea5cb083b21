/* SPDX-License-Identifier: Apache-2.0 */
/* The rules at the head of carrier.h, kept by the SMPP carrier whatever the SMSC does. */
#include "carrier/faulty.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>

static const char long_text[] = "01234567890123456789012345678901234567890123456789012345"
				"67890123456789012345678901234567"
				"89012345678901234567890123456789012345678901234567890123"
				"45678901234567890123456789012345"
				"6789"; /* 180 characters: two parts */

static void
expect(struct faulty *f, unsigned i, enum carrier_result result, const char *reason)
{
	faulty_until(f, f->outcomes[i].calls > 0);
	assert_int_equal(f->outcomes[i].result, result);
	assert_string_equal(f->outcomes[i].reason, reason);
	assert_int_equal(f->outcomes[i].calls, 1);
}

static void
test_accepted(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	faulty_submit(f, 0, "hello");
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_string_not_equal(f->outcomes[0].message_id, "");
	assert_int_equal(f->last.registered_delivery, 1);
	assert_string_equal(f->last.validity_period, "000000000100000R");
	assert_memory_equal(f->last_text, "hello", 5);
}

static void
test_refused_and_to_be_tried_again(void **state)
{
	static const struct {
		enum faulty_way way;
		uint32_t code;
		enum carrier_result result;
		const char *reason;
		bool throttled;
		bool elsewhere;
	} cases[] = {
	    {FAULTY_REJECT, SMPP_ESME_RINVDSTADR, CARRIER_REFUSED, "ESME_RINVDSTADR",
		false, false},
	    {FAULTY_REJECT, SMPP_ESME_RINVSRCADR, CARRIER_REFUSED, "ESME_RINVSRCADR",
		false, true},
	    {FAULTY_REJECT, SMPP_ESME_RTHROTTLED, CARRIER_RETRY, "ESME_RTHROTTLED", true,
		false},
	    {FAULTY_REJECT, SMPP_ESME_RMSGQFUL, CARRIER_RETRY, "ESME_RMSGQFUL", false,
		false},
	    {FAULTY_REJECT, 0x400, CARRIER_RETRY, "vendor", false, false},
	    {FAULTY_NACK, SMPP_ESME_RINVCMDLEN, CARRIER_REFUSED, "ESME_RINVCMDLEN", false,
		true},
	    {FAULTY_NACK, SMPP_ESME_RSYSERR, CARRIER_RETRY, "ESME_RSYSERR", false, false},
	};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(cases); i++) {
		f->way = cases[i].way;
		f->code = cases[i].code;
		faulty_submit(f, i, "hello");
		expect(f, i, cases[i].result, cases[i].reason);
		assert_int_equal(f->outcomes[i].code, cases[i].code);
		assert_int_equal(f->outcomes[i].throttled, cases[i].throttled);
		assert_int_equal(f->outcomes[i].elsewhere, cases[i].elsewhere);
		assert_true(carrier_is_up(f->carrier));
	}
}

static void
test_down_is_said_at_once(void **state)
{
	struct faulty *f = *state;

	faulty_stop_listening(f);
	faulty_open(f);
	faulty_submit(f, 0, "hello");
	assert_int_equal(f->outcomes[0].calls, 1);
	assert_int_equal(f->outcomes[0].result, CARRIER_RETRY);
	assert_int_equal(f->outcomes[0].code, 0);
}

static void
test_silence_is_unknown_and_the_link_is_probed(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->way = FAULTY_SILENT;
	faulty_submit(f, 0, "hello");
	expect(f, 0, CARRIER_UNKNOWN, "no response in time");
	faulty_until(f, f->probes == 1);
	faulty_until(f, !carrier_is_up(f->carrier));
	f->way = FAULTY_ACCEPT;
	faulty_until(f, carrier_is_up(f->carrier));
	assert_int_equal(f->connections, 2);
}

/* A connection that breaks: the message may have been taken, and the link comes back. */
static void
test_a_broken_link_is_unknown_and_comes_back(void **state)
{
	static const enum faulty_way ways[] = {
	    FAULTY_CLOSE, FAULTY_GARBAGE, FAULTY_HUGE, FAULTY_SHORT, FAULTY_UNBIND};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(ways); i++) {
		f->way = ways[i];
		faulty_submit(f, i, "hello");
		faulty_until(f, f->outcomes[i].calls > 0);
		assert_int_equal(f->outcomes[i].result, CARRIER_UNKNOWN);
		assert_false(carrier_is_up(f->carrier));
		f->way = FAULTY_ACCEPT;
		faulty_until(f, carrier_is_up(f->carrier));
		assert_int_equal(f->outcomes[i].calls, 1);
	}
	assert_int_equal(f->binds, 1 + countof(ways));
}

static void
test_odd_but_harmless(void **state)
{
	static const enum faulty_way ways[] = {FAULTY_PIECES, FAULTY_TWICE,
	    FAULTY_STRANGER, FAULTY_DELIVER, FAULTY_BAD_BODY};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(ways); i++) {
		f->way = ways[i];
		faulty_submit(f, i, "hello");
		expect(f, i, CARRIER_ACCEPTED, "ESME_ROK");
	}
	faulty_until(f, f->deliver_acks == 1 && f->nacks == 1);
	faulty_idle(f, 50);
	for (unsigned i = 0; i < countof(ways); i++)
		assert_int_equal(f->outcomes[i].calls, 1);
	assert_int_equal(f->connections, 1);
}

static void
test_responses_in_another_order(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->way = FAULTY_HOLD;
	for (unsigned i = 0; i < 10; i++)
		faulty_submit(f, i, "hello");
	faulty_until(f, f->held_count == 10);
	faulty_release(f);
	for (unsigned i = 0; i < 10; i++)
		expect(f, i, CARRIER_ACCEPTED, "ESME_ROK");
}

static void
test_a_full_window_is_said_at_once(void **state)
{
	struct faulty *f = *state;

	f->options.window = 4;
	faulty_bind(f);
	f->way = FAULTY_HOLD;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(carrier_has_room(f->carrier), i < 4);
		faulty_submit(f, i, "hello");
	}
	for (unsigned i = 4; i < 6; i++) {
		assert_int_equal(f->outcomes[i].calls, 1);
		assert_int_equal(f->outcomes[i].result, CARRIER_RETRY);
		assert_string_equal(f->outcomes[i].reason, "the window is full");
	}
	faulty_until(f, f->held_count == 4);
	f->changes = 0;
	faulty_release(f);
	faulty_until(f, f->outcomes[3].calls == 1 && f->changes > 0);
	f->way = FAULTY_ACCEPT;
	faulty_submit(f, 6, "hello");
	expect(f, 6, CARRIER_ACCEPTED, "ESME_ROK");
	assert_true(f->most_at_once <= 4);
}

static void
test_a_long_text_needs_all_its_parts(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	faulty_submit(f, 0, long_text);
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_int_equal(f->submits, 2);
	assert_int_equal(f->last.esm_class, 0x40);
	assert_int_equal(f->last_text_len, 6 + 180 - 153);
	assert_memory_equal(f->last_text, "\5\0\3", 3);
	assert_int_equal(f->last_text[4], 2);
	assert_int_equal(f->last_text[5], 2);
	assert_int_equal(f->last.registered_delivery, 1);
	assert_int_equal(f->outcomes[0].part_count, 2);
	assert_string_not_equal(f->outcomes[0].message_id, f->outcomes[0].last_part_id);
	faulty_submit(f, 1, "hello");
	expect(f, 1, CARRIER_ACCEPTED, "ESME_ROK");
	assert_int_equal(f->outcomes[1].part_count, 0);
}

/* More parts than the window has places: one after the other, and nothing between them.
 */
static void
test_a_text_larger_than_the_window(void **state)
{
	struct faulty *f = *state;

	f->options.window = 1;
	faulty_bind(f);
	faulty_submit(f, 0, long_text);
	faulty_submit(f, 1, "hello");
	assert_int_equal(f->outcomes[1].result, CARRIER_RETRY);
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_int_equal(f->most_at_once, 1);
	assert_int_equal(f->submits, 2);
	faulty_submit(f, 2, "hello");
	expect(f, 2, CARRIER_ACCEPTED, "ESME_ROK");
}

static void
test_a_part_that_is_refused_ends_the_message(void **state)
{
	struct faulty *f = *state;

	f->options.window = 1;
	faulty_bind(f);
	f->way = FAULTY_REJECT;
	f->code = SMPP_ESME_RINVDSTADR;
	faulty_submit(f, 0, long_text);
	expect(f, 0, CARRIER_REFUSED, "ESME_RINVDSTADR");
	assert_int_equal(f->submits, 1);
	f->way = FAULTY_ACCEPT;
	faulty_submit(f, 1, "hello");
	expect(f, 1, CARRIER_ACCEPTED, "ESME_ROK");
}

static void
test_one_part_of_two_is_not_the_message(void **state)
{
	struct faulty *f = *state;

	f->options.response_timeout_ms = 5000;
	faulty_bind(f);
	f->way = FAULTY_HOLD;
	faulty_submit(f, 0, long_text);
	faulty_until(f, f->held_count == 2);
	faulty_release_one(f, 0);
	faulty_idle(f, 50);
	assert_int_equal(f->outcomes[0].calls, 0);
	faulty_release_one(f, SMPP_ESME_RMSGQFUL);
	expect(f, 0, CARRIER_RETRY, "ESME_RMSGQFUL");
}

/* To send it again is no mere delay when one part of it went out, or may have. */
static void
test_a_text_of_which_a_part_was_throttled(void **state)
{
	struct faulty *f = *state;

	f->options.response_timeout_ms = 1000;
	faulty_bind(f);
	f->way = FAULTY_HOLD;
	for (unsigned i = 0; i < 3; i++) {
		faulty_submit(f, i, long_text);
		faulty_until(f, f->held_count == 2);
		faulty_release_one(f, i == 0 ? SMPP_ESME_ROK : SMPP_ESME_RTHROTTLED);
		if (i < 2) /* the last one is without a response */
			faulty_release_one(f, SMPP_ESME_RTHROTTLED);
		expect(f, i, CARRIER_RETRY, "ESME_RTHROTTLED");
		assert_true(f->outcomes[i].throttled);
		assert_int_equal(f->outcomes[i].partly, i != 1);
	}
}

static void
test_a_refused_bind_is_tried_again(void **state)
{
	struct faulty *f = *state;

	f->bind_status = SMPP_ESME_RINVPASWD;
	faulty_open(f);
	faulty_until(f, f->binds == 1);
	faulty_idle(f, 100);
	assert_false(carrier_is_up(f->carrier));
	f->bind_status = 0;
	faulty_until(f, carrier_is_up(f->carrier));
	assert_int_equal(f->binds, 2);
}

static void
test_no_response_to_the_bind(void **state)
{
	struct faulty *f = *state;

	f->way = FAULTY_DEAD;
	faulty_open(f);
	faulty_until(f, f->connections == 2);
	f->way = FAULTY_ACCEPT;
	faulty_until(f, carrier_is_up(f->carrier));
}

static void
test_a_quiet_link_is_probed_and_kept(void **state)
{
	struct faulty *f = *state;

	f->options.enquire_link_ms = 100;
	faulty_bind(f);
	faulty_until(f, f->probes >= 3);
	assert_true(carrier_is_up(f->carrier));
	assert_int_equal(f->connections, 1);
}

static void
test_a_half_open_link_is_found(void **state)
{
	struct faulty *f = *state;

	f->options.enquire_link_ms = 100;
	faulty_bind(f);
	f->way = FAULTY_SILENT;
	faulty_until(f, !carrier_is_up(f->carrier));
	assert_int_equal(f->probes, 1);
}

static void
test_closing_answers_what_is_outstanding(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->way = FAULTY_HOLD;
	faulty_submit(f, 0, "hello");
	faulty_submit(f, 1, long_text);
	faulty_until(f, f->held_count == 3);
	carrier_free(f->carrier);
	f->carrier = NULL;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(f->outcomes[i].calls, 1);
		assert_int_equal(f->outcomes[i].result, CARRIER_UNKNOWN);
	}
	faulty_until(f, f->unbinds == 1);
}

static void
test_what_cannot_be_opened(void **state)
{
	struct faulty *f = *state;
	struct carrier_env env = {.base = f->base,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = "/tmp"};
	struct carrier_config c = f->config;
	char why[256] = "";

	c.type = "pigeon";
	assert_int_equal(carrier_open(&c, &env, why, &f->carrier), ERR_INVALID);
	assert_string_equal(why, "there is no carrier type pigeon");
}

/* ---- receipts ---- */

static void
test_a_receipt_is_answered_when_it_is_durable(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->taking = TAKE_LATER;
	faulty_report(f, 5, "id:000A stat:UNDELIV err:027 text:PIN 1207");
	faulty_until(f, f->reported_count == 1);
	assert_string_equal(f->reported[0].message_id, "a");
	assert_int_equal(f->reported[0].status, REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(f->reported[0].error, REPORT_ERROR_EC_ABSENT_SUBSCRIBER);
	faulty_idle(f, 50);
	assert_int_equal(f->deliver_acks, 0);
	f->reported[0].taken(f->reported[0].taken_ctx, true);
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->last_ack_status, SMPP_ESME_ROK);
	assert_int_equal(f->last_ack_sequence, 5);
}

static void
test_a_receipt_that_is_not_taken_is_asked_for_again(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->taking = TAKE_REFUSED;
	faulty_report(f, 5, "id:1 stat:DELIVRD");
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->last_ack_status, SMPP_ESME_RX_T_APPN);
}

static void
test_a_receipt_of_a_lost_link_is_not_answered_on_the_next(void **state)
{
	struct faulty *f = *state;

	f->options.response_timeout_ms = 5000;
	faulty_bind(f);
	f->taking = TAKE_LATER;
	faulty_report(f, 5, "id:1 stat:DELIVRD");
	faulty_until(f, f->reported_count == 1);
	f->way = FAULTY_CLOSE;
	faulty_submit(f, 0, "hello");
	faulty_until(f, f->outcomes[0].calls == 1);
	f->way = FAULTY_ACCEPT;
	faulty_until(f, carrier_is_up(f->carrier));
	f->reported[0].taken(f->reported[0].taken_ctx, true);
	faulty_idle(f, 50);
	assert_int_equal(f->deliver_acks, 0);
}

/* The store is slow: the SMSC is not kept waiting, and is told nothing twice. */
static void
test_a_receipt_is_not_waited_for_for_ever(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->taking = TAKE_LATER;
	faulty_report(f, 5, "id:1 stat:DELIVRD");
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->last_ack_status, SMPP_ESME_RX_T_APPN);
	f->reported[0].taken(f->reported[0].taken_ctx, true);
	faulty_idle(f, 50);
	assert_int_equal(f->deliver_acks, 1);
}

/* Receipts that are waited for are bounded; the next one is asked for again. */
static void
test_many_receipts_at_once(void **state)
{
	struct faulty *f = *state;

	f->options.response_timeout_ms = 5000;
	faulty_bind(f);
	f->taking = TAKE_LATER;
	for (uint32_t i = 0; i < 1001; i++)
		faulty_report(f, i, "id:1 stat:DELIVRD");
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->reported_count, 1000);
	assert_int_equal(f->last_ack_status, SMPP_ESME_RX_T_APPN);
	assert_int_equal(f->last_ack_sequence, 1000);
	for (unsigned i = 0; i < 1000; i++)
		f->reported[i].taken(f->reported[i].taken_ctx, true);
	faulty_until(f, f->deliver_acks == 1001);
	faulty_report(f, 2000, "id:1 stat:DELIVRD");
	faulty_until(f, f->reported_count == 1001);
}

static void
test_a_receipt_before_its_response_has_its_id(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	f->way = FAULTY_HOLD;
	faulty_submit(f, 0, "hello");
	faulty_until(f, f->held_count == 1);
	faulty_report(f, 5, "id:id2 stat:DELIVRD");
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->outcomes[0].calls, 0);
	faulty_release(f);
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_string_equal(f->outcomes[0].message_id, f->reported[0].message_id);
}

static void
test_a_receipt_in_a_data_sm(void **state)
{
	struct smpp_pdu pdu = {.command = SMPP_data_sm,
	    .sequence = 9,
	    .esm_class = 0x04,
	    .tlvs = 1u << SMPP_TLV_receipted_message_id | 1u << SMPP_TLV_message_state,
	    .tlv_receipted_message_id = "00ff",
	    .tlv_message_state = 2};
	struct faulty *f = *state;

	faulty_bind(f);
	faulty_say(f, &pdu);
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->last_ack_sequence, 9);
	assert_string_equal(f->reported[0].message_id, "ff");
	assert_int_equal(f->reported[0].status, REPORT_DELIVERED_TO_HANDSET);
}

/* Taken, so that it does not come for ever, and no report of anything. */
static void
test_what_is_no_receipt_is_taken_and_forgotten(void **state)
{
	static const char *const texts[] = {"STOP", "id:7", "stat:DELIVRD", ""};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(texts); i++) {
		faulty_report(f, i, texts[i]);
		faulty_until(f, f->deliver_acks == i + 1);
		assert_int_equal(f->last_ack_status, SMPP_ESME_ROK);
	}
	assert_int_equal(f->reported_count, 0);
}

/* Three are outstanding, and the refusal of a fourth has another form than the
 * standard's: it is the fourth's alone, and nothing is sent again. */
static void
test_a_refusal_of_any_form_is_of_its_message_alone(void **state)
{
	static const char *const bodies[] = {
	    "0425 0001 01", "", "00", "00 0425 0001 01", "31", "ffff", "00 0425"};
	struct faulty *f = *state;

	f->options.response_timeout_ms = 5000;
	faulty_bind(f);
	for (unsigned i = 0; i < countof(bodies); i++) {
		unsigned at = 4 * i;

		f->way = FAULTY_HOLD;
		for (unsigned k = at; k < at + 4; k++)
			faulty_submit(f, k, "hello");
		faulty_until(f, f->held_count == 4);
		faulty_respond_hex(
		    f, f->held[--f->held_count], SMPP_ESME_RINVDSTADR, bodies[i]);
		expect(f, at + 3, CARRIER_REFUSED, "ESME_RINVDSTADR");
		assert_true(carrier_is_up(f->carrier));
		faulty_release(f);
		for (unsigned k = at; k < at + 3; k++)
			expect(f, k, CARRIER_ACCEPTED, "ESME_ROK");
	}
	assert_int_equal(f->submits, 4 * countof(bodies));
	assert_int_equal(f->connections, 1);
}

/* The same of the link's own: a probe, a nack of a stranger, an answer to a cancel. */
static void
test_odd_answers_to_other_questions_leave_the_link(void **state)
{
	static const char *const answers[] = {"00000012 80000015 00000000 00000002 0102",
	    "00000013 80000000 00000003 00000000 ff0000",
	    "00000014 80000008 00000011 00000009 04250001",
	    "00000011 80000006 00000000 00000009 00"};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(answers); i++) {
		faulty_say_hex(f, answers[i]);
		faulty_submit(f, i, "hello");
		expect(f, i, CARRIER_ACCEPTED, "ESME_ROK");
	}
	assert_int_equal(f->connections, 1);
	assert_int_equal(f->nacks, 0);
}

/* The link stays: on the next one the SMSC would only send it again. A request that has a
 * response of its own is refused by that, with its sequence. */
static void
test_a_request_that_cannot_be_read_is_refused_alone(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	/* deliver_sm and data_sm that end in an address */
	faulty_say_hex(f, "00000014 00000005 00000000 00000007 00010100");
	faulty_until(f, f->deliver_acks == 1);
	assert_int_equal(f->last_ack_command, SMPP_deliver_sm_resp);
	assert_int_equal(f->last_ack_status, SMPP_ESME_RINVMSGLEN);
	assert_int_equal(f->last_ack_sequence, 7);
	faulty_say_hex(f, "00000014 00000103 00000000 00000008 00010100");
	faulty_until(f, f->deliver_acks == 2);
	assert_int_equal(f->last_ack_command, SMPP_data_sm_resp);
	assert_int_equal(f->last_ack_status, SMPP_ESME_RINVMSGLEN);
	assert_int_equal(f->last_ack_sequence, 8);
	/* an unknown command with a body has none */
	faulty_say_hex(f, "00000014 0000abcd 00000000 00000007 01020304");
	faulty_until(f, f->nacks == 1);
	faulty_submit(f, 0, "hello");
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_int_equal(f->connections, 1);
}

/* Requests that are not for an ESME; none of them is left without an answer. */
static void
test_what_we_do_not_serve_is_refused_by_its_own_response(void **state)
{
	static const struct {
		const char *hex;
		enum smpp_command response;
	} cases[] = {
	    {"00000017 00000009 00000000 00000021 6100 6200 00340000 00",
		SMPP_bind_transceiver_resp},
	    {"00000021 00000004 00000000 00000022 00 0101 3400 0101 3500 "
	     "00 00 00 00 00 00 00 00 00 00",
		SMPP_submit_sm_resp},
	};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(cases); i++) {
		faulty_say_whole(f, cases[i].hex);
		faulty_until(f, f->refusals == i + 1);
		assert_int_equal(f->last_refusal, cases[i].response);
	}
	assert_int_equal(f->connections, 1);
}

/* Read for what is needed: the rest of a receipt may be as odd as it likes. */
static void
test_a_receipt_with_an_octet_too_many_or_too_few_is_one(void **state)
{
	/* "id:1a stat:DELIVRD", 18 octets */
#define RECEIPT(type, len)                                                               \
	"00000000 00000005 00000000 00000007 " type                                      \
	"00 0101 3400 0500 42617200 04 00 00 "                                           \
	"00 00 00 00 00 00 " len " 69643a3161 20 737461743a 44454c49565244"
	static const char *const cases[] = {RECEIPT("", "12") " 00",
	    RECEIPT("", "12") " 00 00 00", RECEIPT("", "12") " 00 0427 0001 02",
	    RECEIPT("", "12") "00", RECEIPT("", "13") "", RECEIPT("", "fe"),
	    RECEIPT("41424344454647", "12"), RECEIPT("", "12") " 001e 00",
	    RECEIPT("", "12") " 0427 0009 02"};
	struct faulty *f = *state;

	faulty_bind(f);
	for (unsigned i = 0; i < countof(cases); i++) {
		faulty_say_whole(f, cases[i]);
		faulty_until(f, f->deliver_acks == i + 1);
		assert_int_equal(f->last_ack_status, SMPP_ESME_ROK);
		assert_int_equal(f->reported_count, i + 1);
		assert_string_equal(f->reported[i].message_id, "1a");
		assert_int_equal(f->reported[i].status, REPORT_DELIVERED_TO_HANDSET);
	}
	assert_int_equal(f->nacks, 0);
}

/* It answers something that was asked before our time; a nack would answer an answer. */
static void
test_a_response_that_nobody_knows_is_ignored(void **state)
{
	struct faulty *f = *state;

	faulty_bind(f);
	faulty_say_hex(f, "00000014 8000abcd 00000000 00000007 01020304");
	faulty_submit(f, 0, "hello");
	expect(f, 0, CARRIER_ACCEPTED, "ESME_ROK");
	assert_int_equal(f->nacks, 0);
	assert_int_equal(f->connections, 1);
}

/* Its answers are kept in our memory, up to a bound. */
static void
test_who_asks_and_never_reads_loses_the_link(void **state)
{
	static char probes[4096][16];
	struct faulty *f = *state;
	size_t sent = 0;
	int64_t until;

	for (size_t i = 0; i < countof(probes); i++)
		memcpy(probes[i], "\0\0\0\20\0\0\0\25\0\0\0\0\0\0\0\7", 16);
	faulty_bind(f);
	until = faulty_deadline(f);
	bufferevent_disable(f->link, EV_READ);
	for (; carrier_is_up(f->carrier) && sent < 64 << 20;
	     faulty_turn(f, until, "the link is lost")) {
		struct evbuffer *out = bufferevent_get_output(f->link);

		if (evbuffer_get_length(out) > 0)
			continue;
		evbuffer_add_reference(out, probes, sizeof(probes), NULL, NULL);
		sent += sizeof(probes);
	}
	assert_false(carrier_is_up(f->carrier));
	assert_true(sent > 1 << 20);
}

static void
test_many_parameters(void **state)
{
	struct faulty *f = *state;
	char hex[8192];
	int n = 0;

	/* 400 unknown ones, then the two that matter */
	n += snprintf(hex + n, sizeof(hex) - (size_t)n,
	    "%08x 00000005 00000000 00000007 00 0101 00 0101 00 04 00 00 00 00 00 00 00 "
	    "00 00 ",
	    16 + 17 + 400 * 6 + 7 + 5);
	for (int i = 0; i < 400; i++)
		n += snprintf(
		    hex + n, sizeof(hex) - (size_t)n, "%04x0002abcd", 0x1500 + i);
	snprintf(hex + n, sizeof(hex) - (size_t)n, "001e0003314100 0427000102");
	faulty_bind(f);
	faulty_say_hex(f, hex);
	faulty_until(f, f->deliver_acks == 1);
	assert_string_equal(f->reported[0].message_id, "1a");
}

/* A phone puts together what has one sender and one reference. */
static void
test_long_texts_to_one_number_have_references_of_their_own(void **state)
{
	struct faulty *f = *state;
	bool seen[256] = {false};

	faulty_bind(f);
	for (unsigned i = 0; i < OUTCOMES_MAX; i++) {
		uint8_t reference;

		faulty_submit(f, i, long_text);
		expect(f, i, CARRIER_ACCEPTED, "ESME_ROK");
		reference = (uint8_t)f->last_text[3];
		assert_false(seen[reference]);
		seen[reference] = true;
		if (i % 16 ==
		    0) { /* another session, as after a restart or of another bind */
			carrier_free(f->carrier);
			faulty_bind(f);
		}
	}
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, faulty_setup, faulty_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(accepted),
	    CASE(refused_and_to_be_tried_again),
	    CASE(down_is_said_at_once),
	    CASE(silence_is_unknown_and_the_link_is_probed),
	    CASE(a_broken_link_is_unknown_and_comes_back),
	    CASE(odd_but_harmless),
	    CASE(responses_in_another_order),
	    CASE(a_full_window_is_said_at_once),
	    CASE(a_long_text_needs_all_its_parts),
	    CASE(a_text_larger_than_the_window),
	    CASE(a_part_that_is_refused_ends_the_message),
	    CASE(one_part_of_two_is_not_the_message),
	    CASE(a_text_of_which_a_part_was_throttled),
	    CASE(a_refused_bind_is_tried_again),
	    CASE(no_response_to_the_bind),
	    CASE(a_quiet_link_is_probed_and_kept),
	    CASE(a_half_open_link_is_found),
	    CASE(a_receipt_is_answered_when_it_is_durable),
	    CASE(a_receipt_that_is_not_taken_is_asked_for_again),
	    CASE(a_receipt_of_a_lost_link_is_not_answered_on_the_next),
	    CASE(a_receipt_is_not_waited_for_for_ever),
	    CASE(many_receipts_at_once),
	    CASE(a_receipt_before_its_response_has_its_id),
	    CASE(a_receipt_in_a_data_sm),
	    CASE(what_is_no_receipt_is_taken_and_forgotten),
	    CASE(a_refusal_of_any_form_is_of_its_message_alone),
	    CASE(odd_answers_to_other_questions_leave_the_link),
	    CASE(a_request_that_cannot_be_read_is_refused_alone),
	    CASE(what_we_do_not_serve_is_refused_by_its_own_response),
	    CASE(a_receipt_with_an_octet_too_many_or_too_few_is_one),
	    CASE(a_response_that_nobody_knows_is_ignored),
	    CASE(who_asks_and_never_reads_loses_the_link),
	    CASE(many_parameters),
	    CASE(long_texts_to_one_number_have_references_of_their_own),
	    CASE(closing_answers_what_is_outstanding),
	    CASE(what_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
