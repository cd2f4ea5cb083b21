/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of things that wait, the one with the earliest deadline first; of the same
 * deadline the one that came first. A binary heap; joining, leaving from anywhere and
 * taking the first cost the logarithm of the length.
 */
#ifndef WW_LINE_H
#define WW_LINE_H

#include "base/base.h"

/* A member of what waits; it may be in one line at a time. */
struct line_item {
	int64_t deadline_ms;
	uint64_t arrival; /* set by line_join */
	size_t place;     /* in a line: 1 and above */
};

struct line {
	struct line_item **items;
	size_t count;
	size_t capacity;
	uint64_t arrivals;
};

void line_fini(struct line *l); /* of an empty one */
/* With its old place among equals when `again`. */
void line_join(struct line *l, struct line_item *item, bool again);
void line_leave(struct line *l, struct line_item *item);
struct line_item *line_first(const struct line *l); /* NULL: empty */

#endif
