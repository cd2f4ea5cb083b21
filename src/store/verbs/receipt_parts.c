/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in several parts of which some receipts never come: they end with what the
 * others said, a while after the newest. The receipts are noted in message_half
 * (verbs/receipt.c).
 */
#include "store/receipt.h"
#include "store/report.h"
#include "store/verbs/message_state.h"
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
	ending_read(half_of(it)->job.state, half_of(it)->job.arena, r);
}

static void
bind_end(struct item *it, struct binder *b)
{
	ending_bind(it, b);
	message_state_bind(b, MESSAGE_ACCEPTED, MESSAGE_DELIVERED);
	bind_int(b, REPORT_DELIVERED_TO_HANDSET);
	bind_int(b, ending_of(it)->now_ms);
}

static void
read_end(struct item *it, struct row *r)
{
	ending_of(it)->ended = true;
	ending_of(it)->tracked = row_bool(r);
}

static enum err
end_all(struct batch *b, struct receipts_half_job *j)
{
	static const struct sql_step step = {SQL_HALF_END, bind_end, read_end, NULL};
	struct endings *old = j->job.state;
	enum err e = ending_run(b, &step, old, j->job.arena);

	for (size_t i = 0; i < old->count; i++)
		j->ended += old->list[i].ended;
	return e;
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
		e = end_all(b, half_of(items[i]));
	for (size_t i = 0; e == OK && i < countof(rest); i++)
		e = batch_each(b, &rest[i], items, n);
	return e;
}

const struct verb_row verb_receipts_half = {
    .steps = {end_half}, .state_len = sizeof(struct endings)};
