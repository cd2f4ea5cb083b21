/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses that a carrier's server has, and which of them answer. One that was
 * silent or refused the connection is left alone and asked by OPTIONS until it answers
 * (RFC 3261 11), or for so long that a call may try it again: not every server answers
 * those.
 */
#ifndef WW_SIP_PEERS_H
#define WW_SIP_PEERS_H

#include "base/clock.h"
#include "carrier/sip_leg.h"

enum { SIP_PEERS_MAX = 32 };

/* As DNS has it (RFC 2782); addresses without a record are all alike. */
struct sip_peers_address {
	struct sa at;
	unsigned priority; /* the least first */
	unsigned weight;
};

struct sip_peer {
	struct sip_peers *peers;
	struct sip_peers_address address;
	struct sip_request *probe; /* under way; NULL: none */
	bool bad;
	unsigned failures;
	int64_t probe_ms; /* the next */
	int64_t until_ms; /* left alone */
};

struct sip_peers {
	struct sip_leg_line *line;
	const struct clock *clock;
	const char *domain;
	size_t count;
	struct sip_peer *list[SIP_PEERS_MAX];
	void (*changed)(void *ctx); /* one has become good or bad */
	void *ctx;
};

void sip_peers_init(struct sip_peers *p, struct sip_leg_line *line,
    const struct clock *clock, const char *domain);
void sip_peers_fini(struct sip_peers *p);
/* Knowledge of an address that stays is kept. */
void sip_peers_set(
    struct sip_peers *p, const struct sip_peers_address *list, size_t count);
/* One that is good and not in `tried`, a bit for each, to which it is added: of the least
 * priority, among equals by weight. False: none is left. */
bool sip_peers_choose(struct sip_peers *p, uint32_t *tried, struct sa *out) MUST_CHECK;
bool sip_peers_any_good(const struct sip_peers *p);
/* A call had no answer from it. */
void sip_peers_failed(struct sip_peers *p, const struct sa *at);
/* Does what is due; how long until the next of it, -1: nothing is. */
int64_t sip_peers_turn(struct sip_peers *p);

#endif
