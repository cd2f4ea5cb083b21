/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A way out: the binds of one carrier, which share a line of waiting messages, a rate
 * and a breaker. It knows when one more message may go and how the last ones went; what
 * a message is, it does not.
 */
#ifndef WW_LANE_H
#define WW_LANE_H

#include "base/breaker.h"
#include "carrier/carrier.h"
#include "delivery/line.h"
#include "delivery/pace.h"

enum { LANE_BINDS_MAX = 16 };

struct lane {
	const struct carrier_config *config;
	const struct clock *clock;
	size_t count;
	size_t next; /* bind, in turn */
	struct carrier *binds[LANE_BINDS_MAX];
	struct breaker breaker;
	struct pace pace;
	struct line line;
};

/* ERR_IO, ERR_INVALID with a sentence in why; lane_close in any case. */
enum err lane_open(struct lane *l, const struct carrier_config *config,
    const struct carrier_env *env, char why[256]) MUST_CHECK;
/* Closes the binds; the line may still be full. */
void lane_close(struct lane *l);
/* How it stands, for whoever asks. */
struct lane_state {
	bool suspended; /* by the breaker */
	size_t binds;
	size_t binds_up;
	int64_t rate; /* messages a second it gets now; 0: as many as it takes */
};

struct lane_state lane_state(const struct lane *l);
/* It is up, and worth a try. */
bool lane_is_open(const struct lane *l);
/* How long until the rate lets one more go; 0: now. */
int64_t lane_wait_ms(struct lane *l);
/* A bind that takes one more now, whatever the rate says; NULL: none. */
struct carrier *lane_free_bind(struct lane *l);
/* One is being submitted; true: as a probe. */
bool lane_begin(struct lane *l);
/* What the carrier said of it. */
void lane_result(struct lane *l, bool probe, const struct carrier_outcome *outcome);
/* It was not tried after all: not up, no room. */
void lane_undo(struct lane *l, bool probe);

#endif
