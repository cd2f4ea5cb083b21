/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latencies in microseconds, in buckets whose width is at most 1/64 of their value:
 * what a percentile says is right to 1.6 %.
 */
#ifndef WW_BENCH_HIST_H
#define WW_BENCH_HIST_H

#include "base/base.h"

enum { HIST_SUB_BITS = 6, HIST_BUCKETS = 40 << HIST_SUB_BITS };

struct hist {
	uint64_t count;
	int64_t max_us;
	uint64_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *h, int64_t us);
/* The least value that `part` (0..1) of all do not exceed; 0 when there are none. */
int64_t hist_at(const struct hist *h, double part);

#endif
