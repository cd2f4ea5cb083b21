/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that no receipt will end any more: they are ended by time. */
#include "store/verbs/verbs.h"

void
ending_read(struct endings *e, struct arena *a, struct row *r)
{
	struct ending *m = arena_list_add(
	    a, (void **)&e->list, &e->count, &e->capacity, sizeof(*e->list));

	row_ident(r, &m->subject.pin_id);
	m->subject.seq = row_seq(r);
	if (row_passed_over(r))
		e->count--;
}

struct ending *
ending_of(struct item *it)
{
	return container_of(it, struct ending, item);
}

void
ending_bind(struct item *it, struct binder *b)
{
	const struct ending *m = ending_of(it);

	bind_ident(b, &m->subject.pin_id);
	bind_int(b, m->subject.seq);
}

enum err
ending_run(
    struct batch *b, const struct sql_step *step, struct endings *e, struct arena *a)
{
	struct item **items = arena_alloc(a, (e->count + 1) * sizeof(*items));
	struct report_subject *owed = arena_alloc(a, (e->count + 1) * sizeof(*owed));
	size_t count = 0;
	enum err err;

	for (size_t i = 0; i < e->count; i++) {
		items[i] = &e->list[i].item;
		e->list[i].now_ms = b->now_ms;
	}
	err = batch_each(b, step, items, e->count);
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].tracked && e->list[i].item.err == OK)
			owed[count++] = e->list[i].subject;
	return err == OK ? report_owe(b, owed, count) : err;
}
