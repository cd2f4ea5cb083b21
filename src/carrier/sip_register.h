/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registration at the trunk's server (RFC 3261 10), for those that let only registered
 * lines call: made, refreshed before it lapses, made again after a failure, by the next
 * address.
 */
#ifndef WW_SIP_REGISTER_H
#define WW_SIP_REGISTER_H

#include "carrier/sip_peers.h"

struct sip_register {
	struct sip_leg_line *line;
	struct sip_peers *peers;
	const struct clock *clock;
	const char *user;
	const char *domain;
	int64_t expires_ms;
	int64_t wait_ms;             /* for a response */
	struct sip_request *request; /* under way; NULL: none */
	struct sip_auth *auth;
	struct sa peer;
	uint32_t tried;
	uint32_t cseq;
	unsigned challenges;
	bool registered;
	int64_t next_ms;
	char call_id[20];
	char tag[20];
	/* It is there, or (with a sentence) not any more. */
	void (*changed)(void *ctx, const char *why);
	bool (*ready)(void *ctx, const struct sa *to, struct sa *local_out);
	void *ctx;
};

/* The members but for those of its own are set. */
void sip_register_init(struct sip_register *r);
/* Does what is due; how long until the next of it. */
int64_t sip_register_turn(struct sip_register *r);
void sip_register_fini(struct sip_register *r);

#endif
