/* SPDX-License-Identifier: Apache-2.0 */
/* SMPP against our own SMSC that does what it is told. */
#include "carrier/contract.h"
#include "carrier/faulty.h"

#include <stdio.h>

static struct faulty *
faulty_of(struct contract *c)
{
	return c->state;
}

static void
start(struct contract *c)
{
	assert_int_equal(faulty_setup(&c->state), 0);
	c->base = faulty_of(c)->base;
	c->config = faulty_of(c)->config;
	c->window = &faulty_of(c)->options.window;
}

static void
behave(struct contract *c, enum contract_way way)
{
	struct faulty *f = faulty_of(c);

	switch (way) {
	case WAY_ACCEPT:
		f->way = FAULTY_ACCEPT;
		return;
	case WAY_REFUSE:
		f->way = FAULTY_REJECT;
		f->code = SMPP_ESME_RINVDSTADR;
		return;
	case WAY_THROTTLE:
		f->way = FAULTY_REJECT;
		f->code = SMPP_ESME_RTHROTTLED;
		return;
	case WAY_BUSY:
		f->way = FAULTY_REJECT;
		f->code = SMPP_ESME_RSYSERR;
		return;
	case WAY_SILENT:
		f->way = FAULTY_SILENT;
		return;
	case WAY_CLOSE:
		f->way = FAULTY_CLOSE;
		return;
	case WAY_DOWN:
		faulty_stop_listening(f);
		return;
	case WAY_COUNT:
		break;
	}
	fail_msg("no such way: %d", (int)way);
}

static void
report(struct contract *c, const char *message_id)
{
	char text[160];

	snprintf(text, sizeof(text), "id:%s stat:DELIVRD err:000", message_id);
	faulty_report(faulty_of(c), 7, text);
}

static unsigned
acknowledged(struct contract *c)
{
	return faulty_of(c)->last_ack_status == 0 ? faulty_of(c)->deliver_acks : 0;
}

static unsigned
asked_again(struct contract *c)
{
	return faulty_of(c)->last_ack_status != 0 ? faulty_of(c)->deliver_acks : 0;
}

static unsigned
submits(struct contract *c)
{
	return faulty_of(c)->submits;
}

static void
stop(struct contract *c)
{
	faulty_teardown(&c->state);
}

const struct contract_peer contract_smpp = {.name = "smpp",
    .channels = CHANNEL_BIT(CHANNEL_SMS),
    .ways = (1u << WAY_COUNT) - 1,
    .start = start,
    .behave = behave,
    .report = report,
    .acknowledged = acknowledged,
    .asked_again = asked_again,
    .submits = submits,
    .stop = stop};
