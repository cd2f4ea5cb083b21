/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send: look at the application and the template, debit the application's limit,
 * insert the PIN row under the guard of the destination's limit (the PIN rows of a
 * destination are that limit's log). It is its first message too (outbox_advance).
 */
#include "store/verbs/verbs.h"

#include <stdlib.h>

#include "store/keyring.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/verify.h"
#include "twofa/limit.h"

/* Columns of no meaning to a send: an application's id and name, its process and
 * v1_texts; between a template's sender and its DLT ids; what is before its kind. */
enum { ID_AND_NAME = 2, PROCESS_AND_TEXTS = 2, VOICE_COLUMNS = 4, IDS = 2 };

static struct send_job *
send_of(struct item *it)
{
	return VERB_OF(it, struct send_job);
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
	row_config(r, a, &j->config);
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
	send_of(to)->config = found->config;
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

	row_pass(r, IDS);
	j->template_kind = row_kind(r);
	o->recipe.type = row_pin_type(r);
	j->template_length = row_pin_length(r);
	o->text = row_text(r, &o->arena, ROW_TEXT_MAX);
	o->placeholder = row_text(r, &o->arena, ROW_NAME_MAX);
	o->sender = row_text_or_null(r, &o->arena, ROW_NAME_MAX);
	row_pass(r, VOICE_COLUMNS);
	row_dlt(r, o);
}

static int
compare_template(const void *a, const void *b)
{
	const struct send_job *x = send_of(*(struct item *const *)a);
	const struct send_job *y = send_of(*(struct item *const *)b);
	int order = compare_application(a, b);

	return order != 0 ? order : ident_compare(&x->template, &y->template);
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

	send_of(to)->template_kind = found->template_kind;
	send_of(to)->template_length = found->template_length;
	o->text = text_into(&o->arena, found->outgoing->text);
	o->placeholder = text_into(&o->arena, found->outgoing->placeholder);
	o->sender = text_into(&o->arena, found->outgoing->sender);
	o->dlt_entity = text_into(&o->arena, found->outgoing->dlt_entity);
	o->dlt_template = text_into(&o->arena, found->outgoing->dlt_template);
	o->dlt_telemarketer = text_into(&o->arena, found->outgoing->dlt_telemarketer);
	o->recipe.type = found->outgoing->recipe.type;
}

static enum err
find_template(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct distinct = {
	    {SQL_TEMPLATE_GET, bind_template, read_template, NULL}, compare_template,
	    copy_template};
	enum err e = batch_distinct(b, &distinct, items, n);

	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		item_not_found(items[i], j->outgoing->text != NULL);
		j->misfit =
		    j->template_kind != channel_row(j->outgoing->channel)->template;
		if (items[i]->err == OK && j->misfit)
			items[i]->err = ERR_INVALID;
		if (j->from != NULL)
			j->outgoing->sender = text_into(&j->outgoing->arena, j->from);
	}
	return e;
}

/* ---- the application's limit ---- */

/* The ring of one application, for as long as the batch lasts. */
struct usage {
	struct item item;
	struct ident application;
	struct limit_ring ring;
	struct arena arena;
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

static enum err
load_usage(struct batch *b, struct usage *u, const struct ident *application)
{
	static const struct sql_step step = {SQL_USAGE_GET, bind_usage, read_usage, NULL};

	*u = (struct usage){.application = *application};
	arena_init(&u->arena);
	limit_ring_init(&u->ring);
	return batch_one(b, &step, &u->item);
}

static enum err
save_usage(struct batch *b, struct usage *u)
{
	static const struct sql_step step = {SQL_USAGE_PUT, bind_usage_ring, NULL, NULL};

	return batch_one(b, &step, &u->item);
}

static enum err insert_pins(struct batch *b, struct item **items, size_t n);

static void
prepare_pin(struct batch *b, struct send_job *j)
{
	struct outgoing_message *o = j->outgoing;

	application_cap(&j->config, j->caps);
	o->recipe.account = j->account;
	o->recipe.application = j->application;
	o->recipe.length = j->template_length;
	if (j->caps->strict && o->recipe.length < j->caps->pin_length_min)
		o->recipe.length = j->caps->pin_length_min;
	ident_make(&o->recipe.pin_id, b->now_ms, b->entropy);
	b->entropy->fill(b->entropy, o->recipe.salt, PIN_SALT_LEN);
	o->expires_at_ms = b->now_ms + j->config.pin_ttl.ms;
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
	set_limit(j, "sendPinPerApplicationLimit", &j->config.send_application_limit);
	j->job.err = ERR_THROTTLED;
}

/* Who may, insert, and debit those that were inserted. */
static enum err
debit(struct batch *b, struct usage *u, struct item **items, size_t n)
{
	const struct rate *rate = &send_of(items[0])->config.send_application_limit;
	int64_t wait_ms;
	int64_t room = room_for(&u->ring, rate, b->now_ms, (int64_t)n, &wait_ms);
	uint64_t inserted = 0;
	enum err e;

	for (size_t i = 0; i < n; i++)
		admit(b, send_of(items[i]), room-- > 0, wait_ms);
	e = insert_pins(b, items, n);
	for (size_t i = 0; i < n; i++)
		inserted += items[i]->err == OK;
	limit_ring_add(&u->ring, rate, b->now_ms, inserted);
	return e == OK ? save_usage(b, u) : e;
}

/* The sends of one application. A damaged ring is its own fault, not the batch's. */
static enum err
debit_application(struct batch *b, struct item **items, size_t n)
{
	struct usage u;
	enum err e = load_usage(b, &u, &send_of(items[0])->application);

	if (e == OK && u.item.err == OK)
		e = debit(b, &u, items, n);
	else
		for (size_t i = 0; i < n; i++)
			items[i]->err = u.item.err;
	arena_fini(&u.arena);
	return e;
}

/* Only what is still wanted, side by side by application. */
static enum err
debit_and_insert(struct batch *b, struct item **items, size_t n)
{
	struct item **live = mem_array(n, sizeof(*live));
	size_t count = 0;
	size_t end;
	enum err e = OK;

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK)
			live[count++] = items[i];
	batch_sort(live, count, compare_application);
	for (size_t start = 0; e == OK && start < count; start = end) {
		end = start + 1;
		while (end < count && compare_application(&live[start], &live[end]) == 0)
			end++;
		e = debit_application(b, live + start, end - start);
	}
	mem_free(live);
	return e;
}

