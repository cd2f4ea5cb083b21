/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send: look at the application and the template, debit the application's limit, insert
 * the PIN under the guard of the number's limit (the PINs of a number are that limit's
 * log). The row is its first message too (outbox_advance).
 */
#include "store/verbs/verbs.h"

#include <stdlib.h>

#include "store/keyring.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/verbs/outgoing_row.h"
#include "twofa/limit.h"

/* Columns of no meaning to a send: an application's id and name, its process and
 * v1_texts. */
enum { ID_AND_NAME = 2, PROCESS_AND_TEXTS = 2 };

struct send_state {
	struct send_job *job;
	struct application_config config;
	bool template_found;
	unsigned template_length;
	struct outgoing_row_languages languages; /* of the template */
	struct pins_number number;
	int64_t taken; /* sends in the window, and those admitted before in this batch */
	bool refused;
	struct pins_new pin;
};

static struct send_job *
send_of(struct item *it)
{
	return VERB_OF(it, struct send_job);
}

static struct send_state *
state_of(const struct send_job *j)
{
	return j->job.state;
}

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
	row_config(r, a, &state_of(j)->config);
	j->found = true;
}

static int
compare_application(const void *a, const void *b)
{
	const struct send_job *x = send_of(*(struct item *const *)a);
	const struct send_job *y = send_of(*(struct item *const *)b);
	int order = ident_compare(&x->application, &y->application);

	return order != 0 ? order : ident_compare(&x->account, &y->account);
}

static void
copy_application(struct item *to, const struct item *from)
{
	const struct send_job *found = send_of((struct item *)(uintptr_t)from);

	send_of(to)->disabled = found->disabled;
	state_of(send_of(to))->config = state_of(found)->config;
	send_of(to)->found = found->found;
}

static enum err
find_application(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct distinct = {
	    {SQL_APPLICATION_GET, bind_application, read_application, NULL},
	    compare_application, copy_application};
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
	state_of(j)->template_length = row_pin_length(r);
	j->misfit = !outgoing_row_content(r, o, &state_of(j)->languages);
	state_of(j)->template_found = true;
}

static int
compare_template(const void *a, const void *b)
{
	const struct send_job *x = send_of(*(struct item *const *)a);
	const struct send_job *y = send_of(*(struct item *const *)b);
	enum channel channel = x->outgoing->content.channel;
	enum channel other = y->outgoing->content.channel;
	int order = compare_application(a, b);

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

	state_of(send_of(to))->template_found = state_of(found)->template_found;
	send_of(to)->misfit = found->misfit;
	state_of(send_of(to))->template_length = state_of(found)->template_length;
	state_of(send_of(to))->languages = state_of(found)->languages;
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
	outgoing_row_choose(j->outgoing, &state_of(j)->languages);
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

		item_not_found(items[i], state_of(j)->template_found);
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

/* The sends of a batch that are still wanted, side by side by application and number. */
struct sends {
	struct item **items;
	size_t count;
	struct usage *usages;
	struct item **usage_items;
	size_t usage_count;
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

static int
compare_sends(const void *a, const void *b)
{
	int order = compare_application(a, b);

	return order != 0
		   ? order
		   : strcmp(send_of(*(struct item *const *)a)->outgoing->destination,
			 send_of(*(struct item *const *)b)->outgoing->destination);
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
	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK)
			s->items[s->count++] = items[i];
	batch_sort(s->items, s->count, compare_sends);
	for (size_t i = 0; i < s->count; i++) {
		if (i == 0 || compare_application(&s->items[i - 1], &s->items[i]) != 0)
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

	application_cap(&state_of(j)->config, j->caps);
	o->recipe.account = j->account;
	o->recipe.application = j->application;
	o->recipe.length = state_of(j)->template_length;
	if (j->caps->strict && o->recipe.length < j->caps->pin_length_min)
		o->recipe.length = j->caps->pin_length_min;
	ident_make(&o->recipe.pin_id, b->now_ms, b->entropy);
	b->entropy->fill(b->entropy, o->recipe.salt, PIN_SALT_LEN);
	o->expires_at_ms = b->now_ms + state_of(j)->config.pin_ttl.ms;
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

/* The configuration may be in the memory of another send of the batch. */
static void
set_limit(struct send_job *j, const char *name, const struct rate *rate)
{
	j->limit = name;
	j->limit_rate = arena_text(j->job.arena, span_of(rate->text));
}

static void
admit(struct batch *b, struct send_job *j, bool has_room, int64_t wait_ms)
{
	if (has_room) {
		prepare_pin(b, j);
		return;
	}
	j->wait_ms = wait_ms;
	set_limit(
	    j, "sendPinPerApplicationLimit", &state_of(j)->config.send_application_limit);
	j->job.err = ERR_THROTTLED;
}

static const struct rate *
rate_of(const struct usage *u)
{
	return &state_of(send_of(u->sends[0]))->config.send_application_limit;
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

/* ---- the number's limit ---- */

static int64_t
limit_of(const struct send_job *j)
{
	return state_of(j)->config.send_phone_limit.count;
}

static enum err
lock_numbers(struct batch *b, const struct sends *s)
{
	struct pins_key *keys;
	enum err e;

	if (!pins_locks(b->pins))
		return OK;
	keys = mem_array(s->count + 1, sizeof(*keys));
	for (size_t i = 0; i < s->count; i++)
		keys[i] = (struct pins_key){send_of(s->items[i])->application,
		    send_of(s->items[i])->outgoing->destination};
	e = pins_lock(b->pins, keys, s->count);
	mem_free(keys);
	return e;
}

static void
ask_number(struct send_job *j)
{
	state_of(j)->number = (struct pins_number){.account = j->account,
	    .application = j->application,
	    .destination = j->outgoing->destination,
	    .since_ms = j->job.now_ms - state_of(j)->config.send_phone_limit.period_ms,
	    .most = limit_of(j),
	    .arena = j->job.arena};
}

/* The numbers of those for whom `wants` holds. */
static enum err
find_numbers(
    struct batch *b, const struct sends *s, bool (*wants)(const struct send_job *j))
{
	struct pins_number **numbers = mem_array(s->count + 1, sizeof(*numbers));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err != OK || !wants(j))
			continue;
		ask_number(j);
		numbers[count++] = &state_of(j)->number;
	}
	e = pins_newest(b->pins, numbers, count);
	mem_free(numbers);
	return e;
}

static bool
is_wanted(const struct send_job *j)
{
	(void)j;
	return true;
}

/* The sends to one number, one after the other: each after those that were admitted. */
static void
admit_in_turn(const struct sends *s)
{
	struct item **before = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err == OK)
			s->items[i]->err = state_of(j)->number.err;
		if (s->items[i]->err != OK)
			continue;
		state_of(j)->taken = state_of(j)->number.count;
		if (before != NULL && compare_sends(before, &s->items[i]) == 0)
			state_of(j)->taken = state_of(send_of(*before))->taken;
		state_of(j)->refused = state_of(j)->taken >= limit_of(j);
		if (!state_of(j)->refused)
			state_of(j)->taken++;
		before = &s->items[i];
	}
}

