/* SPDX-License-Identifier: Apache-2.0 */
/* The places of an application in their order, out of all tables. */
#include "store/row.h"
#include "store/sqlite/number_index.h"
#include "store/sqlite/statements.h"

/* One table's part of a list. */
struct part {
	struct item item;
	int64_t run; /* of the archive: none */
	struct number_list *list;
	struct number_place *places;
	size_t count;
	size_t capacity;
};

static struct part *
part_of(struct item *it)
{
	return container_of(it, struct part, item);
}

static void
bind_archive(struct item *it, struct binder *b)
{
	const struct number_list *l = part_of(it)->list;

	bind_ident(b, &l->after.application);
	bind_text(b, l->after.destination);
	bind_ident(b, &l->after.pin_id);
	bind_int(b, l->most);
}

static void
bind_run(struct item *it, struct binder *b)
{
	bind_int(b, part_of(it)->run);
	bind_archive(it, b);
}

static int
compare_places(const struct number_place *a, const struct number_place *b)
{
	int order = strcmp(a->destination, b->destination);

	return order != 0 ? order : ident_compare(&a->pin_id, &b->pin_id);
}

/* Beyond the last of a list that is full nothing is of interest. */
static void
read_place(struct item *it, struct row *r)
{
	struct part *part = part_of(it);
	struct number_list *l = part->list;
	struct number_place *place = arena_list_add(l->arena, (void **)&part->places,
	    &part->count, &part->capacity, sizeof(*place));

	place->application = l->after.application;
	place->destination = row_destination(r, l->arena);
	row_ident(r, &place->pin_id);
	r->enough = (int64_t)l->count == l->most &&
		    compare_places(place, &l->places[l->count - 1]) > 0;
}

/* Both are in order; the first `most` of both stay. */
static void
merge(struct number_list *l, const struct part *part)
{
	size_t all = l->count + part->count;
	size_t most = (int64_t)all < l->most ? all : (size_t)l->most;
	struct number_place *merged = arena_alloc(l->arena, (most + 1) * sizeof(*merged));
	size_t a = 0;
	size_t b = 0;

	for (size_t i = 0; i < most; i++)
		if (b == part->count || (a < l->count && compare_places(&l->places[a],
							     &part->places[b]) <= 0))
			merged[i] = l->places[a++];
		else
			merged[i] = part->places[b++];
	l->places = merged;
	l->count = most;
}

static enum err
list_from(struct number_index *x, const struct sql_step *step, struct number_list *l,
    int64_t run)
{
	struct part part = {.run = run, .list = l};
	enum err e = engine_one(x->engine, step, &part.item);

	if (part.item.err != OK)
		l->err = part.item.err;
	else if (part.count > 0)
		merge(l, &part);
	return e;
}

enum err
number_index_list(struct number_index *x, struct number_list *l)
{
	static const struct sql_step in_run = {
	    SQL_NUMBER_LIST, bind_run, read_place, NULL};
	static const struct sql_step in_archive = {
	    SQL_ARCHIVE_LIST, bind_archive, read_place, NULL};
	enum err e = list_from(x, &in_archive, l, 0);

	for (size_t i = 0; e == OK && i < x->count; i++)
		e = list_from(x, &in_run, l, x->runs[i].number);
	return e;
}
