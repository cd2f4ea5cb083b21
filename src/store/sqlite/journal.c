/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/journal.h"

#include "store/engine.h"
#include "store/row.h"
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
#define SEQ_MAX (INT64_MAX / 4)

void
journal_init(struct journal *j, struct engine *e, struct hot *h, size_t most)
{
	*j = (struct journal){.engine = e, .hot = h, .most = most};
}

void
journal_forget(struct journal *j)
{
	journal_init(j, j->engine, j->hot, j->most);
}

static size_t
weight(struct span log)
{
	return 1 + log.len / LOG_WEIGHT;
}

static void
remember(struct journal *j, const struct journal_row *row, int64_t at_ms)
{
	(void)hot_change(j->hot, &row->pin_id, &row->state, row->log, at_ms);
	j->young_weight += weight(row->log);
}

/* ---- reading it ---- */

struct reading {
	struct item item;
	struct journal *journal;
	struct arena arena;
	int64_t now_ms;
};

/* Nobody knows how many guesses a damaged row had: its PIN has none left, and its log
 * lets nobody guess at the number. A later row of the PIN holds. */
static const struct verify_state used_up = {.attempts = APPLICATION_ATTEMPTS_MAX};
static const struct span unreadable = {"\xff", 1};

static void
note_seq(struct journal *j, int64_t seq)
{
	if (j->seq == 0)
		j->removed_seq = j->old_seq = seq - 1;
	j->seq = seq;
}

/* It has rested since its last attempt, as far as anybody knows. */
static int64_t
came_ms(const struct reading *r, const struct journal_row *row)
{
	int64_t at_ms = row->state.attempted_at_ms;

	return at_ms > 0 && at_ms < r->now_ms ? at_ms : r->now_ms;
}

/* A row of no PIN says nothing of any. */
static void
read_row(struct item *it, struct row *r)
{
	struct reading *reading = container_of(it, struct reading, item);
	struct journal *j = reading->journal;
	struct journal_row row = {.seq = row_int(r, 1, SEQ_MAX)};
	bool damaged = row_passed_over(r);

	if (!damaged)
		note_seq(j, row.seq);
	row_ident(r, &row.pin_id);
	if (row_passed_over(r))
		return;
	row_state(r, &row.state);
	if (row_passed_over(r) || damaged)
		row.state = used_up;
	row.log = row_log(r, &reading->arena);
	if (row_passed_over(r))
		row.log = unreadable;
	remember(j, &row, came_ms(reading, &row));
}

enum err
journal_load(struct journal *j, int64_t now_ms)
{
	static const struct sql_step load = {
	    SQL_GUESS_LOAD, bind_nothing, read_row, NULL};
	struct reading r = {.journal = j, .now_ms = now_ms};
	enum err e;

	if (j->loaded)
		return OK;
	arena_init(&r.arena);
	e = engine_whole(j->engine, &load, &r.item);
	arena_fini(&r.arena);
	j->loaded = e == OK;
	return e;
}

/* ---- writing to it ---- */

static struct journal_row *
row_of(struct item *it)
{
	return container_of(it, struct journal_row, item);
}

static void
bind_content(struct binder *b, const struct ident *pin_id,
    const struct verify_state *state, struct span log)
{
	bind_ident(b, pin_id);
	bind_int(b, state->attempts);
	bind_int(b, state->attempted_at_ms);
	bind_int(b, state->verified_at_ms);
	bind_int(b, state->matched_at_ms);
	if (log.ptr == NULL)
		bind_text(b, NULL);
	else
		bind_blob(b, log.ptr, log.len);
}

static void
bind_row(struct item *it, struct binder *b)
{
	const struct journal_row *row = row_of(it);

	bind_int(b, row->seq);
	bind_content(b, &row->pin_id, &row->state, row->log);
}

enum err
journal_write(struct journal *j, struct item **rows, size_t n, int64_t now_ms)
{
	static const struct sql_step insert = {SQL_GUESS_INSERT, bind_row, NULL, NULL};
	enum err e;

	INVARIANT(j->loaded);
	for (size_t i = 0; i < n; i++)
		row_of(rows[i])->seq = j->seq + 1 + (int64_t)i;
	e = engine_each(j->engine, &insert, rows, n);
	for (size_t i = 0; i < n; i++) {
		if (e == OK)
			e = rows[i]->err;
		remember(j, row_of(rows[i]), now_ms);
		j->entered += weight(row_of(rows[i])->log);
	}
	j->seq += (int64_t)n;
	return e;
}

/* ---- into the rows ---- */

struct settling {
	struct item item;
	const struct hot_pin *pin;
	int64_t upto;
};

static const struct verify_state no_state = {.attempts = 0};

static const struct verify_state *
changed_state(const struct hot_pin *pin)
{
	return pin->state_changed ? &pin->row.state : &no_state;
}

static struct span
changed_log(const struct hot_pin *pin)
{
	return pin->log_changed ? pin->row.log : (struct span){NULL, 0};
}

