/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule at the head of carrier.h over every type of carrier. Things that a type's
 * peer cannot do are left out for it; that it keeps no text (4) is searched for in the
 * memory of the whole server by test/crash.
 */
#include "carrier/contract.h"

#include <stdio.h>

static const struct contract_peer *const contract_peers[] = {&contract_file,
    &contract_smpp, &contract_smtp, &contract_sip, &contract_infobip, &contract_twilio,
    &contract_vonage, &contract_generic, &contract_twilio_calls, &contract_infobip_mails};

enum { DEADLINE_MS = 10000, TURN_US = 5000 };

/* ---- the loop ---- */

static void
turn(struct contract *c)
{
	struct timeval tv = {0, TURN_US};

	event_base_loopexit(c->base, &tv);
	event_base_loop(c->base, EVLOOP_ONCE);
}

#define until(c, condition)                                                              \
	do {                                                                             \
		int64_t end = clock_system.steady_ms(&clock_system) + DEADLINE_MS;       \
		while (!(condition)) {                                                   \
			if (clock_system.steady_ms(&clock_system) > end)                 \
				fail_msg("waited too long for %s", #condition);          \
			turn(c);                                                         \
		}                                                                        \
	} while (0)

static void
idle(struct contract *c, int ms)
{
	int64_t end = clock_system.steady_ms(&clock_system) + ms;

	while (clock_system.steady_ms(&clock_system) < end)
		turn(c);
}

/* ---- the carrier ---- */

void
contract_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	struct contract *c = ctx;

	assert_string_equal(config->name, c->config.name);
	c->receipts++;
	snprintf(c->receipt_id, sizeof(c->receipt_id), "%s", r->message_id);
	c->receipt_status = r->status;
	c->taken = r->taken;
	c->taken_ctx = r->taken_ctx;
}

static void
open_carrier(struct contract *c)
{
	struct carrier_env env = {.base = c->base,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = "/tmp",
	    .public_url = "https://pins.example.com",
	    .receipt = contract_receipt,
	    .ctx = c};
	char why[256] = "";

	if (carrier_open(&c->config, &env, why, &c->carrier) != OK)
		fail_msg("%s: %s", c->peer->name, why);
}

static void
ready(struct contract *c)
{
	open_carrier(c);
	until(c, carrier_is_up(c->carrier));
}

static void
on_done(void *ctx, const struct carrier_outcome *o)
{
	struct contract_outcome *to = ctx;

	to->calls++;
	to->result = o->result;
	to->code = o->code;
	to->throttled = o->throttled;
	to->untried = o->untried;
	assert_non_null(o->reason);
	snprintf(to->message_id, sizeof(to->message_id), "%s",
	    o->message_id == NULL ? "" : o->message_id);
}

static const struct content contents[CHANNEL_COUNT] = {
    [CHANNEL_SMS] = {.channel = CHANNEL_SMS, .sms = {.text = {"Your PIN is 1207", 16}}},
    [CHANNEL_VOICE] = {.channel = CHANNEL_VOICE,
	.voice = {.text = {"Your PIN is 1207", 16}, .language = "en"}},
    [CHANNEL_EMAIL] = {.channel = CHANNEL_EMAIL,
	.email = {.subject = {"Your PIN", 8}, .text = {"It is 1207", 10}}},
};

static void
submit_over(struct contract *c, unsigned i, enum channel channel)
{
	bool mailbox = channel_row(channel)->address == CHANNEL_TO_MAILBOX;
	struct carrier_message m = {.pin_id = "00000000000000000000000000000001",
	    .application_id = "00000000000000000000000000000002",
	    .reference = "00000000000000000000000000000001-0",
	    .to = mailbox ? "jane@example.com" : "41793026727",
	    .from = mailbox ? "bar@example.com" : "Bar",
	    .content = contents[channel],
	    .validity_ms = 60000};

	carrier_submit(c->carrier, &m, on_done, &c->outcomes[i]);
}