/* ---- the PIN row ---- */

/* Among sends of one application. */
static int
compare_destination(const void *a, const void *b)
{
	return strcmp(send_of(*(struct item *const *)a)->outgoing->destination,
	    send_of(*(struct item *const *)b)->outgoing->destination);
}

static int64_t
limit_of(const struct send_job *j)
{
	return j->config.send_phone_limit.count;
}

static void
bind_destination(struct item *it, struct binder *b)
{
	bind_ident(b, &send_of(it)->application);
	bind_text(b, send_of(it)->outgoing->destination);
}

static void
bind_count(struct item *it, struct binder *b)
{
	bind_destination(it, b);
	bind_int(b, limit_of(send_of(it)));
	bind_bool(b, send_of(it)->looks_back);
}

/* The old ones matter while the window of the limit reaches back to them, or that of the
 * requests in their logs of verifies, which is of a day at most. */
static void
look_back(struct batch *b, struct send_job *j)
{
	int64_t period_ms = j->config.send_phone_limit.period_ms;
	int64_t after_ms =
	    b->now_ms - (period_ms < PERIOD_MS_DAY ? PERIOD_MS_DAY : period_ms);

	j->looks_back =
	    ident_ms(&b->recent->aged) > after_ms || b->recent->upgraded_ms > after_ms;
}

static bool
is_in_window(const struct send_job *j, const struct ident *pin_id)
{
	return ident_ms(pin_id) > j->job.now_ms - j->config.send_phone_limit.period_ms;
}

static void
read_count(struct item *it, struct row *r)
{
	struct send_job *j = send_of(it);
	struct ident pin_id;

	row_ident(r, &pin_id);
	if (!j->has_newest)
		j->newest = pin_id;
	j->has_newest = true;
	if (is_in_window(j, &pin_id))
		j->taken++;
	else
		r->enough = true;
}

static void
copy_count(struct item *to, const struct item *from)
{
	const struct send_job *found = send_of((struct item *)(uintptr_t)from);

	send_of(to)->taken = found->taken;
	send_of(to)->has_newest = found->has_newest;
	send_of(to)->newest = found->newest;
}

/* ---- the log of verify requests, which the newest row of a destination has ---- */

static bool
takes_log_over(const struct item *it)
{
	const struct send_job *j = send_of((struct item *)(uintptr_t)it);

	return j->has_newest && !j->refused;
}

static bool
lacks_log(const struct item *it)
{
	return takes_log_over(it) &&
	       send_of((struct item *)(uintptr_t)it)->log.ptr == NULL;
}

static void
bind_newest(struct item *it, struct binder *b)
{
	bind_ident(b, &send_of(it)->newest);
	bind_ident(b, &send_of(it)->account);
}

static void
read_log(struct item *it, struct row *r)
{
	send_of(it)->log = row_log(r, send_of(it)->job.arena);
}

/* With room for what a few verifies leave in the row, which need not move then. */
static void
make_log(struct send_job *j)
{
	enum { ROOM = 32 };
	size_t len = j->log.len < ROOM ? ROOM : j->log.len;
	char *octets = arena_alloc(j->job.arena, len);

	if (j->log.len > 0)
		memcpy(octets, j->log.ptr, j->log.len);
	j->log = (struct span){octets, len};
}

static void
refuse_locked(struct send_job *j)
{
	const struct number n = {.arena = j->job.arena, .log = j->log};
	enum err e = number_takes_pins(&n, j->failures_max, j->job.now_ms, &j->wait_ms);

	if (e == ERR_THROTTLED)
		j->locked = j->refused = true;
	else
		j->job.err = e;
}

