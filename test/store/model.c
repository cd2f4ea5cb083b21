/* SPDX-License-Identifier: Apache-2.0 */
#include "store/model.h"

#include <string.h>

#include "store/pins.h"
#include "store/sqlite/engine_sqlite.h"
#include "unit/unit.h"

/* A PIN that names a number as an alternative. */
struct naming {
	struct ident pin_id;
	struct ident application;
	const char *destination;
};

/* A path. Texts and logs stand in the arena and are never overwritten there,
 * so a copy of the array is a copy of everything. */
struct disk {
	const char *where;
	const struct engine *engine; /* that has it open */
	struct arena arena;
	struct pin_row *pins; /* in the order in which they came */
	size_t count;
	struct pin_row *before; /* as the batch found them */
	size_t count_before;
	struct naming *namings; /* some of PINs that are gone */
	size_t naming_count;
	size_t naming_room;
	size_t namings_before;
	struct pins_key *locked; /* in this batch */
	size_t locked_count;
	size_t locked_room;
	struct disk *next;
};

/* The rows that others join go by way of the embedded engine. */
struct model {
	struct pins pins;
	struct pins *rows;
	struct disk *disk;
};

static struct disk *disks;
static struct engine_ops engine_model;

static struct model *
model_of(const struct pins *p)
{
	return container_of((struct pins *)(uintptr_t)p, struct model, pins);
}

static struct disk *
disk_of(const struct pins *p)
{
	return model_of(p)->disk;
}

/* ---- what is looked for ---- */

static bool
is_number(const struct pin_row *row, const struct ident *account,
    const struct ident *application, const char *destination)
{
	return ident_compare(&row->recipe.account, account) == 0 &&
	       ident_compare(&row->recipe.application, application) == 0 &&
	       strcmp(row->destination, destination) == 0;
}

static struct pin_row *
find_pin(struct disk *d, const struct ident *pin_id)
{
	for (size_t i = 0; i < d->count; i++)
		if (ident_compare(&d->pins[i].recipe.pin_id, pin_id) == 0)
			return &d->pins[i];
	return NULL;
}

/* The newest PIN of a number. */
static struct pin_row *
find_newest(struct disk *d, const struct pins_number *n)
{
	struct pin_row *best = NULL;

	for (size_t i = 0; i < d->count; i++) {
		struct pin_row *row = &d->pins[i];

		if (!is_number(row, &n->account, &n->application, n->destination))
			continue;
		if (best == NULL ||
		    ident_compare(&row->recipe.pin_id, &best->recipe.pin_id) > 0)
			best = row;
	}
	return best;
}

static bool
is_named(struct disk *d, const struct pins_number *n, const struct ident *pin_id)
{
	for (size_t i = 0; i < d->naming_count; i++)
		if (ident_compare(&d->namings[i].pin_id, pin_id) == 0 &&
		    ident_compare(&d->namings[i].application, &n->application) == 0 &&
		    strcmp(d->namings[i].destination, n->destination) == 0)
			return true;
	return false;
}

/* The newest PIN before that one (NULL: of all) that is the number's, or names it. */
static const struct pin_row *
counted_before(struct disk *d, const struct pins_number *n, const struct pin_row *than)
{
	const struct pin_row *best = NULL;

	for (size_t i = 0; i < d->count; i++) {
		const struct pin_row *row = &d->pins[i];
		const struct ident *id = &row->recipe.pin_id;

		if (!is_number(row, &n->account, &n->application, n->destination) &&
		    !is_named(d, n, id))
			continue;
		if ((than == NULL || ident_compare(id, &than->recipe.pin_id) < 0) &&
		    (best == NULL || ident_compare(id, &best->recipe.pin_id) > 0))
			best = row;
	}
	return best;
}

static void
newest_of(struct disk *d, struct pins_number *n)
{
	const struct pin_row *row = find_newest(d, n);

	if (row != NULL) {
		n->found = true;
		n->newest = row->recipe.pin_id;
		n->log = row->log;
	}
	for (row = counted_before(d, n, NULL);
	     row != NULL && n->count < n->most &&
	     ident_ms(&row->recipe.pin_id) > n->since_ms;
	     row = counted_before(d, n, row)) {
		n->count++;
		n->last = row->recipe.pin_id;
	}
}

