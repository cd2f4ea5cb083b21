/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs as the embedded engine has them: rows of the table `pin`, which an insert appends
 * and whose state follows from the journal (journal.h); the PINs of a number in memory
 * (places.h) and in an index on disk (number_index.h). In front of all of them stands
 * memory (hot.h). Nobody else writes the database between the begin of a batch and its
 * commit, so there is nothing to lock.
 */
#include "store/sqlite/pins_sqlite.h"

#include "store/row.h"
#include "store/sqlite/statements.h"
#include "twofa/application.h"
#include "twofa/verify_log.h"

/* Where less may stand in memory than usual, a run on disk has so many times as much. */
enum { RUN_OF_MEMORY = 4 };

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

enum err
pins_sqlite_run(
    struct sqlite_pins *p, const struct sql_step *step, void *member, enum err *err)
{
	struct pins_sqlite_member m = {.of = p, .member = member};
	enum err e = engine_one(p->pins.engine, step, &m.item);

	if (e == OK && m.item.err != OK)
		*err = m.item.err;
	return e;
}

/* ---- the log of a number, in its newest row ---- */

/* A row with a log: that of `pin_id`. */
struct log_row {
	struct ident pin_id;
	struct ident account;
	struct arena *arena;
	struct span log;
	bool found;
	bool damaged;
};

static void
bind_log(struct item *it, struct binder *b)
{
	const struct log_row *l = member_of(it);

	bind_ident(b, &l->pin_id);
	bind_ident(b, &l->account);
}

static void
read_log(struct item *it, struct row *r)
{
	struct log_row *l = member_of(it);

	l->found = true;
	l->log = row_log(r, l->arena);
	l->damaged = row_passed_over(r);
}

static enum err
find_log(struct sqlite_pins *p, struct log_row *l)
{
	static const struct sql_step step = {SQL_VERIFY_LOG, bind_log, read_log, NULL};
	const struct hot_pin *pin = hot_find(&p->hot, &l->pin_id);
	enum err err = OK;

	if (pin == NULL || !pin->log_set)
		return pins_sqlite_run(p, &step, l, &err);
	l->found = true;
	l->log = pin->row.log;
	return OK;
}

/* ---- numbers ---- */

/* A question about a number, on its way from the newest PIN to older ones: those of the
 * number, and between them those that name it. */
struct counting {
	struct pins_number *n;
	struct alternatives_naming naming;
	size_t named; /* so many of these were counted, or passed */
};

/* True: nothing after this one is of interest. */
static bool
count_pin(struct pins_number *n, const struct ident *pin_id)
{
	if (n->count >= n->most || ident_ms(pin_id) <= n->since_ms)
		return true;
	n->last = *pin_id;
	n->count++;
	return n->count >= n->most;
}

/* Those that are newer; NULL: all. */
static void
count_named(struct counting *c, const struct ident *than)
{
	const struct alternatives_naming *a = &c->naming;

	for (; c->named < a->count; c->named++) {
		if (than != NULL && ident_compare(&a->pins[c->named], than) < 0)
			return;
		(void)count_pin(c->n, &a->pins[c->named]);
	}
}

static bool
note_pin(struct counting *c, const struct ident *pin_id)
{
	if (!c->n->found)
		c->n->newest = *pin_id;
	c->n->found = true;
	count_named(c, pin_id);
	return count_pin(c->n, pin_id);
}

/* Memory has each PIN of a number from its oldest one there on; the index may have some
 * of them too. */
static bool
note_pins(struct counting *c, const struct number_query *q, const struct ident *before)
{
	bool enough = false;

	for (size_t i = 0; !enough && i < q->count; i++)
		if (before == NULL || ident_compare(&q->pins[i], before) < 0)
			enough = note_pin(c, &q->pins[i]);
	return enough;
}

/* Memory first: the PINs there are newer. Old ones matter while anything reaches back to
 * them: the window of a limit, or the day for which a log of verifies counts. */
