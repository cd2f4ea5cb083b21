/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/number_index.h"

#include <stdlib.h>

#include "store/row.h"
#include "store/sqlite/statements.h"

/* Rows that move at a time; and rows whose texts are kept together as a run is read. */
enum { MOVE_MAX = 64, ROWS_AN_ARENA = 1024 };
/* Numbers of runs that a damaged row can not lead beyond. */
#define RUN_NUMBER_MAX (INT64_MAX / 4)
/* The longest filter that is read: of a run of half a billion entries. */
#define FILTER_LEN_MAX ((size_t)1 << 30)

/* One statement's item: what it is asked, and where its rows go. */
struct number_step {
	struct item item;
	int64_t run;
	int64_t most;
	const struct number_place *place;
	struct number_run *of;
	struct number_query *query;
	struct arena *arena;
	struct ident *pins; /* of the query, grown by arena_list_add */
	size_t count;
	size_t capacity;
	struct number_place *places;
	bool found;
	int64_t number;
	struct ident mark;
};

static struct number_step *
step_of(struct item *it)
{
	return container_of(it, struct number_step, item);
}

static enum err
run_step(struct number_index *x, const struct sql_step *step, struct number_step *s)
{
	return engine_one(x->engine, step, &s->item);
}

/* Where what concerns the row concerns the batch. */
static enum err
run_whole(struct number_index *x, const struct sql_step *step, struct number_step *s)
{
	return engine_whole(x->engine, step, &s->item);
}

static uint64_t
hash_of(const struct number_place *place)
{
	return number_filter_hash(&place->application, place->destination);
}

static struct number_run *
written(const struct number_index *x)
{
	return &x->runs[x->count - 1];
}

/* Runs are there in the order of their numbers, and the last one takes more. */
static void
check(const struct number_index *x)
{
	INVARIANT(x->loaded && x->count > 0 && !written(x)->complete);
	INVARIANT(x->count == 1 || x->runs[x->count - 2].number < written(x)->number);
}

/* ---- binding ---- */

static void
bind_run(struct item *it, struct binder *b)
{
	bind_int(b, step_of(it)->run);
}

static void
bind_run_and_most(struct item *it, struct binder *b)
{
	bind_run(it, b);
	bind_int(b, step_of(it)->most);
}

static void
bind_number(struct item *it, struct binder *b)
{
	bind_ident(b, &step_of(it)->place->application);
	bind_text(b, step_of(it)->place->destination);
}

static void
bind_number_and_most(struct item *it, struct binder *b)
{
	bind_number(it, b);
	bind_int(b, step_of(it)->most);
}

static void
bind_place(struct item *it, struct binder *b)
{
	bind_number(it, b);
	bind_ident(b, &step_of(it)->place->pin_id);
}

static void
bind_run_number_and_most(struct item *it, struct binder *b)
{
	bind_run(it, b);
	bind_number_and_most(it, b);
}

static void
bind_run_and_place(struct item *it, struct binder *b)
{
	bind_run(it, b);
	bind_place(it, b);
}

static void
note_found(struct item *it, struct row *r)
{
	(void)r;
	step_of(it)->found = true;
}

/* ---- runs ---- */

void
number_index_init(struct number_index *x, struct engine *engine, int64_t run_max)
{
	*x = (struct number_index){
	    .engine = engine, .run_max = run_max == 0 ? NUMBER_RUN_MAX : run_max};
}

void
number_index_fini(struct number_index *x)
{
	for (size_t i = 0; i < x->count; i++)
		number_filter_fini(&x->runs[i].filter);
	mem_free(x->runs);
	*x = (struct number_index){.count = 0};
}

void
number_index_forget(struct number_index *x)
{
	x->loaded = false;
}

/* A new element at this place. */
static struct number_run *
make_place(struct number_index *x, size_t at)
{
	if (x->count == x->capacity) {
		struct number_run *old = x->runs;

		x->capacity = 2 * x->capacity + 4;
		x->runs = mem_array(x->capacity, sizeof(*x->runs));
		if (old != NULL)
			memcpy(x->runs, old, x->count * sizeof(*old));
		mem_free(old);
	}
	memmove(&x->runs[at + 1], &x->runs[at], (x->count - at) * sizeof(*x->runs));
	x->count++;
	x->runs[at] = (struct number_run){.number = 0};
	return &x->runs[at];
}

