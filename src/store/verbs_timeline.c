/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a PIN and its messages, as it stands in their rows and in memory. */
#include "store/verbs.h"

static struct timeline_job *
timeline_of(struct item *it)
{
	return VERB_OF(it, struct timeline_job);
}

static void
bind_pin(struct item *it, struct binder *b)
{
	bind_ident(b, &timeline_of(it)->pin_id);
	bind_ident(b, &timeline_of(it)->account);
}

static void
read_pin(struct item *it, struct row *r)
{
	struct timeline_job *j = timeline_of(it);

	j->found = true;
	row_ident(r, &j->application);
	row_ident(r, &j->template);
	j->destination = row_text(r, j->job.arena);
	j->attempts_max = row_int(r);
	j->expires_at_ms = row_int(r);
	row_state(r, &j->state);
}

static void
read_message(struct item *it, struct row *r)
{
	struct timeline_job *j = timeline_of(it);
	struct timeline_message *m = arena_list_add(j->job.arena, (void **)&j->messages,
	    &j->count, &j->capacity, sizeof(*j->messages));
	struct arena *a = j->job.arena;

	m->seq = (unsigned)row_int(r);
	m->channel = (enum channel)row_int(r);
	m->state = (enum message_state)row_int(r);
	m->reason = (enum message_reason)row_int(r);
	m->created_at_ms = row_ms_since(r, &j->pin_id);
	m->updated_at_ms = row_ms_since(r, &j->pin_id);
	m->carrier = row_text(r, a);
	m->carrier_message_id = row_text(r, a);
	m->code = row_int(r);
	m->attempts = row_int(r);
	m->tries = row_text(r, a);
	m->looked_up = !row_is_null(r);
	m->lookup = (enum lookup_status)row_int(r);
	m->lookup_at_ms = row_int(r);
	m->status = (enum report_status)row_int(r);
	m->error = (enum report_error)row_int(r);
	m->done_at_ms = row_int(r);
	m->reported_at_ms = row_int(r);
	m->sent = row_bool(r);
}

static enum err
read_all(struct batch *b, struct item **items, size_t n)
{
	static const struct each pin = {SQL_TIMELINE_PIN, bind_pin, read_pin, NULL};
	static const struct each messages = {
	    SQL_TIMELINE_MESSAGES, bind_pin, read_message, NULL};
	enum err e = batch_each(b, &pin, items, n);

	for (size_t i = 0; i < n; i++) {
		struct timeline_job *j = timeline_of(items[i]);

		item_not_found(items[i], j->found);
		guesses_state(b->guesses, &j->pin_id, &j->state);
	}
	return e == OK ? batch_each(b, &messages, items, n) : e;
}

const struct verb_row verb_timeline = {"timeline", {read_all}};