static enum err
take_logs_over(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_VERIFY_LOG, bind_newest, read_log, lacks_log};
	enum err e;

	for (size_t i = 0; i < n; i++)
		if (takes_log_over(items[i]))
			(void)pin_cache_log(
			    b->pins, &send_of(items[i])->newest, &send_of(items[i])->log);
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		if (takes_log_over(items[i])) {
			guesses_log(b->guesses, &j->newest, &j->log);
			refuse_locked(j);
		}
		make_log(j);
	}
	return e;
}

static void
bind_pin(struct item *it, struct binder *b)
{
	struct send_job *j = send_of(it);
	struct outgoing_message *o = j->outgoing;

	bind_ident(b, &o->recipe.pin_id);
	bind_ident(b, &j->account);
	bind_ident(b, &j->application);
	bind_ident(b, &j->template);
	bind_text(b, o->destination);
	bind_blob(b, o->recipe.salt, PIN_SALT_LEN);
	bind_int(b, o->key_id);
	bind_int(b, (int64_t)o->recipe.type);
	bind_int(b, o->recipe.length);
	bind_int(b, j->config.pin_attempts);
	bind_bool(b, j->config.allow_multiple);
	bind_int(b, o->expires_at_ms);
	bind_text(b, j->from);
	bind_text(b, o->placeholders);
	bind_blob(b, j->log.ptr, j->log.len);
	bind_int(b, (int64_t)o->channel);
	bind_bool(b, o->lookup_needed);
	bind_bool(b, o->tracked);
}

/* When the send that holds the last place of the window leaves it. */
static void
bind_oldest(struct item *it, struct binder *b)
{
	bind_destination(it, b);
	bind_int(b, limit_of(send_of(it)) - 1);
}

static void
read_oldest(struct item *it, struct row *r)
{
	struct send_job *j = send_of(it);
	struct ident oldest;

	row_ident(r, &oldest);
	j->wait_ms =
	    ident_ms(&oldest) + j->config.send_phone_limit.period_ms - j->job.now_ms;
	set_limit(j, "sendPinPerPhoneNumberLimit", &j->config.send_phone_limit);
}

static bool
was_refused(const struct item *it)
{
	return send_of((struct item *)(uintptr_t)it)->refused;
}

static bool
lacks_place(const struct item *it)
{
	return was_refused(it) && !send_of((struct item *)(uintptr_t)it)->locked;
}

static bool
was_admitted(const struct item *it)
{
	return !was_refused(it);
}

/* They are side by side by destination: each after those of the batch that were
 * admitted. */
static void
admit_in_turn(struct item **items, size_t n)
{
	struct item **before = NULL;

	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		if (items[i]->err != OK)
			continue;
		if (before != NULL && compare_destination(before, &items[i]) == 0)
			j->taken = send_of(*before)->taken;
		j->refused = j->taken >= limit_of(j);
		if (!j->refused)
			j->taken++;
		before = &items[i];
	}
}

static void
bind_recent(struct item *it, struct binder *b)
{
	bind_destination(it, b);
	bind_ident(b, &send_of(it)->outgoing->recipe.pin_id);
}

static void
enter_cache(struct batch *b, struct item **items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct send_job *j = send_of(items[i]);
		struct pin_row row = {.recipe = j->outgoing->recipe,
		    .key_id = j->outgoing->key_id,
		    .attempts_max = j->config.pin_attempts,
		    .expires_at_ms = j->outgoing->expires_at_ms,
		    .multiple = j->config.allow_multiple,
		    .destination = j->outgoing->destination,
		    .log = j->log};

		if (items[i]->err == OK && was_admitted(items[i]))
			pin_cache_enter(b->pins, &row, b->now_ms);
	}
}

static int64_t
count_admitted(struct item **items, size_t n)
{
	int64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += items[i]->err == OK && was_admitted(items[i]);
	return count;
}

static enum err
enter_memory(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step recent = {
	    SQL_RECENT_INSERT, bind_recent, NULL, was_admitted};
	enum err e;

	enter_cache(b, items, n);
	e = recent_make_room(b);
	if (e == OK)
		e = batch_each(b, &recent, items, n);
	recent_entered(b, count_admitted(items, n));
	return e;
}

static enum err
insert_pins(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct count = {
	    {SQL_PIN_NEWEST, bind_count, read_count, NULL}, compare_destination,
	    copy_count};
	static const struct sql_step insert = {
	    SQL_PIN_INSERT, bind_pin, NULL, was_admitted};
	static const struct sql_step oldest = {
	    SQL_PIN_OLDEST, bind_oldest, read_oldest, lacks_place};
	enum err e;

	batch_sort(items, n, compare_destination);
	for (size_t i = 0; i < n; i++)
		look_back(b, send_of(items[i]));
	e = batch_distinct(b, &count, items, n);
	admit_in_turn(items, n);
	if (e == OK)
		e = take_logs_over(b, items, n);
	if (e == OK)
		e = batch_each(b, &insert, items, n);
	if (e == OK)
		e = enter_memory(b, items, n);
	if (e == OK)
		e = batch_each(b, &oldest, items, n);
	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && was_refused(items[i]))
			items[i]->err = ERR_THROTTLED;
	return e;
}

const struct verb_row verb_send = {
    "send", {find_application, find_template, debit_and_insert, outbox_advance}};