static enum err
model_newest(struct pins *p, struct pins_number **numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i]->err == OK)
			newest_of(disk_of(p), numbers[i]);
	return OK;
}

static void
find_one(struct disk *d, struct pins_found *f)
{
	const struct pin_row *row = find_pin(d, &f->pin_id);
	struct pins_number number;

	if (row == NULL || ident_compare(&row->recipe.account, &f->account) != 0)
		return;
	number = (struct pins_number){.account = row->recipe.account,
	    .application = row->recipe.application,
	    .destination = row->destination};
	newest_of(d, &number);
	f->found = true;
	f->row = *row;
	f->row.log = number.log;
	f->newest = number.newest;
}

static enum err
model_find(struct pins *p, struct pins_found **pins, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pins[i]->err == OK)
			find_one(disk_of(p), pins[i]);
	return OK;
}

/* ---- locks: what a verb changes it has locked ---- */

static enum err
model_lock(struct pins *p, const struct pins_key *keys, size_t n)
{
	struct disk *d = disk_of(p);

	for (size_t i = 0; i < n; i++) {
		struct pins_key *key = arena_list_add(&d->arena, (void **)&d->locked,
		    &d->locked_count, &d->locked_room, sizeof(*key));

		*key = keys[i];
		if (keys[i].destination != NULL)
			key->destination =
			    arena_text(&d->arena, span_of(keys[i].destination));
	}
	return OK;
}

static bool
is_locked(const struct disk *d, const struct ident *id, const char *destination)
{
	for (size_t i = 0; i < d->locked_count; i++) {
		const struct pins_key *key = &d->locked[i];

		if (ident_compare(&key->id, id) == 0 &&
		    (destination == NULL) == (key->destination == NULL) &&
		    (destination == NULL || strcmp(destination, key->destination) == 0))
			return true;
	}
	return false;
}

/* ---- what is changed ---- */

static struct span
kept(struct disk *d, struct span octets)
{
	char *copy = arena_alloc(&d->arena, octets.len + 1);

	if (octets.len > 0)
		memcpy(copy, octets.ptr, octets.len);
	return (struct span){copy, octets.len};
}

static struct pin_row *
copy_of(const struct disk *d, size_t room)
{
	struct pin_row *copy = mem_array(d->count + room, sizeof(*copy));

	if (d->count > 0)
		memcpy(copy, d->pins, d->count * sizeof(*copy));
	return copy;
}

static void
name_one(struct disk *d, const struct pins_new *new, const char *destination)
{
	struct naming *naming;

	if (destination == NULL)
		return;
	assert_true(is_locked(d, &new->row.recipe.application, destination));
	naming = arena_list_add(&d->arena, (void **)&d->namings, &d->naming_count,
	    &d->naming_room, sizeof(*naming));
	*naming = (struct naming){new->row.recipe.pin_id, new->row.recipe.application,
	    arena_text(&d->arena, span_of(destination))};
}

static void
insert_one(struct disk *d, const struct pins_new *new)
{
	struct pin_row *larger = copy_of(d, 1);
	struct pin_row *row = &larger[d->count];

	assert_true(is_locked(d, &new->row.recipe.application, new->row.destination));
	mem_free(d->pins);
	d->pins = larger;
	d->count++;
	*row = new->row;
	row->destination = arena_text(&d->arena, span_of(row->destination));
	row->log = kept(d, row->log);
	for (size_t i = 0; i < new->alternative_count; i++)
		name_one(d, new, new->alternatives[i].destination);
}

static enum err
model_insert(struct pins *p, struct pins_new **pins, size_t n)
{
	struct pins *rows = model_of(p)->rows;
	enum err e = rows->ops->insert(rows, pins, n);

	for (size_t i = 0; e == OK && i < n; i++)
		if (pins[i]->err == OK)
			insert_one(disk_of(p), pins[i]);
	return e;
}

static void
merge(int64_t *into, int64_t value)
{
	if (value != 0)
		*into = value;
}

static void
write_state(struct pin_row *row, const struct verify_state *new)
{
	if (new->attempts == 0)
		return;
	row->state.attempts = new->attempts;
	merge(&row->state.attempted_at_ms, new->attempted_at_ms);
	merge(&row->state.verified_at_ms, new->verified_at_ms);
	merge(&row->state.matched_at_ms, new->matched_at_ms);
}

