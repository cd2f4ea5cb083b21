/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/guesses.h"

#include <endian.h>
#include <stdlib.h>

#include "store/row.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"
#include "twofa/application.h"

enum {
	/* A generation's rows are settled in about so many steps. */
	STEPS = 512,
	/* So many octets of a log weigh as much as a row. */
	LOG_WEIGHT = 64,
	/* The journal has at most the rows of so many generations. */
	JOURNAL_MOST = 3
};

/* More can be added to it. */
#define GUESS_SEQ_MAX (INT64_MAX / 4)

static struct guess *
guess_of(struct item *it)
{
	return container_of(it, struct guess, item);
}

/* ---- a generation ---- */

static void
generation_init(struct generation *g)
{
	*g = (struct generation){0};
	arena_init(&g->arena);
	ident_table_init(&g->table, sizeof(struct guess));
}

static void
generation_fini(struct generation *g)
{
	ident_table_fini(&g->table);
	mem_free(g->order);
	arena_fini(&g->arena);
}

static int
compare_fronts(const void *a, const void *b)
{
	const struct guess_place *x = a;
	const struct guess_place *y = b;

	return (x->front > y->front) - (x->front < y->front);
}

static void
put_in_order(struct generation *g)
{
	size_t n = g->table.len;

	g->order = mem_array(n + 1, sizeof(*g->order));
	for (size_t i = 0; i < n; i++) {
		const struct ident *pin_id = ident_table_at(&g->table, i);

		memcpy(&g->order[i].front, pin_id->bytes, sizeof(uint64_t));
		g->order[i].front = be64toh(g->order[i].front);
		g->order[i].number = (uint32_t)i;
	}
	qsort(g->order, n, sizeof(*g->order), compare_fronts);
}

/* ---- memory ---- */

/* What `from` says holds for `to`, which is of this generation. */
static void
take(struct generation *g, struct guess *to, const struct guess *from)
{
	if (from->state.attempts > 0)
		to->state = from->state;
	if (from->log.ptr != NULL)
		to->log = (struct span){arena_text(&g->arena, from->log), from->log.len};
}

static size_t
weight(const struct guess *guess)
{
	return 1 + guess->log.len / LOG_WEIGHT;
}

static void
remember(struct guesses *g, const struct guess *guess)
{
	struct guess *at = ident_table_find(&g->young.table, &guess->pin_id);
	const struct guess *old;

	if (at == NULL) {
		at = ident_table_add(&g->young.table, &guess->pin_id);
		old = ident_table_find(&g->old.table, &guess->pin_id);
		if (old != NULL)
			take(&g->young, at, old);
	}
	take(&g->young, at, guess);
	g->young.weight += weight(guess);
	g->young.last_seq = guess->seq;
}

static const struct guess *
find(const struct guesses *g, const struct ident *pin_id)
{
	const struct guess *young = ident_table_find(&g->young.table, pin_id);

	return young != NULL ? young : ident_table_find(&g->old.table, pin_id);
}

void
guesses_row(const struct guesses *g, const struct ident *pin_id,
    struct verify_state *state, struct span *log)
{
	const struct guess *guess = find(g, pin_id);

	if (guess != NULL && guess->state.attempts > 0)
		*state = guess->state;
	if (guess != NULL && guess->log.ptr != NULL)
		*log = guess->log;
}

void
guesses_state(
    const struct guesses *g, const struct ident *pin_id, struct verify_state *state)
{
	struct span ignored;

	guesses_row(g, pin_id, state, &ignored);
}

void
guesses_log(const struct guesses *g, const struct ident *pin_id, struct span *log)
{
	struct verify_state ignored;

	guesses_row(g, pin_id, &ignored, log);
}

void
guesses_init(struct guesses *g, size_t most)
{
	*g = (struct guesses){.most = most};
	generation_init(&g->young);
	generation_init(&g->old);
}

void
guesses_fini(struct guesses *g)
{
	generation_fini(&g->young);
	generation_fini(&g->old);
}

/* ---- the journal ---- */

struct journal {
	struct item item;
	struct guesses *guesses;
	struct arena arena;
	int64_t upto;
};

static struct journal *
journal_of(struct item *it)
{
	return container_of(it, struct journal, item);
}

/* Of a damaged row nobody knows how many guesses there were: its PIN has none left, and
 * its log lets nobody guess at the number. What a later row says of them holds. */
static const struct verify_state used_up = {.attempts = APPLICATION_ATTEMPTS_MAX};
static const struct span unreadable = {"\xff", 1};

/* A row of no PIN says nothing of any. */
static void
read_journal(struct item *it, struct row *r)
{
	struct journal *j = journal_of(it);
	struct guesses *g = j->guesses;
	struct guess guess = {.seq = row_int(r, 1, GUESS_SEQ_MAX)};
	bool damaged = row_passed_over(r);

	if (!damaged && g->seq == 0)
		g->removed_seq = guess.seq - 1;
	if (!damaged)
		g->seq = guess.seq;
	guess.seq = g->seq;
	row_ident(r, &guess.pin_id);
	if (row_passed_over(r))
		return;
	row_state(r, &guess.state);
	if (row_passed_over(r) || damaged)
		guess.state = used_up;
	guess.log = row_log(r, &j->arena);
	if (row_passed_over(r))
		guess.log = unreadable;
	remember(g, &guess);
}

