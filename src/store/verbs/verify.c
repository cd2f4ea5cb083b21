/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify: find the PIN, note the request in the log of its destination, claim an
 * attempt, compare, write. The batch is the only writer from its begin to its commit
 * (store/engine.h), so guesses side by side are judged one after the other in memory
 * and each PIN's row is written once, for its last guess. Every path commits, a wrong
 * guess too, so N parallel guesses compare at most pinAttempts times, and a PIN that may
 * be verified once is verified once.
 *
 * The log (twofa/verify_log.h) is in the newest PIN row of the destination: most often
 * the one that is verified and written anyway. A send takes it over into its new row
 * (verbs/send.c).
 */
#include "store/verbs/verbs.h"

#include <stdlib.h>

#include "base/secret.h"
#include "store/keyring.h"
#include "store/verify.h"
#include "twofa/application.h"
#include "twofa/verify_log.h"

struct verify_job_state {
	struct verify_job *job;
	struct pins_number number;
	struct pins_found pin;
	struct verify_state before; /* the batch */
	struct rate limit;
};

static struct verify_job *
verify_of(struct item *it)
{
	return VERB_OF(it, struct verify_job);
}

static struct verify_job_state *
state_of(const struct verify_job *j)
{
	return j->job.state;
}

static const struct verify_job *
verify_of_const(const struct item *it)
{
	return VERB_OF((struct item *)(uintptr_t)it, struct verify_job);
}

/* ---- by number ---- */

static size_t
count_by_number(struct item **items, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += verify_of(items[i])->destination != NULL;
	return count;
}

/* All PINs of the number count, however old: where the newest is over, that is told. */
static void
ask_number(struct verify_job *j)
{
	state_of(j)->job = j;
	number_ask(&state_of(j)->number, &j->account, &j->application, j->destination,
	    j->job.arena);
	state_of(j)->number.most = 1;
}

static enum err
lock_numbers(struct batch *b, struct pins_number **numbers, size_t n)
{
	struct pins_key *keys;
	enum err e;

	if (!pins_locks(b->pins))
		return OK;
	keys = mem_array(n, sizeof(*keys));
	for (size_t i = 0; i < n; i++)
		keys[i] =
		    (struct pins_key){numbers[i]->application, numbers[i]->destination};
	e = pins_lock(b->pins, keys, n);
	mem_free(keys);
	return e;
}

/* Numbers are locked before PINs in every batch of verifies. */
static enum err
find_newest(struct batch *b, struct item **items, size_t n)
{
	struct pins_number **numbers;
	size_t count = count_by_number(items, n);
	size_t at = 0;
	enum err e;

	if (count == 0)
		return OK;
	numbers = mem_array(count, sizeof(struct pins_number *));
	for (size_t i = 0; i < n; i++)
		if (verify_of(items[i])->destination != NULL) {
			ask_number(verify_of(items[i]));
			numbers[at++] = &state_of(verify_of(items[i]))->number;
		}
	e = lock_numbers(b, numbers, count);
	if (e == OK)
		e = pins_newest(b->pins, numbers, count);
	for (size_t i = 0; i < count; i++)
		container_of(numbers[i], struct verify_job_state, number)->job->pin_id =
		    numbers[i]->newest;
	mem_free(numbers);
	return e;
}

/* ---- the PIN ---- */

static void
ask_pin(struct verify_job *j)
{
	state_of(j)->pin = (struct pins_found){.account = j->account,
	    .pin_id = j->pin_id,
	    .arena = j->job.arena,
	    .err = state_of(j)->number.err};
}

/* The destination outlives the batch. */
static void
take_pin(struct verify_job *j)
{
	j->job.err = state_of(j)->pin.err;
	item_not_found(&j->job.item, state_of(j)->pin.found);
	if (j->job.err == OK && state_of(j)->pin.log_damaged)
		j->job.err = ERR_CORRUPT;
	j->row = state_of(j)->pin.row;
	if (state_of(j)->pin.found)
		j->row.destination =
		    arena_text(j->job.arena, span_of(state_of(j)->pin.row.destination));
	state_of(j)->before = j->row.state;
	j->verdict =
	    j->row.expires_at_ms <= j->job.now_ms ? VERDICT_EXPIRED : VERDICT_NO_MORE;
}

static const struct ident *
pin_id_of(struct item *it)
{
	return &verify_of(it)->pin_id;
}

