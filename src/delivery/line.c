/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/line.h"

enum { CAPACITY_FIRST = 64 };

static bool
before(const struct line_item *a, const struct line_item *b)
{
	if (a->deadline_ms != b->deadline_ms)
		return a->deadline_ms < b->deadline_ms;
	return a->arrival < b->arrival;
}

static void
put(struct line *l, size_t at, struct line_item *item)
{
	l->items[at] = item;
	item->place = at + 1;
}

static void
rise(struct line *l, size_t at, struct line_item *item)
{
	while (at > 0 && before(item, l->items[(at - 1) / 2])) {
		put(l, at, l->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(l, at, item);
}

static void
sink(struct line *l, size_t at, struct line_item *item)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < l->count && before(l->items[child + 1], l->items[child]))
			child++;
		if (child >= l->count || !before(l->items[child], item))
			break;
		put(l, at, l->items[child]);
		at = child;
	}
	put(l, at, item);
}

static void
grow(struct line *l)
{
	size_t capacity = l->capacity == 0 ? CAPACITY_FIRST : 2 * l->capacity;
	struct line_item **items = mem_array(capacity, sizeof(struct line_item *));

	if (l->count > 0)
		memcpy(items, l->items, l->count * sizeof(struct line_item *));
	mem_free(l->items);
	l->items = items;
	l->capacity = capacity;
}

void
line_fini(struct line *l)
{
	INVARIANT(l->count == 0);
	mem_free(l->items);
	*l = (struct line){0};
}

void
line_join(struct line *l, struct line_item *item, bool again)
{
	INVARIANT(item->place == 0);
	if (l->count == l->capacity)
		grow(l);
	if (!again)
		item->arrival = ++l->arrivals;
	rise(l, l->count++, item);
}

void
line_leave(struct line *l, struct line_item *item)
{
	size_t at = item->place - 1;
	struct line_item *last;

	INVARIANT(item->place > 0 && at < l->count && l->items[at] == item);
	item->place = 0;
	last = l->items[--l->count];
	if (last == item)
		return;
	if (at > 0 && before(last, l->items[(at - 1) / 2]))
		rise(l, at, last);
	else
		sink(l, at, last);
}

struct line_item *
line_first(const struct line *l)
{
	return l->count == 0 ? NULL : l->items[0];
}
