/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of a destination grow old: from table to table, in the order of their ids, go
 * those that no limit of a day counts any more, so that sends look among those of the
 * last days alone (store/sqlite/places.h). With a PIN go those of its number before it:
 * what a number has among the old ones is older than what it has elsewhere. Where the log
 * of verifies had a request in the last day, the PIN stays until a later one of its
 * number goes; and one that is old already comes back when a request is noted in its row
 * (verbs/verify.c).
 */
#include "store/row.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"
#include "twofa/verify_log.h"

enum { NOTE_MS = PERIOD_MS_HOUR };

struct stretch {
	struct item item;
	struct ident from;
	struct ident until;
	int64_t limit;
	int64_t scanned;
	size_t moved;
	struct age_item *items;
	struct arena arena;
};

struct age_item {
	struct ident pin_id;
	struct ident application;
	const char *destination;
	struct span log;
	bool damaged;
};

static struct stretch *
stretch_of(struct item *it)
{
	return container_of(it, struct stretch, item);
}

static void
bind_scan(struct item *it, struct binder *b)
{
	struct stretch *s = stretch_of(it);

	bind_ident(b, &s->from);
	bind_ident(b, &s->until);
	bind_int(b, s->limit);
}

static void
read_scan(struct item *it, struct row *r)
{
	struct stretch *s = stretch_of(it);
	struct age_item *old = &s->items[s->scanned++];

	row_ident(r, &old->pin_id);
	row_ident(r, &old->application);
	old->destination = row_destination(r, &s->arena);
	old->log = row_log(r, &s->arena);
	old->damaged = row_passed_over(r);
}

/* A damaged log tells nothing; a verify or send meets it as ever. */
static bool
was_asked_lately(const struct sqlite_pins *p, struct stretch *s, struct age_item *old)
{
	const struct hot_pin *pin = hot_find(&p->hot, &old->pin_id);
	struct verify_log log;

	if (old->damaged)
		return true;
	if (pin != NULL && pin->log_set)
		old->log = pin->row.log;
	return verify_log_load(&log, &s->arena, old->log) != OK ||
	       verify_log_newest(&log) > p->time.settled_ms - PERIOD_MS_DAY;
}

static enum err
archive(struct sqlite_pins *p, const struct age_item *old)
{
	struct number_place place = {.application = old->application,
	    .destination = old->destination,
	    .pin_id = old->pin_id};
	enum err e = places_archive(&p->places, &place);

	return e == OK ? number_index_archive(&p->index, &place) : e;
}

/* Each in turn. */
static enum err
move(struct sqlite_pins *p, struct stretch *s)
{
	enum err e = OK;

	for (int64_t i = 0; e == OK && i < s->scanned; i++) {
		struct age_item *old = &s->items[i];

		if (was_asked_lately(p, s, old))
			continue;
		e = archive(p, old);
		s->moved++;
	}
	return e;
}

/* Where nothing before `until` is left, all before that has been looked at. An idle store
 * notes this now and then only. */
static struct ident
looked_at(const struct sqlite_pins *p, const struct stretch *s, bool all)
{
	const struct ident *aged = &p->index.aged;

	if (all && (s->scanned > 0 || ident_ms(&s->until) - ident_ms(aged) >= NOTE_MS))
		return s->until;
	return s->scanned > 0 ? s->items[s->scanned - 1].pin_id : *aged;
}

/* Where retention takes PINs before they grow old, runs become empty by this alone. */
static enum err
note_aged(struct sqlite_pins *p, const struct stretch *s)
{
	bool all = s->scanned < s->limit;
	struct ident upto = looked_at(p, s, all);
	enum err e = OK;

	if (ident_compare(&upto, &p->index.aged) > 0)
		e = number_index_archived(&p->index, &upto, all);
	return e == OK && all ? number_index_drop_empty(&p->index) : e;
}

enum err
age_stretch(struct sqlite_pins *p, struct pins_upkeep *u)
{
	static const struct sql_step scan = {SQL_AGE_SCAN, bind_scan, read_scan, NULL};
	struct stretch s = {.from = p->index.aged, .limit = u->limit};
	enum err e;

	arena_init(&s.arena);
	ident_floor(&s.until, p->time.settled_ms - PLACES_AGE_MS);
	s.items = arena_alloc(&s.arena, ((size_t)s.limit + 1) * sizeof(*s.items));
	e = engine_whole(p->pins.engine, &scan, &s.item);
	if (e == OK)
		e = move(p, &s);
	if (e == OK)
		e = note_aged(p, &s);
	u->scanned = s.scanned;
	u->archived = s.moved;
	arena_fini(&s.arena);
	return e;
}
