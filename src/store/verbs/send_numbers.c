/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verbs/send_numbers.h"

#include <stdlib.h>

int
send_numbers_compare_application(const void *a, const void *b)
{
	const struct send_job *x = send_of(*(struct item *const *)a);
	const struct send_job *y = send_of(*(struct item *const *)b);
	int order = ident_compare(&x->application, &y->application);

	return order != 0 ? order : ident_compare(&x->account, &y->account);
}

int
send_numbers_compare(const void *a, const void *b)
{
	int order = send_numbers_compare_application(a, b);

	return order != 0
		   ? order
		   : strcmp(send_of(*(struct item *const *)a)->outgoing->destination,
			 send_of(*(struct item *const *)b)->outgoing->destination);
}

/* ---- alternatives ---- */

/* A template that an alternative names. */
struct named_template {
	struct item item;
	struct send_job *job;
	struct send_alternative *alternative;
	bool found;
};

static void
bind_template(struct item *it, struct binder *b)
{
	const struct named_template *t = container_of(it, struct named_template, item);

	bind_ident(b, &t->job->account);
	bind_ident(b, &t->job->application);
	bind_ident(b, &t->alternative->row.template);
}

static void
read_template(struct item *it, struct row *r)
{
	enum { BEFORE_KIND = 2 };
	struct named_template *t = container_of(it, struct named_template, item);
	enum channel channel = t->alternative->row.channel;

	row_pass(r, BEFORE_KIND);
	t->found = true;
	t->alternative->misfit = row_kind(r) != channel_row(channel)->template;
}

static enum err
find_template(struct batch *b, struct send_job *j, struct send_alternative *a)
{
	static const struct sql_step step = {
	    SQL_TEMPLATE_GET, bind_template, read_template, NULL};
	struct named_template t = {.job = j, .alternative = a};
	enum err e;

	if (!a->templated)
		return OK;
	e = batch_one(b, &step, &t.item);
	a->missing = !t.found;
	j->job.err = t.item.err;
	item_not_found(&j->job.item, t.found);
	if (j->job.err == OK && a->misfit)
		j->job.err = ERR_INVALID;
	return e;
}

enum err
send_numbers_templates(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; i < n; i++) {
		struct send_job *j = send_of(items[i]);

		for (size_t k = 0;
		     e == OK && j->job.err == OK && k < j->alternative_count; k++)
			e = find_template(b, j, &j->alternatives[k]);
	}
	return e;
}

void
send_numbers_name(struct sends *s, struct send_job *j)
{
	struct send_state *state = send_state_of(j);

	if (j->alternative_count == 0)
		return;
	state->named =
	    arena_alloc(j->job.arena, j->alternative_count * sizeof(*state->named));
	for (size_t i = 0; i < j->alternative_count; i++)
		if (j->alternatives[i].own_number)
			state->named[state->named_count++].alternative =
			    &j->alternatives[i];
	s->named_count += state->named_count;
}

/* ---- the numbers ---- */

static int64_t
limit_of(const struct send_job *j)
{
	return send_state_of(j)->config.send_phone_limit.count;
}

enum err
send_numbers_lock(struct batch *b, const struct sends *s)
{
	struct pins_key *keys;
	size_t count = 0;
	enum err e;

	if (!pins_locks(b->pins))
		return OK;
	keys = mem_array(s->count + s->named_count + 1, sizeof(*keys));
	for (size_t i = 0; i < s->count; i++) {
		const struct send_job *j = send_of(s->items[i]);
		const struct send_state *state = send_state_of(j);

		keys[count++] =
		    (struct pins_key){j->application, j->outgoing->destination};
		for (size_t k = 0; k < state->named_count; k++)
			keys[count++] = (struct pins_key){
			    j->application, state->named[k].alternative->row.destination};
	}
	e = pins_lock(b->pins, keys, count);
	mem_free(keys);
	return e;
}

static void
ask(struct send_job *j, struct pins_number *n, const char *destination)
{
	*n = (struct pins_number){.account = j->account,
	    .application = j->application,
	    .destination = destination,
	    .since_ms =
		j->job.now_ms - send_state_of(j)->config.send_phone_limit.period_ms,
	    .most = limit_of(j),
	    .arena = j->job.arena};
}

/* How many numbers of a send are asked for. */
static size_t
ask_all(struct send_job *j, struct pins_number **numbers)
{
	struct send_state *state = send_state_of(j);
	size_t count = 0;

	ask(j, &state->number, j->outgoing->destination);
	numbers[count++] = &state->number;
	for (size_t i = 0; i < state->named_count; i++) {
		struct send_named *named = &state->named[i];

		ask(j, &named->number, named->alternative->row.destination);
		numbers[count++] = &named->number;
	}
	return count;
}

static enum err
err_of(const struct send_job *j)
{
	const struct send_state *state = send_state_of(j);
	enum err e = state->number.err;

	for (size_t i = 0; e == OK && i < state->named_count; i++)
		e = state->named[i].number.err;
	return e;
}

/* The numbers of those for whom `wants` holds. */
static enum err
find(struct batch *b, const struct sends *s, bool (*wants)(const struct send_job *j))
{
	struct pins_number **numbers =
	    mem_array(s->count + s->named_count + 1, sizeof(*numbers));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < s->count; i++)
		if (s->items[i]->err == OK && wants(send_of(s->items[i])))
			count += ask_all(send_of(s->items[i]), &numbers[count]);
	e = pins_newest(b->pins, numbers, count);
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i]->err == OK && wants(send_of(s->items[i])))
			s->items[i]->err = err_of(send_of(s->items[i]));
	mem_free(numbers);
	return e;
}