static void
write_one(struct disk *d, const struct pins_change *change)
{
	struct pin_row *row = find_pin(d, &change->pin_id);
	struct pin_row *newest = find_pin(d, &change->newest);

	assert_true(row != NULL && newest != NULL);
	assert_true(is_locked(d, &change->pin_id, NULL) ||
		    is_locked(d, &row->recipe.application, row->destination));
	write_state(row, &change->state);
	if (change->log.ptr != NULL)
		newest->log = kept(d, change->log);
}

static enum err
model_write(struct pins *p, struct pins_change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (changes[i]->err == OK)
			write_one(disk_of(p), changes[i]);
	return OK;
}

static enum err
model_remove(struct pins *p, const struct ident *pin_ids, size_t n)
{
	struct pins *rows = model_of(p)->rows;
	struct disk *d = disk_of(p);

	for (size_t i = 0; i < n; i++) {
		struct pin_row *row = find_pin(d, &pin_ids[i]);

		if (row != NULL)
			*row = d->pins[--d->count];
	}
	return rows->ops->remove(rows, pin_ids, n);
}

/* ---- lists ---- */

static int
compare_ids(const struct pin_row *x, const struct pin_row *y)
{
	return ident_compare(&x->recipe.pin_id, &y->recipe.pin_id);
}

static int
compare_places(const struct pin_row *x, const struct pin_row *y)
{
	int numbers = strcmp(x->destination, y->destination);

	return numbers != 0 ? numbers : compare_ids(x, y);
}

/* The first in an order that is behind `after` (NULL: of all) and that is asked for. */
static const struct pin_row *
first_behind(struct disk *d, const struct pin_row *after,
    int (*compare)(const struct pin_row *, const struct pin_row *),
    bool (*asked)(const void *ask, const struct pin_row *), const void *ask)
{
	const struct pin_row *first = NULL;

	for (size_t i = 0; i < d->count; i++) {
		const struct pin_row *row = &d->pins[i];

		if (asked(ask, row) && (after == NULL || compare(row, after) > 0) &&
		    (first == NULL || compare(row, first) < 0))
			first = row;
	}
	return first;
}

static bool
is_listed(const void *ask, const struct pin_row *row)
{
	const struct pins_list *l = ask;

	return ident_compare(&row->recipe.account, &l->account) == 0 &&
	       ident_compare(&row->recipe.application, &l->application) == 0 &&
	       (l->destination == NULL || strcmp(row->destination, l->destination) == 0);
}

static void
add_listed(struct pins_list *l, const struct pin_row *row)
{
	l->rows[l->count++] = (struct pins_listed){
	    .destination = arena_text(l->arena, span_of(row->destination)),
	    .pin_id = row->recipe.pin_id,
	    .verified_at_ms = row->state.verified_at_ms};
}

static size_t
count_listed(const struct disk *d, const struct pins_list *l)
{
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		count += is_listed(l, &d->pins[i]);
	return count;
}

/* A list of one number has its newest ones, a list of all those behind the place. */
static void
list_one(struct disk *d, struct pins_list *l)
{
	struct pin_row place = {
	    .recipe = {.pin_id = l->after_pin}, .destination = l->after};
	const struct pin_row *row = l->after == NULL ? NULL : &place;
	size_t all = count_listed(d, l);
	size_t most = (size_t)l->most;
	size_t passed = l->destination != NULL && all > most ? all - most : 0;

	l->rows = arena_alloc(l->arena, (all + 1) * sizeof(*l->rows));
	while (l->count < most &&
	       (row = first_behind(d, row, compare_places, is_listed, l)) != NULL) {
		if (passed > 0)
			passed--;
		else
			add_listed(l, row);
	}
}

static enum err
model_list(struct pins *p, struct pins_list **lists, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lists[i]->err == OK)
			list_one(disk_of(p), lists[i]);
	return OK;
}

static bool
is_in_stretch(const void *ask, const struct pin_row *row)
{
	const struct pins_stretch *s = ask;

	return ident_compare(&row->recipe.pin_id, &s->after) > 0 &&
	       ident_compare(&row->recipe.pin_id, &s->before) < 0;
}