static enum err
find(struct batch *b, struct item **items, size_t n)
{
	struct pins_found **pins = mem_array(n, sizeof(*pins));
	enum err e = batch_lock_pins(b, items, n, pin_id_of);

	for (size_t i = 0; i < n; i++) {
		ask_pin(verify_of(items[i]));
		pins[i] = &state_of(verify_of(items[i]))->pin;
	}
	if (e == OK)
		e = pins_find(b->pins, pins, n);
	for (size_t i = 0; i < n; i++)
		take_pin(verify_of(items[i]));
	mem_free(pins);
	return e;
}

/* ---- the limit ---- */

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &verify_of(it)->account);
	bind_ident(b, &verify_of(it)->row.recipe.application);
}

static void
read_limit(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);

	row_rate(r, j->job.arena, &state_of(j)->limit);
}

static int
compare_application(const void *a, const void *b)
{
	const struct verify_job *x = verify_of(*(struct item *const *)a);
	const struct verify_job *y = verify_of(*(struct item *const *)b);

	return ident_compare(&x->row.recipe.application, &y->row.recipe.application);
}

static void
copy_limit(struct item *to, const struct item *from)
{
	state_of(verify_of(to))->limit = state_of(verify_of_const(from))->limit;
}

/* A PIN of an application that is gone is gone with it. */
static enum err
find_limit(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step_distinct distinct = {
	    {SQL_VERIFY_LIMIT, bind_application, read_limit, NULL}, compare_application,
	    copy_limit};
	enum err e = batch_distinct(b, &distinct, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(
		    items[i], state_of(verify_of(items[i]))->limit.period_ms > 0);
	return e;
}

/* ---- the log ---- */

/* How far back a window may reach. */
static int64_t
kept_ms(const struct verify_job *j)
{
	return j->failures_max > 0 && state_of(j)->limit.period_ms < PERIOD_MS_DAY
		   ? PERIOD_MS_DAY
		   : state_of(j)->limit.period_ms;
}

/* ERR_THROTTLED, and nothing noted, with how long until there is room. */
static enum err
log_request(struct verify_log *log, struct arena *a, struct verify_job *j)
{
	int64_t now_ms = j->job.now_ms;
	int64_t after_ms = now_ms - state_of(j)->limit.period_ms;

	verify_log_trim(log, now_ms - kept_ms(j));
	j->locked_until_ms = number_locked_until(log, j->failures_max, now_ms);
	j->over_budget = j->locked_until_ms > 0;
	if (verify_log_requests(log, after_ms) >= state_of(j)->limit.count) {
		j->wait_ms = verify_log_last_place(log, state_of(j)->limit.count) +
			     state_of(j)->limit.period_ms - now_ms;
		/* it may be in the memory of another guess of the batch */
		j->limit_rate =
		    arena_text(j->job.arena, span_of(state_of(j)->limit.text));
		return ERR_THROTTLED;
	}
	verify_log_add(log, a, now_ms);
	return OK;
}

/* ---- one guess after the other ---- */

static bool
lives(const struct verify_job *j)
{
	return j->verdict != VERDICT_EXPIRED;
}

static bool
may_claim(const struct verify_job *j)
{
	return lives(j) && !j->over_budget &&
	       j->row.state.attempts < j->row.attempts_max &&
	       (j->row.multiple || j->row.state.verified_at_ms == 0);
}

static void
claim_and_compare(
    const uint8_t key[PIN_KEY_LEN], struct verify_log *log, struct verify_job *j)
{
	int64_t now_ms = j->job.now_ms;
	char pin[PIN_LENGTH_MAX + 1];
	bool right;

	j->row.state.attempts++;
	j->row.state.attempted_at_ms = now_ms;
	pin_derive(key, &j->row.recipe, pin);
	right = j->typed_number ? pin_matches_number(j->row.recipe.type, pin, j->typed)
				: pin_matches(j->row.recipe.type, pin, j->typed);
	j->verdict = right ? VERDICT_RIGHT : VERDICT_WRONG;
	secret_wipe(pin, sizeof(pin));
	if (j->verdict == VERDICT_WRONG) {
		verify_log_fail(log);
		j->locked_until_ms = number_locked_until(log, j->failures_max, now_ms);
		j->locks = j->locked_until_ms > 0;
		return;
	}
	j->row.state.matched_at_ms = now_ms;
	if (j->row.state.verified_at_ms == 0)
		j->row.state.verified_at_ms = now_ms;
}

/* A PIN that lives needs its key before an attempt is spent. */
static enum err
guess(struct batch *b, struct verify_log *log, struct arena *a, struct verify_job *j)
{
	uint8_t key[PIN_KEY_LEN] = {0};
	enum err e = lives(j) ? keyring_find(b->keyring, j->row.key_id, key) : OK;

	if (e == OK)
		e = log_request(log, a, j);
	if (e == OK && may_claim(j))
		claim_and_compare(key, log, j);
	secret_wipe(key, sizeof(key));
	j->attempts_left = j->row.attempts_max - j->row.state.attempts;
	if (j->verdict == VERDICT_RIGHT || j->verdict == VERDICT_NO_MORE)
		j->attempts_left = 0;
	return e;
}

/* ---- guesses side by side ---- */

/* A guess among those of the batch: by destination, by PIN, as they came. */
struct place {
	struct verify_job *job;
	size_t number;
};

/* The changes to write: a PIN after its last guess of the batch, or the log of a number.
 */
struct changes {
	struct pins_change *list;
	struct pins_change **items;
	size_t len;
};

static int
compare_destination(const struct place *x, const struct place *y)
{
	int order = ident_compare(
	    &x->job->row.recipe.application, &y->job->row.recipe.application);

	return order != 0 ? order
			  : strcmp(x->job->row.destination, y->job->row.destination);
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	int order = compare_destination(x, y);

	if (order == 0)
		order = ident_compare(&x->job->pin_id, &y->job->pin_id);
	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static struct pins_change *
add_change(struct changes *c, const struct verify_job *j)
{
	struct pins_change *change = &c->list[c->len];

	*change = (struct pins_change){.application = j->row.recipe.application,
	    .destination = j->row.destination,
	    .pin_id = j->pin_id,
	    .newest = state_of(j)->pin.newest};
	c->items[c->len++] = change;
	return change;
}

/* With a PIN of the number that is written anyway, or alone. */
static void
change_log(
    struct changes *c, size_t first, struct verify_job *j, const struct verify_log *log)
{
	struct pins_change *change = c->len > first ? c->items[first] : add_change(c, j);

	change->log = verify_log_save(log, j->job.arena, 1);
}

/* The guesses at the PINs of one destination; the next one at the same PIN begins where
 * the one before it ended. */
static void
guess_all(struct batch *b, struct place *places, size_t n, struct changes *c)
{
	struct arena *a = places[0].job->job.arena;
	size_t first = c->len;
	bool noted = false;
	struct verify_log log;
	enum err e = verify_log_load(&log, a, places[0].job->row.log);

	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = places[i].job;
		struct verify_job *next = i + 1 < n ? places[i + 1].job : NULL;

		j->job.err = e == OK ? guess(b, &log, a, j) : e;
		noted = noted || j->job.err == OK;
		if (next != NULL && ident_compare(&j->pin_id, &next->pin_id) == 0)
			next->row.state = j->row.state;
		else if (j->row.state.attempts > state_of(j)->before.attempts)
			add_change(c, j)->state = j->row.state;
	}
	if (noted)
		change_log(c, first, places[0].job, &log);
}

static size_t
sort_places(struct item **items, size_t n, struct place *places)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK)
			places[count++] = (struct place){verify_of(items[i]), i};
	qsort(places, count, sizeof(*places), compare_places);
	return count;
}

static enum err
guess_and_write(struct batch *b, struct item **items, size_t n)
{
	struct place *places = mem_array(n, sizeof(*places));
	struct changes c = {.list = mem_array(n, sizeof(*c.list)),
	    .items = mem_array(n, sizeof(*c.items))};
	size_t count = sort_places(items, n, places);
	size_t end;
	enum err e;

	for (size_t start = 0; start < count; start = end) {
		end = start + 1;
		while (
		    end < count && compare_destination(&places[start], &places[end]) == 0)
			end++;
		guess_all(b, places + start, end - start, &c);
	}
	e = pins_write(b->pins, c.items, c.len);
	mem_free(places);
	mem_free(c.list);
	mem_free(c.items);
	return e;
}

const struct verb_row verb_verify = {
    .steps = {find_newest, find, find_limit, guess_and_write},
    .state_len = sizeof(struct verify_job_state)};
