/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap of messages that wait, the one with the earliest deadline first; of the same
 * deadline the one that came first. Joining, leaving from anywhere and
 * taking the first cost the logarithm of the length.
 */
#ifndef WW_DEADLINE_HEAP_H
#define WW_DEADLINE_HEAP_H

#include "base/base.h"

/* A member of what waits; it may be in one heap at a time. */
struct deadline_heap_item {
	int64_t deadline_ms;
	uint64_t arrival; /* set by deadline_heap_join */
	size_t place;     /* in a heap: 1 and above */
};

struct deadline_heap {
	struct deadline_heap_item **items;
	size_t count;
	size_t capacity;
	uint64_t arrivals;
};

void deadline_heap_fini(struct deadline_heap *h); /* of an empty one */
/* With its old place among equals when `again`. */
void deadline_heap_join(
    struct deadline_heap *h, struct deadline_heap_item *item, bool again);
void deadline_heap_leave(struct deadline_heap *h, struct deadline_heap_item *item);
struct deadline_heap_item *deadline_heap_first(
    const struct deadline_heap *h); /* NULL: empty */

#endif
