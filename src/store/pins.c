/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pins.h"

#include <stdlib.h>

/* An engine's memory is read anew as a batch begins, if it has to be. */
static const struct pins_ops *
ops_of(const struct pins *p)
{
	INVARIANT(p->begun);
	return p->ops;
}

/* By the order of numbers; equal ones have the same answer. */
static int
compare_numbers(const void *a, const void *b)
{
	const struct pins_number *x = *(struct pins_number *const *)a;
	const struct pins_number *y = *(struct pins_number *const *)b;
	int order = ident_compare(&x->application, &y->application);

	if (order == 0)
		order = strcmp(x->destination, y->destination);
	if (order == 0)
		order = ident_compare(&x->account, &y->account);
	if (order == 0)
		order = (x->since_ms > y->since_ms) - (x->since_ms < y->since_ms);
	return order != 0 ? order : (x->most > y->most) - (x->most < y->most);
}

static void
sort_numbers(struct pins_number **numbers, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (compare_numbers(&numbers[i - 1], &numbers[i]) <= 0)
			continue;
		qsort(numbers, n, sizeof(struct pins_number *), compare_numbers);
		return;
	}
}

static void
copy_answer(struct pins_number *to, const struct pins_number *from)
{
	struct pins_number answer = *from;

	answer.destination = to->destination;
	answer.arena = to->arena;
	*to = answer;
}

/* Those without an error, in order; how many. */
static size_t
take_live(struct pins_number **numbers, size_t n, struct pins_number **live)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (numbers[i]->err == OK)
			live[count++] = numbers[i];
	sort_numbers(live, count);
	return count;
}

/* One of each kind. */
static size_t
take_first(struct pins_number **live, size_t n, struct pins_number **first)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (count == 0 || compare_numbers(&first[count - 1], &live[i]) != 0)
			first[count++] = live[i];
	return count;
}

static void
share_answers(struct pins_number **live, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare_numbers(&live[i - 1], &live[i]) == 0)
			copy_answer(live[i], live[i - 1]);
}

enum err
pins_newest(struct pins *p, struct pins_number **numbers, size_t n)
{
	struct pins_number **live = mem_array(2 * n + 1, sizeof(struct pins_number *));
	struct pins_number **first = live + n;
	size_t live_count = take_live(numbers, n, live);
	size_t count = take_first(live, live_count, first);
	enum err e = ops_of(p)->newest(p, first, count);

	share_answers(live, live_count);
	mem_free(live);
	return e;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct pins_key *x = a;
	const struct pins_key *y = b;
	int order = ident_compare(&x->id, &y->id);

	if (order != 0 || x->destination == NULL || y->destination == NULL)
		return order;
	return strcmp(x->destination, y->destination);
}

bool
pins_locks(const struct pins *p)
{
	return p->ops->lock != NULL;
}

enum err
pins_lock(struct pins *p, struct pins_key *keys, size_t n)
{
	size_t count = 0;

	if (!pins_locks(p) || n == 0)
		return OK;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++)
		if (count == 0 || compare_keys(&keys[count - 1], &keys[i]) != 0)
			keys[count++] = keys[i];
	return ops_of(p)->lock(p, keys, count);
}

enum err
pins_insert(struct pins *p, struct pins_new **pins, size_t n)
{
	return ops_of(p)->insert(p, pins, n);
}

enum err
pins_find(struct pins *p, struct pins_found **pins, size_t n)
{
	return ops_of(p)->find(p, pins, n);
}

enum err
pins_write(struct pins *p, struct pins_change **changes, size_t n)
{
	return n == 0 ? OK : ops_of(p)->write(p, changes, n);
}

enum err
pins_remove(struct pins *p, const struct ident *pin_ids, size_t n)
{
	return n == 0 ? OK : ops_of(p)->remove(p, pin_ids, n);
}

enum err
pins_list(struct pins *p, struct pins_list **lists, size_t n)
{
	return ops_of(p)->list(p, lists, n);
}

enum err
pins_scan(struct pins *p, struct pins_stretch *stretch)
{
	return ops_of(p)->scan(p, stretch);
}

enum err
pins_upkeep(struct pins *p, struct pins_upkeep *u)
{
	return ops_of(p)->upkeep(p, u);
}

enum err
pins_begin(struct pins *p, const struct store_time *time)
{
	INVARIANT(!p->begun);
	p->begun = true;
	return p->ops->begin(p, time);
}

void
pins_committed(struct pins *p)
{
	if (p->begun)
		p->ops->committed(p);
	p->begun = false;
}

void
pins_rolled_back(struct pins *p)
{
	if (p->begun)
		p->ops->rolled_back(p);
	p->begun = false;
}

void
pins_close(struct pins *p)
{
	if (p != NULL)
		p->ops->close(p);
}
