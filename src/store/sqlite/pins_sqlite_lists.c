/* SPDX-License-Identifier: Apache-2.0 */
/* PINs in some order: those of an application, of a number, of a stretch of ids. */
#include "store/row.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"

static struct sqlite_pins *
self_of(struct pins *p)
{
	return container_of(p, struct sqlite_pins, pins);
}

static void *
member_of(struct item *it)
{
	return container_of(it, struct pins_sqlite_member, item)->member;
}

/* A row of a list, of which the place is known. */
struct listed {
	const struct pins_list *list;
	struct pins_listed *row;
};

static void
bind_listed(struct item *it, struct binder *b)
{
	const struct listed *l = member_of(it);

	bind_ident(b, &l->row->pin_id);
	bind_ident(b, &l->list->account);
}

static void
read_listed(struct item *it, struct row *r)
{
	struct listed *l = member_of(it);
	const struct sqlite_pins *p =
	    container_of(it, struct pins_sqlite_member, item)->of;
	const struct hot_pin *pin = hot_find(&p->hot, &l->row->pin_id);

	l->row->verified_at_ms = row_ms_or_null(r);
	if (pin != NULL && pin->state_set)
		l->row->verified_at_ms = pin->row.state.verified_at_ms;
	l->row->gone = false;
}

/* The next row of the list. */
static enum err
list_place(struct sqlite_pins *p, struct pins_list *l, const char *destination,
    const struct ident *pin_id)
{
	static const struct sql_step step = {
	    SQL_PIN_LISTED, bind_listed, read_listed, NULL};
	struct pins_listed *row = &l->rows[l->count++];
	struct listed listed = {l, row};

	*row = (struct pins_listed){
	    .destination = destination, .pin_id = *pin_id, .gone = true};
	return pins_sqlite_run(p, &step, &listed, &l->err);
}

/* Behind those of memory come those of the index that are before its oldest one. */
static void
append_older(struct number_query *q, const struct number_query *old)
{
	struct ident *pins =
	    arena_alloc(q->arena, (q->count + old->count + 1) * sizeof(*pins));
	size_t count = q->count;

	if (count > 0)
		memcpy(pins, q->pins, count * sizeof(*pins));
	for (size_t i = 0; i < old->count; i++)
		if (q->count == 0 ||
		    ident_compare(&old->pins[i], &q->pins[q->count - 1]) < 0)
			pins[count++] = old->pins[i];
	q->pins = pins;
	q->count = (int64_t)count < q->most ? count : (size_t)q->most;
}

/* The newest of them, the oldest first; what is gone is none of them. */
static enum err
list_number(struct sqlite_pins *p, struct pins_list *l)
{
	struct number_query q = {.application = l->application,
	    .destination = l->destination,
	    .since_ms = -1,
	    .most = l->most,
	    .arena = l->arena};
	struct number_query old = q;
	enum err e = number_index_newest(&p->index, &old);

	places_newest(&p->places, &q);
	if (e == OK)
		append_older(&q, &old);
	l->err = old.err;
	for (size_t i = q.count; e == OK && l->err == OK && i-- > 0;) {
		e = list_place(p, l, l->destination, &q.pins[i]);
		l->count -= l->rows[l->count - 1].gone;
	}
	return e;
}

static enum err
list_all(struct sqlite_pins *p, struct pins_list *l)
{
	struct number_list places = {.after = {.application = l->application,
					 .destination = l->after,
					 .pin_id = l->after_pin},
	    .most = l->most,
	    .arena = l->arena};
	enum err e;

	places_list(&p->places, &places);
	e = number_index_list(&p->index, &places);
	l->err = places.err;
	for (size_t i = 0; e == OK && l->err == OK && i < places.count; i++)
		e = list_place(
		    p, l, places.places[i].destination, &places.places[i].pin_id);
	return e;
}

enum err
pins_sqlite_list(struct pins *pins, struct pins_list **lists, size_t n)
{
	struct sqlite_pins *p = self_of(pins);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct pins_list *l = lists[i];

		if (l->err != OK)
			continue;
		l->rows = arena_alloc(l->arena, ((size_t)l->most + 1) * sizeof(*l->rows));
		e = l->destination != NULL ? list_number(p, l) : list_all(p, l);
	}
	return e;
}

static void
bind_stretch(struct item *it, struct binder *b)
{
	const struct pins_stretch *s = member_of(it);

	bind_ident(b, &s->after);
	bind_ident(b, &s->before);
	bind_int(b, s->most);
}

/* One that is damaged keeps its id, which the statement has looked at. */
static void
read_stretch(struct item *it, struct row *r)
{
	struct pins_stretch *s = member_of(it);
	struct pins_scanned *row = &s->rows[s->count++];
	const struct hot_pin *pin;

	row->err = OK;
	row_ident(r, &row->pin_id);
	row_ident(r, &row->account);
	row_ident(r, &row->application);
	row->expires_at_ms = row_ms(r);
	row->log = row_log(r, s->arena);
	if (row_passed_over(r))
		row->err = ERR_CORRUPT;
	pin = hot_find(
	    &container_of(it, struct pins_sqlite_member, item)->of->hot, &row->pin_id);
	if (pin != NULL && pin->log_set)
		row->log = pin->row.log;
}

enum err
pins_sqlite_scan(struct pins *pins, struct pins_stretch *s)
{
	static const struct sql_step step = {
	    SQL_PIN_SCAN, bind_stretch, read_stretch, NULL};
	enum err err = OK;
	enum err e;

	s->rows = arena_alloc(s->arena, ((size_t)s->most + 1) * sizeof(*s->rows));
	e = pins_sqlite_run(self_of(pins), &step, s, &err);
	return e == OK ? err : e;
}
