/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs as the embedded engine has them: rows of the table `pin`, which an insert appends
 * and whose state follows from the journal of guesses (guesses.h); the PINs of a number
 * in memory (recent.h) and in tables that the store keeps as an index (number_index.h);
 * and the rows that came last in memory (pin_cache.h). Nobody else writes the database
 * between the begin of a batch and its commit, so there is nothing to lock.
 */
#include "store/sqlite/pins_sqlite.h"

#include "store/row.h"
#include "store/sqlite/statements.h"
#include "twofa/application.h"
#include "twofa/verify_log.h"

/* Where less may stand in memory than usual, a run on disk has so many times as much. */
enum { RUN_OF_MEMORY = 4 };

/* A member of a set, for one statement. */
struct member {
	struct item item;
	const struct sqlite_pins *of;
	void *member;
};

static struct sqlite_pins *
self_of(struct pins *p)
{
	return container_of(p, struct sqlite_pins, pins);
}

static void *
member_of(struct item *it)
{
	return container_of(it, struct member, item)->member;
}

/* One statement for one member. */
static enum err
run(struct sqlite_pins *p, const struct sql_step *step, void *member, enum err *err)
{
	struct member m = {.of = p, .member = member};
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
	struct span log = {NULL, 0};
	enum err err = OK;
	enum err e = OK;

	l->found = pin_cache_log(&p->cache, &l->pin_id, &l->log);
	if (!l->found)
		e = run(p, &step, l, &err);
	guesses_log(&p->guesses, &l->pin_id, &log);
	if (log.ptr != NULL) {
		l->log = log;
		l->damaged = false;
	}
	return e;
}

/* ---- numbers ---- */

/* True: nothing after this one is of interest. */
static bool
note_pin(struct pins_number *n, const struct ident *pin_id)
{
	if (!n->found)
		n->newest = *pin_id;
	n->found = true;
	if (n->count >= n->most || ident_ms(pin_id) <= n->since_ms)
		return true;
	n->last = *pin_id;
	n->count++;
	return n->count >= n->most;
}

static bool
note_pins(struct pins_number *n, const struct number_query *q)
{
	bool enough = false;

	for (size_t i = 0; !enough && i < q->count; i++)
		enough = note_pin(n, &q->pins[i]);
	return enough;
}

/* Memory first: the PINs there are newer. Old ones matter while anything reaches back to
 * them: the window of a limit, or the day for which a log of verifies counts. */
