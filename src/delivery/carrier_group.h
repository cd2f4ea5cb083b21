/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carrier group: the binds of one carrier, which share a queue of messages, a rate
 * and a breaker. It knows when one more message may go and how the last ones went; what
 * a message is, it does not.
 */
#ifndef WW_CARRIER_GROUP_H
#define WW_CARRIER_GROUP_H

#include "base/breaker.h"
#include "carrier/carrier.h"
#include "delivery/deadline_heap.h"
#include "delivery/pace.h"

enum { CARRIER_GROUP_BINDS_MAX = 16 };

struct carrier_group {
	const struct carrier_config *config;
	const struct clock *clock;
	size_t count;
	size_t next; /* bind, in turn */
	struct carrier *binds[CARRIER_GROUP_BINDS_MAX];
	struct breaker breaker;
	struct pace pace;
	struct deadline_heap waiting;
};

/* ERR_IO, ERR_INVALID with a sentence in why; carrier_group_close in any case. */
enum err carrier_group_open(struct carrier_group *g, const struct carrier_config *config,
    const struct carrier_env *env, char why[256]) MUST_CHECK;
/* Closes the binds; messages may still wait. */
void carrier_group_close(struct carrier_group *g);
/* No submit comes any more; what the binds hold ends well within so long. */
void carrier_group_stop(struct carrier_group *g, int64_t within_ms);
bool carrier_group_is_busy(const struct carrier_group *g);
/* The state of the group. */
struct carrier_group_state {
	bool suspended; /* by the breaker */
	size_t binds;
	size_t binds_up;
	int64_t rate; /* messages a second it gets now; 0: as many as it takes */
};

struct carrier_group_state carrier_group_state(const struct carrier_group *g);
/* True: the group is up and worth a try. */
bool carrier_group_is_open(const struct carrier_group *g);
/* How long until the rate lets one more go; 0: now. */
int64_t carrier_group_wait_ms(struct carrier_group *g);
/* A bind that takes one more now, whatever the rate says; NULL: none. */
struct carrier *carrier_group_free_bind(struct carrier_group *g);
/* One is being submitted; true: as a probe. */
bool carrier_group_begin(struct carrier_group *g);
/* Takes the carrier's result. */
void carrier_group_result(
    struct carrier_group *g, bool probe, const struct carrier_outcome *outcome);
/* The group was not tried after all: not up, no room. */
void carrier_group_undo(struct carrier_group *g, bool probe);

#endif
