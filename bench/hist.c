/* SPDX-License-Identifier: Apache-2.0 */
#include "hist.h"

enum { SUB = 1 << HIST_SUB_BITS };

static size_t
bucket_of(int64_t us)
{
	uint64_t v = us < 0 ? 0 : (uint64_t)us;
	unsigned shift = 0;
	size_t bucket;

	while (v >> shift >= 2 * SUB)
		shift++;
	bucket = (size_t)shift * SUB + (size_t)(v >> shift);
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

static int64_t
value_of(size_t bucket)
{
	size_t shift = bucket < 2 * SUB ? 0 : bucket / SUB - 1;

	return (int64_t)((bucket - shift * SUB + 1) << shift) - 1;
}

void
hist_add(struct hist *h, int64_t us)
{
	h->count++;
	h->buckets[bucket_of(us)]++;
	if (us > h->max_us)
		h->max_us = us;
}

int64_t
hist_at(const struct hist *h, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)h->count);
	uint64_t seen = 0;

	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen > wanted)
			return value_of(i) < h->max_us ? value_of(i) : h->max_us;
	}
	return h->max_us;
}
