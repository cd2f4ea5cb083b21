/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resend: the same PIN once more, as one more message row, under the guard of the
 * PIN's life, the cap of resends and their spacing on a channel.
 */
#include "store/outgoing.h"
#include "store/send.h"
#include "store/verbs/outgoing_row.h"
#include "store/verbs/verbs.h"

struct resend_state {
	struct resend_job *job;
	struct pins_found pin;
	bool multiple;
	int64_t resends; /* before */
	int64_t last_ms; /* on this channel; 0: none was */
};

static struct resend_job *
resend_of(struct item *it)
{
	return VERB_OF(it, struct resend_job);
}

static struct resend_state *
state_of(const struct resend_job *j)
{
	return j->job.state;
}

static void
bind_find(struct item *it, struct binder *b)
{
	struct resend_job *j = resend_of(it);

	bind_ident(b, &j->pin_id);
	bind_ident(b, &j->account);
	bind_int(b, (int64_t)j->outgoing->content.channel);
}

static void
read_find(struct item *it, struct row *r)
{
	struct resend_job *j = resend_of(it);
	struct outgoing_message *o = j->outgoing;
	const char *anew = o->placeholders;

	o->recipe.pin_id = j->pin_id;
	j->attempts_max = row_count(r);
	state_of(j)->multiple = row_bool(r);
	state_of(j)->resends = row_count(r);
	state_of(j)->last_ms = row_ms_or_null(r);
	j->found = true;
	j->misfit = !outgoing_row_read(r, o);
	j->unfit = outgoing_row_unfit(o, anew, j->job.arena);
	j->expires_at_ms = o->expires_at_ms;
}

static bool
is_alive(const struct resend_job *j)
{
	return j->found && state_of(j)->pin.found &&
	       j->state.attempts < j->attempts_max &&
	       j->outgoing->expires_at_ms > j->job.now_ms &&
	       (state_of(j)->multiple || j->state.verified_at_ms == 0);
}

/* As with a send: what nobody can verify is not sent. */
static void
refuse_locked(struct resend_job *j)
{
	const struct pins_number n = {.arena = j->job.arena,
	    .log = state_of(j)->pin.row.log,
	    .log_damaged = state_of(j)->pin.log_damaged};

	j->job.err = number_takes_pins(&n, j->failures_max, j->job.now_ms, &j->wait_ms);
	j->locked = j->job.err == ERR_THROTTLED;
}

static enum err
find_states(struct batch *b, struct item **items, size_t n)
{
	struct pins_found **pins = mem_array(n, sizeof(*pins));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct resend_job *j = resend_of(items[i]);

		state_of(j)->job = j;
		state_of(j)->pin = (struct pins_found){
		    .account = j->account, .pin_id = j->pin_id, .arena = j->job.arena};
		if (items[i]->err == OK && j->found)
			pins[count++] = &state_of(j)->pin;
	}
	e = pins_find(b->pins, pins, count);
	for (size_t i = 0; i < count; i++) {
		struct resend_job *j =
		    container_of(pins[i], struct resend_state, pin)->job;

		j->job.err = pins[i]->err;
		j->state = pins[i]->row.state;
	}
	mem_free(pins);
	return e;
}

static const struct ident *
pin_id_of(struct item *it)
{
	return &resend_of(it)->pin_id;
}

static enum err
find(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_RESEND_FIND, bind_find, read_find, NULL};
	enum err e = batch_lock_pins(b, items, n, pin_id_of);

	if (e == OK)
		e = batch_each(b, &step, items, n);
	if (e == OK)
		e = find_states(b, items, n);
	for (size_t i = 0; i < n; i++) {
		item_not_found(items[i], is_alive(resend_of(items[i])));
		if (items[i]->err == OK && (resend_of(items[i])->misfit ||
					       resend_of(items[i])->unfit.name != NULL))
			items[i]->err = ERR_INVALID;
		if (items[i]->err == OK)
			refuse_locked(resend_of(items[i]));
	}
	return e;
}

static void
bind_insert(struct item *it, struct binder *b)
{
	struct resend_job *j = resend_of(it);

	bind_ident(b, &j->pin_id);
	bind_ident(b, &j->account);
	bind_int(b, (int64_t)j->outgoing->content.channel);
	bind_int(b, j->job.now_ms);
	bind_text(b, j->outgoing->placeholders);
	bind_int(b, j->resends_max);
	bind_int(b, j->job.now_ms - j->interval_ms);
	bind_bool(b, j->outgoing->lookup_needed);
	bind_bool(b, j->outgoing->tracked);
}

static void
read_insert(struct item *it, struct row *r)
{
	resend_of(it)->outgoing->seq = row_seq(r);
}

/* Alive, yet not inserted: the cap, or too soon after the last one. */
static void
refuse(struct item *it)
{
	struct resend_job *j = resend_of(it);

	if (it->err != OK || j->outgoing->seq != 0)
		return;
	it->err = ERR_THROTTLED;
	if (state_of(j)->resends >= j->resends_max)
		return;
	/* a resend of the same batch is the one that came before */
	if (state_of(j)->last_ms == 0)
		state_of(j)->last_ms = j->job.now_ms;
	j->wait_ms = state_of(j)->last_ms + j->interval_ms - j->job.now_ms;
}

static enum err
insert(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_RESEND_INSERT, bind_insert, read_insert, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		refuse(items[i]);
	return e;
}

const struct verb_row verb_resend = {
    .steps = {find, insert}, .state_len = sizeof(struct resend_state)};
