/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: its words are made, somebody is rung, they are said, and said again on a key.
 * Its outcome is told when it is answered or will not be; what was said, and whether to
 * the end, comes as the receipt.
 *
 * A call that no server answered goes to the next address. One that rang is never made
 * again (sip_result.h).
 */
#ifndef WW_SIP_CALL_H
#define WW_SIP_CALL_H

#include "carrier/carrier_thread.h"
#include "carrier/options.h"
#include "carrier/sip_media.h"
#include "carrier/sip_peers.h"

struct speech;
struct sip_call;

/* The things that all calls of a carrier share; on the library's thread. */
struct sip_calls {
	const struct carrier_config *config;
	const struct carrier_sip_options *options;
	const struct clock *clock;
	struct carrier_thread *thread;
	struct speech *speech; /* NULL: nothing can be said */
	struct sip_leg_line leg;
	struct sip_media_line media;
	struct sip_peers peers;
	TAILQ_HEAD(, sip_call) list;
	bool stopping;
	/* Makes sure that we can send from an address towards that one: our own, with the
	 * port of SIP. */
	bool (*ready)(void *ctx, const struct sa *to, struct sa *local_out);
	void (*changed)(void *ctx); /* a call is there, or over */
	void *ctx;
};

void sip_call_new(struct sip_calls *calls, struct carrier_job *job);
/* Looks at the deadlines of all calls. */
void sip_call_turn(struct sip_calls *calls);
/* No call is made any more; those that ring or speak have so long. */
void sip_call_stop(struct sip_calls *calls, int64_t within_ms);
/* All end now; those whose words are being made do soon. */
void sip_call_quit(struct sip_calls *calls);

#endif
