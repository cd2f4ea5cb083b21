/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/places.h"

#include <stdlib.h>

#include "store/row.h"
#include "store/sqlite/statements.h"

enum {
	LOAD_MAX = 1024, /* rows that a start looks at in one piece */
	AHEAD_MS = PERIOD_MS_MINUTE,
	MOVE_SPARE = 64 /* that move beyond twice as many as came */
};

void
places_init(struct places *p, struct hot *h, struct number_index *index, size_t most)
{
	*p = (struct places){
	    .engine = index->engine, .hot = h, .index = index, .most = most};
}

void
places_forget(struct places *p)
{
	places_init(p, p->hot, p->index, p->most);
}

struct hot_pin *
places_enter(struct places *p, const struct number_place *place)
{
	INVARIANT(p->loaded);
	p->entered++;
	return hot_enter(p->hot, &place->application, place->destination, &place->pin_id);
}

/* ---- a start ---- */

/* PIN rows from the mark on. */
struct loading {
	struct item item;
	int64_t now_ms;
	struct ident mark;
	struct arena *arena;
	struct number_place *places; /* destination NULL: that of no number */
	size_t count;
	size_t capacity;
};

static struct loading *
loading_of(struct item *it)
{
	return container_of(it, struct loading, item);
}

/* Without a mark, all rows are looked at. */
static void
read_mark(struct item *it, struct row *r)
{
	row_ident(r, &loading_of(it)->mark);
	(void)row_passed_over(r);
}

static void
bind_mark(struct item *it, struct binder *b)
{
	bind_ident(b, &loading_of(it)->mark);
}

static void
bind_scan(struct item *it, struct binder *b)
{
	bind_mark(it, b);
	bind_int(b, LOAD_MAX);
}

/* The place of a row that is damaged is nobody's. */
static void
read_scanned(struct item *it, struct row *r)
{
	struct loading *l = loading_of(it);
	struct number_place *place = arena_list_add(
	    l->arena, (void **)&l->places, &l->count, &l->capacity, sizeof(*place));

	row_ident(r, &place->application);
	place->destination = row_destination(r, l->arena);
	row_ident(r, &place->pin_id);
	if (row_passed_over(r))
		place->destination = NULL;
}

/* Everything before this time is on disk. */
static enum err
put_mark(struct places *p, int64_t ms)
{
	static const struct sql_step put = {SQL_RECENT_MARK_PUT, bind_mark, NULL, NULL};
	struct loading l = {.count = 0};

	ident_floor(&l.mark, ms);
	p->mark_ms = ms;
	return engine_whole(p->engine, &put, &l.item);
}

static enum err
enter_if_missing(struct places *p, const struct number_place *place)
{
	const struct hot_pin *pin = hot_find(p->hot, &place->pin_id);
	bool here = pin != NULL && pin->linked;
	enum err e = OK;

	if (!here)
		e = number_index_has(p->index, place, &here);
	if (e == OK && !here)
		(void)hot_enter(
		    p->hot, &place->application, place->destination, &place->pin_id);
	return e;
}

/* A start's time may be a little before the newest PIN (MARK_MS of store.c). An id that
 * is further ahead was damaged, and no generation would turn before its time. */
static bool
is_of_use(const struct loading *l, const struct number_place *place)
{
	return place->destination != NULL &&
	       ident_ms(&place->pin_id) <= l->now_ms + AHEAD_MS;
}

/* The mark moves to the last row, which is looked at again with the next ones. */
static enum err
load_some(struct places *p, struct loading *l)
{
	static const struct sql_step scan = {
	    SQL_RECENT_SCAN, bind_scan, read_scanned, NULL};
	enum err e = engine_whole(p->engine, &scan, &l->item);

	for (size_t i = 0; e == OK && i < l->count; i++) {
		l->mark = l->places[i].pin_id;
		if (is_of_use(l, &l->places[i]))
			e = enter_if_missing(p, &l->places[i]);
	}
	return e;
}