static void
bind_settled(struct item *it, struct binder *b)
{
	const struct hot_pin *pin = container_of(it, struct settling, item)->pin;

	bind_content(b, &pin->row.recipe.pin_id, changed_state(pin), changed_log(pin));
}

static void
bind_upto(struct item *it, struct binder *b)
{
	bind_int(b, container_of(it, struct settling, item)->upto);
}

/* So many rows from its begin, which are of the old generation. */
static enum err
remove_some(struct journal *j, size_t rows)
{
	static const struct sql_step removal = {SQL_GUESS_REMOVE, bind_upto, NULL, NULL};
	struct settling s = {.upto = j->removed_seq + (int64_t)rows};

	if (s.upto > j->old_seq)
		s.upto = j->old_seq;
	if (s.upto == j->removed_seq)
		return OK;
	j->removed_seq = s.upto;
	return engine_whole(j->engine, &removal, &s.item);
}

/* The PIN is as a younger guess has left it. */
static enum err
write_again(struct journal *j, const struct hot_pin *pin, int64_t now_ms)
{
	struct journal_row row = {.pin_id = pin->row.recipe.pin_id,
	    .state = *changed_state(pin),
	    .log = changed_log(pin)};
	struct item *rows[] = {&row.item};

	return journal_write(j, rows, 1, now_ms);
}

/* A row that is damaged takes nothing: what is known of its PIN stays in the journal, and
 * goes around with the young ones. */
static enum err
settle_one(struct journal *j, struct hot_pin *pin, int64_t now_ms)
{
	static const struct sql_step settle = {
	    SQL_GUESS_SETTLE, bind_settled, NULL, NULL};
	struct settling s = {.pin = pin};
	enum err e = engine_one(j->engine, &settle, &s.item);

	if (e != OK)
		return e;
	if (s.item.err == ERR_CORRUPT)
		return write_again(j, pin, now_ms);
	hot_settled(j->hot, pin);
	return s.item.err;
}

/* The rest of the old generation: rows to settle, and then journal rows to remove. */
static size_t
rows_left(const struct journal *j)
{
	INVARIANT(j->removed_seq <= j->old_seq && j->old_seq <= j->seq);
	return hot_queue_left(&j->hot->changes) + (size_t)(j->old_seq - j->removed_seq);
}

/* How much may enter until all of the old generation has to be gone: the young one is
 * full then, or the journal is as long as may be. Only where the store starts again and
 * again the latter comes first, as each start begins anew with what was settled and not
 * removed. */
static size_t
places_left(const struct journal *j)
{
	size_t young = j->young_weight < j->most ? j->most - j->young_weight : 0;
	size_t len = (size_t)(j->seq - j->removed_seq);
	size_t journal = len < JOURNAL_MOST * j->most ? JOURNAL_MOST * j->most - len : 0;

	return young < journal ? young : journal;
}

/* As many rows for each that entered as are left for each that may yet. */
static size_t
share(const struct journal *j)
{
	size_t left = rows_left(j);
	size_t places = places_left(j) + j->entered;
	size_t rows = (left * j->entered + places - 1) / places;

	return rows < left ? rows : left;
}

static void
turn(struct journal *j, int64_t now_ms)
{
	if (!hot_turn_changes(j->hot, now_ms))
		return;
	j->old_seq = j->seq;
	j->young_weight = 0;
}

/* How many of `rows` are left over in *rest_out. */
static enum err
settle_some(struct journal *j, size_t rows, int64_t now_ms, size_t *rest_out)
{
	struct hot_pin *pin = NULL;
	enum err e = OK;

	while (e == OK && rows > 0 && (pin = hot_next_change(j->hot)) != NULL) {
		e = settle_one(j, pin, now_ms);
		rows--;
	}
	*rest_out = rows;
	return e;
}

enum err
journal_settle(struct journal *j, int64_t now_ms)
{
	size_t rows;
	enum err e;

	if (j->entered == 0 || (j->entered <= j->most / STEPS && places_left(j) > 0))
		return OK;
	if (rows_left(j) == 0 && j->young_weight >= j->most)
		turn(j, now_ms);
	rows = share(j);
	j->entered = 0;
	e = settle_some(j, rows, now_ms, &rows);
	if (e == OK && hot_queue_left(&j->hot->changes) == 0)
		e = remove_some(j, rows);
	return e;
}

enum err
journal_settle_rested(struct journal *j, int64_t most, int64_t now_ms, bool *more_out)
{
	int64_t since_ms = hot_queue_since(&j->hot->changes);
	bool is_late = since_ms <= now_ms - JOURNAL_REST_MS;
	size_t rest = (size_t)most;
	enum err e = OK;

	if (is_late && rows_left(j) == 0)
		turn(j, now_ms);
	if (is_late)
		e = settle_some(j, rest, now_ms, &rest);
	if (e == OK && hot_queue_left(&j->hot->changes) == 0)
		e = remove_some(j, rest);
	*more_out = rest == 0 && rows_left(j) > 0;
	return e;
}