static void
drop_run(struct number_index *x, size_t at)
{
	number_filter_fini(&x->runs[at].filter);
	x->count--;
	memmove(&x->runs[at], &x->runs[at + 1], (x->count - at) * sizeof(*x->runs));
}

/* So that their number stays near NUMBER_RUNS_MAX. */
static int64_t
room_of_next(const struct number_index *x)
{
	int64_t all = 0;

	for (size_t i = 0; i < x->count; i++)
		all += x->runs[i].entries;
	return all / NUMBER_RUNS_MAX > x->run_max ? all / NUMBER_RUNS_MAX : x->run_max;
}

static void
begin_run(struct number_index *x)
{
	int64_t room = room_of_next(x);
	int64_t number = x->count == 0 ? 1 : written(x)->number + 1;
	struct number_run *run = make_place(x, x->count);

	run->number = number;
	run->room = room;
	number_filter_init(&run->filter, room);
}

static void
bind_run_row(struct item *it, struct binder *b)
{
	struct number_run *run = step_of(it)->of;
	struct span kept = number_filter_save(&run->filter);

	bind_int(b, run->number);
	bind_int(b, run->entries);
	bind_ident(b, &run->newest);
	bind_blob(b, kept.ptr, kept.len);
}

static enum err
keep_run(struct number_index *x, struct number_run *run)
{
	static const struct sql_step put = {SQL_NUMBER_RUN_PUT, bind_run_row, NULL, NULL};
	struct number_step s = {.of = run};

	run->complete = true;
	return run_whole(x, &put, &s);
}

/* ---- loading ---- */

static void
read_kept(struct item *it, struct row *r)
{
	struct number_step *s = step_of(it);
	struct number_run *run = s->of;
	struct arena a;

	arena_init(&a);
	run->entries = row_count(r);
	row_ident(r, &run->newest);
	s->found = number_filter_load(&run->filter, row_bytes(r, &a, FILTER_LEN_MAX));
	if (!s->found)
		row_is_damaged(r);
	if (row_passed_over(r)) {
		number_filter_fini(&run->filter);
		s->found = false;
	}
	arena_fini(&a);
}

static void
read_count(struct item *it, struct row *r)
{
	step_of(it)->number = row_count(r);
}

static void
add_entry(struct number_run *run, const struct number_place *place)
{
	number_filter_add(&run->filter, hash_of(place));
	run->entries++;
	if (ident_compare(&place->pin_id, &run->newest) > 0)
		run->newest = place->pin_id;
}

/* A damaged place is nobody's. */
static void
read_entry(struct item *it, struct row *r)
{
	struct number_step *s = step_of(it);
	struct number_place place;

	if (s->count++ % ROWS_AN_ARENA == 0) {
		arena_fini(s->arena);
		arena_init(s->arena);
	}
	row_ident(r, &place.application);
	place.destination = row_destination(r, s->arena);
	row_ident(r, &place.pin_id);
	if (!row_passed_over(r))
		add_entry(s->of, &place);
}

static enum err
make_filter(struct number_index *x, struct number_run *run)
{
	static const struct sql_step count = {
	    SQL_NUMBER_RUN_COUNT, bind_run, read_count, NULL};
	static const struct sql_step scan = {
	    SQL_NUMBER_RUN_SCAN, bind_run, read_entry, NULL};
	struct arena a;
	struct number_step s = {.run = run->number, .of = run, .arena = &a};
	enum err e = run_whole(x, &count, &s);

	arena_init(&a);
	run->entries = 0;
	run->room = s.number > x->run_max ? s.number : x->run_max;
	memset(&run->newest, 0, sizeof(run->newest));
	number_filter_init(&run->filter, run->room);
	if (e == OK)
		e = run_whole(x, &scan, &s);
	arena_fini(&a);
	return e;
}

static enum err
load_run(struct number_index *x, struct number_run *run)
{
	static const struct sql_step get = {
	    SQL_NUMBER_RUN_GET, bind_run, read_kept, NULL};
	struct number_step s = {.run = run->number, .of = run};
	enum err e = run_whole(x, &get, &s);

	run->complete = s.found;
	run->room = run->entries;
	return e == OK && !s.found ? make_filter(x, run) : e;
}