static enum err
find_own(struct sqlite_pins *p, struct counting *c)
{
	struct pins_number *n = c->n;
	int64_t day_ms = p->time.now_ms - PERIOD_MS_DAY;
	struct number_query q = {.application = n->application,
	    .destination = n->destination,
	    .since_ms = n->since_ms,
	    .archive_ms = n->since_ms < day_ms ? n->since_ms : day_ms,
	    .most = n->most < 1 ? 1 : n->most,
	    .arena = n->arena};
	const struct ident *oldest = NULL;
	enum err e;

	places_newest(&p->places, &q);
	if (note_pins(c, &q, NULL))
		return OK;
	if (q.count > 0)
		oldest = &q.pins[q.count - 1];
	e = number_index_newest(&p->index, &q);
	if (e == OK && q.err == OK)
		(void)note_pins(c, &q, oldest);
	n->err = q.err;
	return e;
}

static enum err
find_pins(struct sqlite_pins *p, struct pins_number *n)
{
	struct counting c = {.n = n, .naming = {.number = n}};
	enum err e = alternatives_find(&p->alternatives, &c.naming);

	if (e == OK)
		e = find_own(p, &c);
	if (e == OK && n->err == OK)
		count_named(&c, NULL);
	return e;
}

static enum err
find_number(struct sqlite_pins *p, struct pins_number *n)
{
	struct log_row l = {.account = n->account, .arena = n->arena};
	enum err e = find_pins(p, n);

	if (e != OK || n->err != OK || !n->found)
		return e;
	l.pin_id = n->newest;
	e = find_log(p, &l);
	/* what inserts bring to memory may push it out of there */
	if (l.log.len > 0)
		n->log = (struct span){arena_text(n->arena, l.log), l.log.len};
	n->log_damaged = l.damaged;
	return e;
}

static enum err
sqlite_newest(struct pins *pins, struct pins_number **numbers, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		if (numbers[i]->err == OK)
			e = find_number(self_of(pins), numbers[i]);
	return e;
}

/* ---- a PIN ---- */

static void
bind_find(struct item *it, struct binder *b)
{
	const struct pins_found *f = member_of(it);

	bind_ident(b, &f->pin_id);
	bind_ident(b, &f->account);
}

static void
read_find(struct item *it, struct row *r)
{
	struct pins_found *f = member_of(it);
	struct pin_row *row = &f->row;

	row->recipe.account = f->account;
	row->recipe.pin_id = f->pin_id;
	row_ident(r, &row->recipe.application);
	row->destination = row_destination(r, f->arena);
	row_recipe(r, &row->recipe, &row->key_id);
	row->attempts_max = row_int(r, 1, APPLICATION_ATTEMPTS_MAX);
	row->multiple = row_bool(r);
	row->expires_at_ms = row_ms(r);
	row_state(r, &row->state);
	if (r->damaged)
		return;
	f->found = true;
	row->log = row_log(r, f->arena);
	f->log_damaged = row_passed_over(r);
}

static bool
is_here(const struct hot_pin *pin, const struct pins_found *f)
{
	return pin != NULL && pin->has_row &&
	       ident_compare(&pin->row.recipe.account, &f->account) == 0;
}

/* Takes the state and log that memory has newer than the row; memory keeps the row, when
 * it has the PIN. */
static void
take_hot(struct sqlite_pins *p, struct hot_pin *pin, struct pins_found *f)
{
	if (pin->log_set)
		f->log_damaged = false;
	if (!f->log_damaged)
		hot_set_row(&p->hot, pin, &f->row);
	if (pin->state_set)
		f->row.state = pin->row.state;
	if (pin->log_set)
		f->row.log = pin->row.log;
}

/* Where the newest row was taken out of a store by hand, the PIN's own serves. */
static enum err
take_newest_log(struct sqlite_pins *p, struct pins_found *f, const struct ident *pin_id)
{
	struct log_row l = {.pin_id = *pin_id, .account = f->account, .arena = f->arena};
	enum err e = find_log(p, &l);

	if (l.found) {
		f->row.log = l.log;
		f->log_damaged = l.damaged;
	} else {
		f->newest = f->pin_id;
	}
	return e;
}

/* Where the number has no place of a PIN, the PIN is its newest. The archive has none
 * that is newer than a PIN that is not in it. */
