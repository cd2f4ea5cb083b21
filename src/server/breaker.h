/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a carrier is worth a try. Closed, it counts; half of at least 20 results in
 * 30 s being failures opens it; open, one probe in 5 s is let through, and a probe
 * that works closes it. Time is handed in, any clock that does not go back.
 */
#ifndef WW_BREAKER_H
#define WW_BREAKER_H

#include "base/base.h"

enum {
	BREAKER_WINDOW_S = 30,
	BREAKER_RESULTS_MIN = 20,
	BREAKER_PROBE_MS = 5000,
};

struct breaker {
	bool open;
	bool probing; /* a probe is without its result */
	int64_t probe_at_ms;
	struct {
		int64_t second;
		unsigned good;
		unsigned bad;
	} slots[BREAKER_WINDOW_S];
};

void breaker_init(struct breaker *b);
/* May something be submitted now? */
bool breaker_allows(const struct breaker *b, int64_t now_ms);
/* It is being submitted; true: as the probe, which breaker_result is to be told. */
bool breaker_begin(struct breaker *b);
/* It was not tried after all. */
void breaker_undo(struct breaker *b, bool probe);
/* How it went; true when that opened or closed the breaker. */
bool breaker_result(struct breaker *b, bool probe, bool good, int64_t now_ms);

#endif