static void
read_run_number(struct item *it, struct row *r)
{
	step_of(it)->number = row_int(r, 0, RUN_NUMBER_MAX);
	step_of(it)->found = true;
}

/* Those that are there already stay: a batch that was rolled back has added to their
 * filters at most. */
static enum err
load_runs(struct number_index *x)
{
	static const struct sql_step next = {
	    SQL_NUMBER_RUN_NEXT, bind_run_and_most, read_run_number, NULL};
	struct number_step s = {.run = -1, .most = RUN_NUMBER_MAX};
	enum err e = run_whole(x, &next, &s);

	for (size_t at = 0; e == OK && s.found; at++) {
		while (at < x->count && x->runs[at].number < s.number)
			at++;
		if (at == x->count || x->runs[at].number != s.number) {
			make_place(x, at)->number = s.number;
			e = load_run(x, &x->runs[at]);
			if (e != OK) /* its filter would say too little */
				drop_run(x, at);
		}
		s.run = s.number;
		s.found = false;
		if (e == OK)
			e = run_whole(x, &next, &s);
	}
	return e;
}

/* Nothing is added any more to runs before the one that is written to. */
static enum err
complete_runs(struct number_index *x)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i + 1 < x->count; i++)
		if (!x->runs[i].complete)
			e = keep_run(x, &x->runs[i]);
	if (x->count == 0 || written(x)->complete)
		begin_run(x);
	return e;
}

/* Where nobody knows what stands in the archive it is asked until all was looked at. */
static void
expect_all(struct number_index *x)
{
	memset(x->archived.bytes, 0xff, IDENT_LEN);
	memset(x->aged.bytes, 0, IDENT_LEN);
	x->upgraded_ms = ROW_MS_MAX;
	x->lost = true;
}

static void
read_archived(struct item *it, struct row *r)
{
	struct number_step *s = step_of(it);

	row_ident(r, &s->mark);
	s->number = row_ms(r);
	s->found = !row_passed_over(r);
}

static enum err
load_archived(struct number_index *x)
{
	static const struct sql_step get = {
	    SQL_ARCHIVED, bind_nothing, read_archived, NULL};
	struct number_step s = {.found = false};
	enum err e = run_whole(x, &get, &s);

	expect_all(x);
	if (!s.found)
		return e;
	x->archived = x->aged = s.mark;
	x->upgraded_ms = s.number;
	x->lost = false;
	return e;
}

enum err
number_index_load(struct number_index *x)
{
	static const struct sql_step orphans = {
	    SQL_NUMBER_RUN_ORPHANS, bind_nothing, NULL, NULL};
	struct number_step s = {.found = false};
	enum err e;

	if (x->loaded)
		return OK;
	/* a later run would take the row of one that is gone for its own */
	e = run_whole(x, &orphans, &s);
	if (e == OK)
		e = load_archived(x);
	if (e == OK)
		e = load_runs(x);
	if (e == OK)
		e = complete_runs(x);
	x->loaded = e == OK;
	return e;
}

/* ---- the PINs of a number ---- */

/* One place before since_ms is told as well: the newest PIN counts for more than limits.
 */
static void
read_pin(struct item *it, struct row *r)
{
	struct number_step *s = step_of(it);
	struct ident *pin = arena_list_add(
	    s->query->arena, (void **)&s->pins, &s->count, &s->capacity, sizeof(*pin));

	row_ident(r, pin);
	r->enough = ident_ms(pin) <= s->query->since_ms;
}

static int
compare_newest_first(const void *a, const void *b)
{
	return ident_compare(b, a);
}

/* Merges the answers of several places into the answer that one place would give. */
static void
take_newest(struct number_query *q, struct number_step *s, size_t places)
{
	if (places > 1 && s->count > 1)
		qsort(s->pins, s->count, sizeof(*s->pins), compare_newest_first);
	q->pins = s->pins;
	while (q->count < s->count && (int64_t)q->count < q->most)
		if (ident_ms(&q->pins[q->count++]) <= q->since_ms)
			break;
	q->err = s->item.err;
}

