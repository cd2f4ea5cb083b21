/* SPDX-License-Identifier: Apache-2.0 */
/* A PIN and its messages, as they stand in their rows and in memory. */
#include "store/status.h"
#include "store/verbs/verbs.h"
#include "twofa/application.h"

struct timeline_state {
	struct timeline_job *job;
	struct pins_found pin;
};

static struct timeline_job *
timeline_of(struct item *it)
{
	return VERB_OF(it, struct timeline_job);
}

static struct timeline_state *
state_of(const struct timeline_job *j)
{
	return j->job.state;
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
	j->destination = row_destination(r, j->job.arena);
	j->attempts_max = row_int(r, 1, APPLICATION_ATTEMPTS_MAX);
	j->expires_at_ms = row_ms(r);
}

static void
read_message(struct item *it, struct row *r)
{
	struct timeline_job *j = timeline_of(it);
	struct timeline_message *m = arena_list_add(j->job.arena, (void **)&j->messages,
	    &j->count, &j->capacity, sizeof(*j->messages));
	struct arena *a = j->job.arena;

	m->seq = row_seq(r);
	m->channel = row_channel(r);
	m->state = row_message_state(r);
	m->reason = row_message_reason(r);
	m->created_at_ms = row_ms_since(r, &j->pin_id);
	m->updated_at_ms = row_ms_since(r, &j->pin_id);
	m->carrier = row_text_or_null(r, a, ROW_NAME_MAX);
	m->carrier_message_id = row_text_or_null(r, a, ROW_NAME_MAX);
	m->code = row_int_or_null(r, INT64_MIN, INT64_MAX);
	m->submits = row_count(r);
	m->history = row_text_or_null(r, a, ROW_TEXT_MAX);
	m->looked_up = !row_is_null(r);
	m->lookup = row_lookup(r);
	m->lookup_at_ms = row_ms_or_null(r);
	m->status = row_report_status(r);
	m->error = row_report_error(r);
	m->done_at_ms = row_ms_or_null(r);
	m->reported_at_ms = row_ms_or_null(r);
	m->sent = row_bool(r);
	m->to = row_text_or_null(r, a, MAILBOX_LEN_MAX);
}

static void
take_state(struct timeline_job *j)
{
	const struct pins_number log = {.arena = j->job.arena,
	    .log = state_of(j)->pin.row.log,
	    .log_damaged = state_of(j)->pin.log_damaged};

	j->state = state_of(j)->pin.row.state;
	j->locked_until_ms = number_lock(&log, j->failures_max, j->job.now_ms);
}

static enum err
find_states(struct batch *b, struct item **items, size_t n)
{
	struct pins_found **pins = mem_array(n, sizeof(*pins));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct timeline_job *j = timeline_of(items[i]);

		item_not_found(items[i], j->found);
		state_of(j)->job = j;
		state_of(j)->pin = (struct pins_found){
		    .account = j->account, .pin_id = j->pin_id, .arena = j->job.arena};
		if (items[i]->err == OK)
			pins[count++] = &state_of(j)->pin;
	}
	e = pins_find(b->pins, pins, count);
	for (size_t i = 0; i < count; i++) {
		struct timeline_job *j =
		    container_of(pins[i], struct timeline_state, pin)->job;

		j->job.err = pins[i]->err;
		item_not_found(&j->job.item, pins[i]->found);
		take_state(j);
	}
	mem_free(pins);
	return e;
}

static enum err
read_all(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step pin = {SQL_TIMELINE_PIN, bind_pin, read_pin, NULL};
	static const struct sql_step messages = {
	    SQL_TIMELINE_MESSAGES, bind_pin, read_message, NULL};
	enum err e = batch_each(b, &pin, items, n);

	if (e == OK)
		e = find_states(b, items, n);
	return e == OK ? batch_each(b, &messages, items, n) : e;
}

const struct verb_row verb_timeline = {
    .steps = {read_all}, .state_len = sizeof(struct timeline_state)};
