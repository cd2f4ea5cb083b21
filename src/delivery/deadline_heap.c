/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/deadline_heap.h"

enum { CAPACITY_FIRST = 64 };

static bool
before(const struct deadline_heap_item *a, const struct deadline_heap_item *b)
{
	if (a->deadline_ms != b->deadline_ms)
		return a->deadline_ms < b->deadline_ms;
	return a->arrival < b->arrival;
}

static void
put_at(struct deadline_heap *h, size_t at, struct deadline_heap_item *item)
{
	h->items[at] = item;
	item->place = at + 1;
}

static void
rise(struct deadline_heap *h, size_t at, struct deadline_heap_item *item)
{
	while (at > 0 && before(item, h->items[(at - 1) / 2])) {
		put_at(h, at, h->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put_at(h, at, item);
}

static void
sink(struct deadline_heap *h, size_t at, struct deadline_heap_item *item)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->count && before(h->items[child + 1], h->items[child]))
			child++;
		if (child >= h->count || !before(h->items[child], item))
			break;
		put_at(h, at, h->items[child]);
		at = child;
	}
	put_at(h, at, item);
}

static void
grow(struct deadline_heap *h)
{
	size_t capacity = h->capacity == 0 ? CAPACITY_FIRST : 2 * h->capacity;
	struct deadline_heap_item **items =
	    mem_array(capacity, sizeof(struct deadline_heap_item *));

	if (h->count > 0)
		memcpy(items, h->items, h->count * sizeof(struct deadline_heap_item *));
	mem_free(h->items);
	h->items = items;
	h->capacity = capacity;
}

void
deadline_heap_fini(struct deadline_heap *h)
{
	INVARIANT(h->count == 0);
	mem_free(h->items);
	*h = (struct deadline_heap){0};
}

void
deadline_heap_join(struct deadline_heap *h, struct deadline_heap_item *item, bool again)
{
	INVARIANT(item->place == 0);
	if (h->count == h->capacity)
		grow(h);
	if (!again)
		item->arrival = ++h->arrivals;
	rise(h, h->count++, item);
}

void
deadline_heap_leave(struct deadline_heap *h, struct deadline_heap_item *item)
{
	size_t at = item->place - 1;
	struct deadline_heap_item *last;

	INVARIANT(item->place > 0 && at < h->count && h->items[at] == item);
	item->place = 0;
	last = h->items[--h->count];
	if (last == item)
		return;
	if (at > 0 && before(last, h->items[(at - 1) / 2]))
		rise(h, at, last);
	else
		sink(h, at, last);
}

struct deadline_heap_item *
deadline_heap_first(const struct deadline_heap *h)
{
	return h->count == 0 ? NULL : h->items[0];
}