static bool
asks_archive(const struct number_index *x, const struct number_query *q)
{
	return q->archive_ms == 0 || ident_ms(&x->archived) > q->archive_ms ||
	       x->upgraded_ms > q->archive_ms;
}

enum err
number_index_newest(struct number_index *x, struct number_query *q)
{
	static const struct sql_step in_run = {
	    SQL_NUMBER_NEWEST, bind_run_number_and_most, read_pin, NULL};
	static const struct sql_step in_archive = {
	    SQL_ARCHIVE_NEWEST, bind_number_and_most, read_pin, NULL};
	struct number_place place = {
	    .application = q->application, .destination = q->destination};
	struct number_step s = {.most = q->most, .place = &place, .query = q};
	uint64_t hash = hash_of(&place);
	size_t places = 0;
	enum err e = OK;

	check(x);
	q->count = 0;
	for (size_t i = x->count; e == OK && i-- > 0;)
		if (number_filter_may_have(&x->runs[i].filter, hash)) {
			s.run = x->runs[i].number;
			e = run_step(x, &in_run, &s);
			places++;
		}
	if (e == OK && asks_archive(x, q)) {
		e = run_step(x, &in_archive, &s);
		places++;
	}
	take_newest(q, &s, places);
	return e;
}

enum err
number_index_has(struct number_index *x, const struct number_place *place, bool *out)
{
	static const struct sql_step in_run = {
	    SQL_NUMBER_HAS, bind_run_and_place, note_found, NULL};
	static const struct sql_step in_archive = {
	    SQL_ARCHIVE_HAS, bind_place, note_found, NULL};
	struct number_step s = {.place = place};
	uint64_t hash = hash_of(place);
	enum err e = OK;

	for (size_t i = x->count; e == OK && !s.found && i-- > 0;)
		if (number_filter_may_have(&x->runs[i].filter, hash)) {
			s.run = x->runs[i].number;
			e = run_whole(x, &in_run, &s);
		}
	if (e == OK && !s.found && ident_compare(&place->pin_id, &x->archived) <= 0)
		e = run_whole(x, &in_archive, &s);
	*out = s.found;
	return e;
}

/* ---- entering and leaving ---- */

static enum err
next_run(struct number_index *x)
{
	enum err e = keep_run(x, written(x));

	begin_run(x);
	return e;
}

enum err
number_index_put(struct number_index *x, const struct number_place *places, size_t n)
{
	static const struct sql_step insert = {
	    SQL_NUMBER_INSERT, bind_run_and_place, NULL, NULL};
	enum err e = written(x)->entries >= written(x)->room ? next_run(x) : OK;
	struct number_run *run = written(x);

	check(x);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct number_step s = {.run = run->number, .place = &places[i]};

		e = run_whole(x, &insert, &s);
		add_entry(run, &places[i]);
	}
	return e;
}

/* A statement for each run that may have the number. */
static enum err
in_its_runs(
    struct number_index *x, const struct sql_step *step, const struct number_place *place)
{
	struct number_step s = {.place = place};
	uint64_t hash = hash_of(place);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < x->count; i++)
		if (number_filter_may_have(&x->runs[i].filter, hash)) {
			s.run = x->runs[i].number;
			e = run_whole(x, step, &s);
		}
	return e;
}

static enum err
leave_archive(struct number_index *x, const struct number_place *place)
{
	static const struct sql_step leave = {SQL_ARCHIVE_REMOVE, bind_place, NULL, NULL};
	struct number_step s = {.place = place};

	return run_whole(x, &leave, &s);
}

enum err
number_index_remove(struct number_index *x, const struct number_place *place)
{
	static const struct sql_step leave = {
	    SQL_NUMBER_REMOVE, bind_run_and_place, NULL, NULL};
	enum err e = in_its_runs(x, &leave, place);

	return e == OK ? leave_archive(x, place) : e;
}

/* ---- the archive ---- */

enum err
number_index_archive(struct number_index *x, const struct number_place *upto)
{
	static const struct sql_step enter = {
	    SQL_NUMBER_ARCHIVE, bind_run_and_place, NULL, NULL};
	static const struct sql_step leave = {
	    SQL_NUMBER_REMOVE_UPTO, bind_run_and_place, NULL, NULL};
	enum err e = in_its_runs(x, &enter, upto);

	return e == OK ? in_its_runs(x, &leave, upto) : e;
}

