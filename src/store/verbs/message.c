/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages after they were committed: what became of them, and the two lists that callers
 * read (v1 status, verifications).
 */
#include "store/outbox.h"
#include "store/report.h"
#include "store/status.h"
#include "store/verbs/verbs.h"
#include "store/verify.h"

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
	bind_int(b, (int64_t)j->state);
	bind_int(b, (int64_t)j->reason);
	bind_int(b, j->job.now_ms);
	bind_text(b, j->carrier);
	bind_text(b, j->carrier_message_id);
	bind_int(b, j->code);
	bind_int(b, j->attempts);
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
    "outcome", {record_outcome, record_parts, owe_reports}};

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

const struct verb_row verb_status = {"status", {list_messages}};

/* ---- verifications ---- */

static struct verifications_job *
verifications_of(struct item *it)
{
	return VERB_OF(it, struct verifications_job);
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

static void
bind_one(struct item *it, struct binder *b)
{
	bind_parent(it, b);
	bind_text(b, verifications_of(it)->destination);
	bind_int(b, VERIFICATIONS_MAX);
}

static void
bind_all(struct item *it, struct binder *b)
{
	const struct verifications_job *j = verifications_of(it);

	bind_parent(it, b);
	bind_text(b, j->after);
	bind_ident(b, &j->after_pin);
	bind_piece(b, &j->piece, VERIFICATIONS_MAX);
}

static void
read_verification(struct item *it, struct row *r)
{
	struct verifications_job *j = verifications_of(it);
	struct verification *v = arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));

	row_ident(r, &v->pin_id);
	v->destination = row_destination(r, j->job.arena);
	v->verified_at_ms = row_ms_or_null(r);
	v->sent_at_ms = row_int_or_null(r, -1, ROW_MS_MAX);
	if (v->sent_at_ms < 0)
		v->sent_at_ms = ident_ms(&v->pin_id);
}

/* A PIN that retention has removed meanwhile is none, and the piece goes on behind it. */
static void
read_one_of_all(struct item *it, struct row *r)
{
	struct verifications_job *j = verifications_of(it);
	const struct verification *v;

	read_verification(it, r);
	v = &j->list[j->count - 1];
	snprintf(j->after, sizeof(j->after), "%s", v->destination);
	j->after_pin = v->pin_id;
	j->piece.read++;
	if (row_bool(r))
		j->count--;
}

static void
take_guesses(const struct batch *b, struct verifications_job *j)
{
	for (size_t i = 0; i < j->count; i++) {
		struct verification *v = &j->list[i];
		struct verify_state state = {.verified_at_ms = v->verified_at_ms};

		guesses_state(b->guesses, &v->pin_id, &state);
		v->verified_at_ms = state.verified_at_ms;
	}
}

static bool
wants_one(const struct item *it)
{
	return VERB_OF((struct item *)(uintptr_t)it, struct verifications_job)
		   ->destination != NULL;
}

static bool
wants_all(const struct item *it)
{
	return it->err == OK && !it->skip && !wants_one(it);
}

static void
begin_piece(struct verifications_job *j)
{
	piece_begin(&j->piece);
	j->list = NULL;
	j->count = j->capacity = 0;
}

static enum err
list_verifications(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step parent = {
	    SQL_APPLICATION_GET, bind_parent, read_parent, NULL};
	static const struct sql_step one = {
	    SQL_VERIFICATION_LIST, bind_one, read_verification, wants_one};
	static const struct sql_step all = {
	    SQL_VERIFICATION_LIST_ALL, bind_all, read_one_of_all, wants_all};
	enum err e = batch_each(b, &parent, items, n);

	for (size_t i = 0; i < n; i++) {
		item_not_found(items[i], verifications_of(items[i])->found);
		begin_piece(verifications_of(items[i]));
	}
	if (e == OK)
		e = batch_each(b, &one, items, n);
	if (e == OK)
		e = batch_each(b, &all, items, n);
	for (size_t i = 0; i < n; i++) {
		take_guesses(b, verifications_of(items[i]));
		piece_end(&verifications_of(items[i])->piece, VERIFICATIONS_MAX);
	}
	return e;
}

const struct verb_row verb_verifications = {"verifications", {list_verifications}};
