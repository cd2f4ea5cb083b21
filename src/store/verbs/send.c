/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send: look at the application and the template, debit the application's limit, insert
 * the PIN under the guard of the number's limit (the PINs of a number are that limit's
 * log). The row is its first message too (outbox_advance).
 */
#include "store/keyring.h"
#include "store/outgoing.h"
#include "store/verbs/outgoing_row.h"
#include "store/verbs/send_numbers.h"
#include "twofa/limit.h"

/* Columns of no meaning to a send: an application's id and name, its process and
 * v1_texts. */
enum { ID_AND_NAME = 2, PROCESS_AND_TEXTS = 2 };

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &send_of(it)->account);
	bind_ident(b, &send_of(it)->application);
}

static void
read_application(struct item *it, struct row *r)
{
	struct send_job *j = send_of(it);
	struct arena *a = j->job.arena;

	row_pass(r, ID_AND_NAME);
	j->disabled = !row_bool(r);
	row_pass(r, PROCESS_AND_TEXTS);
	row_config(r, a, &send_state_of(j)->config);
	j->found = true;
}

static void
copy_application(struct item *to, const struct item *from)
{
	const struct send_job *found = send_of((struct item *)(uintptr_t)from);

	send_of(to)->disabled = found->disabled;
	send_state_of(send_of(to))->config = send_state_of(found)->config;
	send_of(to)->found = found->found;
}

static enum err
find_application(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct distinct = {
	    {SQL_APPLICATION_GET, bind_application, read_application, NULL},
	    send_numbers_compare_application, copy_application};
	enum err e = batch_distinct(b, &distinct, items, n);

	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		item_not_found(items[i], j->found);
		if (items[i]->err == OK && j->disabled)
			items[i]->err = ERR_INVALID;
	}
	return e;
}

static void
bind_template(struct item *it, struct binder *b)
{
	bind_application(it, b);
	bind_ident(b, &send_of(it)->template);
}

static void
read_template(struct item *it, struct row *r)
{
	struct send_job *j = send_of(it);
	struct outgoing_message *o = j->outgoing;

	o->recipe.type = row_pin_type(r);
	send_state_of(j)->template_length = row_pin_length(r);
	j->misfit = !outgoing_row_content(r, o, &send_state_of(j)->languages);
	send_state_of(j)->template_found = true;
}

static int
compare_template(const void *a, const void *b)
{
	const struct send_job *x = send_of(*(struct item *const *)a);
	const struct send_job *y = send_of(*(struct item *const *)b);
	enum channel channel = x->outgoing->content.channel;
	enum channel other = y->outgoing->content.channel;
	int order = send_numbers_compare_application(a, b);

	if (order == 0)
		order = ident_compare(&x->template, &y->template);
	return order != 0 ? order : (channel > other) - (channel < other);
}

/* NULL stays NULL. */
static const char *
text_into(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_text(a, span_of(text));
}

static void
copy_template(struct item *to, const struct item *from)
{
	const struct send_job *found = send_of((struct item *)(uintptr_t)from);
	struct outgoing_message *o = send_of(to)->outgoing;

	send_state_of(send_of(to))->template_found = send_state_of(found)->template_found;
	send_of(to)->misfit = found->misfit;
	send_state_of(send_of(to))->template_length =
	    send_state_of(found)->template_length;
	send_state_of(send_of(to))->languages = send_state_of(found)->languages;
	content_copy(&o->content, &found->outgoing->content, &o->arena);
	o->placeholder = text_into(&o->arena, found->outgoing->placeholder);
	o->sender = text_into(&o->arena, found->outgoing->sender);
	o->recipe.type = found->outgoing->recipe.type;
}

/* Each of a batch has a destination and a language of its own. */
static void
choose_text(struct send_job *j)
{
	j->outgoing->language = j->language;
	outgoing_row_choose(j->outgoing, &send_state_of(j)->languages);
	j->unfit =
	    outgoing_row_unfit(j->outgoing, j->outgoing->placeholders, j->job.arena);
	if (j->unfit.name != NULL)
		j->job.err = ERR_INVALID;
}

static enum err
find_template(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct distinct = {
	    {SQL_TEMPLATE_CONTENT, bind_template, read_template, NULL}, compare_template,
	    copy_template};
	enum err e = batch_distinct(b, &distinct, items, n);

	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		item_not_found(items[i], send_state_of(j)->template_found);
		if (items[i]->err == OK && j->misfit)
			items[i]->err = ERR_INVALID;
		if (items[i]->err == OK)
			choose_text(j);
		if (j->from != NULL)
			j->outgoing->sender = text_into(&j->outgoing->arena, j->from);
	}
	return e;
}