enum err
number_index_archive_put(struct number_index *x, const struct number_place *place)
{
	static const struct sql_step enter = {SQL_ARCHIVE_INSERT, bind_place, NULL, NULL};
	struct number_step s = {.place = place};

	return run_whole(x, &enter, &s);
}

enum err
number_index_unarchive(struct number_index *x, const struct number_place *place)
{
	static const struct sql_step find = {
	    SQL_ARCHIVE_HAS, bind_place, note_found, NULL};
	struct number_step s = {.place = place};
	enum err e = OK;

	if (ident_compare(&place->pin_id, &x->archived) <= 0)
		e = run_whole(x, &find, &s);
	if (e == OK && s.found)
		e = number_index_put(x, place, 1);
	return e == OK && s.found ? leave_archive(x, place) : e;
}

static void
read_left(struct item *it, struct row *r)
{
	struct number_step *s = step_of(it);
	struct number_place *place = &s->places[s->count];

	row_ident(r, &place->application);
	place->destination = row_destination(r, s->arena);
	row_ident(r, &place->pin_id);
	s->found = true;
	if (!row_passed_over(r))
		s->count++;
}

/* Its filter goes: should this batch be rolled back, the next load finds the run. */
static enum err
forget_run(struct number_index *x, size_t at)
{
	static const struct sql_step forget = {
	    SQL_NUMBER_RUN_FORGET, bind_run, NULL, NULL};
	struct number_step s = {.run = x->runs[at].number};

	drop_run(x, at);
	return run_whole(x, &forget, &s);
}

/* Some rows at a time; a damaged one stays, and its run with it. */
static enum err
empty_run(struct number_index *x, size_t at, bool *moved_out)
{
	static const struct sql_step scan = {
	    SQL_NUMBER_RUN_LEFT, bind_run_and_most, read_left, NULL};
	static const struct sql_step leave = {
	    SQL_NUMBER_REMOVE, bind_run_and_place, NULL, NULL};
	struct arena a;
	struct number_step s = {.run = x->runs[at].number, .most = MOVE_MAX, .arena = &a};
	enum err e;

	arena_init(&a);
	s.places = arena_alloc(&a, (MOVE_MAX + 1) * sizeof(*s.places));
	e = run_whole(x, &scan, &s);
	for (size_t i = 0; e == OK && i < s.count; i++) {
		struct number_step one = {.run = s.run, .place = &s.places[i]};

		e = run_whole(x, &leave, &one);
	}
	if (e == OK && s.count > 0)
		e = number_index_put(x, s.places, s.count);
	if (e == OK && !s.found)
		e = forget_run(x, at);
	*moved_out = s.count > 0;
	arena_fini(&a);
	return e;
}

static void
bind_mark(struct item *it, struct binder *b)
{
	bind_ident(b, &step_of(it)->mark);
}

/* The oldest run is first: what it had goes around to the one that is written to. */
enum err
number_index_archived(struct number_index *x, const struct ident *upto, bool all)
{
	static const struct sql_step put = {SQL_ARCHIVED_PUT, bind_mark, NULL, NULL};
	struct number_step s = {.mark = *upto};
	bool moved = false;
	size_t at = 0;
	enum err e;

	x->aged = *upto;
	if (x->lost && !all) /* not yet */
		return OK;
	e = run_whole(x, &put, &s);
	x->archived = *upto;
	x->lost = false;
	for (size_t count = 0; e == OK && !moved && at + 1 < x->count;
	     at += x->count == count) {
		count = x->count;
		if (ident_compare(&x->runs[at].newest, upto) <= 0)
			e = empty_run(x, at, &moved);
	}
	return e;
}

/* PINs leave in the order of their time, as a rule: the first run is the next one. */
enum err
number_index_drop_empty(struct number_index *x)
{
	static const struct sql_step left = {
	    SQL_NUMBER_RUN_LEFT, bind_run_and_most, note_found, NULL};
	struct number_step s = {.most = 1};
	enum err e = OK;

	while (e == OK && !s.found && x->count > 1) {
		s.run = x->runs[0].number;
		e = run_whole(x, &left, &s);
		e = e == OK && !s.found ? forget_run(x, 0) : e;
	}
	return e;
}
