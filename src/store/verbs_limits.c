/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the limits of an application leave for one more send to a destination. It only
 * reads: what a send counts, verbs_send.c knows, and a send between this answer and the
 * next request changes it.
 */
#include "store/verbs.h"

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
	const char *all;
	const char *phone;
	struct limit_ring ring;

	j->found = true;
	j->disabled = !row_bool(r);
	all = row_text(r, a);
	phone = row_text(r, a);
	if (all == NULL || rate_parse(span_of(all), PERIOD_MS_YEAR, &j->all.rate) != OK ||
	    phone == NULL ||
	    rate_parse(span_of(phone), PERIOD_MS_YEAR, &j->phone.rate) != OK) {
		it->err = ERR_CORRUPT;
		return;
	}
	limit_ring_init(&ring);
	if (!row_is_null(r))
		it->err = limit_ring_load(&ring, row_bytes(r, a));
	if (it->err == OK)
		j->all.left =
		    limit_ring_room(&ring, &j->all.rate, j->job.now_ms, &j->all.wait_ms);
	j->phone.left = j->phone.rate.count;
}

static bool
is_found(const struct item *it)
{
	return it->err == OK;
}

/* Those of the window, the newest first, and no more than the limit. */
static void
bind_sends(struct item *it, struct binder *b)
{
	struct limits_job *j = limits_of(it);
	struct ident *before = arena_alloc(j->job.arena, sizeof(*before));

	ident_floor(before, j->job.now_ms - j->phone.rate.period_ms + 1);
	bind_ident(b, &j->application);
	bind_text(b, j->destination);
	bind_ident(b, before);
	bind_int(b, j->phone.rate.count);
}

/* The last place is free again when the send that holds it leaves the window. */
static void
read_send(struct item *it, struct row *r)
{
	struct limits_job *j = limits_of(it);
	struct ident pin_id;

	row_ident(r, &pin_id);
	j->phone.left--;
	if (j->phone.left == 0)
		j->phone.wait_ms =
		    ident_ms(&pin_id) + j->phone.rate.period_ms - j->job.now_ms;
}

static enum err
look(struct batch *b, struct item **items, size_t n)
{
	static const struct each application = {
	    SQL_LIMITS_APPLICATION, bind_application, read_application, NULL};
	static const struct each sends = {
	    SQL_LIMITS_SENDS, bind_sends, read_send, is_found};
	enum err e = batch_each(b, &application, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], limits_of(items[i])->found);
	return e == OK ? batch_each(b, &sends, items, n) : e;
}

const struct verb_row verb_limits = {"limits", {look}};
