/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages after they were committed: what became of them, and the two lists that callers
 * read (v1 status, verifications).
 */
#include "store/outbox.h"
#include "store/report.h"
#include "store/status.h"
#include "store/verbs/message_state.h"
#include "store/verbs/verbs.h"

/* ---- outcome ---- */

static struct outcome_job *
outcome_of(struct item *it)
{
	return VERB_OF(it, struct outcome_job);
}

static void
bind_lookup(const struct outcome_job *j, struct binder *b)
{
	if (j->lookup_at_ms == 0) {
		bind_text(b, NULL);
		bind_text(b, NULL);
		return;
	}
	bind_int(b, (int64_t)j->lookup);
	bind_int(b, j->lookup_at_ms);
}

static void
bind_outcome(struct item *it, struct binder *b)
{
	const struct outcome_job *j = outcome_of(it);

	bind_ident(b, &j->pin_id);
	bind_int(b, j->seq);
	message_state_bind(b, MESSAGE_LEASED, j->state);
	bind_int(b, (int64_t)j->reason);
	bind_int(b, j->job.now_ms);
	bind_text(b, j->carrier);
	bind_text(b, j->carrier_message_id);
	bind_int(b, j->code);
	bind_int(b, j->submits);
	bind_lookup(j, b);
	bind_int(b, (int64_t)j->status);
	bind_int(b, (int64_t)j->error);
	bind_text(b, j->sender);
	bind_int(b, j->parts);
	bind_text(b, j->history);
	bind_int(b, (int64_t)j->channel);
	bind_int(b, ident_ms(&j->pin_id));
	bind_bool(b, j->tracked);
}

static enum err
record_outcome(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_MESSAGE_OUTCOME, bind_outcome, NULL, NULL};

	return batch_each(b, &step, items, n);
}

/* A row of message_part. */
struct part {
	struct item item;
	const struct outcome_job *of;
	size_t number;
};

static void
bind_part(struct item *it, struct binder *b)
{
	const struct part *p = container_of(it, struct part, item);

	bind_ident(b, &p->of->pin_id);
	bind_int(b, p->of->seq);
	bind_int(b, (int64_t)p->number);
	bind_text(b, p->of->carrier);
	bind_text(b, p->of->part_ids[p->number]);
}

static enum err
record_parts_of(struct batch *b, const struct outcome_job *j)
{
	static const struct sql_step step = {SQL_MESSAGE_PART, bind_part, NULL, NULL};
	struct part *parts = arena_alloc(j->job.arena, j->part_count * sizeof(*parts));
	struct item **items = arena_alloc(j->job.arena, j->part_count * sizeof(*items));

	for (size_t i = 0; i < j->part_count; i++) {
		parts[i].of = j;
		parts[i].number = i;
		items[i] = &parts[i].item;
	}
	return batch_each(b, &step, items, j->part_count);
}

static enum err
record_parts(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		if (items[i]->err == OK && outcome_of(items[i])->part_count > 0)
			e = record_parts_of(b, outcome_of(items[i]));
	return e;
}

static enum err
owe_reports(struct batch *b, struct item **items, size_t n)
{
	struct report_subject *subjects = mem_array(n, sizeof(*subjects));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		const struct outcome_job *j = outcome_of(items[i]);

		if (items[i]->err == OK && j->tracked && message_is_final(j->state))
			subjects[count++] =
			    (struct report_subject){.pin_id = j->pin_id, .seq = j->seq};
	}
	e = report_owe(b, subjects, count);
	mem_free(subjects);
	return e;
}

const struct verb_row verb_outcome = {
    .steps = {record_outcome, record_parts, owe_reports}};

/* ---- v1 status ---- */

static struct status_job *
status_of(struct item *it)
{
	return VERB_OF(it, struct status_job);
}

static void
bind_status(struct item *it, struct binder *b)
{
	bind_ident(b, &status_of(it)->pin_id);
	bind_ident(b, &status_of(it)->account);
}

static void
read_status(struct item *it, struct row *r)
{
	struct status_job *j = status_of(it);
	struct message_status *m = arena_list_add(j->job.arena, (void **)&j->messages,
	    &j->count, &j->capacity, sizeof(*j->messages));

	m->state = row_message_state(r);
	m->reason = row_message_reason(r);
	m->created_at_ms = row_ms_since(r, &j->pin_id);
	m->expires_at_ms = row_ms(r);
	m->status = row_report_status(r);
}

static enum err
list_messages(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_MESSAGE_LIST, bind_status, read_status, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], status_of(items[i])->count > 0);
	return e;
}

const struct verb_row verb_status = {.steps = {list_messages}};

