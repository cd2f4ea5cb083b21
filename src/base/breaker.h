/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether somebody else is worth a try: a carrier, a provider. Closed, it counts, and
 * opens by its rule; open, one probe is let through 5 s after it opened or the last one
 * failed, and a probe that works closes it. Time is handed in, any clock that does not
 * go back.
 */
#ifndef WW_BREAKER_H
#define WW_BREAKER_H

#include "base/base.h"

enum {
	BREAKER_WINDOW_S = 30,
	BREAKER_PROBE_MS = 5000,
};

/* The reasons to open; 0: not a reason. */
struct breaker_rule {
	unsigned results_min; /* half of at least so many in the window were failures */
	unsigned bad_in_row;  /* so many failures and nothing between them */
};

struct breaker {
	const struct breaker_rule *rule;
	bool open;
	bool probing; /* a probe is without its result */
	int64_t probe_at_ms;
	unsigned bad_in_row;
	struct {
		int64_t second;
		unsigned good;
		unsigned bad;
	} slots[BREAKER_WINDOW_S];
};

/* The rule lives as long as the breaker. */
void breaker_init(struct breaker *b, const struct breaker_rule *rule);
/* May one more be tried now? */
bool breaker_allows(const struct breaker *b, int64_t now_ms);
/* The side is being tried; true: as the probe, which breaker_result is to be told. */
bool breaker_begin(struct breaker *b);
/* The side was not tried after all. */
void breaker_undo(struct breaker *b, bool probe);
/* How it went; true when that opened or closed the breaker. */
bool breaker_result(struct breaker *b, bool probe, bool good, int64_t now_ms);

#endif
