/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox after a start: taking over what is open, and notes of attempts that did not
 * end a message. A message that goes the usual way needs none of it.
 */
#include "store/verbs.h"

/* ---- lease ---- */

static struct lease_job *
lease_of(struct item *it)
{
	return VERB_OF(it, struct lease_job);
}

static void
read_owner(struct item *it, struct row *r)
{
	lease_of(it)->owner = row_int(r);
}

static enum err
next_owner(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_OWNER_NEXT, bind_nothing, read_owner, NULL};

	return batch_each(b, &step, items, n);
}

static void
bind_owner(struct item *it, struct binder *b)
{
	bind_int(b, lease_of(it)->owner);
}

static enum err
lease_open(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_MESSAGE_LEASE, bind_owner, NULL, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_lease = {"lease", {next_owner, lease_open}};

/* ---- note ---- */

static void
bind_note(struct item *it, struct binder *b)
{
	const struct note_job *j = VERB_OF(it, struct note_job);

	bind_ident(b, &j->pin_id);
	bind_int(b, j->seq);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->attempts);
	bind_text(b, j->carrier);
	bind_int(b, j->code);
	bind_int(b, j->starts);
	bind_text(b, j->tried[0] == '\0' ? NULL : j->tried);
}

static enum err
write_note(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_MESSAGE_NOTE, bind_note, NULL, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_note = {"note", {write_note}};

/* ---- open messages ---- */

static struct open_messages_job *
open_of(struct item *it)
{
	return VERB_OF(it, struct open_messages_job);
}

static void
bind_open(struct item *it, struct binder *b)
{
	bind_ident(b, &open_of(it)->after_pin);
	bind_int(b, open_of(it)->after_seq);
	bind_int(b, open_of(it)->limit);
}

static void
append(struct open_messages_job *j, struct order *o)
{
	if (j->end == NULL)
		j->first = o;
	else
		*j->end = &o->task;
	j->end = &o->task.next;
	j->count++;
	j->after_pin = o->recipe.pin_id;
	j->after_seq = o->seq;
}

static void
read_open(struct item *it, struct row *r)
{
	struct order *o = order_new();
	const char *from;
	const char *sender;

	row_ident(r, &o->recipe.pin_id);
	o->seq = (unsigned)row_int(r);
	o->channel = (enum channel)row_int(r);
	o->attempts = row_int(r);
	o->starts = row_int(r);
	o->tried = row_text(r, &o->arena);
	o->lookup_needed = row_bool(r);
	o->tracked = row_bool(r);
	o->placeholders = row_text(r, &o->arena);
	row_ident(r, &o->recipe.account);
	row_ident(r, &o->recipe.application);
	o->destination = row_text(r, &o->arena);
	row_blob(r, o->recipe.salt, PIN_SALT_LEN);
	o->recipe.generation = (uint32_t)row_int(r);
	o->key_id = row_int(r);
	o->recipe.type = (enum pin_type)row_int(r);
	o->recipe.length = (unsigned)row_int(r);
	o->expires_at_ms = row_int(r);
	from = row_text(r, &o->arena);
	o->text = row_text(r, &o->arena);
	o->placeholder = row_text(r, &o->arena);
	sender = row_text(r, &o->arena);
	o->sender = from == NULL ? sender : from;
	row_dlt(r, o);
	/* it fails alone, and not the start */
	o->damaged = r->corrupt || o->destination == NULL || o->text == NULL;
	r->corrupt = false;
	append(open_of(it), o);
}

static enum err
find_open(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_MESSAGE_OPEN, bind_open, read_open, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_open_messages = {"open_messages", {find_open}};
