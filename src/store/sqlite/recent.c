/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/recent.h"

#include "store/row.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"

/* Rows that move beyond twice as many as came: a start may have four times as many as
 * there shall be. */
enum { MOVE_SPARE = 64 };
/* PIN rows that a start looks at in one piece. */
enum { LOAD_MAX = 1024 };

const char recent_schema[] =
    "CREATE TEMP TABLE recent (application BLOB NOT NULL, destination TEXT NOT NULL, "
    "pin BLOB NOT NULL, PRIMARY KEY (application, destination, pin)) STRICT, WITHOUT "
    "ROWID";

/* What goes wrong with it goes wrong with the batch: what was to move must not be lost.
 */
struct recent_step {
	struct item item;
	struct ident mark;
	const struct recent_place *after;
	const struct number_place *place;
	int64_t most;
	struct arena *arena;
	/* what was read */
	struct number_place *places;
	size_t count;
	size_t capacity;
	struct number_query *query;
	size_t pins_room;
};

static struct recent_step *
step_of(struct item *it)
{
	return container_of(it, struct recent_step, item);
}

static void
bind_mark(struct item *it, struct binder *b)
{
	bind_ident(b, &step_of(it)->mark);
}

/* Without a mark, all that is on disk is looked at. */
static void
read_mark(struct item *it, struct row *r)
{
	row_ident(r, &step_of(it)->mark);
	(void)row_passed_over(r);
}

static void
bind_scan(struct item *it, struct binder *b)
{
	bind_mark(it, b);
	bind_int(b, step_of(it)->most);
}

static void
bind_after(struct item *it, struct binder *b)
{
	const struct recent_place *p = step_of(it)->after;

	bind_ident(b, &p->application);
	bind_text(b, p->destination == NULL ? "" : p->destination);
	bind_ident(b, &p->pin);
	bind_int(b, step_of(it)->most);
}

static void
bind_number(struct item *it, struct binder *b)
{
	bind_ident(b, &step_of(it)->place->application);
	bind_text(b, step_of(it)->place->destination);
}

static void
bind_place(struct item *it, struct binder *b)
{
	bind_number(it, b);
	bind_ident(b, &step_of(it)->place->pin_id);
}

static void
bind_number_and_most(struct item *it, struct binder *b)
{
	bind_number(it, b);
	bind_int(b, step_of(it)->most);
}

static void
bind_place_and_most(struct item *it, struct binder *b)
{
	bind_place(it, b);
	bind_int(b, step_of(it)->most);
}

static struct number_place *
add_place(struct recent_step *s)
{
	return arena_list_add(
	    s->arena, (void **)&s->places, &s->count, &s->capacity, sizeof(*s->places));
}

static void
read_place(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);
	struct number_place *place = add_place(s);

	row_ident(r, &place->application);
	place->destination = row_destination(r, s->arena);
	row_ident(r, &place->pin_id);
}

/* The place of a row that is damaged is nobody's. */
static void
read_scanned(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);

	read_place(it, r);
	if (row_passed_over(r))
		s->places[s->count - 1].destination = NULL;
}

static void
read_listed(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);
	struct number_place *place = add_place(s);

	place->application = s->place->application;
	place->destination = row_destination(r, s->arena);
	row_ident(r, &place->pin_id);
}

static void
read_upto(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);
	struct number_place *place = add_place(s);

	*place = *s->place;
	row_ident(r, &place->pin_id);
}

static void
read_newest(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);
	struct number_query *q = s->query;
	struct ident *pin = arena_list_add(
	    q->arena, (void **)&q->pins, &q->count, &s->pins_room, sizeof(*pin));

	row_ident(r, pin);
	r->enough = ident_ms(pin) <= q->since_ms;
}

/* The place takes the text over. */
static void
go_to(struct recent *r, const struct recent_place *place)
{
	mem_free(r->at.destination);
	r->at = *place;
}

void
recent_init(struct recent *r, int64_t most)
{
	*r = (struct recent){.most = most};
}

