/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of a destination grow old: from table to table, in the order of their ids, go
 * those that no limit of a day counts any more, so that sends look among those of the
 * last days alone (store/sqlite/recent.h). With a PIN go those of its number before it:
 * what a number has among the old ones is older than what it has elsewhere. Where the log
 * of verifies had a request in the last day, the PIN stays until a later one of its
 * number goes; and one that is old already comes back when a request is noted in its row
 * (verbs/verify.c).
 */
#include "store/engine.h"
#include "store/upkeep.h"
#include "store/verbs/verbs.h"
#include "twofa/verify_log.h"

struct age_item {
	struct item item;
	struct ident pin_id;
	struct ident application;
	const char *destination;
	struct span log;
	bool damaged;
	bool was_recent; /* in memory until now */
};

static struct age_job *
age_of(struct item *it)
{
	return VERB_OF(it, struct age_job);
}

static struct age_item *
old_of(struct item *it)
{
	return container_of(it, struct age_item, item);
}

static void
bind_scan(struct item *it, struct binder *b)
{
	struct age_job *j = age_of(it);

	bind_ident(b, &j->from);
	bind_ident(b, &j->until);
	bind_int(b, j->limit);
}

static void
read_scan(struct item *it, struct row *r)
{
	struct age_job *j = age_of(it);
	struct age_item *old = &j->items[j->scanned++];

	row_ident(r, &old->pin_id);
	row_ident(r, &old->application);
	old->destination = row_destination(r, j->job.arena);
	old->log = row_log(r, j->job.arena);
	old->damaged = row_passed_over(r);
}

/* Of a damaged log nobody knows; who verifies or sends is told of it as ever. */
static bool
was_asked_lately(const struct batch *b, struct age_job *j, struct age_item *old)
{
	struct verify_log log;

	if (old->damaged)
		return true;
	guesses_log(b->guesses, &old->pin_id, &old->log);
	return verify_log_load(&log, j->job.arena, old->log) != OK ||
	       verify_log_newest(&log) > j->job.time.settled_ms - PERIOD_MS_DAY;
}

static void
bind_old(struct item *it, struct binder *b)
{
	bind_ident(b, &old_of(it)->application);
	bind_text(b, old_of(it)->destination);
	bind_ident(b, &old_of(it)->pin_id);
}

static void
note_recent_left(struct item *it, struct row *r)
{
	(void)r;
	old_of(it)->was_recent = true;
}

/* Of each in turn. */
static enum err
move_all(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step steps[] = {
	    {SQL_AGE_RECENT, bind_old, NULL, NULL},
	    {SQL_AGE_RECENT_REMOVE, bind_old, note_recent_left, NULL},
	    {SQL_AGE_YOUNG, bind_old, NULL, NULL},
	    {SQL_AGE_YOUNG_REMOVE, bind_old, NULL, NULL},
	};
	bool was_recent = false;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < countof(steps); i++)
		for (size_t k = 0; e == OK && k < n; k++)
			e = batch_one(b, &steps[i], items[k]);
	for (size_t k = 0; k < n; k++)
		was_recent = was_recent || old_of(items[k])->was_recent;
	return e == OK && was_recent ? recent_recount(b) : e;
}

static enum err
move(struct batch *b, struct age_job *j)
{
	struct item **items =
	    arena_alloc(j->job.arena, ((size_t)j->scanned + 1) * sizeof(*items));

	for (int64_t i = 0; i < j->scanned; i++) {
		struct age_item *old = &j->items[i];

		if (!was_asked_lately(b, j, old))
			items[j->moved++] = &old->item;
	}
	return move_all(b, items, j->moved);
}

static enum err
age(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step scan = {SQL_AGE_SCAN, bind_scan, read_scan, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct age_job *j = age_of(items[i]);

		j->from = b->recent->aged;
		ident_floor(&j->until, j->job.time.settled_ms - RECENT_AGE_MS);
		j->items = arena_alloc(
		    j->job.arena, ((size_t)j->limit + 1) * sizeof(struct age_item));
		e = batch_whole(b, &scan, items[i]);
		if (e == OK)
			e = move(b, j);
		if (e == OK && j->scanned > 0)
			e = recent_aged(b, &j->items[j->scanned - 1].pin_id);
	}
	return e;
}

const struct verb_row verb_age = {"age", {age}};
