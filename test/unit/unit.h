/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared part of the unit tests: cmocka with the headers it wants in front of it, and
 * a source of numbers that gives the same ones in every run.
 */
#ifndef WW_TEST_UNIT_H
#define WW_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/* A case of a table: the number tells which line of it failed. */
#define check_case(i, condition)                                                         \
	do {                                                                             \
		if (!(condition))                                                        \
			fail_msg("case %zu: %s", (size_t)(i), #condition);               \
	} while (0)

struct dice {
	uint64_t state;
};

/* 64 bits of an additive sequence, mixed; good enough to vary a test. */
static inline uint64_t
dice_next(struct dice *d)
{
	uint64_t x = d->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

/* least..most, both possible. */
static inline int64_t
dice_between(struct dice *d, int64_t least, int64_t most)
{
	return least + (int64_t)(dice_next(d) % (uint64_t)(most - least + 1));
}

#endif