enum err
guesses_load(struct sqlite_pins *p)
{
	static const struct sql_step load = {
	    SQL_GUESS_LOAD, bind_nothing, read_journal, NULL};
	struct journal j = {.guesses = &p->guesses};
	enum err e;

	if (p->guesses.loaded)
		return OK;
	guesses_fini(&p->guesses);
	guesses_init(&p->guesses, p->guesses.most);
	arena_init(&j.arena);
	e = engine_whole(p->pins.engine, &load, &j.item);
	arena_fini(&j.arena);
	p->guesses.loaded = e == OK;
	return e;
}

static void
bind_guess(struct item *it, struct binder *b)
{
	const struct guess *g = guess_of(it);

	bind_ident(b, &g->pin_id);
	bind_int(b, g->state.attempts);
	bind_int(b, g->state.attempted_at_ms);
	bind_int(b, g->state.verified_at_ms);
	bind_int(b, g->state.matched_at_ms);
	if (g->log.ptr == NULL)
		bind_text(b, NULL);
	else
		bind_blob(b, g->log.ptr, g->log.len);
}

static void
bind_entry(struct item *it, struct binder *b)
{
	bind_int(b, guess_of(it)->seq);
	bind_guess(it, b);
}

enum err
guesses_write(struct sqlite_pins *p, struct item **items, size_t n)
{
	static const struct sql_step insert = {SQL_GUESS_INSERT, bind_entry, NULL, NULL};
	struct guesses *g = &p->guesses;
	enum err e;

	for (size_t i = 0; i < n; i++)
		guess_of(items[i])->seq = g->seq + 1 + (int64_t)i;
	e = engine_each(p->pins.engine, &insert, items, n);
	for (size_t i = 0; i < n; i++) {
		if (e == OK)
			e = items[i]->err;
		remember(g, guess_of(items[i]));
		g->entered += weight(guess_of(items[i]));
	}
	g->seq += (int64_t)n;
	return e;
}

/* ---- into the rows ---- */

static void
bind_upto(struct item *it, struct binder *b)
{
	bind_int(b, journal_of(it)->upto);
}

static enum err
remove_upto(struct sqlite_pins *p, int64_t seq)
{
	static const struct sql_step removal = {SQL_GUESS_REMOVE, bind_upto, NULL, NULL};
	struct journal j = {.upto = seq};

	p->guesses.removed_seq = seq;
	return engine_whole(p->pins.engine, &removal, &j.item);
}

/* Of the old generation: rows to settle, and then journal rows to remove. */
static size_t
rows_left(const struct guesses *g)
{
	size_t rows = g->old.table.len;

	return rows == 0 ? 0
			 : rows - g->settled + (size_t)(g->old.last_seq - g->removed_seq);
}

static size_t
journal_len(const struct guesses *g)
{
	return (size_t)(g->seq - g->removed_seq);
}

/* How much may enter until all of the old generation has to be gone: the young one is
 * full then, or the journal is as long as may be. Only where the store starts again and
 * again the latter comes first, as each start begins anew with what was settled and not
 * removed. */
static size_t
places_left(const struct guesses *g)
{
	size_t young = g->young.weight < g->most ? g->most - g->young.weight : 0;
	size_t len = journal_len(g);
	size_t journal = len < JOURNAL_MOST * g->most ? JOURNAL_MOST * g->most - len : 0;

	return young < journal ? young : journal;
}

/* As many rows for each that entered as are left for each that may yet. */
static size_t
share(const struct guesses *g)
{
	size_t left = rows_left(g);
	size_t places = places_left(g) + g->entered;
	size_t rows = (left * g->entered + places - 1) / places;

	return rows < left ? rows : left;
}

static void
turn(struct guesses *g)
{
	generation_fini(&g->old);
	g->old = g->young;
	generation_init(&g->young);
	put_in_order(&g->old);
	g->settled = 0;
}

static struct guess *
next_to_settle(struct guesses *g)
{
	return ident_table_at(&g->old.table, g->old.order[g->settled++].number);
}

/* What is known of a PIN is what a younger guess has made of it. */
static enum err
write_again(struct sqlite_pins *p, const struct ident *pin_id)
{
	struct guess newest = *find(&p->guesses, pin_id);
	struct item *items[] = {&newest.item};

	newest.item.err = OK;
	return guesses_write(p, items, 1);
}

/* A row that is damaged takes nothing: what is known of its PIN stays in the journal, and
 * goes around with the young ones. */
static enum err
settle_one(struct sqlite_pins *p, struct guess *guess)
{
	static const struct sql_step settle = {SQL_GUESS_SETTLE, bind_guess, NULL, NULL};
	enum err e = engine_one(p->pins.engine, &settle, &guess->item);

	if (e != OK)
		return e;
	if (guess->item.err == ERR_CORRUPT)
		return write_again(p, &guess->pin_id);
	pin_cache_settled(&p->cache, &guess->pin_id, &guess->state, guess->log);
	return guess->item.err;
}

enum err
guesses_settle(struct sqlite_pins *p)
{
	struct guesses *g = &p->guesses;
	size_t rows;
	enum err e = OK;

	if (g->entered == 0 || (g->entered <= g->most / STEPS && places_left(g) > 0))
		return OK;
	rows = share(g);
	g->entered = 0;
	for (; e == OK && rows > 0 && g->settled < g->old.table.len; rows--)
		e = settle_one(p, next_to_settle(g));
	if (e == OK && rows > 0)
		e = remove_upto(p, g->removed_seq + (int64_t)rows);
	if (e == OK && rows_left(g) == 0 && g->young.weight >= g->most)
		turn(g);
	return e;
}
