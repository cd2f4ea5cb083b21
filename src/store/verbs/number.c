/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a number's verify requests (store/pins.h), and what follows from that under
 * a budget of failures (`profile: strict`): until when the number is locked. An operator
 * may lift that.
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

void
number_ask(struct pins_number *n, const struct ident *account,
    const struct ident *application, const char *destination, struct arena *a)
{
	*n = (struct pins_number){.account = *account,
	    .application = *application,
	    .destination = destination,
	    .arena = a};
}

enum err
number_takes_pins(const struct pins_number *n, int64_t failures_max, int64_t now_ms,
    int64_t *wait_ms_out)
{
	struct verify_log log;
	int64_t until_ms;

	if (n->log_damaged)
		return ERR_CORRUPT;
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

int64_t
number_lock(const struct pins_number *n, int64_t failures_max, int64_t now_ms)
{
	struct verify_log log;

	if (failures_max == 0 || n->err != OK || n->log_damaged ||
	    verify_log_load(&log, n->arena, n->log) != OK)
		return 0;
	return number_locked_until(&log, failures_max, now_ms);
}

/* ---- lifting ---- */

struct lift_state {
	struct lift_job *job;
	bool found; /* the application */
	struct pins_number number;
	struct pins_change change;
};

static struct lift_job *
lift_of(struct item *it)
{
	return VERB_OF(it, struct lift_job);
}

static struct lift_state *
state_of(const struct lift_job *j)
{
	return j->job.state;
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
	state_of(lift_of(it))->found = true;
}

static enum err
lock_numbers(struct batch *b, struct item **items, size_t n)
{
	struct pins_key *keys;
	enum err e;

	if (!pins_locks(b->pins))
		return OK;
	keys = mem_array(n, sizeof(*keys));
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct pins_key){
		    lift_of(items[i])->application, lift_of(items[i])->destination};
	e = pins_lock(b->pins, keys, n);
	mem_free(keys);
	return e;
}

/* The requests stay, so that verifyPinLimit holds. A log that cannot be read has none. */
static void
forgive(struct lift_job *j)
{
	const struct pins_number *n = &state_of(j)->number;
	struct verify_log log;

	if (n->log_damaged || verify_log_load(&log, j->job.arena, n->log) != OK)
		log = (struct verify_log){0};
	j->was_locked = number_locked_until(&log, j->failures_max, j->job.now_ms) > 0;
	verify_log_forgive(&log);
	state_of(j)->job = j;
	state_of(j)->change = (struct pins_change){.application = j->application,
	    .destination = j->destination,
	    .pin_id = n->newest,
	    .newest = n->newest,
	    .log = verify_log_save(&log, j->job.arena, 1)};
}

static enum err
find_numbers(struct batch *b, struct item **items, size_t n)
{
	struct pins_number **numbers = mem_array(n, sizeof(*numbers));
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct lift_job *j = lift_of(items[i]);

		item_not_found(items[i], state_of(j)->found);
		number_ask(&state_of(j)->number, &j->account, &j->application,
		    j->destination, j->job.arena);
		if (items[i]->err == OK)
			numbers[count++] = &state_of(j)->number;
	}
	e = pins_newest(b->pins, numbers, count);
	mem_free(numbers);
	return e;
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct lift_job *x = lift_of(*(struct item *const *)a);
	const struct lift_job *y = lift_of(*(struct item *const *)b);

	return ident_compare(&state_of(x)->number.newest, &state_of(y)->number.newest);
}

/* One of those who lift the same lock does; the others find it lifted. */
static enum err
forgive_all(struct batch *b, struct item **items, size_t n)
{
	struct pins_change **changes = mem_array(n, sizeof(*changes));
	size_t count = 0;
	enum err e;

	batch_sort(items, n, compare_numbers);
	for (size_t i = 0; i < n; i++) {
		struct lift_job *j = lift_of(items[i]);

		if (items[i]->err == OK)
			items[i]->err = state_of(j)->number.err;
		if (items[i]->err != OK || !state_of(j)->number.found)
			continue;
		if (count > 0 && ident_compare(&changes[count - 1]->pin_id,
				     &state_of(j)->number.newest) == 0)
			continue;
		forgive(j);
		changes[count++] = &state_of(j)->change;
	}
	e = pins_write(b->pins, changes, count);
	for (size_t i = 0; i < count; i++)
		container_of(changes[i], struct lift_state, change)->job->job.err =
		    changes[i]->err;
	mem_free(changes);
	return e;
}

static enum err
lift(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step application = {
	    SQL_APPLICATION_GET, bind_application, read_application, NULL};
	enum err e = batch_each(b, &application, items, n);

	if (e == OK)
		e = lock_numbers(b, items, n);
	if (e == OK)
		e = find_numbers(b, items, n);
	return e == OK ? forgive_all(b, items, n) : e;
}

const struct verb_row verb_lift = {
    .steps = {lift}, .state_len = sizeof(struct lift_state)};
