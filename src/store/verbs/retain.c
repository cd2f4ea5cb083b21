/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: a stretch of PIN rows from the oldest on, by id, and removal of those
 * whose life and whose place in the logs of the destination's limits are over, with
 * their messages. What waits for a subscription that is
 * out of the configuration goes at the same age.
 */
#include "store/upkeep.h"
#include "store/verbs/verbs.h"
#include "twofa/verify_log.h"

/* A PIN whose life is over is kept for this long at least, longer than carriers may take:
 * an outcome on its way would make a row for a message of no PIN. */
enum { KEEP_LEAST_MS = 30 * 60 * 1000 };

struct retain_item {
	struct item item;
	struct ident pin_id;
	int64_t until_ms;   /* of its life, and of its place in the limit of sends */
	int64_t request_ms; /* for how long its last request counts */
	struct span log;    /* of verifies */
};

static struct retain_job *
retain_of(struct item *it)
{
	return VERB_OF(it, struct retain_job);
}

/* The first id that is too young. */
static void
bind_young(struct retain_job *j, struct binder *b)
{
	struct ident *young = arena_alloc(j->job.arena, sizeof(*young));

	ident_floor(young, j->job.time.history_ms - j->keep_ms);
	bind_ident(b, young);
}

static void
bind_scan(struct item *it, struct binder *b)
{
	struct retain_job *j = retain_of(it);

	bind_ident(b, &j->after);
	bind_young(j, b);
	bind_int(b, j->limit);
}

/* How long the row is part of a limit's log; a row without its application is of none. */
static int64_t
limit_period_ms(struct row *r, struct arena *a)
{
	struct rate rate;

	if (row_is_null(r)) {
		row_pass(r, 1);
		return 0;
	}
	row_rate(r, a, &rate);
	return rate.period_ms;
}

static void
read_scan(struct item *it, struct row *r)
{
	struct retain_job *j = retain_of(it);
	struct arena *a = j->job.arena;
	struct retain_item *old = &j->items[j->scanned++];
	int64_t keep_ms = j->keep_ms < KEEP_LEAST_MS ? KEEP_LEAST_MS : j->keep_ms;
	int64_t place_ms;

	row_ident(r, &old->pin_id);
	j->after = old->pin_id;
	old->until_ms = row_ms(r) + keep_ms;
	old->log = row_log(r, a);
	place_ms = ident_ms(&old->pin_id) + limit_period_ms(r, a);
	if (old->until_ms < place_ms)
		old->until_ms = place_ms;
	old->request_ms = limit_period_ms(r, a);
	if (old->request_ms < PERIOD_MS_DAY) /* of the failure budget */
		old->request_ms = PERIOD_MS_DAY;
	/* nobody can tell when it is over */
	if (row_passed_over(r))
		old->until_ms = INT64_MAX;
}

/* Of a damaged log nobody knows when its last request was. */
static bool
is_over(const struct batch *b, struct retain_job *j, struct retain_item *old)
{
	struct verify_log log;
	int64_t requested_at_ms = 0;

	guesses_log(b->guesses, &old->pin_id, &old->log);
	if (verify_log_load(&log, j->job.arena, old->log) == OK)
		requested_at_ms = verify_log_newest(&log);
	return old->until_ms <= j->job.time.history_ms &&
	       requested_at_ms + old->request_ms <= j->job.time.history_ms;
}

/* Those that go, at the front. */
static void
choose(const struct batch *b, struct retain_job *j)
{
	for (int64_t i = 0; i < j->scanned; i++)
		if (is_over(b, j, &j->items[i]))
			j->items[j->count++] = j->items[i];
}

static struct retain_item *
old_of(struct item *it)
{
	return container_of(it, struct retain_item, item);
}

static void
bind_old_pin(struct item *it, struct binder *b)
{
	bind_ident(b, &old_of(it)->pin_id);
}

static enum err
remove_old(struct batch *b, struct retain_job *j)
{
	static const struct sql_step steps[] = {
	    {SQL_RETAIN_MESSAGES, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_PARTS, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_PLACE, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_YOUNG, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_RECENT, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_PIN, bind_old_pin, NULL, NULL},
	};
	struct item **items = arena_alloc(j->job.arena, (j->count + 1) * sizeof(*items));
	enum err e = OK;

	for (size_t i = 0; i < j->count; i++) {
		items[i] = &j->items[i].item;
		pin_cache_removed(b->pins, &j->items[i].pin_id);
	}
	for (size_t i = 0; e == OK && i < countof(steps); i++)
		e = batch_each(b, &steps[i], items, j->count);
	j->removed = (int64_t)j->count;
	return e == OK && j->count > 0 ? recent_recount(b) : e;
}

static enum err
retain(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step scan = {SQL_RETAIN_SCAN, bind_scan, read_scan, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct retain_job *j = retain_of(items[i]);

		j->items = arena_alloc(
		    j->job.arena, ((size_t)j->limit + 1) * sizeof(struct retain_item));
		e = batch_each(b, &scan, &items[i], 1);
		choose(b, j);
		if (e == OK)
			e = remove_old(b, j);
	}
	return e;
}

/* ---- reports that nobody waits for ---- */

static void
bind_reports(struct item *it, struct binder *b)
{
	bind_young(retain_of(it), b);
	bind_int(b, retain_of(it)->limit);
}

static void
read_report_removed(struct item *it, struct row *r)
{
	(void)r;
	retain_of(it)->reports_removed++;
}

static enum err
retain_reports(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step reports = {
	    SQL_RETAIN_REPORTS, bind_reports, read_report_removed, NULL};
	static const struct sql_step subscriptions = {
	    SQL_RETAIN_SUBSCRIPTIONS, bind_nothing, NULL, NULL};
	enum err e = batch_each(b, &reports, items, n);

	return e == OK ? batch_each(b, &subscriptions, items, n) : e;
}

const struct verb_row verb_retain = {"retain", {retain, retain_reports}};
