/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: what a carrier reports of a message that it accepted. Which message that
 * is follows from the carrier's name and its id of the message; one that fits none is
 * kept for a while and tried again, as it may be early.
 */
#include "store/receipt.h"
#include "store/report.h"
#include "store/verbs/message_state.h"
#include "store/verbs/verbs.h"

/* A row of receipt_held, and a receipt on its way to a message. */
struct receipt_held {
	struct item item;
	int64_t id;
	const char *carrier;
	const char *carrier_message_id;
	enum report_status status;
	enum report_error error;
	int64_t done_at_ms;
	int64_t at_ms;  /* when it came */
	int64_t now_ms; /* when it is tried */
	bool old;
	bool damaged;
	bool held;                 /* for lack of a message, and there was room */
	int64_t others;            /* that were held before */
	struct receipt_held *twin; /* the same receipt by another id; NULL: none */
	struct receipt_match match;
};

static struct receipt_held *
held_of(const struct item *it)
{
	return container_of((struct item *)(uintptr_t)it, struct receipt_held, item);
}

/* Binds the content of a receipt. */
static void
bind_said(const struct receipt_held *r, struct binder *b)
{
	bind_int(b, (int64_t)r->status);
	bind_int(b, (int64_t)r->error);
	bind_int(b, r->done_at_ms);
	bind_int(b, r->at_ms);
}

/* ---- to the message ---- */

static void
bind_apply(struct item *it, struct binder *b)
{
	const struct receipt_held *r = held_of(it);

	bind_text(b, r->carrier_message_id);
	bind_text(b, r->carrier);
	message_state_bind(b, MESSAGE_ACCEPTED, report_message_state(r->status));
	bind_said(r, b);
}

static void
read_apply(struct item *it, struct row *r)
{
	struct receipt_match *m = &held_of(it)->match;

	m->found = true;
	row_ident(r, &m->pin_id);
	m->seq = row_seq(r);
	m->tracked = row_bool(r);
}

static enum err
owe_reports(struct batch *b, struct item **items, size_t n)
{
	struct report_subject *subjects = mem_array(n + 1, sizeof(*subjects));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		const struct receipt_match *m = &held_of(items[i])->match;

		if (items[i]->err == OK && m->found && m->tracked)
			subjects[count++] =
			    (struct report_subject){.pin_id = m->pin_id, .seq = m->seq};
	}
	e = report_owe(b, subjects, count);
	mem_free(subjects);
	return e;
}

static void
bind_part(struct item *it, struct binder *b)
{
	const struct receipt_held *r = held_of(it);

	bind_text(b, r->carrier_message_id);
	bind_text(b, r->carrier);
	bind_int(b, report_message_state(r->status) == MESSAGE_DELIVERED);
}

static void
read_part(struct item *it, struct row *r)
{
	struct receipt_match *m = &held_of(it)->match;

	m->found = true;
	m->of_part = true;
	row_ident(r, &m->pin_id);
	m->seq = row_seq(r);
}

static bool
fits_no_message(const struct item *it)
{
	return !held_of(it)->match.found;
}

static void
bind_apply_part(struct item *it, struct binder *b)
{
	const struct receipt_held *r = held_of(it);

	bind_ident(b, &r->match.pin_id);
	bind_int(b, r->match.seq);
	message_state_bind(b, MESSAGE_ACCEPTED, report_message_state(r->status));
	bind_said(r, b);
}

static void
read_apply_part(struct item *it, struct row *r)
{
	held_of(it)->match.tracked = row_bool(r);
	held_of(it)->match.moved = true;
}

static void
bind_half(struct item *it, struct binder *b)
{
	const struct receipt_held *r = held_of(it);

	bind_ident(b, &r->match.pin_id);
	bind_int(b, r->match.seq);
	bind_int(b, r->now_ms);
	bind_int(b, r->done_at_ms);
}

