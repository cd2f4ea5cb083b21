/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness drawn in one piece and handed out in small ones: one system call for many
 * ids instead of one for each. Octets that were handed out are wiped from the pool. For
 * one thread; not for keys, which should stand in memory once and not before.
 */
#ifndef WW_ENTROPY_POOL_H
#define WW_ENTROPY_POOL_H

#include "base/clock.h"

enum { ENTROPY_POOL_LEN = 2048 };

struct entropy_pool {
	struct entropy entropy; /* what others are handed */
	const struct entropy *below;
	size_t left;
	uint8_t bytes[ENTROPY_POOL_LEN];
};

void entropy_pool_init(struct entropy_pool *p, const struct entropy *below);
void entropy_pool_fini(struct entropy_pool *p);

#endif
