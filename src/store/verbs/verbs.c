/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of verbs share. */
#include "store/verbs/verbs.h"

#include <stdlib.h>

struct job *
job_of(struct item *it)
{
	return container_of(it, struct job, item);
}

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

void
piece_begin(struct list_piece *p)
{
	p->read = 0;
}

int64_t
piece_most(const struct list_piece *p, int64_t all)
{
	int64_t left = all - p->before;

	return p->most == 0 || p->most > left ? left : p->most;
}

void
bind_piece(struct binder *b, const struct list_piece *p, int64_t all)
{
	bind_int(b, piece_most(p, all));
}

void
piece_end(struct list_piece *p, int64_t all)
{
	p->more = p->most > 0 && p->read >= p->most && p->before + p->read < all;
	p->before += p->read;
}

void
item_not_found(struct item *it, bool found)
{
	if (it->err == OK && !found)
		it->err = ERR_NOT_FOUND;
}