static enum err
load_from(struct places *p, struct ident mark, int64_t now_ms)
{
	struct loading l = {.count = LOAD_MAX};
	struct arena a;
	enum err e = OK;

	while (e == OK && l.count == LOAD_MAX) {
		arena_init(&a);
		l = (struct loading){.now_ms = now_ms, .mark = mark, .arena = &a};
		e = load_some(p, &l);
		mark = l.mark;
		arena_fini(&a);
	}
	return e;
}

enum err
places_load(struct places *p, int64_t now_ms)
{
	static const struct sql_step get = {
	    SQL_RECENT_MARK, bind_nothing, read_mark, NULL};
	struct loading l = {.count = 0};
	enum err e;

	if (p->loaded)
		return OK;
	e = engine_whole(p->engine, &get, &l.item);
	p->mark_ms = ident_ms(&l.mark);
	if (e == OK)
		e = load_from(p, l.mark, now_ms);
	if (e == OK && p->hot->waiting == 0)
		e = put_mark(p, now_ms);
	p->loaded = e == OK;
	return e;
}

/* ---- into the index ---- */

/* How many are to move now. Where few come memory is never full; so that the mark follows
 * all the same, as a start looks at everything after it, memory is emptied now and then.
 */
static size_t
surplus(const struct places *p, int64_t now_ms)
{
	size_t most = 2 * p->entered + MOVE_SPARE;
	bool is_late = now_ms - p->mark_ms > 2 * PLACES_AGE_MS;
	size_t count = p->hot->waiting;

	if (!is_late)
		count = count > p->most ? count - p->most : 0;
	return count < most ? count : most;
}

/* A generation is at its end: all that came before it began to leave is on disk. */
static enum err
next_generation(struct places *p, int64_t now_ms, bool *turned_out)
{
	int64_t turn_ms = p->hot->places.turn_ms;
	enum err e = OK;

	if (turn_ms > p->mark_ms)
		e = put_mark(p, turn_ms);
	*turned_out = e == OK && hot_turn_places(p->hot, now_ms);
	return e;
}

static enum err
put_some(struct places *p, struct number_place *places, struct hot_pin **pins, size_t n)
{
	enum err e = number_index_put(p->index, places, n);

	for (size_t i = 0; i < n; i++)
		hot_placed(p->hot, pins[i]);
	return e;
}

/* Those of the old generation, `most` at most; how many in *count_out. */
static enum err
move_some(struct places *p, size_t most, size_t *count_out)
{
	struct number_place *places = mem_array(most, sizeof(*places));
	struct hot_pin **pins = mem_array(most, sizeof(*pins));
	size_t count = 0;
	enum err e;

	while (count < most && (pins[count] = hot_next_place(p->hot)) != NULL) {
		const struct pin_row *row = &pins[count]->row;

		places[count++] =
		    (struct number_place){.application = row->recipe.application,
			.destination = row->destination,
			.pin_id = row->recipe.pin_id};
	}
	e = put_some(p, places, pins, count);
	mem_free(places);
	mem_free(pins);
	*count_out = count;
	return e;
}

enum err
places_make_room(struct places *p, int64_t now_ms)
{
	size_t left = surplus(p, now_ms);
	bool goes_on = true;
	size_t moved;
	enum err e = OK;

	INVARIANT(p->loaded);
	p->entered = 0;
	while (e == OK && left > 0 && goes_on) {
		e = move_some(p, left, &moved);
		left -= moved;
		if (e == OK && hot_queue_left(&p->hot->places) == 0)
			e = next_generation(p, now_ms, &goes_on);
	}
	return e;
}

/* ---- questions ---- */

void
places_newest(const struct places *p, struct number_query *q)
{
	const struct hot_pin *pin = hot_newest(p->hot, &q->application, q->destination);
	size_t room = 0;

	for (; pin != NULL && (int64_t)q->count < q->most; pin = pin->older) {
		struct ident *id = arena_list_add(
		    q->arena, (void **)&q->pins, &q->count, &room, sizeof(*id));

		*id = pin->row.recipe.pin_id;
		if (ident_ms(id) <= q->since_ms)
			return;
	}
}