static enum err
find_pins(struct sqlite_pins *p, struct pins_number *n)
{
	int64_t day_ms = p->time.now_ms - PERIOD_MS_DAY;
	struct number_query q = {.application = n->application,
	    .destination = n->destination,
	    .since_ms = n->since_ms,
	    .archive_ms = n->since_ms < day_ms ? n->since_ms : day_ms,
	    .most = n->most < 1 ? 1 : n->most,
	    .arena = n->arena};
	enum err e = recent_newest(p, &q);
	bool enough = e != OK || q.err != OK || note_pins(n, &q);

	if (!enough)
		e = number_index_newest(&p->numbers, &q);
	if (!enough && e == OK && q.err == OK)
		(void)note_pins(n, &q);
	n->err = q.err;
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

static void
from_cache(const struct sqlite_pins *p, struct pins_found *f)
{
	const struct pin_row *row = pin_cache_find(&p->cache, &f->pin_id);

	if (row == NULL || ident_compare(&row->recipe.account, &f->account) != 0)
		return;
	f->row = *row;
	pin_cache_newest(&p->cache, row, &f->newest);
	f->found = true;
}

/* Where the newest row was taken out of a store by hand, the PIN's own serves. */
static enum err
take_newest_log(struct sqlite_pins *p, struct pins_found *f)
{
	struct log_row l = {
	    .pin_id = f->newest, .account = f->account, .arena = f->arena};
	enum err e = find_log(p, &l);

	if (l.found) {
		f->row.log = l.log;
		f->log_damaged = l.damaged;
	} else {
		f->newest = f->pin_id;
	}
	return e;
}

/* Where the number has no place of a PIN, the PIN is its newest. */
static enum err
find_newest(struct sqlite_pins *p, struct pins_found *f)
{
	struct number_query q = {.application = f->row.recipe.application,
	    .destination = f->row.destination,
	    .since_ms = -1,
	    .most = 1,
	    .arena = f->arena};
	enum err e = recent_newest(p, &q);

	if (e == OK && q.err == OK && q.count == 0)
		e = number_index_newest(&p->numbers, &q);
	f->err = q.err;
	f->newest = q.count > 0 ? q.pins[0] : f->pin_id;
	return e;
}

static enum err
find_in_database(struct sqlite_pins *p, struct pins_found *f)
{
	static const struct sql_step step = {SQL_PIN_FIND, bind_find, read_find, NULL};
	enum err e = run(p, &step, f, &f->err);

	return e == OK && f->found ? find_newest(p, f) : e;
}

static enum err
find_one(struct sqlite_pins *p, struct pins_found *f)
{
	struct span log = {NULL, 0};
	enum err e = OK;

	from_cache(p, f);
	if (!f->found)
		e = find_in_database(p, f);
	if (e != OK || f->err != OK || !f->found)
		return e;
	guesses_row(&p->guesses, &f->pin_id, &f->row.state, &log);
	if (log.ptr != NULL) {
		f->row.log = log;
		f->log_damaged = false;
	}
	if (ident_compare(&f->newest, &f->pin_id) == 0)
		return OK;
	return take_newest_log(p, f);
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
}

static void
bind_recent(struct item *it, struct binder *b)
{
	const struct pin_row *row = &((const struct pins_new *)member_of(it))->row;

	bind_ident(b, &row->recipe.application);
	bind_text(b, row->destination);
	bind_ident(b, &row->recipe.pin_id);
}

static enum err
insert_rows(struct sqlite_pins *p, struct pins_new **new, size_t n)
{
	static const struct sql_step step = {SQL_PIN_INSERT, bind_insert, NULL, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		if (new[i]->err == OK)
			e = run(p, &step, new[i], &new[i]->err);
		if (e == OK && new[i]->err == OK)
			pin_cache_enter(&p->cache, &new[i]->row, p->time.now_ms);
	}
	return e;
}

static enum err
sqlite_insert(struct pins *pins, struct pins_new **new, size_t n)
{
	static const struct sql_step step = {SQL_RECENT_INSERT, bind_recent, NULL, NULL};
	struct sqlite_pins *p = self_of(pins);
	int64_t entered = 0;
	enum err e = insert_rows(p, new, n);

	if (e == OK)
		e = recent_make_room(p);
	for (size_t i = 0; e == OK && i < n; i++) {
		if (new[i]->err != OK)
			continue;
		e = run(p, &step, new[i], &new[i]->err);
		entered++;
	}
	recent_entered(p, entered);
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

	return number_index_unarchive(&p->numbers, &place);
}

struct entries {
	struct guess *list;
	struct item **items;
	size_t len;
};

static struct guess *
add_entry(struct entries *w, const struct ident *pin_id)
{
	struct guess *g = &w->list[w->len];

	*g = (struct guess){.pin_id = *pin_id};
	w->items[w->len++] = &g->item;
	return g;
}

/* The log goes into the row of the newest PIN: with its state, or alone. */
static void
add_log(struct entries *w, size_t first, const struct pins_change *c)
{
	struct guess *g = NULL;

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
	e = guesses_write(p, w.items, w.len);
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
	return e == OK ? guesses_settle(p) : e;
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
remove_place(struct sqlite_pins *p, const struct number_place *place)
{
	enum err e = recent_remove(p, place);

	return e == OK ? number_index_remove(&p->numbers, place) : e;
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

	pin_cache_removed(&p->cache, pin_id);
	arena_init(&d.arena);
	e = run(p, &find, &d, &err);
	if (e == OK && d.place.destination != NULL)
		e = remove_place(p, &d.place);
	if (e == OK)
		e = run(p, &row, &d, &err);
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
	return e == OK ? recent_recount(p) : e;
}

/* ---- lists ---- */

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
	struct verify_state state = {.verified_at_ms = row_ms_or_null(r)};

	guesses_state(
	    &container_of(it, struct member, item)->of->guesses, &l->row->pin_id, &state);
	l->row->verified_at_ms = state.verified_at_ms;
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
	return run(p, &step, &listed, &l->err);
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
	enum err e = recent_newest(p, &q);

	if (e == OK && q.err == OK)
		e = number_index_newest(&p->numbers, &old);
	l->err = q.err != OK ? q.err : old.err;
	if ((int64_t)(old.count + q.count) > l->most)
		old.count = (size_t)l->most - q.count;
	for (size_t i = old.count + q.count; e == OK && l->err == OK && i-- > 0;) {
		e = list_place(p, l, l->destination,
		    i < q.count ? &q.pins[i] : &old.pins[i - q.count]);
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
	enum err e = recent_list(p, &places);

	if (e == OK && places.err == OK)
		e = number_index_list(&p->numbers, &places);
	l->err = places.err;
	for (size_t i = 0; e == OK && l->err == OK && i < places.count; i++)
		e = list_place(
		    p, l, places.places[i].destination, &places.places[i].pin_id);
	return e;
}

static enum err
sqlite_list(struct pins *pins, struct pins_list **lists, size_t n)
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

	row->err = OK;
	row_ident(r, &row->pin_id);
	row_ident(r, &row->account);
	row_ident(r, &row->application);
	row->expires_at_ms = row_ms(r);
	row->log = row_log(r, s->arena);
	if (row_passed_over(r))
		row->err = ERR_CORRUPT;
	guesses_log(
	    &container_of(it, struct member, item)->of->guesses, &row->pin_id, &row->log);
}

static enum err
sqlite_scan(struct pins *pins, struct pins_stretch *s)
{
	static const struct sql_step step = {
	    SQL_PIN_SCAN, bind_stretch, read_stretch, NULL};
	enum err err = OK;
	enum err e;

	s->rows = arena_alloc(s->arena, ((size_t)s->most + 1) * sizeof(*s->rows));
	e = run(self_of(pins), &step, s, &err);
	return e == OK ? err : e;
}

static enum err
sqlite_upkeep(struct pins *pins, struct pins_upkeep *u)
{
	return age_stretch(self_of(pins), u);
}

/* ---- a batch ---- */

static enum err
sqlite_pins_begin(struct pins *pins, const struct store_time *time)
{
	struct sqlite_pins *p = self_of(pins);
	enum err e;

	p->time = *time;
	e = number_index_load(&p->numbers);
	if (e == OK)
		e = recent_load(p);
	return e == OK ? guesses_load(p) : e;
}

static void
sqlite_committed(struct pins *pins)
{
	(void)pins;
}

/* What was made of memory since the last commit is undone by forgetting all of it. */
static void
sqlite_rolled_back(struct pins *pins)
{
	struct sqlite_pins *p = self_of(pins);

	number_index_forget(&p->numbers);
	p->recent.loaded = false;
	p->guesses.loaded = false;
	pin_cache_clear(&p->cache);
}

static enum err
sqlite_pins_open(
    struct engine *e, const struct pins_limits *limits, uint64_t seed, struct pins **out)
{
	struct sqlite_pins *p = mem_new(sizeof(*p));

	p->pins.ops = &pins_sqlite;
	p->pins.engine = e;
	recent_init(&p->recent, limits->places > 0 ? limits->places : RECENT_MAX);
	number_index_init(&p->numbers, e, RUN_OF_MEMORY * limits->places);
	guesses_init(&p->guesses, limits->changes > 0 ? limits->changes : GUESSES_MAX);
	pin_cache_init(&p->cache, limits->rows > 0 ? limits->rows : PIN_CACHE_MAX, seed);
	*out = &p->pins;
	return e->ops->script(e, recent_schema);
}

static void
sqlite_pins_close(struct pins *pins)
{
	struct sqlite_pins *p = self_of(pins);

	recent_fini(&p->recent);
	number_index_fini(&p->numbers);
	guesses_fini(&p->guesses);
	pin_cache_fini(&p->cache);
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
    .list = sqlite_list,
    .scan = sqlite_scan,
    .upkeep = sqlite_upkeep,
};
