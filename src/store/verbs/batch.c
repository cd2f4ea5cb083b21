/* SPDX-License-Identifier: Apache-2.0 */
/* Steps for which the items of a batch are sorted first, or their PINs are locked. */
#include "store/verbs/verbs.h"

#include <stdlib.h>

void
batch_sort(struct item **items, size_t n, int (*compare)(const void *a, const void *b))
{
	for (size_t i = 1; i < n; i++) {
		if (compare(&items[i - 1], &items[i]) <= 0)
			continue;
		qsort(items, n, sizeof(*items), compare);
		return;
	}
}

/* Those that are still wanted, equal ones side by side; how many. */
static size_t
sort_live(
    const struct sql_step_distinct *s, struct item **items, size_t n, struct item **live)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && !items[i]->skip)
			live[count++] = items[i];
	batch_sort(live, count, s->compare);
	return count;
}

/* The first of each kind, in their order; how many. */
static size_t
pick_firsts(const struct sql_step_distinct *s, struct item **sorted, size_t n,
    struct item **firsts)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (i == 0 || s->compare(&sorted[i - 1], &sorted[i]) != 0)
			firsts[count++] = sorted[i];
	return count;
}

/* `firsts` has one that ends the row: no first comes after the last. */
static void
copy_to_others(const struct sql_step_distinct *s, struct item **sorted, size_t n,
    struct item *const *firsts)
{
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] == firsts[1])
			firsts++;
		if (sorted[i] == firsts[0])
			continue;
		sorted[i]->err = firsts[0]->err;
		s->copy(sorted[i], firsts[0]);
	}
}

enum err
batch_distinct(
    struct batch *b, const struct sql_step_distinct *s, struct item **items, size_t n)
{
	struct item **live = mem_array(2 * n + 1, sizeof(*live));
	struct item **firsts = live + n;
	size_t count = sort_live(s, items, n, live);
	enum err e = batch_each(b, &s->step, firsts, pick_firsts(s, live, count, firsts));

	if (e == OK)
		copy_to_others(s, live, count, firsts);
	mem_free(live);
	return e;
}

enum err
batch_lock_pins(struct batch *b, struct item **items, size_t n,
    const struct ident *(*pin_id)(struct item *it))
{
	struct pins_key *keys;
	enum err e;

	if (!pins_locks(b->pins))
		return OK;
	keys = mem_array(n, sizeof(*keys));
	for (size_t i = 0; i < n; i++)
		keys[i].id = *pin_id(items[i]);
	e = pins_lock(b->pins, keys, n);
	mem_free(keys);
	return e;
}