/* ---- verifications ---- */

struct verifications_state {
	struct verifications_job *job;
	struct pins_list asked;
};

static struct verifications_job *
verifications_of(struct item *it)
{
	return VERB_OF(it, struct verifications_job);
}

static struct verifications_state *
state_of(const struct verifications_job *j)
{
	return j->job.state;
}

static void
bind_parent(struct item *it, struct binder *b)
{
	bind_ident(b, &verifications_of(it)->account);
	bind_ident(b, &verifications_of(it)->application);
}

static void
read_parent(struct item *it, struct row *r)
{
	(void)r;
	verifications_of(it)->found = true;
}

/* When the first message of a PIN was sent that was. */
struct first_sent {
	struct item item;
	struct verification *of;
};

static void
bind_first_sent(struct item *it, struct binder *b)
{
	bind_ident(b, &container_of(it, struct first_sent, item)->of->pin_id);
}

static void
read_first_sent(struct item *it, struct row *r)
{
	struct verification *v = container_of(it, struct first_sent, item)->of;

	v->sent_at_ms = row_int_or_null(r, -1, ROW_MS_MAX);
	if (v->sent_at_ms < 0)
		v->sent_at_ms = ident_ms(&v->pin_id);
}

static enum err
find_first_sent(struct batch *b, struct verifications_job *j)
{
	static const struct sql_step step = {
	    SQL_FIRST_SENT, bind_first_sent, read_first_sent, NULL};
	struct first_sent *sent = mem_array(j->count + 1, sizeof(*sent));
	struct item **items = mem_array(j->count + 1, sizeof(*items));
	enum err e;

	for (size_t i = 0; i < j->count; i++) {
		sent[i].of = &j->list[i];
		items[i] = &sent[i].item;
	}
	e = batch_each(b, &step, items, j->count);
	for (size_t i = 0; i < j->count && j->job.err == OK; i++)
		j->job.err = sent[i].item.err;
	mem_free(sent);
	mem_free(items);
	return e;
}

static void
ask_list(struct verifications_job *j)
{
	int64_t most = j->destination != NULL ? VERIFICATIONS_MAX
					      : piece_most(&j->piece, VERIFICATIONS_MAX);

	piece_begin(&j->piece);
	j->list = NULL;
	j->count = 0;
	state_of(j)->job = j;
	state_of(j)->asked = (struct pins_list){.account = j->account,
	    .application = j->application,
	    .destination = j->destination,
	    .after = j->after,
	    .after_pin = j->after_pin,
	    .most = most,
	    .arena = j->job.arena};
}

/* The next piece goes on behind these; a PIN that retention has removed is none. */
static void
take_list(struct verifications_job *j)
{
	const struct pins_list *l = &state_of(j)->asked;

	j->job.err = l->err;
	j->list = arena_alloc(j->job.arena, (l->count + 1) * sizeof(*j->list));
	for (size_t i = 0; i < l->count; i++) {
		const struct pins_listed *row = &l->rows[i];

		if (row->gone)
			continue;
		j->list[j->count++] = (struct verification){.pin_id = row->pin_id,
		    .destination = row->destination,
		    .verified_at_ms = row->verified_at_ms};
	}
	if (j->destination != NULL || l->count == 0)
		return;
	j->piece.read = (int64_t)l->count;
	j->after_pin = l->rows[l->count - 1].pin_id;
	snprintf(j->after, sizeof(j->after), "%s", l->rows[l->count - 1].destination);
}

static enum err
list_pins(struct batch *b, struct item **items, size_t n)
{
	struct pins_list **lists = mem_array(n, sizeof(*lists));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct verifications_job *j = verifications_of(items[i]);

		item_not_found(items[i], j->found);
		ask_list(j);
		if (items[i]->err == OK)
			lists[count++] = &state_of(j)->asked;
	}
	e = pins_list(b->pins, lists, count);
	for (size_t i = 0; e == OK && i < count; i++) {
		struct verifications_job *j =
		    container_of(lists[i], struct verifications_state, asked)->job;

		take_list(j);
		e = find_first_sent(b, j);
	}
	mem_free(lists);
	return e;
}

static enum err
list_verifications(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step parent = {
	    SQL_APPLICATION_GET, bind_parent, read_parent, NULL};
	enum err e = batch_each(b, &parent, items, n);

	if (e == OK)
		e = list_pins(b, items, n);
	for (size_t i = 0; i < n; i++)
		piece_end(&verifications_of(items[i])->piece, VERIFICATIONS_MAX);
	return e;
}

const struct verb_row verb_verifications = {
    .steps = {list_verifications}, .state_len = sizeof(struct verifications_state)};