static enum err
find_newest(struct sqlite_pins *p, struct pins_found *f)
{
	struct number_query q = {.application = f->row.recipe.application,
	    .destination = f->row.destination,
	    .since_ms = -1,
	    .archive_ms =
		ident_compare(&f->pin_id, &p->index.archived) > 0 ? INT64_MAX : 0,
	    .most = 1,
	    .arena = f->arena};
	const struct hot_pin *newest = hot_newest(&p->hot, &q.application, q.destination);
	enum err e;

	if (newest != NULL) {
		f->newest = newest->row.recipe.pin_id;
		return OK;
	}
	e = number_index_newest(&p->index, &q);
	f->err = q.err;
	f->newest = q.count > 0 ? q.pins[0] : f->pin_id;
	return e;
}

static enum err
find_row(struct sqlite_pins *p, struct pins_found *f)
{
	static const struct sql_step step = {SQL_PIN_FIND, bind_find, read_find, NULL};
	struct hot_pin *pin = hot_find(&p->hot, &f->pin_id);
	enum err e;

	if (is_here(pin, f)) {
		f->row = pin->row;
		f->found = true;
		/* a long log is in the row alone */
		return pin->log_set ? OK : take_newest_log(p, f, &f->pin_id);
	}
	e = pins_sqlite_run(p, &step, f, &f->err);
	if (e == OK && f->found && pin != NULL)
		take_hot(p, pin, f);
	return e;
}

static enum err
find_one(struct sqlite_pins *p, struct pins_found *f)
{
	enum err e = find_row(p, f);

	if (e == OK && f->found)
		e = find_newest(p, f);
	if (e != OK || f->err != OK || !f->found)
		return e;
	if (ident_compare(&f->newest, &f->pin_id) == 0)
		return OK;
	return take_newest_log(p, f, &f->newest);
}

static enum err
sqlite_find(struct pins *pins, struct pins_found **found, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		if (found[i]->err == OK)
			e = find_one(self_of(pins), found[i]);
	return e;
}

/* ---- a new one ---- */

static void
bind_insert(struct item *it, struct binder *b)
{
	const struct pins_new *n = member_of(it);
	const struct pin_row *row = &n->row;

	bind_ident(b, &row->recipe.pin_id);
	bind_ident(b, &row->recipe.account);
	bind_ident(b, &row->recipe.application);
	bind_ident(b, &n->template);
	bind_text(b, row->destination);
	bind_blob(b, row->recipe.salt, PIN_SALT_LEN);
	bind_int(b, row->key_id);
	bind_int(b, (int64_t)row->recipe.type);
	bind_int(b, row->recipe.length);
	bind_int(b, row->attempts_max);
	bind_bool(b, row->multiple);
	bind_int(b, row->expires_at_ms);
	bind_text(b, n->sender);
	bind_text(b, n->placeholders);
	bind_blob(b, row->log.ptr == NULL ? "" : row->log.ptr, row->log.len);
	bind_int(b, (int64_t)n->channel);
	bind_bool(b, n->lookup_wanted);
	bind_bool(b, n->tracked);
	bind_text(b, n->language);
}

static void
enter(struct sqlite_pins *p, const struct pin_row *row)
{
	struct number_place place = {.application = row->recipe.application,
	    .destination = row->destination,
	    .pin_id = row->recipe.pin_id};

	hot_set_row(&p->hot, places_enter(&p->places, &place), row);
}

static enum err
sqlite_insert(struct pins *pins, struct pins_new **new, size_t n)
{
	static const struct sql_step step = {SQL_PIN_INSERT, bind_insert, NULL, NULL};
	struct sqlite_pins *p = self_of(pins);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		if (new[i]->err == OK)
			e = pins_sqlite_run(p, &step, new[i], &new[i]->err);
		if (e == OK && new[i]->err == OK)
			e = alternatives_insert(&p->alternatives, new[i]);
	}
	if (e == OK)
		e = places_make_room(&p->places, p->time.now_ms);
	for (size_t i = 0; e == OK && i < n; i++)
		if (new[i]->err == OK)
			enter(p, &new[i]->row);
	return e;
}