/* A list in the making has room for twice as many as are wanted: those that were found
 * so far, and then others that may be among them. */
struct listing {
	struct number_list *list;
	bool full; /* the first `most` are in order: what is after their last is out */
};

static int
compare_places(const struct number_place *a, const struct number_place *b)
{
	int order = ident_compare(&a->application, &b->application);

	if (order == 0)
		order = strcmp(a->destination, b->destination);
	return order != 0 ? order : ident_compare(&a->pin_id, &b->pin_id);
}

static int
compare_listed(const void *a, const void *b)
{
	return compare_places(a, b);
}

static void
keep_first(struct listing *s)
{
	struct number_list *l = s->list;

	qsort(l->places, l->count, sizeof(*l->places), compare_listed);
	s->full = (int64_t)l->count >= l->most;
	if (s->full)
		l->count = (size_t)l->most;
}

static void
list_place(struct listing *s, const struct number_place *place)
{
	struct number_list *l = s->list;

	if (s->full && compare_places(place, &l->places[l->most - 1]) > 0)
		return;
	if ((int64_t)l->count == 2 * l->most)
		keep_first(s);
	l->places[l->count++] = *place;
}

static struct number_place
place_of(const struct hot_pin *pin)
{
	return (struct number_place){.application = pin->row.recipe.application,
	    .destination = pin->destination,
	    .pin_id = pin->row.recipe.pin_id};
}

static bool
is_of_list(const struct number_list *l, const struct hot_pin *pin)
{
	return ident_compare(&pin->row.recipe.application, &l->after.application) == 0;
}

/* The old generation is in the order of a list. */
static size_t
first_after(const struct hot_queue *q, const struct number_place *after)
{
	size_t low = q->old_at;
	size_t high = q->old_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct number_place place = place_of(q->old[middle]);

		if (compare_places(&place, after) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
list_old(const struct hot_queue *q, struct listing *s)
{
	struct number_list *l = s->list;

	for (size_t i = first_after(q, &l->after);
	     i < q->old_count && is_of_list(l, q->old[i]) && (int64_t)l->count < l->most;
	     i++)
		if (q->old[i]->waits)
			l->places[l->count++] = place_of(q->old[i]);
	s->full = (int64_t)l->count == l->most;
}

static void
list_young(const struct hot_queue *q, struct listing *s)
{
	for (size_t i = 0; i < q->young_count; i++) {
		const struct hot_pin *pin = q->young[i];
		struct number_place place;

		if (!is_of_list(s->list, pin) || !pin->waits)
			continue;
		place = place_of(pin);
		if (compare_places(&place, &s->list->after) > 0)
			list_place(s, &place);
	}
}

void
places_list(const struct places *p, struct number_list *l)
{
	struct listing s = {.list = l};

	l->places = arena_alloc(l->arena, (2 * (size_t)l->most + 1) * sizeof(*l->places));
	if (l->most < 1)
		return;
	list_old(&p->hot->places, &s);
	list_young(&p->hot->places, &s);
	keep_first(&s);
	for (size_t i = 0; i < l->count; i++)
		l->places[i].destination =
		    arena_text(l->arena, span_of(l->places[i].destination));
}

enum err
places_archive(struct places *p, const struct number_place *upto)
{
	struct hot_pin *pin = hot_newest(p->hot, &upto->application, upto->destination);
	enum err e = OK;

	for (; e == OK && pin != NULL; pin = pin->older) {
		struct number_place place = *upto;

		place.pin_id = pin->row.recipe.pin_id;
		if (!pin->waits || ident_compare(&place.pin_id, &upto->pin_id) > 0)
			continue;
		e = number_index_archive_put(p->index, &place);
		hot_placed(p->hot, pin);
	}
	return e;
}
