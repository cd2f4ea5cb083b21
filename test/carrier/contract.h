/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules at the head of carrier.h, for every type of carrier: a carrier and a peer
 * that does what it is told are a row of `contract_peers` in test_contract.c, and each
 * rule runs over every row. A new type is a new row, with a peer in a file of its own.
 */
#ifndef WW_TEST_CONTRACT_H
#define WW_TEST_CONTRACT_H

#include <event2/event.h>

#include "carrier/any_options.h"
#include "carrier/carrier.h"
#include "unit/unit.h"

/* The peer's ways with a submit. */
enum contract_way {
	WAY_ACCEPT,   /* with an id */
	WAY_REFUSE,   /* for good, as an invalid number */
	WAY_THROTTLE, /* as too fast */
	WAY_BUSY,     /* not now, and with the code 0 where there is one */
	WAY_SILENT,   /* never answers */
	WAY_CLOSE,    /* closes the connection instead of an answer */
	WAY_DOWN,     /* nobody listens; before the carrier is opened */
	WAY_COUNT
};

struct contract;

struct contract_peer {
	const char *name;
	unsigned ways;     /* 1 << enum contract_way of those that it can do */
	unsigned channels; /* CHANNEL_BIT of those that it carries as it is configured */
	bool instant;      /* answers from inside submit: nothing is ever outstanding */
	/* Makes base, config and state; the carrier's waits are short: at most 500 ms. */
	void (*start)(struct contract *c);
	void (*behave)(struct contract *c, enum contract_way way);
	/* Sends a receipt "delivered" of this id as the type's wire has it; NULL: the
	 * type has none, or they do not come by the carrier. */
	void (*report)(struct contract *c, const char *message_id);
	/* Receipts that were acknowledged, with success; those asked for again. NULL:
	 * they come by HTTP, and delivery answers them
	 * (test/delivery/test_receipts_http.c). */
	unsigned (*acknowledged)(struct contract *c);
	unsigned (*asked_again)(struct contract *c);
	/* Submits that reached it. */
	unsigned (*submits)(struct contract *c);
	void (*stop)(struct contract *c); /* the carrier is gone already */
};

enum { CONTRACT_MESSAGES_MAX = 64 };

struct contract_outcome {
	unsigned calls;
	enum carrier_result result;
	uint32_t code;
	bool throttled;
	bool untried;
	char message_id[80];
};

struct contract {
	const struct contract_peer *peer;
	void *state; /* the peer's */
	struct event_base *base;
	struct carrier *carrier;
	struct carrier_config config;
	union any_options options;
	int64_t *window; /* in the options; NULL: it has none */
	struct contract_outcome outcomes[CONTRACT_MESSAGES_MAX];
	unsigned receipts;
	char receipt_id[80];
	enum report_status receipt_status;
	carrier_taken_f *taken; /* of the newest receipt, when it is kept waiting */
	void *taken_ctx;
};

extern const struct contract_peer contract_file;
extern const struct contract_peer contract_smpp;
extern const struct contract_peer contract_smtp;
extern const struct contract_peer contract_sip;
extern const struct contract_peer contract_infobip;
extern const struct contract_peer contract_twilio;
extern const struct contract_peer contract_vonage;
extern const struct contract_peer contract_generic;
extern const struct contract_peer contract_twilio_calls;
extern const struct contract_peer contract_infobip_mails;

/* Told of what a carrier reports. */
void contract_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r);

#endif