static bool
is_wanted(const struct send_job *j)
{
	(void)j;
	return true;
}

/* ---- admission ---- */

/* The sends to one number, one after the other: each after those that were admitted. */
static void
admit_in_turn(const struct sends *s)
{
	struct item **before = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);
		struct send_state *state = send_state_of(j);

		if (s->items[i]->err != OK)
			continue;
		state->taken = state->number.count;
		if (before != NULL && send_numbers_compare(before, &s->items[i]) == 0)
			state->taken = send_state_of(send_of(*before))->taken;
		state->refused = state->taken >= limit_of(j);
		if (!state->refused)
			state->taken++;
		before = &s->items[i];
	}
}

/* A number that a send goes to or names. */
struct claim {
	const struct pins_number *number;
	size_t *place; /* of the number among all of the batch */
};

static int
compare_claims(const void *a, const void *b)
{
	const struct pins_number *x = ((const struct claim *)a)->number;
	const struct pins_number *y = ((const struct claim *)b)->number;
	int order = ident_compare(&x->application, &y->application);

	return order != 0 ? order : strcmp(x->destination, y->destination);
}

static size_t
claim_all(const struct sends *s, struct claim *claims)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct send_state *state = send_state_of(send_of(s->items[i]));

		if (s->items[i]->err != OK)
			continue;
		claims[count++] = (struct claim){&state->number, &state->place};
		for (size_t k = 0; k < state->named_count; k++)
			claims[count++] = (struct claim){
			    &state->named[k].number, &state->named[k].place};
	}
	qsort(claims, count, sizeof(*claims), compare_claims);
	return count;
}

/* All of its numbers have room, or none of it is taken. */
static void
admit_whole(struct send_job *j, int64_t *taken)
{
	struct send_state *state = send_state_of(j);

	state->refused = taken[state->place] >= limit_of(j);
	for (size_t i = 0; !state->refused && i < state->named_count; i++) {
		struct send_named *named = &state->named[i];

		if (taken[named->place] < limit_of(j))
			continue;
		state->refused = named->alternative->full = true;
		state->full = &named->number;
	}
	if (state->refused)
		return;
	taken[state->place]++;
	for (size_t i = 0; i < state->named_count; i++)
		taken[state->named[i].place]++;
}

/* The same where some name numbers beside their own: each has a place in `taken`. */
static void
admit_with_named(const struct sends *s)
{
	size_t most = s->count + s->named_count + 1;
	struct claim *claims = mem_array(most, sizeof(*claims));
	int64_t *taken = mem_array(most, sizeof(*taken));
	size_t count = claim_all(s, claims);
	size_t places = 0;

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || compare_claims(&claims[i - 1], &claims[i]) != 0)
			taken[places++] = claims[i].number->count;
		*claims[i].place = places - 1;
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i]->err == OK)
			admit_whole(send_of(s->items[i]), taken);
	mem_free(claims);
	mem_free(taken);
}

/* A PIN that nobody can verify is not sent. */
static void
refuse_locked(struct send_job *j)
{
	struct send_state *state = send_state_of(j);
	enum err e = number_takes_pins(
	    &state->number, j->failures_max, j->job.now_ms, &j->wait_ms);

	if (e == ERR_THROTTLED)
		j->locked = state->refused = true;
	else
		j->job.err = e;
}

static void
refuse_all_locked(const struct sends *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct send_job *j = send_of(s->items[i]);

		if (s->items[i]->err == OK && send_state_of(j)->number.found &&
		    !send_state_of(j)->refused)
			refuse_locked(j);
	}
}

enum err
send_numbers_admit(struct batch *b, const struct sends *s)
{
	enum err e = find(b, s, is_wanted);

	if (s->named_count > 0)
		admit_with_named(s);
	else
		admit_in_turn(s);
	refuse_all_locked(s);
	return e;
}

/* ---- refusal ---- */

void
send_numbers_set_limit(struct send_job *j, const char *name, const struct rate *rate)
{
	j->limit = name;
	/* the configuration may be in the memory of another send of the batch */
	j->limit_rate = arena_text(j->job.arena, span_of(rate->text));
}

static bool
lacks_place(const struct send_job *j)
{
	return send_state_of(j)->refused && !j->locked;
}

/* There is room again when the send that holds the last place of the window leaves it. */
static void
refuse(struct send_job *j)
{
	const struct send_state *state = send_state_of(j);
	const struct pins_number *n = state->full != NULL ? state->full : &state->number;

	j->job.err = ERR_THROTTLED;
	if (!lacks_place(j) || n->count < limit_of(j))
		return;
	j->wait_ms =
	    ident_ms(&n->last) + state->config.send_phone_limit.period_ms - j->job.now_ms;
	send_numbers_set_limit(
	    j, "sendPinPerPhoneNumberLimit", &state->config.send_phone_limit);
}

/* The places of the window are those after this batch. */
enum err
send_numbers_refuse(struct batch *b, const struct sends *s)
{
	enum err e = find(b, s, lacks_place);

	for (size_t i = 0; i < s->count; i++)
		if (s->items[i]->err == OK &&
		    send_state_of(send_of(s->items[i]))->refused)
			refuse(send_of(s->items[i]));
	return e;
}
