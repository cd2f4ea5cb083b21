/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/alternatives.h"

#include "store/row.h"
#include "store/sqlite/statements.h"

/* Room in the filter: as many again as there were, within these. At the most, 8 MiB; what
 * comes beyond makes it ask in vain more often. */
enum { ROOM_LEAST = 16384, ROOM_MOST = 1 << 22 };

void
alternatives_init(struct alternatives *a, struct engine *e)
{
	*a = (struct alternatives){.engine = e};
}

void
alternatives_fini(struct alternatives *a)
{
	number_filter_fini(&a->filter);
}

/* ---- the filter ---- */

/* A pass over the table, for one statement. */
struct loading {
	struct item item;
	struct alternatives *of;
	struct arena arena;
};

static void
add(struct alternatives *a, const struct ident *application, const char *destination)
{
	number_filter_add(&a->filter, number_filter_hash(application, destination));
	a->entries++;
}

static void
read_count(struct item *it, struct row *r)
{
	container_of(it, struct loading, item)->of->entries = row_count(r);
}

/* A damaged row counts for nobody. */
static void
read_named(struct item *it, struct row *r)
{
	struct loading *l = container_of(it, struct loading, item);
	struct ident application;
	const char *destination;

	row_ident(r, &application);
	destination = row_destination(r, &l->arena);
	if (!row_passed_over(r))
		add(l->of, &application, destination);
	arena_fini(&l->arena);
	arena_init(&l->arena);
}

static void
make_filter(struct alternatives *a, int64_t entries)
{
	int64_t room = 2 * entries;

	if (room < ROOM_LEAST)
		room = ROOM_LEAST;
	number_filter_fini(&a->filter);
	a->room = room > ROOM_MOST ? ROOM_MOST : room;
	a->entries = 0;
	number_filter_init(&a->filter, a->room);
}

enum err
alternatives_load(struct alternatives *a)
{
	static const struct sql_step count = {
	    SQL_ALTERNATIVE_COUNT, bind_nothing, read_count, NULL};
	static const struct sql_step list = {
	    SQL_ALTERNATIVE_LIST, bind_nothing, read_named, NULL};
	struct loading l = {.of = a};
	enum err e;

	if (a->loaded)
		return OK;
	e = engine_whole(a->engine, &count, &l.item);
	if (e == OK && a->entries > 0) {
		make_filter(a, a->entries);
		arena_init(&l.arena);
		e = engine_whole(a->engine, &list, &l.item);
		arena_fini(&l.arena);
	}
	a->loaded = e == OK;
	return e;
}

static void
note(struct alternatives *a, const struct ident *application, const char *destination)
{
	if (a->filter.lines == 0)
		make_filter(a, 0);
	add(a, application, destination);
	if (a->entries > a->room && a->room < ROOM_MOST)
		a->loaded = false; /* the next batch makes a larger one */
}

/* ---- rows ---- */

struct inserted {
	struct item item;
	const struct pins_new *pin;
	const struct pins_alternative *row;
};

static void
bind_row(struct item *it, struct binder *b)
{
	const struct inserted *i = container_of(it, struct inserted, item);

	bind_ident(b, &i->pin->row.recipe.pin_id);
	bind_int(b, (int64_t)i->row->channel);
	bind_ident(b, &i->pin->row.recipe.application);
	bind_text(b, i->row->destination);
	if (ident_is_none(&i->row->template))
		bind_text(b, NULL);
	else
		bind_ident(b, &i->row->template);
}

enum err
alternatives_insert(struct alternatives *a, const struct pins_new *pin)
{
	static const struct sql_step step = {
	    SQL_ALTERNATIVE_INSERT, bind_row, NULL, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < pin->alternative_count; i++) {
		struct inserted one = {.pin = pin, .row = &pin->alternatives[i]};

		e = engine_whole(a->engine, &step, &one.item);
		if (one.row->destination != NULL)
			note(a, &pin->row.recipe.application, one.row->destination);
	}
	return e;
}

/* One question, for one statement. */
struct asked {
	struct item item;
	struct alternatives_naming *answer;
	struct ident since; /* later PINs have higher ids */
};

static void
bind_asked(struct item *it, struct binder *b)
{
	const struct asked *q = container_of(it, struct asked, item);

	bind_ident(b, &q->answer->number->application);
	bind_text(b, q->answer->number->destination);
	bind_ident(b, &q->since);
	bind_int(b, q->answer->number->most);
}

static void
read_naming(struct item *it, struct row *r)
{
	struct alternatives_naming *n = container_of(it, struct asked, item)->answer;
	struct ident *pin = arena_list_add(n->number->arena, (void **)&n->pins, &n->count,
	    &n->capacity, sizeof(*n->pins));

	row_ident(r, pin);
	if (row_passed_over(r))
		n->count--;
}

enum err
alternatives_find(struct alternatives *a, struct alternatives_naming *n)
{
	static const struct sql_step step = {
	    SQL_ALTERNATIVE_NAMING, bind_asked, read_naming, NULL};
	const struct pins_number *number = n->number;
	struct asked q = {.answer = n};

	if (a->filter.lines == 0 || number->most < 1 || number->since_ms == INT64_MAX ||
	    !number_filter_may_have(&a->filter,
		number_filter_hash(&number->application, number->destination)))
		return OK;
	ident_floor(&q.since, number->since_ms < 0 ? 0 : number->since_ms + 1);
	return engine_whole(a->engine, &step, &q.item);
}

struct removed {
	struct item item;
	const struct ident *pin_id;
};

static void
bind_removed(struct item *it, struct binder *b)
{
	bind_ident(b, container_of(it, struct removed, item)->pin_id);
}

/* Its number stays in the filter until the next start. */
enum err
alternatives_remove(struct alternatives *a, const struct ident *pin_id)
{
	static const struct sql_step step = {
	    SQL_ALTERNATIVE_REMOVE, bind_removed, NULL, NULL};
	struct removed r = {.pin_id = pin_id};

	return a->filter.lines == 0 ? OK : engine_whole(a->engine, &step, &r.item);
}