/* ---- the application's limit ---- */

/* The ring of one application, for as long as the batch lasts, and its sends. */
struct usage {
	struct item item;
	struct ident application;
	struct limit_ring ring;
	struct arena arena;
	struct item **sends;
	size_t count;
};

static struct usage *
usage_of(struct item *it)
{
	return container_of(it, struct usage, item);
}

static void
bind_usage(struct item *it, struct binder *b)
{
	bind_ident(b, &usage_of(it)->application);
}

static void
read_usage(struct item *it, struct row *r)
{
	struct usage *u = usage_of(it);

	row_ring(r, &u->arena, &u->ring);
}

static void
bind_usage_ring(struct item *it, struct binder *b)
{
	struct usage *u = usage_of(it);
	uint8_t *bytes = arena_alloc(&u->arena, LIMIT_RING_BYTES);

	limit_ring_save(&u->ring, bytes);
	bind_usage(it, b);
	bind_blob(b, bytes, LIMIT_RING_BYTES);
}

static void
add_usage(struct sends *s, struct item **sends)
{
	struct usage *u = &s->usages[s->usage_count];

	u->application = send_of(*sends)->application;
	u->sends = sends;
	arena_init(&u->arena);
	limit_ring_init(&u->ring);
	s->usage_items[s->usage_count++] = &u->item;
}

static void
sends_init(struct sends *s, struct item **items, size_t n)
{
	*s = (struct sends){.items = mem_array(n, sizeof(*s->items)),
	    .usages = mem_array(n, sizeof(*s->usages)),
	    .usage_items = mem_array(n, sizeof(*s->usage_items))};
	for (size_t i = 0; i < n; i++) {
		if (items[i]->err != OK)
			continue;
		s->items[s->count++] = items[i];
		send_numbers_name(s, send_of(items[i]));
	}
	batch_sort(s->items, s->count, send_numbers_compare);
	for (size_t i = 0; i < s->count; i++) {
		if (i == 0 ||
		    send_numbers_compare_application(&s->items[i - 1], &s->items[i]) != 0)
			add_usage(s, &s->items[i]);
		s->usages[s->usage_count - 1].count++;
	}
}

static void
sends_fini(struct sends *s)
{
	for (size_t i = 0; i < s->usage_count; i++)
		arena_fini(&s->usages[i].arena);
	mem_free(s->items);
	mem_free(s->usages);
	mem_free(s->usage_items);
}

/* A damaged ring is the fault of its application alone. */
static enum err
load_usages(struct batch *b, struct sends *s)
{
	static const struct sql_step step = {SQL_USAGE_GET, bind_usage, read_usage, NULL};
	enum err e = batch_each(b, &step, s->usage_items, s->usage_count);

	for (size_t i = 0; i < s->usage_count; i++)
		for (size_t k = 0; k < s->usages[i].count; k++)
			s->usages[i].sends[k]->err = s->usages[i].item.err;
	return e;
}

static enum err
save_usages(struct batch *b, struct sends *s)
{
	static const struct sql_step step = {SQL_USAGE_PUT, bind_usage_ring, NULL, NULL};

	return batch_each(b, &step, s->usage_items, s->usage_count);
}

static void
prepare_pin(struct batch *b, struct send_job *j)
{
	struct outgoing_message *o = j->outgoing;

	application_cap(&send_state_of(j)->config, j->caps);
	o->recipe.account = j->account;
	o->recipe.application = j->application;
	o->recipe.length = send_state_of(j)->template_length;
	if (j->caps->strict && o->recipe.length < j->caps->pin_length_min)
		o->recipe.length = j->caps->pin_length_min;
	ident_make(&o->recipe.pin_id, b->now_ms, b->entropy);
	b->entropy->fill(b->entropy, o->recipe.salt, PIN_SALT_LEN);
	o->expires_at_ms = b->now_ms + send_state_of(j)->config.pin_ttl.ms;
	j->job.err = keyring_current(b->keyring, b->now_ms, o->expires_at_ms, &o->key_id);
}