static enum err
model_scan(struct pins *p, struct pins_stretch *s)
{
	const struct pin_row *row = NULL;

	s->rows = arena_alloc(s->arena, (size_t)s->most * sizeof(*s->rows));
	while (s->count < (size_t)s->most && (row = first_behind(disk_of(p), row,
						  compare_ids, is_in_stretch, s)) != NULL)
		s->rows[s->count++] = (struct pins_scanned){.pin_id = row->recipe.pin_id,
		    .account = row->recipe.account,
		    .application = row->recipe.application,
		    .expires_at_ms = row->expires_at_ms,
		    .log = row->log};
	return OK;
}

/* ---- batches ---- */

static enum err
model_begin(struct pins *p, const struct store_time *time)
{
	struct pins *rows = model_of(p)->rows;
	struct disk *d = disk_of(p);

	d->before = copy_of(d, 1);
	d->count_before = d->count;
	d->namings_before = d->naming_count;
	return rows->ops->begin(rows, time);
}

static void
model_committed(struct pins *p)
{
	struct pins *rows = model_of(p)->rows;
	struct disk *d = disk_of(p);

	mem_free(d->before);
	d->before = NULL;
	d->locked_count = 0;
	rows->ops->committed(rows);
}

static void
model_rolled_back(struct pins *p)
{
	struct pins *rows = model_of(p)->rows;
	struct disk *d = disk_of(p);

	if (d->before != NULL) {
		mem_free(d->pins);
		d->pins = d->before;
		d->count = d->count_before;
		d->naming_count = d->namings_before;
	}
	d->before = NULL;
	d->locked_count = 0;
	rows->ops->rolled_back(rows);
}

static enum err
model_upkeep(struct pins *p, struct pins_upkeep *u)
{
	(void)p;
	u->scanned = 0;
	return OK;
}

/* ---- opening ---- */

static struct disk *
disk_at(const char *where)
{
	struct disk *d = disks;

	while (d != NULL && strcmp(d->where, where) != 0)
		d = d->next;
	if (d != NULL)
		return d;
	d = mem_new(sizeof(*d));
	arena_init(&d->arena);
	d->where = arena_text(&d->arena, span_of(where));
	d->next = disks;
	disks = d;
	return d;
}

static enum err
model_open(const struct engine_place *place, char why[256], struct engine **out)
{
	enum err e = engine_sqlite.open(place, why, out);

	if (e != OK)
		return e;
	(*out)->ops = &engine_model;
	disk_at(place->data_dir)->engine = *out;
	return OK;
}

static const struct pins_ops model_pins;

static enum err
model_pins_open(struct engine *engine, const struct pins_limits *limits, uint64_t seed,
    struct pins **out)
{
	struct model *m = mem_new(sizeof(*m));
	struct disk *d = disks;

	while (d->engine != engine)
		d = d->next;
	m->pins = (struct pins){.ops = &model_pins, .engine = engine};
	m->disk = d;
	*out = &m->pins;
	return engine_sqlite.pins->open(engine, limits, seed, &m->rows);
}

static void
model_pins_close(struct pins *p)
{
	struct model *m = model_of(p);

	m->disk->engine = NULL;
	m->rows->ops->close(m->rows);
	mem_free(m);
}

static const struct pins_ops model_pins = {
    .open = model_pins_open,
    .close = model_pins_close,
    .begin = model_begin,
    .committed = model_committed,
    .rolled_back = model_rolled_back,
    .lock = model_lock,
    .newest = model_newest,
    .insert = model_insert,
    .find = model_find,
    .write = model_write,
    .remove = model_remove,
    .list = model_list,
    .scan = model_scan,
    .upkeep = model_upkeep,
};

const struct engine_ops *
model_engine(void)
{
	engine_model = engine_sqlite;
	engine_model.name = "model";
	engine_model.open = model_open;
	engine_model.pins = &model_pins;
	return &engine_model;
}

void
model_forget(void)
{
	while (disks != NULL) {
		struct disk *d = disks;
		struct arena arena = d->arena;

		disks = d->next;
		mem_free(d->pins);
		mem_free(d);
		arena_fini(&arena);
	}
}
