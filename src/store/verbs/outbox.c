/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: messages whose fate is open. The row of a PIN is its first message as well
 * until something is known of that, usually its outcome. A message that takes longer
 * enters the table of messages, and a mark goes with it, so that a start finds all that
 * is open: open rows of that table, and the PINs after the mark.
 *
 * After a start that is taken over; notes tell of submits that did not end a message. A
 * message that goes the usual way needs none of it.
 */
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/verbs/outgoing_row.h"
#include "store/verbs/verbs.h"

/* How often the mark moves, at most, and over how many PINs at a time. */
enum { OUTBOX_EVERY_MS = 20, OUTBOX_CHUNK = 1024 };
/* The greatest value of `tracked`: a report was handed over. */
enum { TRACKED_MOST = 2 };

/* ---- first messages without a row of their own ---- */

struct first_message {
	struct item item; /* skip: it has a row */
	struct ident pin_id;
	enum channel channel;
	bool lookup_wanted;
	bool tracked;
};

/* A stretch of PINs after the mark, and before an id that is too young. */
struct stretch {
	struct item item;
	struct ident mark;
	struct ident young;
	size_t count;
	struct first_message *messages;
	struct item **items;
};

static struct stretch *
stretch_of(struct item *it)
{
	return container_of(it, struct stretch, item);
}

static void
stretch_init(struct stretch *s)
{
	*s = (struct stretch){.count = 0};
	s->messages = mem_array(OUTBOX_CHUNK, sizeof(*s->messages));
	s->items = mem_array(OUTBOX_CHUNK, sizeof(struct item *));
}

static void
stretch_fini(struct stretch *s)
{
	mem_free(s->messages);
	mem_free(s->items);
}

static void
read_mark(struct item *it, struct row *r)
{
	/* without a mark all PINs are looked at */
	row_ident(r, &stretch_of(it)->mark);
	(void)row_passed_over(r);
}

static void
bind_mark(struct item *it, struct binder *b)
{
	bind_ident(b, &stretch_of(it)->mark);
}

static void
bind_stretch(struct item *it, struct binder *b)
{
	bind_mark(it, b);
	bind_ident(b, &stretch_of(it)->young);
	bind_int(b, OUTBOX_CHUNK);
}

static void
read_first(struct item *it, struct row *r)
{
	struct stretch *s = stretch_of(it);
	struct first_message *m = &s->messages[s->count];

	s->items[s->count++] = &m->item;
	row_ident(r, &m->pin_id);
	m->item = (struct item){.skip = row_bool(r)};
	m->channel = row_channel(r);
	m->lookup_wanted = row_bool(r);
	m->tracked = row_bool(r);
	/* nobody can tell what was to be sent */
	m->item.skip = row_passed_over(r) || m->item.skip;
}

static void
bind_first(struct item *it, struct binder *b)
{
	const struct first_message *m = container_of(it, struct first_message, item);

	bind_ident(b, &m->pin_id);
	bind_int(b, (int64_t)m->channel);
	bind_int(b, ident_ms(&m->pin_id));
	bind_bool(b, m->lookup_wanted);
	bind_bool(b, m->tracked);
}

/* The next stretch gets its rows; the mark is put by the caller. */
static enum err
enter(struct batch *b, struct stretch *s)
{
	static const struct sql_step scan = {
	    SQL_OUTBOX_SCAN, bind_stretch, read_first, NULL};
	static const struct sql_step insert = {SQL_OUTBOX_ENTER, bind_first, NULL, NULL};
	enum err e;

	s->count = 0;
	e = batch_one(b, &scan, &s->item);
	if (e != OK || s->count == 0)
		return e;
	s->mark = s->messages[s->count - 1].pin_id;
	return batch_each(b, &insert, s->items, s->count);
}

static enum err
get_mark(struct batch *b, struct stretch *s)
{
	static const struct sql_step step = {
	    SQL_OUTBOX_GET, bind_nothing, read_mark, NULL};

	return batch_one(b, &step, &s->item);
}

static enum err
put_mark(struct batch *b, struct stretch *s)
{
	static const struct sql_step step = {SQL_OUTBOX_PUT, bind_mark, NULL, NULL};

	return batch_one(b, &step, &s->item);
}

enum err
outbox_advance(struct batch *b, struct item **items, size_t n)
{
	struct stretch s;
	enum err e;

	(void)items;
	(void)n;
	if (b->now_ms < *b->outbox_at_ms)
		return OK;
	stretch_init(&s);
	ident_floor(&s.young, b->now_ms - OUTBOX_MS);
	e = get_mark(b, &s);
	if (e == OK)
		e = enter(b, &s);
	if (e == OK && s.count > 0)
		e = put_mark(b, &s);
	if (s.count < OUTBOX_CHUNK)
		*b->outbox_at_ms = b->now_ms + OUTBOX_EVERY_MS;
	stretch_fini(&s);
	return e;
}