/* ---- changes ---- */

/* The row that has the log may stand among the old ones: sends must find it. */
static enum err
unarchive(struct sqlite_pins *p, const struct pins_change *c)
{
	struct number_place place = {.application = c->application,
	    .destination = c->destination,
	    .pin_id = c->newest};

	return number_index_unarchive(&p->index, &place);
}

struct entries {
	struct journal_row *list;
	struct item **items;
	size_t len;
};

static struct journal_row *
add_entry(struct entries *w, const struct ident *pin_id)
{
	struct journal_row *g = &w->list[w->len];

	*g = (struct journal_row){.pin_id = *pin_id};
	w->items[w->len++] = &g->item;
	return g;
}

/* The log goes into the row of the newest PIN: with its state, or alone. */
static void
add_log(struct entries *w, size_t first, const struct pins_change *c)
{
	struct journal_row *g = NULL;

	for (size_t i = first; g == NULL && i < w->len; i++)
		if (ident_compare(&w->list[i].pin_id, &c->newest) == 0)
			g = &w->list[i];
	if (g == NULL)
		g = add_entry(w, &c->newest);
	g->log = c->log;
}

/* The changes of one number. */
static void
add_number(struct entries *w, struct pins_change **changes, size_t n)
{
	size_t first = w->len;

	for (size_t i = 0; i < n; i++)
		if (changes[i]->state.attempts > 0)
			add_entry(w, &changes[i]->pin_id)->state = changes[i]->state;
	for (size_t i = 0; i < n; i++)
		if (changes[i]->log.ptr != NULL)
			add_log(w, first, changes[i]);
}

static enum err
write_all(struct sqlite_pins *p, struct pins_change **changes, size_t n)
{
	struct entries w = {.list = mem_array(2 * n, sizeof(*w.list)),
	    .items = mem_array(2 * n, sizeof(*w.items))};
	size_t end;
	enum err e;

	for (size_t start = 0; start < n; start = end) {
		end = start + 1;
		while (end < n &&
		       ident_compare(&changes[start]->newest, &changes[end]->newest) == 0)
			end++;
		add_number(&w, changes + start, end - start);
	}
	e = journal_write(&p->journal, w.items, w.len, p->time.now_ms);
	mem_free(w.list);
	mem_free(w.items);
	return e;
}

static enum err
sqlite_write(struct pins *pins, struct pins_change **changes, size_t n)
{
	struct sqlite_pins *p = self_of(pins);
	enum err e = write_all(p, changes, n);

	for (size_t i = 0; e == OK && i < n; i++)
		if (changes[i]->log.ptr != NULL)
			e = unarchive(p, changes[i]);
	return e == OK ? journal_settle(&p->journal, p->time.now_ms) : e;
}

/* ---- removal ---- */

struct removed {
	struct ident pin_id;
	struct number_place place;
	struct arena arena;
};

static void
bind_removed(struct item *it, struct binder *b)
{
	bind_ident(b, &((const struct removed *)member_of(it))->pin_id);
}

/* The place of a row that is damaged is nobody's. */
static void
read_removed(struct item *it, struct row *r)
{
	struct removed *d = member_of(it);

	row_ident(r, &d->place.application);
	d->place.destination = row_destination(r, &d->arena);
	if (row_passed_over(r))
		d->place.destination = NULL;
}

static enum err
remove_one(struct sqlite_pins *p, const struct ident *pin_id)
{
	static const struct sql_step find = {
	    SQL_PIN_PLACE, bind_removed, read_removed, NULL};
	static const struct sql_step row = {SQL_RETAIN_PIN, bind_removed, NULL, NULL};
	struct removed d = {.pin_id = *pin_id, .place = {.pin_id = *pin_id}};
	enum err err = OK;
	enum err e;

	hot_remove(&p->hot, pin_id);
	arena_init(&d.arena);
	e = pins_sqlite_run(p, &find, &d, &err);
	if (e == OK && d.place.destination != NULL)
		e = number_index_remove(&p->index, &d.place);
	if (e == OK)
		e = alternatives_remove(&p->alternatives, pin_id);
	if (e == OK)
		e = pins_sqlite_run(p, &row, &d, &err);
	arena_fini(&d.arena);
	return e;
}