/* At most n, and how long those have to wait for whom there is none. */
static int64_t
room_for(const struct limit_ring *ring, const struct rate *rate, int64_t now_ms,
    int64_t n, int64_t *wait_ms_out)
{
	struct limit_ring full = *ring;
	int64_t room = limit_ring_room(ring, rate, now_ms, wait_ms_out);

	if (room >= n)
		return n;
	limit_ring_add(&full, rate, now_ms, (uint64_t)room);
	(void)limit_ring_room(&full, rate, now_ms, wait_ms_out);
	return room;
}

static void
admit(struct batch *b, struct send_job *j, bool has_room, int64_t wait_ms)
{
	if (has_room) {
		prepare_pin(b, j);
		return;
	}
	j->wait_ms = wait_ms;
	send_numbers_set_limit(j, "sendPinPerApplicationLimit",
	    &send_state_of(j)->config.send_application_limit);
	j->job.err = ERR_THROTTLED;
}

static const struct rate *
rate_of(const struct usage *u)
{
	return &send_state_of(send_of(u->sends[0]))->config.send_application_limit;
}

static void
admit_all(struct batch *b, struct usage *u)
{
	int64_t wait_ms;
	int64_t room;

	if (u->item.err != OK)
		return;
	room = room_for(&u->ring, rate_of(u), b->now_ms, (int64_t)u->count, &wait_ms);
	for (size_t i = 0; i < u->count; i++)
		admit(b, send_of(u->sends[i]), room-- > 0, wait_ms);
}

static void
debit(struct batch *b, struct usage *u)
{
	uint64_t inserted = 0;

	for (size_t i = 0; i < u->count; i++)
		inserted += u->sends[i]->err == OK;
	limit_ring_add(&u->ring, rate_of(u), b->now_ms, inserted);
}

/* ---- the PIN ---- */

static const struct pins_alternative *
alternatives_of(const struct send_job *j)
{
	struct pins_alternative *rows;

	if (j->alternative_count == 0)
		return NULL;
	rows = arena_alloc(j->job.arena, j->alternative_count * sizeof(*rows));
	for (size_t i = 0; i < j->alternative_count; i++)
		rows[i] = j->alternatives[i].row;
	return rows;
}

static void
make_pin(struct send_job *j)
{
	const struct outgoing_message *o = j->outgoing;

	send_state_of(j)->job = j;
	send_state_of(j)->pin =
	    (struct pins_new){.row = {.recipe = o->recipe,
				  .key_id = o->key_id,
				  .attempts_max = send_state_of(j)->config.pin_attempts,
				  .expires_at_ms = o->expires_at_ms,
				  .multiple = send_state_of(j)->config.allow_multiple,
				  .destination = o->destination,
				  .log = send_state_of(j)->number.log},
		.template = j->template,
		.sender = j->from,
		.language = j->language,
		.placeholders = o->placeholders,
		.channel = o->content.channel,
		.lookup_wanted = o->lookup_needed,
		.tracked = o->tracked,
		.alternatives = alternatives_of(j),
		.alternative_count = j->alternative_count};
}

static enum err
insert_pins(struct batch *b, const struct sends *s)
{
	struct pins_new **pins = mem_array(s->count + 1, sizeof(*pins));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err != OK || send_state_of(j)->refused)
			continue;
		make_pin(j);
		pins[count++] = &send_state_of(j)->pin;
	}
	e = pins_insert(b->pins, pins, count);
	for (size_t i = 0; i < count; i++)
		container_of(pins[i], struct send_state, pin)->job->job.err =
		    pins[i]->err;
	mem_free(pins);
	return e;
}

static enum err
admit_and_insert(struct batch *b, struct sends *s)
{
	enum err e;

	for (size_t i = 0; i < s->usage_count; i++)
		admit_all(b, &s->usages[i]);
	e = send_numbers_admit(b, s);
	if (e == OK)
		e = insert_pins(b, s);
	return e == OK ? send_numbers_refuse(b, s) : e;
}

static enum err
debit_and_insert(struct batch *b, struct item **items, size_t n)
{
	struct sends s;
	enum err e;

	sends_init(&s, items, n);
	e = send_numbers_lock(b, &s);
	if (e == OK)
		e = load_usages(b, &s);
	if (e == OK)
		e = admit_and_insert(b, &s);
	for (size_t i = 0; i < s.usage_count; i++)
		debit(b, &s.usages[i]);
	if (e == OK)
		e = save_usages(b, &s);
	sends_fini(&s);
	return e;
}

const struct verb_row verb_send = {
    .steps = {find_application, find_template, send_numbers_templates, debit_and_insert,
	outbox_advance},
    .state_len = sizeof(struct send_state)};
