/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: a stretch of PIN rows from the oldest on, by id, and removal of those whose
 * life and whose place in the logs of the destination's limits are over, with their
 * messages. Reports of a subscription that is out of the configuration go at the same
 * age.
 */
#include "store/upkeep.h"
#include "store/verbs/verbs.h"
#include "twofa/verify_log.h"

/* A PIN whose life is over is kept for this long at least, longer than carriers may take:
 * an outcome on its way would make a row for a message of no PIN. */
enum { KEEP_LEAST_MS = 30 * 60 * 1000 };

struct old_pin {
	struct item item;
	struct pins_scanned *scanned;
	int64_t send_period_ms;   /* for how long it is part of the limit of sends */
	int64_t verify_period_ms; /* for how long a verify request is of theirs */
};

/* A stretch, and those of it that go. */
struct stretch {
	struct pins_stretch pins;
	struct old_pin *old;
	struct item **items;
	struct ident *ids; /* of those that go */
	size_t count;
};

static struct retain_job *
retain_of(struct item *it)
{
	return VERB_OF(it, struct retain_job);
}

static struct old_pin *
old_of(struct item *it)
{
	return container_of(it, struct old_pin, item);
}

/* The first id that is too young. */
static void
young_of(const struct retain_job *j, struct ident *out)
{
	ident_floor(out, j->job.time.history_ms - j->keep_ms);
}

static void
bind_young(const struct retain_job *j, struct binder *b)
{
	struct ident *young = arena_alloc(j->job.arena, sizeof(*young));

	young_of(j, young);
	bind_ident(b, young);
}

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &old_of(it)->scanned->account);
	bind_ident(b, &old_of(it)->scanned->application);
}

static void
read_limits(struct item *it, struct row *r)
{
	struct arena a;
	struct rate rate;

	arena_init(&a);
	row_rate(r, &a, &rate);
	old_of(it)->send_period_ms = rate.period_ms;
	row_rate(r, &a, &rate);
	old_of(it)->verify_period_ms = rate.period_ms;
	arena_fini(&a);
}

static int
compare_application(const void *a, const void *b)
{
	const struct pins_scanned *x = old_of(*(struct item *const *)a)->scanned;
	const struct pins_scanned *y = old_of(*(struct item *const *)b)->scanned;
	int order = ident_compare(&x->application, &y->application);

	return order != 0 ? order : ident_compare(&x->account, &y->account);
}

static void
copy_limits(struct item *to, const struct item *from)
{
	const struct old_pin *found = old_of((struct item *)(uintptr_t)from);

	old_of(to)->send_period_ms = found->send_period_ms;
	old_of(to)->verify_period_ms = found->verify_period_ms;
}

/* A PIN without its application is part of no limit. */
static enum err
find_limits(struct batch *b, struct stretch *s)
{
	static const struct sql_step_distinct shared = {
	    {SQL_RETAIN_LIMITS, bind_application, read_limits, NULL}, compare_application,
	    copy_limits};

	for (size_t i = 0; i < s->pins.count; i++) {
		s->old[i] = (struct old_pin){
		    .item.err = s->pins.rows[i].err, .scanned = &s->pins.rows[i]};
		s->items[i] = &s->old[i].item;
	}
	return batch_distinct(b, &shared, s->items, s->pins.count);
}

/* Until its life and its place in the limit of sends are over. */
static int64_t
until_ms(const struct retain_job *j, const struct old_pin *old)
{
	int64_t keep_ms = j->keep_ms < KEEP_LEAST_MS ? KEEP_LEAST_MS : j->keep_ms;
	int64_t life_ms = old->scanned->expires_at_ms + keep_ms;
	int64_t place_ms = ident_ms(&old->scanned->pin_id) + old->send_period_ms;

	return life_ms < place_ms ? place_ms : life_ms;
}

/* A damaged row does not tell when it is over, and a damaged log not when its last
 * request was. */
static bool
is_over(const struct retain_job *j, const struct old_pin *old)
{
	int64_t counts_ms =
	    old->verify_period_ms < PERIOD_MS_DAY /* of the failure budget */
		? PERIOD_MS_DAY
		: old->verify_period_ms;
	int64_t requested_at_ms = 0;
	struct verify_log log;

	if (old->item.err != OK)
		return false;
	if (verify_log_load(&log, j->job.arena, old->scanned->log) == OK)
		requested_at_ms = verify_log_newest(&log);
	return until_ms(j, old) <= j->job.time.history_ms &&
	       requested_at_ms + counts_ms <= j->job.time.history_ms;
}

/* Those that go, at the front. */
static void
choose(const struct retain_job *j, struct stretch *s)
{
	for (size_t i = 0; i < s->pins.count; i++) {
		if (!is_over(j, &s->old[i]))
			continue;
		s->items[s->count] = &s->old[i].item;
		s->ids[s->count++] = s->old[i].scanned->pin_id;
	}
}

static void
bind_old_pin(struct item *it, struct binder *b)
{
	bind_ident(b, &old_of(it)->scanned->pin_id);
}

static enum err
remove_old(struct batch *b, struct stretch *s)
{
	static const struct sql_step steps[] = {
	    {SQL_RETAIN_MESSAGES, bind_old_pin, NULL, NULL},
	    {SQL_RETAIN_PARTS, bind_old_pin, NULL, NULL},
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < countof(steps); i++)
		e = batch_each(b, &steps[i], s->items, s->count);
	return e == OK ? pins_remove(b->pins, s->ids, s->count) : e;
}

static void
stretch_init(struct stretch *s, const struct retain_job *j)
{
	size_t most = (size_t)j->limit + 1;

	*s = (struct stretch){
	    .pins = {.after = j->after, .most = j->limit, .arena = j->job.arena},
	    .old = arena_alloc(j->job.arena, most * sizeof(*s->old)),
	    .items = arena_alloc(j->job.arena, most * sizeof(*s->items)),
	    .ids = arena_alloc(j->job.arena, most * sizeof(*s->ids))};
	young_of(j, &s->pins.before);
}

static enum err
retain_one(struct batch *b, struct retain_job *j)
{
	struct stretch s;
	enum err e;

	stretch_init(&s, j);
	e = pins_scan(b->pins, &s.pins);
	j->scanned = (int64_t)s.pins.count;
	if (s.pins.count > 0)
		j->after = s.pins.rows[s.pins.count - 1].pin_id;
	if (e == OK)
		e = find_limits(b, &s);
	if (e == OK)
		choose(j, &s);
	if (e == OK)
		e = remove_old(b, &s);
	j->removed = (int64_t)s.count;
	return e;
}

static enum err
retain(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		e = retain_one(b, retain_of(items[i]));
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

const struct verb_row verb_retain = {.steps = {retain, retain_reports}};