/* Over the first channel that there is. */
static void
submit(struct contract *c, unsigned i)
{
	unsigned channel = 0;

	while ((c->peer->channels & CHANNEL_BIT(channel)) == 0)
		channel++;
	submit_over(c, i, (enum channel)channel);
}

static bool
can(const struct contract *c, enum contract_way way)
{
	return (c->peer->ways & 1u << way) != 0;
}

static void
answered(struct contract *c, unsigned i, enum carrier_result result)
{
	until(c, c->outcomes[i].calls > 0);
	assert_int_equal(c->outcomes[i].result, result);
	assert_int_equal(c->outcomes[i].calls, 1);
}

/* ---- the rules ---- */

/* 1, 2 and 5: one answer, the right one, in time. */
static void
test_one_answer_and_the_right_one(void **state)
{
	static const struct {
		enum contract_way way;
		enum carrier_result result;
	} cases[] = {
	    {WAY_ACCEPT, CARRIER_ACCEPTED},
	    {WAY_REFUSE, CARRIER_REFUSED},
	    {WAY_THROTTLE, CARRIER_RETRY},
	    {WAY_BUSY, CARRIER_RETRY},
	    {WAY_SILENT, CARRIER_UNKNOWN},
	    {WAY_ACCEPT, CARRIER_ACCEPTED},
	    {WAY_CLOSE, CARRIER_UNKNOWN},
	    {WAY_ACCEPT, CARRIER_ACCEPTED},
	};
	struct contract *c = *state;

	ready(c);
	for (unsigned i = 0; i < countof(cases); i++) {
		if (!can(c, cases[i].way))
			continue;
		c->peer->behave(c, cases[i].way);
		until(c, carrier_is_up(c->carrier));
		submit(c, i);
		answered(c, i, cases[i].result);
		assert_int_equal(c->outcomes[i].throttled, cases[i].way == WAY_THROTTLE);
		assert_false(c->outcomes[i].untried); /* 3: they have seen it */
	}
	idle(c, 50);
	for (unsigned i = 0; i < countof(cases); i++)
		assert_true(c->outcomes[i].calls <= 1);
}

/* 8: what the type says it carries, routes hand it. */
static void
test_each_channel_that_it_carries(void **state)
{
	struct contract *c = *state;

	ready(c);
	for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
		bool carries = (c->peer->channels & CHANNEL_BIT(i)) != 0;

		assert_int_equal(carrier_carries(&c->config, (enum channel)i), carries);
		if (!carries)
			continue;
		until(c, carrier_is_up(c->carrier));
		submit_over(c, i, (enum channel)i);
		answered(c, i, CARRIER_ACCEPTED);
	}
}

/* 3: nothing is kept for later, and it counts as no attempt. */
static void
test_down_is_said_at_once(void **state)
{
	struct contract *c = *state;

	c->peer->behave(c, WAY_DOWN);
	open_carrier(c);
	submit(c, 0);
	answered(c, 0, CARRIER_RETRY);
	assert_true(c->outcomes[0].untried);
	assert_false(carrier_is_up(c->carrier));
	assert_int_equal(c->peer->submits(c), 0);
}

/* 3: at most `window` are in its hands; the next is answered from inside submit. */
static void
test_a_full_window_is_said_at_once(void **state)
{
	struct contract *c = *state;

	*c->window = 3;
	c->peer->behave(c, WAY_SILENT);
	ready(c);
	for (unsigned i = 0; i < 5; i++)
		submit(c, i);
	for (unsigned i = 3; i < 5; i++) {
		assert_int_equal(c->outcomes[i].calls, 1);
		assert_int_equal(c->outcomes[i].result, CARRIER_RETRY);
		assert_true(c->outcomes[i].untried);
	}
	for (unsigned i = 0; i < 3; i++)
		answered(c, i, CARRIER_UNKNOWN);
	assert_int_equal(c->peer->submits(c), 3);
}

