/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/recent.h"

#include "store/row.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"

/* Rows that move beyond twice as many as came: a start may have four times as many as
 * there shall be. */
enum { MOVE_SPARE = 64 };

const char recent_schema[] =
    "CREATE TEMP TABLE recent (application BLOB NOT NULL, destination TEXT NOT NULL, "
    "pin BLOB NOT NULL, PRIMARY KEY (application, destination, pin)) STRICT, WITHOUT "
    "ROWID";

/* What goes wrong with it goes wrong with the batch: what was to move must not be lost.
 */
struct recent_step {
	struct item item;
	struct ident mark;
	struct ident aged;
	int64_t upgraded_ms;
	int64_t number;
	bool found;
	const struct recent_place *after;
	struct recent_place upto;
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

static void
bind_marks(struct item *it, struct binder *b)
{
	bind_mark(it, b);
	bind_ident(b, &step_of(it)->aged);
}

/* Where nobody knows what stands among the old ones: limits look there, always. */
static void
expect_old_ones(struct recent_step *s)
{
	memset(s->aged.bytes, 0xff, IDENT_LEN);
	s->upgraded_ms = ROW_MS_MAX;
}

/* Without a mark, all that is on disk is looked at. */
static void
read_marks(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);

	row_ident(r, &s->mark);
	(void)row_passed_over(r);
	row_ident(r, &s->aged);
	if (row_passed_over(r))
		expect_old_ones(s);
	s->upgraded_ms = row_ms(r);
	if (row_passed_over(r))
		expect_old_ones(s);
}

static void
bind_place(struct binder *b, const struct recent_place *p)
{
	bind_ident(b, &p->application);
	bind_text(b, p->destination == NULL ? "" : p->destination);
	bind_ident(b, &p->pin);
}

static void
bind_bound(struct item *it, struct binder *b)
{
	bind_place(b, step_of(it)->after);
	bind_int(b, step_of(it)->number - 1);
}

static void
read_bound(struct item *it, struct row *r)
{
	struct recent_step *s = step_of(it);
	struct arena a;
	const char *to;

	arena_init(&a);
	row_ident(r, &s->upto.application);
	to = row_bytes(r, &a, ROW_TEXT_MAX).ptr;
	row_ident(r, &s->upto.pin);
	s->upto.destination = mem_text(to == NULL ? "" : to);
	s->found = true;
	arena_fini(&a);
}

static void
bind_stretch(struct item *it, struct binder *b)
{
	bind_place(b, step_of(it)->after);
	bind_place(b, &step_of(it)->upto);
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
	struct recent_step s = {.found = false};

	ident_floor(&s.mark, ms);
	p->recent.mark_ms = ms;
	return engine_whole(p->pins.engine, &put, &s.item);
}

/* What was sent before now is in memory or on disk: a round begins. */
enum err
recent_load(struct sqlite_pins *p)
{
	static const struct sql_step clear = {SQL_RECENT_CLEAR, bind_nothing, NULL, NULL};
	static const struct sql_step get = {
	    SQL_RECENT_MARK, bind_nothing, read_marks, NULL};
	static const struct sql_step load = {SQL_RECENT_LOAD, bind_marks, NULL, NULL};
	struct recent_step s = {.found = false};
	enum err e;

	if (p->recent.loaded)
		return OK;
	go_to_start(&p->recent);
	p->recent.round_ms = p->time.now_ms;
	expect_old_ones(&s);
	e = engine_whole(p->pins.engine, &clear, &s.item);
	if (e == OK)
		e = engine_whole(p->pins.engine, &get, &s.item);
	p->recent.mark_ms = ident_ms(&s.mark);
	p->recent.aged = s.aged;
	p->recent.upgraded_ms = s.upgraded_ms;
	if (e == OK)
		e = engine_whole(p->pins.engine, &load, &s.item);
	if (e == OK)
		e = recent_recount(p);
	if (e == OK && p->recent.count == 0)
		e = put_mark(p, p->time.now_ms);
	p->recent.loaded = e == OK;
	return e;
}

enum err
recent_aged(struct sqlite_pins *p, const struct ident *upto)
{
	static const struct sql_step put = {SQL_AGED_PUT, bind_mark, NULL, NULL};
	struct recent_step s = {.mark = *upto};

	p->recent.aged = *upto;
	return engine_whole(p->pins.engine, &put, &s.item);
}

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

static enum err
move(struct sqlite_pins *p, int64_t count)
{
	static const struct sql_step bound = {
	    SQL_RECENT_BOUND, bind_bound, read_bound, NULL};
	static const struct sql_step settle = {
	    SQL_RECENT_SETTLE, bind_stretch, NULL, NULL};
	static const struct sql_step removal = {
	    SQL_RECENT_REMOVE, bind_stretch, NULL, NULL};
	struct recent *r = &p->recent;
	struct recent_step s = {.after = &r->at, .number = count};
	enum err e = engine_whole(p->pins.engine, &bound, &s.item);

	if (!s.found)
		memset(&s.upto.application, 0xff, sizeof(s.upto.application));
	if (e == OK)
		e = engine_whole(p->pins.engine, &settle, &s.item);
	if (e == OK)
		e = engine_whole(p->pins.engine, &removal, &s.item);
	go_to(r, &s.upto);
	r->count -= count;
	r->entered = 0;
	if (e != OK || (s.found && r->count > 0))
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