static void
go_to_start(struct recent *r)
{
	go_to(r, &(struct recent_place){.destination = NULL});
}

void
recent_fini(struct recent *r)
{
	go_to_start(r);
}

enum err
recent_recount(struct sqlite_pins *p)
{
	return engine_number(p->pins.engine, SQL_RECENT_COUNT, &p->recent.count);
}

/* Everything before this time is on disk. */
static enum err
put_mark(struct sqlite_pins *p, int64_t ms)
{
	static const struct sql_step put = {SQL_RECENT_MARK_PUT, bind_mark, NULL, NULL};
	struct recent_step s = {.most = 0};

	ident_floor(&s.mark, ms);
	p->recent.mark_ms = ms;
	return engine_whole(p->pins.engine, &put, &s.item);
}

static enum err
enter(struct sqlite_pins *p, const struct number_place *place)
{
	static const struct sql_step insert = {SQL_RECENT_INSERT, bind_place, NULL, NULL};
	struct recent_step s = {.place = place};
	bool here = false;
	enum err e = number_index_has(&p->numbers, place, &here);

	return e == OK && !here ? engine_whole(p->pins.engine, &insert, &s.item) : e;
}

/* PIN rows from the mark on, which moves to the last of them: its own row is looked at
 * again with the next ones. */
static enum err
load_some(struct sqlite_pins *p, struct recent_step *s)
{
	static const struct sql_step scan = {
	    SQL_RECENT_SCAN, bind_scan, read_scanned, NULL};
	enum err e = engine_whole(p->pins.engine, &scan, &s->item);

	for (size_t i = 0; e == OK && i < s->count; i++) {
		s->mark = s->places[i].pin_id;
		if (s->places[i].destination != NULL)
			e = enter(p, &s->places[i]);
	}
	return e;
}

static enum err
load_from(struct sqlite_pins *p, struct ident mark)
{
	struct recent_step s = {.most = LOAD_MAX, .count = LOAD_MAX};
	struct arena a;
	enum err e = OK;

	while (e == OK && s.count == LOAD_MAX) {
		arena_init(&a);
		s = (struct recent_step){.mark = mark, .most = LOAD_MAX, .arena = &a};
		e = load_some(p, &s);
		mark = s.mark;
		arena_fini(&a);
	}
	return e;
}

/* What was sent before now is in memory or on disk: a round begins. */
enum err
recent_load(struct sqlite_pins *p)
{
	static const struct sql_step clear = {SQL_RECENT_CLEAR, bind_nothing, NULL, NULL};
	static const struct sql_step get = {
	    SQL_RECENT_MARK, bind_nothing, read_mark, NULL};
	struct recent_step s = {.most = 0};
	enum err e;

	if (p->recent.loaded)
		return OK;
	go_to_start(&p->recent);
	p->recent.round_ms = p->time.now_ms;
	e = engine_whole(p->pins.engine, &clear, &s.item);
	if (e == OK)
		e = engine_whole(p->pins.engine, &get, &s.item);
	p->recent.mark_ms = ident_ms(&s.mark);
	if (e == OK)
		e = load_from(p, s.mark);
	if (e == OK)
		e = recent_recount(p);
	if (e == OK && p->recent.count == 0)
		e = put_mark(p, p->time.now_ms);
	p->recent.loaded = e == OK;
	return e;
}

/* ---- what is asked ---- */

enum err
recent_newest(struct sqlite_pins *p, struct number_query *q)
{
	static const struct sql_step step = {
	    SQL_RECENT_NEWEST, bind_number_and_most, read_newest, NULL};
	struct number_place place = {
	    .application = q->application, .destination = q->destination};
	struct recent_step s = {.place = &place, .most = q->most, .query = q};
	enum err e = engine_one(p->pins.engine, &step, &s.item);

	q->err = s.item.err;
	return e;
}

enum err
recent_list(struct sqlite_pins *p, struct number_list *l)
{
	static const struct sql_step step = {
	    SQL_RECENT_LIST, bind_place_and_most, read_listed, NULL};
	struct recent_step s = {.place = &l->after, .most = l->most, .arena = l->arena};
	enum err e = engine_one(p->pins.engine, &step, &s.item);

	l->places = s.places;
	l->count = s.count;
	l->err = s.item.err;
	return e;
}