/* A part is there, and the whole is not. */
static bool
is_half(const struct item *it)
{
	const struct receipt_held *r = held_of(it);

	return r->match.of_part && !r->match.moved &&
	       report_message_state(r->status) == MESSAGE_DELIVERED;
}

static bool
is_of_part(const struct item *it)
{
	return held_of(it)->match.of_part;
}

/* Both verbs come by here, and nothing else moves a message by a receipt. Parts are asked
 * for receipts that fit no whole message alone. */
static enum err
apply(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step steps[] = {
	    {SQL_RECEIPT_APPLY, bind_apply, read_apply, NULL},
	    {SQL_RECEIPT_PART, bind_part, read_part, fits_no_message},
	    {SQL_RECEIPT_APPLY_PART, bind_apply_part, read_apply_part, is_of_part},
	    {SQL_RECEIPT_HALF, bind_half, NULL, is_half},
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < countof(steps); i++)
		e = batch_each(b, &steps[i], items, n);
	return e == OK ? owe_reports(b, items, n) : e;
}

/* ---- a receipt that comes ---- */

static struct receipt_job *
receipt_of(struct item *it)
{
	return VERB_OF(it, struct receipt_job);
}

static void
bind_hold(struct item *it, struct binder *b)
{
	const struct receipt_held *r = held_of(it);

	bind_text(b, r->carrier);
	bind_text(b, r->carrier_message_id);
	bind_said(r, b);
}

static void
read_held_count(struct item *it, struct row *r)
{
	held_of(it)->others = row_count(r);
}

static bool
is_held(const struct item *it)
{
	return held_of(it)->held;
}

/* By either of its ids. */
static bool
is_known(const struct receipt_held *r)
{
	return r->match.found || (r->twin != NULL && r->twin->match.found);
}

/* Counted once a batch, for the first that fits no message. */
static enum err
give_room(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step count = {
	    SQL_RECEIPT_HELD_COUNT, bind_nothing, read_held_count, NULL};
	int64_t held = -1;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct receipt_held *r = held_of(items[i]);

		if (items[i]->err != OK || is_known(r))
			continue;
		if (held < 0) {
			e = batch_each(b, &count, &items[i], 1);
			held = r->others;
		}
		r->held = held < RECEIPTS_HELD_MAX;
		held += r->held;
	}
	return e;
}

static struct receipt_held
row_of(const struct receipt_job *j, const char *id)
{
	return (struct receipt_held){.carrier = j->carrier,
	    .carrier_message_id = id,
	    .status = j->status,
	    .error = j->error,
	    .done_at_ms = j->done_at_ms,
	    .at_ms = j->job.now_ms,
	    .now_ms = j->job.now_ms};
}

/* One for each id, those by the other one behind all first ones; how many. */
static size_t
init_rows(struct item **items, size_t n, struct receipt_held *rows, struct item **out)
{
	size_t count = n;

	for (size_t i = 0; i < n; i++) {
		const struct receipt_job *j = receipt_of(items[i]);

		rows[i] = row_of(j, j->carrier_message_id);
		out[i] = &rows[i].item;
		if (j->other_id == NULL)
			continue;
		rows[count] = row_of(j, j->other_id);
		rows[count].twin = &rows[i];
		rows[i].twin = &rows[count];
		out[count] = &rows[count].item;
		count++;
	}
	return count;
}

/* The outcome of the receipt, by whichever id has one. */
static void
take_row(struct receipt_job *j, const struct receipt_held *row)
{
	j->held = j->held || row->held;
	j->half = j->half || is_half(&row->item);
	if (row->match.found)
		j->match = row->match;
	if (j->job.err == OK)
		j->job.err = row->item.err;
	if (j->job.err == OK && !is_known(row) && !row->held)
		j->job.err = ERR_OVERLOADED;
}

