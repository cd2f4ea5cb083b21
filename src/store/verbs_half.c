/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in several parts of which some receipts never come: they end with what the
 * others said, a while after the newest. Whoever takes receipts notes them in
 * message_half (verbs_receipt.c).
 */
#include "store/verbs.h"

static struct receipts_half_job *
half_of(struct item *it)
{
	return VERB_OF(it, struct receipts_half_job);
}

static void
bind_end(struct item *it, struct binder *b)
{
	const struct receipts_half_job *j = half_of(it);

	bind_int(b, MESSAGE_DELIVERED);
	bind_int(b, REPORT_DELIVERED_TO_HANDSET);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->job.time.settled_ms - j->wait_ms);
	bind_int(b, j->limit);
}

/* Those that somebody wants a report of are in the list. */
static void
read_end(struct item *it, struct row *r)
{
	struct receipts_half_job *j = half_of(it);
	struct report_subject *s = arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));

	row_ident(r, &s->pin_id);
	s->seq = row_seq(r);
	j->ended++;
	if (!row_bool(r) || row_passed_over(r))
		j->count--;
}

static void
bind_forget(struct item *it, struct binder *b)
{
	const struct receipts_half_job *j = half_of(it);

	bind_int(b, j->job.time.settled_ms - j->wait_ms);
	bind_int(b, j->limit);
}

static void
read_next(struct item *it, struct row *r)
{
	struct receipts_half_job *j = half_of(it);
	int64_t at_ms = row_ms(r);

	j->next_at_ms = at_ms == 0 ? 0 : at_ms + j->wait_ms;
}

/* A message whose row is damaged cannot be ended: what is known of that stretch is
 * forgotten, and the next ones are not kept waiting. */
static void
go_past_damage(struct item **items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i]->err == ERR_CORRUPT)
			items[i]->err = OK;
}

static enum err
end_half(struct batch *b, struct item **items, size_t n)
{
	static const struct each steps[] = {
	    {SQL_HALF_END, bind_end, read_end, NULL},
	    {SQL_HALF_FORGET, bind_forget, NULL, NULL},
	    {SQL_HALF_NEXT, bind_nothing, read_next, NULL},
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < countof(steps); i++) {
		e = batch_each(b, &steps[i], items, n);
		go_past_damage(items, n);
	}
	for (size_t i = 0; e == OK && i < n; i++)
		e = report_owe(b, half_of(items[i])->list, half_of(items[i])->count);
	return e;
}

const struct verb_row verb_receipts_half = {"receipts_half", {end_half}};