enum err
recent_remove(struct sqlite_pins *p, const struct number_place *place)
{
	static const struct sql_step removal = {
	    SQL_RECENT_REMOVE, bind_place, NULL, NULL};
	struct recent_step s = {.place = place};

	return engine_whole(p->pins.engine, &removal, &s.item);
}

enum err
recent_archive(struct sqlite_pins *p, const struct number_place *upto)
{
	static const struct sql_step find = {
	    SQL_RECENT_UPTO, bind_place, read_upto, NULL};
	static const struct sql_step leave = {
	    SQL_RECENT_REMOVE_UPTO, bind_place, NULL, NULL};
	struct arena a;
	struct recent_step s = {.place = upto, .arena = &a};
	enum err e;

	arena_init(&a);
	e = engine_whole(p->pins.engine, &find, &s.item);
	for (size_t i = 0; e == OK && i < s.count; i++)
		e = number_index_archive_put(&p->numbers, &s.places[i]);
	if (e == OK && s.count > 0)
		e = engine_whole(p->pins.engine, &leave, &s.item);
	p->recent.count -= (int64_t)s.count;
	arena_fini(&a);
	return e;
}

/* ---- what moves ---- */

/* All that was there when this round began is on disk. */
static enum err
end_round(struct sqlite_pins *p)
{
	enum err e = put_mark(p, p->recent.round_ms);

	p->recent.round_ms = p->time.now_ms;
	go_to_start(&p->recent);
	return e;
}

/* How many are to move now. Where few come memory is never full; so that the mark follows
 * all the same, as a start looks at everything after it, it is emptied now and then. */
static int64_t
surplus(const struct recent *r, int64_t now_ms)
{
	int64_t most = 2 * r->entered + MOVE_SPARE;
	bool is_late = now_ms - r->mark_ms > 2 * RECENT_AGE_MS;
	int64_t count = is_late ? r->count : r->count - r->most;

	return count < most ? count : most;
}

/* Those that moved leave memory, and the place in its order is behind the last. */
static enum err
leave(struct sqlite_pins *p, const struct number_place *places, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		e = recent_remove(p, &places[i]);
	if (n > 0)
		go_to(&p->recent,
		    &(struct recent_place){.application = places[n - 1].application,
			.destination = mem_text(places[n - 1].destination),
			.pin = places[n - 1].pin_id});
	return e;
}

static enum err
move_stretch(struct sqlite_pins *p, struct recent_step *s)
{
	static const struct sql_step stretch = {
	    SQL_RECENT_STRETCH, bind_after, read_place, NULL};
	enum err e = engine_whole(p->pins.engine, &stretch, &s->item);

	if (e == OK)
		e = number_index_put(&p->numbers, s->places, s->count);
	return e == OK ? leave(p, s->places, s->count) : e;
}

static enum err
move(struct sqlite_pins *p, int64_t count)
{
	struct recent *r = &p->recent;
	struct arena a;
	struct recent_step s = {.after = &r->at, .most = count, .arena = &a};
	enum err e;

	arena_init(&a);
	e = move_stretch(p, &s);
	arena_fini(&a);
	r->count -= (int64_t)s.count;
	r->entered = 0;
	if (e != OK || ((int64_t)s.count == count && r->count > 0))
		return e;
	e = end_round(p);
	return e == OK ? recent_recount(p) : e;
}

enum err
recent_make_room(struct sqlite_pins *p)
{
	int64_t count = surplus(&p->recent, p->time.now_ms);

	return count > 0 && p->time.now_ms > p->recent.entered_ms ? move(p, count) : OK;
}

void
recent_entered(struct sqlite_pins *p, int64_t count)
{
	p->recent.count += count;
	p->recent.entered += count;
	if (count > 0)
		p->recent.entered_ms = p->time.now_ms;
}