static enum err
sqlite_remove(struct pins *pins, const struct ident *pin_ids, size_t n)
{
	struct sqlite_pins *p = self_of(pins);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		e = remove_one(p, &pin_ids[i]);
	return e;
}

/* Both have their share; where either leaves something, there is more to do. */
static enum err
sqlite_upkeep(struct pins *pins, struct pins_upkeep *u)
{
	struct sqlite_pins *p = self_of(pins);
	bool more = false;
	enum err e = age_stretch(p, u);

	if (e == OK)
		e = journal_settle_rested(&p->journal, u->limit, p->time.now_ms, &more);
	if (more)
		u->scanned = u->limit;
	return e;
}

/* ---- a batch ---- */

/* Where a build has sanitizers, memory is looked at after each batch: whole while it is
 * small, and now and then when it is not. */
static void
check_memory(struct sqlite_pins *p)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	enum { SMALL = 1024, NOW_AND_THEN = 256 };

	if (p->hot.count <= SMALL || p->batches++ % NOW_AND_THEN == 0)
		hot_assert(&p->hot);
#else
	(void)p;
#endif
}

static enum err
load(struct sqlite_pins *p)
{
	enum err e = number_index_load(&p->index);

	if (e == OK)
		e = alternatives_load(&p->alternatives);
	if (e == OK)
		e = journal_load(&p->journal, p->time.now_ms);
	return e == OK ? places_load(&p->places, p->time.now_ms) : e;
}

static enum err
sqlite_pins_begin(struct pins *pins, const struct store_time *time)
{
	enum { TRIM_MOST = 1024 };
	struct sqlite_pins *p = self_of(pins);

	p->time = *time;
	hot_trim(&p->hot, TRIM_MOST, time->now_ms);
	return load(p);
}

static void
sqlite_committed(struct pins *pins)
{
	check_memory(self_of(pins));
}

/* Changes of memory since the last commit are undone by forgetting all of it. */
static void
sqlite_rolled_back(struct pins *pins)
{
	struct sqlite_pins *p = self_of(pins);

	number_index_forget(&p->index);
	hot_clear(&p->hot);
	journal_forget(&p->journal);
	places_forget(&p->places);
}

static size_t
or_usual(size_t given, size_t usual)
{
	return given > 0 ? given : usual;
}

static enum err
sqlite_pins_open(
    struct engine *e, const struct pins_limits *limits, uint64_t seed, struct pins **out)
{
	struct sqlite_pins *p = mem_new(sizeof(*p));
	size_t places = or_usual((size_t)limits->places, HOT_PLACES_MAX);
	size_t changes = or_usual(limits->changes, HOT_CHANGES_MAX);
	size_t rows = or_usual(limits->rows, HOT_ROWS_MAX);

	p->pins.ops = &pins_sqlite;
	p->pins.engine = e;
	hot_init(&p->hot, places + changes + rows, rows, seed);
	number_index_init(&p->index, e, RUN_OF_MEMORY * limits->places);
	journal_init(&p->journal, e, &p->hot, changes);
	places_init(&p->places, &p->hot, &p->index, places);
	alternatives_init(&p->alternatives, e);
	*out = &p->pins;
	return OK;
}

static void
sqlite_pins_close(struct pins *pins)
{
	struct sqlite_pins *p = self_of(pins);

	alternatives_fini(&p->alternatives);
	number_index_fini(&p->index);
	hot_fini(&p->hot);
	mem_free(p);
}

const struct pins_ops pins_sqlite = {
    .open = sqlite_pins_open,
    .close = sqlite_pins_close,
    .begin = sqlite_pins_begin,
    .committed = sqlite_committed,
    .rolled_back = sqlite_rolled_back,
    .newest = sqlite_newest,
    .insert = sqlite_insert,
    .find = sqlite_find,
    .write = sqlite_write,
    .remove = sqlite_remove,
    .list = pins_sqlite_list,
    .scan = pins_sqlite_scan,
    .upkeep = sqlite_upkeep,
};
