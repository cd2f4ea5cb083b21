/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the limits of an application leave for one more send to a destination. It only
 * reads: what a send counts, verbs/send.c knows, and a send between this answer and the
 * next request changes it.
 */
#include "store/verbs/verbs.h"

#include "store/limits.h"
#include "twofa/limit.h"

static struct limits_job *
limits_of(struct item *it)
{
	return VERB_OF(it, struct limits_job);
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

static bool
is_found(const struct item *it)
{
	return it->err == OK;
}

/* The newest first, and no more than the limit. */
static void
bind_sends(struct item *it, struct binder *b)
{
	struct limits_job *j = limits_of(it);

	bind_ident(b, &j->application);
	bind_text(b, j->destination);
	bind_int(b, j->phone.rate.count);
	bind_bool(b, true);
}

/* The last place is free again when the send that holds it leaves the window. */
static void
read_send(struct item *it, struct row *r)
{
	struct limits_job *j = limits_of(it);
	struct ident pin_id;
	int64_t left_ms;

	row_ident(r, &pin_id);
	left_ms = ident_ms(&pin_id) + j->phone.rate.period_ms - j->job.now_ms;
	r->enough = left_ms <= 0;
	if (r->enough)
		return;
	j->phone.left--;
	if (j->phone.left == 0)
		j->phone.wait_ms = left_ms;
}

static enum err
look_for_lock(struct batch *b, struct limits_job *j)
{
	struct number n = {.account = j->account,
	    .application = j->application,
	    .destination = j->destination,
	    .arena = j->job.arena};

	return number_lock(b, &n, j->failures_max, &j->locked_until_ms);
}

static enum err
look(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step application = {
	    SQL_LIMITS_APPLICATION, bind_application, read_application, NULL};
	static const struct sql_step sends = {
	    SQL_PIN_NEWEST, bind_sends, read_send, is_found};
	enum err e = batch_each(b, &application, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], limits_of(items[i])->found);
	if (e == OK)
		e = batch_each(b, &sends, items, n);
	for (size_t i = 0; e == OK && i < n; i++)
		if (items[i]->err == OK)
			e = look_for_lock(b, limits_of(items[i]));
	return e;
}

const struct verb_row verb_limits = {"limits", {look}};