/* 6 */
static void
test_free_answers_what_is_outstanding(void **state)
{
	struct contract *c = *state;

	c->peer->behave(c, WAY_SILENT);
	ready(c);
	submit(c, 0);
	submit(c, 1);
	until(c, c->peer->submits(c) == 2); /* before that a carrier may know better */
	carrier_free(c->carrier);
	c->carrier = NULL;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(c->outcomes[i].calls, 1);
		assert_int_equal(c->outcomes[i].result, CARRIER_UNKNOWN);
	}
	idle(c, 50);
	assert_int_equal(c->outcomes[0].calls, 1);
}

static void
test_a_receipt_has_the_id_of_its_message(void **state)
{
	struct contract *c = *state;

	ready(c);
	submit(c, 0);
	answered(c, 0, CARRIER_ACCEPTED);
	assert_string_not_equal(c->outcomes[0].message_id, "");
	c->peer->report(c, c->outcomes[0].message_id);
	until(c, c->receipts == 1);
	assert_string_equal(c->receipt_id, c->outcomes[0].message_id);
	assert_int_equal(c->receipt_status, REPORT_DELIVERED_TO_HANDSET);
	if (c->taken != NULL)
		c->taken(c->taken_ctx, true);
}

/* 7 */
static void
test_a_receipt_is_acknowledged_when_it_is_durable(void **state)
{
	struct contract *c = *state;

	ready(c);
	c->peer->report(c, "1");
	until(c, c->receipts == 1);
	idle(c, 50);
	assert_int_equal(c->peer->acknowledged(c), 0);
	c->taken(c->taken_ctx, false);
	until(c, c->peer->asked_again(c) == 1);
	c->peer->report(c, "1");
	until(c, c->receipts == 2);
	c->taken(c->taken_ctx, true);
	until(c, c->peer->acknowledged(c) > 0);
}

/* ---- every rule over every row ---- */

static int
setup(void **state)
{
	const struct contract_peer *const *peer = *state;
	struct contract *c = mem_new(sizeof(*c));

	c->peer = *peer;
	c->peer->start(c);
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	struct contract *c = *state;

	carrier_free(c->carrier);
	c->peer->stop(c);
	mem_free(c);
	return 0;
}

static bool
any(const struct contract_peer *p)
{
	(void)p;
	return true;
}

static bool
goes_down(const struct contract_peer *p)
{
	return (p->ways & 1u << WAY_DOWN) != 0;
}

static bool
takes_time(const struct contract_peer *p)
{
	return !p->instant;
}

static bool
reports(const struct contract_peer *p)
{
	return p->report != NULL;
}

static bool
acknowledges(const struct contract_peer *p)
{
	return p->acknowledged != NULL;
}

/* A rule runs over the rows that it has a meaning for. */
#define RULE(name, fits)                                                                 \
	{                                                                                \
#name, test_##name, fits                                                 \
	}

int
main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction run;
		bool (*fits)(const struct contract_peer *);
	} rules[] = {
	    RULE(one_answer_and_the_right_one, any),
	    RULE(each_channel_that_it_carries, any),
	    RULE(down_is_said_at_once, goes_down),
	    RULE(a_full_window_is_said_at_once, takes_time),
	    RULE(free_answers_what_is_outstanding, takes_time),
	    RULE(a_receipt_has_the_id_of_its_message, reports),
	    RULE(a_receipt_is_acknowledged_when_it_is_durable, acknowledges),
	};
	struct CMUnitTest tests[countof(rules) * countof(contract_peers)];
	static char names[countof(tests)][120];
	size_t n = 0;

	for (size_t i = 0; i < countof(tests); i++) {
		const struct contract_peer *const *peer =
		    &contract_peers[i / countof(rules)];
		size_t rule = i % countof(rules);

		if (!rules[rule].fits(*peer))
			continue;
		snprintf(names[n], sizeof(names[n]), "%s: %s", (*peer)->name,
		    rules[rule].name);
		tests[n] = (struct CMUnitTest){
		    names[n], rules[rule].run, setup, teardown, (void *)(uintptr_t)peer};
		n++;
	}
	return _cmocka_run_group_tests("contract", tests, n, NULL, NULL);
}
