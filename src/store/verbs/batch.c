/* SPDX-License-Identifier: Apache-2.0 */
/* Steps for which the items of a batch are sorted first. */
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

static enum err
run_distinct(
    struct batch *b, const struct sql_step_distinct *s, struct item **sorted, size_t n)
{
	struct item *first = NULL;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		if (first != NULL && s->compare(&first, &sorted[i]) == 0) {
			sorted[i]->err = first->err;
			s->copy(sorted[i], first);
			continue;
		}
		first = sorted[i];
		e = batch_each(b, &s->step, &first, 1);
	}
	return e;
}

enum err
batch_distinct(
    struct batch *b, const struct sql_step_distinct *s, struct item **items, size_t n)
{
	struct item **live = mem_array(n, sizeof(*live));
	size_t count = sort_live(s, items, n, live);
	enum err e = run_distinct(b, s, live, count);

	mem_free(live);
	return e;
}