/* All that an earlier run left: before this one makes any, whose ids are all higher. */
static enum err
enter_all(struct batch *b, struct item **items, size_t n)
{
	struct stretch s;
	enum err e;

	(void)items;
	(void)n;
	stretch_init(&s);
	memset(s.young.bytes, 0xff, IDENT_LEN);
	e = get_mark(b, &s);
	do {
		if (e == OK)
			e = enter(b, &s);
	} while (e == OK && s.count == OUTBOX_CHUNK);
	if (e == OK)
		e = put_mark(b, &s);
	stretch_fini(&s);
	return e;
}

/* ---- lease ---- */

struct lease_state {
	int64_t owner;
	struct leased *open; /* those that are leased one by one */
	size_t count;
	size_t capacity;
};

static struct lease_job *
lease_of(struct item *it)
{
	return VERB_OF(it, struct lease_job);
}

static struct lease_state *
state_of(const struct lease_job *j)
{
	return j->job.state;
}

static enum err
take_owner(struct batch *b, struct item **items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		state_of(lease_of(items[i]))->owner = b->run;
	return OK;
}

static void
bind_owner(struct item *it, struct binder *b)
{
	bind_int(b, state_of(lease_of(it))->owner);
}

struct leased {
	struct item item;
	struct ident pin_id;
	unsigned seq;
	int64_t owner;
};

static void
read_leasable(struct item *it, struct row *r)
{
	struct lease_state *s = state_of(lease_of(it));
	struct leased *l = arena_list_add(lease_of(it)->job.arena, (void **)&s->open,
	    &s->count, &s->capacity, sizeof(*s->open));

	row_ident(r, &l->pin_id);
	l->seq = row_seq(r);
	l->owner = s->owner;
	if (row_passed_over(r))
		s->count--;
}

static void
bind_leased(struct item *it, struct binder *b)
{
	const struct leased *l = container_of(it, struct leased, item);

	bind_int(b, l->owner);
	bind_ident(b, &l->pin_id);
	bind_int(b, l->seq);
}

/* One damaged row keeps all from being written by one statement. It stays as it is, and
 * read_open sees that it is not ours. */
static enum err
lease_one_by_one(struct batch *b, struct item *it)
{
	static const struct sql_step list = {
	    SQL_MESSAGE_LEASE_LIST, bind_owner, read_leasable, NULL};
	static const struct sql_step one = {
	    SQL_MESSAGE_LEASE_ONE, bind_leased, NULL, NULL};
	const struct lease_state *s = state_of(lease_of(it));
	enum err e;

	it->err = OK;
	e = batch_one(b, &list, it);
	for (size_t i = 0; e == OK && i < s->count; i++)
		e = batch_one(b, &one, &s->open[i].item);
	return e;
}

static enum err
lease_open(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_MESSAGE_LEASE, bind_owner, NULL, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; e == OK && i < n; i++)
		if (items[i]->err == ERR_CORRUPT)
			e = lease_one_by_one(b, items[i]);
	return e;
}

const struct verb_row verb_lease = {.steps = {enter_all, take_owner, lease_open},
    .state_len = sizeof(struct lease_state)};

/* ---- note ---- */

static void
bind_note(struct item *it, struct binder *b)
{
	const struct note_job *j = VERB_OF(it, struct note_job);

	bind_ident(b, &j->pin_id);
	bind_int(b, j->seq);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->submits);
	bind_text(b, j->carrier);
	bind_int(b, j->code);
	bind_int(b, j->starts);
	bind_text(b, j->carriers_tried[0] == '\0' ? NULL : j->carriers_tried);
	bind_int(b, (int64_t)j->channel);
	bind_int(b, ident_ms(&j->pin_id));
	bind_bool(b, j->lookup_wanted);
	bind_bool(b, j->tracked);
}

static enum err
write_note(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_MESSAGE_NOTE, bind_note, NULL, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_note = {.steps = {write_note}};

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
append(struct open_messages_job *j, struct outgoing_message *o)
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
	struct outgoing_message *o = outgoing_new();
	bool ours;

	row_ident(r, &o->recipe.pin_id);
	o->seq = row_seq(r);
	o->content.channel = row_channel(r);
	o->submits = row_count(r);
	o->starts = row_count(r);
	o->carriers_tried = row_text_or_null(r, &o->arena, NOTE_CARRIERS_MAX);
	o->lookup_needed = row_bool(r);
	o->tracked = row_int(r, 0, TRACKED_MOST) != 0;
	ours = row_bool(r);
	o->placeholders = row_text_or_null(r, &o->arena, ROW_TEXT_MAX);
	if (!outgoing_row_read(r, o) || !ours)
		row_is_damaged(r);
	/* it fails alone, and not the start */
	o->damaged = row_passed_over(r);
	append(open_of(it), o);
}

static enum err
find_open(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_MESSAGE_OPEN, bind_open, read_open, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_open_messages = {.steps = {find_open}};
