/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in several parts of which some receipts never come: they end with what the
 * others said, a while after the newest. The receipts are noted in message_half
 * (verbs/receipt.c).
 */
#include "store/receipt.h"
#include "store/report.h"
#include "store/verbs/verbs.h"

static struct receipts_half_job *
half_of(struct item *it)
{
	return VERB_OF(it, struct receipts_half_job);
}

static void
bind_old(struct item *it, struct binder *b)
{
	const struct receipts_half_job *j = half_of(it);

	bind_int(b, j->job.time.settled_ms - j->wait_ms);
	bind_int(b, j->limit);
}

static void
read_old(struct item *it, struct row *r)
{
	struct receipts_half_job *j = half_of(it);
	struct report_subject *s = arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));

	row_ident(r, &s->pin_id);
	s->seq = row_seq(r);
	if (row_passed_over(r))
		j->count--;
}

/* A message that comes to its end. */
struct half {
	struct item item;
	struct report_subject subject;
	int64_t now_ms;
	bool ended;
	bool tracked; /* somebody wants a report of it */
};

static void
bind_end(struct item *it, struct binder *b)
{
	const struct half *h = container_of(it, struct half, item);

	bind_ident(b, &h->subject.pin_id);
	bind_int(b, h->subject.seq);
	bind_int(b, MESSAGE_DELIVERED);
	bind_int(b, REPORT_DELIVERED_TO_HANDSET);
	bind_int(b, h->now_ms);
}

static void
read_end(struct item *it, struct row *r)
{
	struct half *h = container_of(it, struct half, item);

	h->ended = true;
	h->tracked = row_bool(r);
}

/* Each alone: one whose row is damaged cannot be ended, and keeps no other from it. Those
 * of which a report is wanted stay in the list. */
static enum err
end_each(struct batch *b, struct receipts_half_job *j)
{
	static const struct sql_step step = {SQL_HALF_END, bind_end, read_end, NULL};
	size_t count = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < j->count; i++) {
		struct half h = {.subject = j->list[i], .now_ms = b->now_ms};

		e = batch_one(b, &step, &h.item);
		j->ended += h.ended;
		if (h.tracked && h.item.err == OK)
			j->list[count++] = j->list[i];
	}
	j->count = count;
	return e == OK ? report_owe(b, j->list, j->count) : e;
}

static void
read_next(struct item *it, struct row *r)
{
	struct receipts_half_job *j = half_of(it);
	int64_t at_ms = row_ms(r);

	j->next_at_ms = at_ms == 0 ? 0 : at_ms + j->wait_ms;
}

static enum err
end_half(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step old = {SQL_HALF_OLD, bind_old, read_old, NULL};
	static const struct sql_step rest[] = {
	    {SQL_HALF_FORGET, bind_old, NULL, NULL},
	    {SQL_HALF_NEXT, bind_nothing, read_next, NULL},
	};
	enum err e = batch_each(b, &old, items, n);

	for (size_t i = 0; e == OK && i < n; i++)
		e = end_each(b, half_of(items[i]));
	for (size_t i = 0; e == OK && i < countof(rest); i++)
		e = batch_each(b, &rest[i], items, n);
	return e;
}

const struct verb_row verb_receipts_half = {"receipts_half", {end_half}};
