/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a number beside its PINs: the log of its verify requests, which stands
 * in its newest PIN row, and what follows from that under a budget of failures
 * (`profile: strict`): until when it is locked. An operator may lift that.
 */
#include "store/verbs/verbs.h"

#include "store/limits.h"
#include "twofa/verify_log.h"

int64_t
number_locked_until(const struct verify_log *log, int64_t failures_max, int64_t now_ms)
{
	if (failures_max == 0 ||
	    verify_log_failures(log, now_ms - PERIOD_MS_DAY) < failures_max)
		return 0;
	return verify_log_failures_end(log, failures_max) + PERIOD_MS_DAY;
}

static struct number *
number_of(struct item *it)
{
	return container_of(it, struct number, item);
}

static void
bind_number(struct item *it, struct binder *b)
{
	bind_ident(b, &number_of(it)->application);
	bind_text(b, number_of(it)->destination);
	bind_int(b, 1);
	bind_bool(b, true);
}

static void
read_newest(struct item *it, struct row *r)
{
	row_ident(r, &number_of(it)->newest);
	number_of(it)->found = true;
}

static void
bind_newest(struct item *it, struct binder *b)
{
	bind_ident(b, &number_of(it)->newest);
	bind_ident(b, &number_of(it)->account);
}

static void
read_log(struct item *it, struct row *r)
{
	number_of(it)->log = row_log(r, number_of(it)->arena);
}

enum err
number_find(struct batch *b, struct number *n)
{
	static const struct sql_step newest = {
	    SQL_PIN_NEWEST, bind_number, read_newest, NULL};
	static const struct sql_step log = {SQL_VERIFY_LOG, bind_newest, read_log, NULL};
	enum err e = batch_one(b, &newest, &n->item);

	if (e != OK || n->item.err != OK || !n->found)
		return e;
	if (!pin_cache_log(b->pins, &n->newest, &n->log))
		e = batch_one(b, &log, &n->item);
	guesses_log(b->guesses, &n->newest, &n->log);
	return e;
}

enum err
number_takes_pins(
    const struct number *n, int64_t failures_max, int64_t now_ms, int64_t *wait_ms_out)
{
	struct verify_log log;
	int64_t until_ms;

	if (failures_max == 0)
		return verify_log_is_whole(n->log) ? OK : ERR_CORRUPT;
	if (verify_log_load(&log, n->arena, n->log) != OK)
		return ERR_CORRUPT;
	until_ms = number_locked_until(&log, failures_max, now_ms);
	if (until_ms == 0)
		return OK;
	*wait_ms_out = until_ms - now_ms;
	return ERR_THROTTLED;
}

enum err
number_lock(
    struct batch *b, struct number *n, int64_t failures_max, int64_t *until_ms_out)
{
	struct verify_log log;
	enum err e;

	*until_ms_out = 0;
	if (failures_max == 0)
		return OK;
	e = number_find(b, n);
	if (e == OK && n->item.err == OK && verify_log_load(&log, n->arena, n->log) == OK)
		*until_ms_out = number_locked_until(&log, failures_max, b->now_ms);
	return e;
}

/* ---- lifting ---- */

static struct lift_job *
lift_of(struct item *it)
{
	return VERB_OF(it, struct lift_job);
}

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &lift_of(it)->account);
	bind_ident(b, &lift_of(it)->application);
}

static void
read_application(struct item *it, struct row *r)
{
	(void)r;
	lift_of(it)->found = true;
}

/* The requests stay, so that verifyPinLimit holds; of a log that cannot be read nothing
 * does. */
static enum err
forgive(struct batch *b, struct lift_job *j, struct number *n)
{
	struct guess guess = {.pin_id = n->newest};
	struct item *items[] = {&guess.item};
	struct verify_log log;

	if (verify_log_load(&log, j->job.arena, n->log) != OK)
		log = (struct verify_log){0};
	j->was_locked = number_locked_until(&log, j->failures_max, b->now_ms) > 0;
	verify_log_forgive(&log);
	guess.log = verify_log_save(&log, j->job.arena, n->log.len + 1);
	return guesses_write(b, items, 1);
}

static enum err
lift_one(struct batch *b, struct lift_job *j)
{
	struct number n = {.account = j->account,
	    .application = j->application,
	    .destination = j->destination,
	    .arena = j->job.arena};
	enum err e = number_find(b, &n);

	if (e != OK)
		return e;
	if (n.item.err == ERR_CORRUPT && n.found)
		n.item.err = OK; /* the log is what is damaged */
	j->job.err = n.item.err;
	return n.found && n.item.err == OK ? forgive(b, j, &n) : OK;
}

static enum err
lift(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step application = {
	    SQL_APPLICATION_GET, bind_application, read_application, NULL};
	enum err e = batch_each(b, &application, items, n);

	for (size_t i = 0; e == OK && i < n; i++) {
		item_not_found(items[i], lift_of(items[i])->found);
		if (items[i]->err == OK)
			e = lift_one(b, lift_of(items[i]));
	}
	return e;
}

const struct verb_row verb_lift = {"lift", {lift, guesses_settle}};
