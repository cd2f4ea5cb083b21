/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room that the limits of an application leave for one more send to a destination. It
 * only reads: verbs/send.c counts, and a send between this answer and the next request
 * changes it.
 */
#include "store/verbs/verbs.h"

#include "store/limits.h"
#include "twofa/limit.h"

struct limits_state {
	struct limits_job *job;
	struct pins_number number;
};

static struct limits_job *
limits_of(struct item *it)
{
	return VERB_OF(it, struct limits_job);
}

static struct limits_state *
state_of(const struct limits_job *j)
{
	return j->job.state;
}

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &limits_of(it)->account);
	bind_ident(b, &limits_of(it)->application);
}

static void
read_application(struct item *it, struct row *r)
{
	struct limits_job *j = limits_of(it);
	struct arena *a = j->job.arena;
	struct limit_ring ring;

	j->found = true;
	j->disabled = !row_bool(r);
	row_rate(r, a, &j->all.rate);
	row_rate(r, a, &j->phone.rate);
	row_ring(r, a, &ring);
	if (r->damaged)
		return;
	j->all.left =
	    limit_ring_room(&ring, &j->all.rate, j->job.now_ms, &j->all.wait_ms);
	j->phone.left = j->phone.rate.count;
}

static void
ask_number(struct limits_job *j)
{
	state_of(j)->job = j;
	number_ask(&state_of(j)->number, &j->account, &j->application, j->destination,
	    j->job.arena);
	state_of(j)->number.since_ms = j->job.now_ms - j->phone.rate.period_ms;
	state_of(j)->number.most = j->phone.rate.count;
}

/* The last place is free again when the send that holds it leaves the window. */
static void
read_number(struct limits_job *j)
{
	const struct pins_number *n = &state_of(j)->number;

	j->phone.left -= n->count;
	if (n->count > 0 && j->phone.left == 0)
		j->phone.wait_ms =
		    ident_ms(&n->last) + j->phone.rate.period_ms - j->job.now_ms;
	j->locked_until_ms = number_lock(n, j->failures_max, j->job.now_ms);
}

static enum err
look_at_numbers(struct batch *b, struct item **items, size_t n)
{
	struct pins_number **numbers = mem_array(n, sizeof(*numbers));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct limits_job *j = limits_of(items[i]);

		item_not_found(items[i], j->found);
		if (items[i]->err != OK)
			continue;
		ask_number(j);
		numbers[count++] = &state_of(j)->number;
	}
	e = pins_newest(b->pins, numbers, count);
	for (size_t i = 0; i < count; i++) {
		struct limits_job *j =
		    container_of(numbers[i], struct limits_state, number)->job;

		j->job.err = numbers[i]->err;
		read_number(j);
	}
	mem_free(numbers);
	return e;
}

static enum err
look(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step application = {
	    SQL_LIMITS_APPLICATION, bind_application, read_application, NULL};
	enum err e = batch_each(b, &application, items, n);

	return e == OK ? look_at_numbers(b, items, n) : e;
}

const struct verb_row verb_limits = {
    .steps = {look}, .state_len = sizeof(struct limits_state)};
