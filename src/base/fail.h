/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The faults of a request, for the person who sent it: field paths with a reason each.
 * Written once by the function that knows, rendered by the dialect. More than
 * FAIL_ITEMS_MAX are counted but not kept.
 */
#ifndef WW_FAIL_H
#define WW_FAIL_H

#include "arena.h"

enum { FAIL_ITEMS_MAX = 100 };

struct fail_item {
	const char *field; /* "configuration.pinTimeToLive"; "" for the whole body */
	const char *reason;
};

struct fail {
	struct arena *arena;
	unsigned count;
	size_t kept; /* of them, in items */
	size_t capacity;
	struct fail_item *items;
};

void fail_init(struct fail *f, struct arena *a);
void fail_add(struct fail *f, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Is anything wrong with that field? */
bool fail_names(const struct fail *f, const char *field);

#endif