static enum err
take_receipts(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step hold = {SQL_RECEIPT_HOLD, bind_hold, NULL, is_held};
	struct receipt_held *rows = mem_array(2 * n, sizeof(*rows));
	struct item **row_items = mem_array(2 * n, sizeof(*row_items));
	size_t count = init_rows(items, n, rows, row_items);
	enum err e = apply(b, row_items, count);

	if (e == OK)
		e = give_room(b, row_items, count);
	if (e == OK)
		e = batch_each(b, &hold, row_items, count);
	for (size_t i = 0; i < n; i++) {
		take_row(receipt_of(items[i]), &rows[i]);
		if (rows[i].twin != NULL)
			take_row(receipt_of(items[i]), rows[i].twin);
	}
	mem_free(row_items);
	mem_free(rows);
	return e;
}

const struct verb_row verb_receipt = {.steps = {take_receipts}};

/* ---- those that are held ---- */

struct held_state {
	struct receipt_held *rows;
	size_t count;
	size_t capacity;
};

static struct receipts_held_job *
held_job_of(struct item *it)
{
	return VERB_OF(it, struct receipts_held_job);
}

static struct held_state *
state_of(const struct receipts_held_job *j)
{
	return j->job.state;
}

static void
bind_held(struct item *it, struct binder *b)
{
	bind_int(b, held_job_of(it)->after);
	bind_int(b, held_job_of(it)->limit);
}

static void
read_held(struct item *it, struct row *r)
{
	struct receipts_held_job *j = held_job_of(it);
	struct held_state *s = state_of(j);
	struct receipt_held *row = arena_list_add(
	    j->job.arena, (void **)&s->rows, &s->count, &s->capacity, sizeof(*s->rows));

	row->id = row_int(r, INT64_MIN, INT64_MAX);
	row->carrier = row_text(r, j->job.arena, ROW_NAME_MAX);
	row->carrier_message_id = row_text(r, j->job.arena, ROW_NAME_MAX);
	row->status = row_report_status(r);
	if (row->status == REPORT_NONE)
		row_is_damaged(r);
	row->error = row_report_error(r);
	row->done_at_ms = row_ms(r);
	row->at_ms = row_ms(r);
	row->now_ms = j->job.now_ms;
	row->old = store_time_age(&j->job.time, row->at_ms) >= RECEIPT_HELD_MS;
	/* nobody can tell what it says */
	row->damaged = row_passed_over(r);
	row->old = row->old || row->damaged;
	row->item.skip = row->damaged;
}

static void
bind_delete(struct item *it, struct binder *b)
{
	bind_int(b, held_of(it)->id);
}

static bool
is_over(const struct item *it)
{
	return held_of(it)->match.found || held_of(it)->old;
}

static enum err
try_rows(struct batch *b, struct receipts_held_job *j)
{
	static const struct sql_step delete_over = {
	    SQL_RECEIPT_HELD_DELETE, bind_delete, NULL, is_over};
	struct held_state *s = state_of(j);
	struct item **items = arena_alloc(j->job.arena, (s->count + 1) * sizeof(*items));
	enum err e;

	for (size_t i = 0; i < s->count; i++)
		items[i] = &s->rows[i].item;
	j->count = s->count;
	e = apply(b, items, s->count);
	for (size_t i = 0; i < s->count; i++)
		j->half = j->half || is_half(&s->rows[i].item);
	/* what was wrong with the message does not keep its receipt */
	for (size_t i = 0; i < s->count; i++)
		s->rows[i].item = (struct item){.err = OK};
	if (e == OK)
		e = batch_each(b, &delete_over, items, s->count);
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].match.found)
			j->matched++;
		else if (s->rows[i].old)
			j->dropped++;
	j->after = (int64_t)s->count == j->limit ? s->rows[s->count - 1].id : 0;
	return e;
}

static enum err
try_held(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step list = {
	    SQL_RECEIPT_HELD_LIST, bind_held, read_held, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		e = batch_each(b, &list, &items[i], 1);
		if (e == OK && items[i]->err == OK)
			e = try_rows(b, held_job_of(items[i]));
	}
	return e;
}

const struct verb_row verb_receipts_held = {
    .steps = {try_held}, .state_len = sizeof(struct held_state)};