/* A PIN that nobody can verify is not sent. */
static void
refuse_locked(struct send_job *j)
{
	enum err e = number_takes_pins(
	    &state_of(j)->number, j->failures_max, j->job.now_ms, &j->wait_ms);

	if (e == ERR_THROTTLED)
		j->locked = state_of(j)->refused = true;
	else
		j->job.err = e;
}

static void
refuse_all_locked(const struct sends *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err == OK && state_of(j)->number.found &&
		    !state_of(j)->refused)
			refuse_locked(j);
	}
}

/* ---- the PIN ---- */

static void
make_pin(struct send_job *j)
{
	const struct outgoing_message *o = j->outgoing;

	state_of(j)->job = j;
	state_of(j)->pin =
	    (struct pins_new){.row = {.recipe = o->recipe,
				  .key_id = o->key_id,
				  .attempts_max = state_of(j)->config.pin_attempts,
				  .expires_at_ms = o->expires_at_ms,
				  .multiple = state_of(j)->config.allow_multiple,
				  .destination = o->destination,
				  .log = state_of(j)->number.log},
		.template = j->template,
		.sender = j->from,
		.language = j->language,
		.placeholders = o->placeholders,
		.channel = o->content.channel,
		.lookup_wanted = o->lookup_needed,
		.tracked = o->tracked};
}

static enum err
insert_pins(struct batch *b, const struct sends *s)
{
	struct pins_new **pins = mem_array(s->count + 1, sizeof(*pins));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err != OK || state_of(j)->refused)
			continue;
		make_pin(j);
		pins[count++] = &state_of(j)->pin;
	}
	e = pins_insert(b->pins, pins, count);
	for (size_t i = 0; i < count; i++)
		container_of(pins[i], struct send_state, pin)->job->job.err =
		    pins[i]->err;
	mem_free(pins);
	return e;
}

static bool
lacks_place(const struct send_job *j)
{
	return state_of(j)->refused && !j->locked;
}

/* There is room again when the send that holds the last place of the window leaves it. */
static void
refuse(struct send_job *j)
{
	j->job.err = ERR_THROTTLED;
	if (!lacks_place(j) || state_of(j)->number.count < limit_of(j))
		return;
	j->wait_ms = ident_ms(&state_of(j)->number.last) +
		     state_of(j)->config.send_phone_limit.period_ms - j->job.now_ms;
	set_limit(j, "sendPinPerPhoneNumberLimit", &state_of(j)->config.send_phone_limit);
}

/* The places of the window are those after this batch. */
static enum err
refuse_all(struct batch *b, const struct sends *s)
{
	enum err e = find_numbers(b, s, lacks_place);

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err == OK && lacks_place(j))
			s->items[i]->err = state_of(j)->number.err;
		if (s->items[i]->err == OK && state_of(j)->refused)
			refuse(j);
	}
	return e;
}

static enum err
admit_and_insert(struct batch *b, struct sends *s)
{
	enum err e;

	for (size_t i = 0; i < s->usage_count; i++)
		admit_all(b, &s->usages[i]);
	e = find_numbers(b, s, is_wanted);
	admit_in_turn(s);
	refuse_all_locked(s);
	if (e == OK)
		e = insert_pins(b, s);
	return e == OK ? refuse_all(b, s) : e;
}

static enum err
debit_and_insert(struct batch *b, struct item **items, size_t n)
{
	struct sends s;
	enum err e;

	sends_init(&s, items, n);
	e = lock_numbers(b, &s);
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
    .steps = {find_application, find_template, debit_and_insert, outbox_advance},
    .state_len = sizeof(struct send_state)};
