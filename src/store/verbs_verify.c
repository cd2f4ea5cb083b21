/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify: find the PIN, note the request under the guard of verifyPinLimit, claim
 * an attempt with one guarded statement, compare, and mark the winner. Every path
 * commits, a wrong guess too, so N parallel guesses compare at most pinAttempts
 * times, and a PIN that may be verified once is verified once.
 */
#include "store/verbs.h"

#include <stdlib.h>

#include "base/secret.h"

static struct verify_job *
verify_of(struct item *it)
{
	return VERB_OF(it, struct verify_job);
}

static const struct verify_job *
verify_of_const(const struct item *it)
{
	return VERB_OF((struct item *)(uintptr_t)it, struct verify_job);
}

static void
bind_pin(struct item *it, struct binder *b)
{
	bind_ident(b, &verify_of(it)->pin_id);
	bind_ident(b, &verify_of(it)->account);
}

static void
read_pin(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);
	const char *limit;

	j->found = true;
	j->recipe.account = j->account;
	j->recipe.pin_id = j->pin_id;
	row_ident(r, &j->recipe.application);
	j->destination = row_text(r, j->job.arena);
	row_blob(r, j->recipe.salt, PIN_SALT_LEN);
	j->recipe.generation = (uint32_t)row_int(r);
	j->key_id = row_int(r);
	j->recipe.type = (enum pin_type)row_int(r);
	j->recipe.length = (unsigned)row_int(r);
	j->attempts = row_int(r);
	j->attempts_max = row_int(r);
	row_bool(r);
	j->expires_at_ms = row_int(r);
	row_int(r);
	limit = row_text(r, j->job.arena);
	if (limit == NULL || rate_parse(span_of(limit), PERIOD_MS_YEAR, &j->limit) != OK)
		it->err = ERR_CORRUPT;
}

static enum err
find(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_PIN_FIND, bind_pin, read_pin, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		item_not_found(items[i], j->found);
		j->verdict =
		    j->expires_at_ms <= b->now_ms ? VERDICT_EXPIRED : VERDICT_NO_MORE;
		j->attempts_left = j->attempts_max - j->attempts;
	}
	return e;
}

/* A PIN that lives needs its key before an attempt is spent. */
static bool
lives(const struct item *it)
{
	return verify_of_const(it)->verdict != VERDICT_EXPIRED;
}

static enum err
find_keys(struct batch *b, struct item **items, size_t n)
{
	uint8_t key[PIN_KEY_LEN];

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && lives(items[i]))
			items[i]->err =
			    keyring_find(b->keyring, verify_of(items[i])->key_id, key);
	secret_wipe(key, sizeof(key));
	return OK;
}

/* ---- the log ---- */

static void
bind_destination(struct verify_job *j, struct binder *b)
{
	bind_ident(b, &j->recipe.application);
	bind_text(b, j->destination);
}

static int
compare_destination(const void *a, const void *b)
{
	const struct verify_job *x = verify_of(*(struct item *const *)a);
	const struct verify_job *y = verify_of(*(struct item *const *)b);
	int order = ident_compare(&x->recipe.application, &y->recipe.application);

	return order != 0 ? order : strcmp(x->destination, y->destination);
}

static struct window *
window_of(struct item *it)
{
	return &verify_of(it)->window;
}

static int64_t
limit_of(struct item *it)
{
	return verify_of(it)->limit.count;
}

static void
bind_window(struct item *it, struct binder *b)
{
	struct verify_job *j = verify_of(it);

	bind_destination(j, b);
	bind_int(b, j->job.now_ms - j->limit.period_ms);
}

static void
bind_count(struct item *it, struct binder *b)
{
	bind_window(it, b);
	bind_int(b, limit_of(it));
}

static void
read_count(struct item *it, struct row *r)
{
	(void)r;
	window_of(it)->taken++;
}

static void
copy_count(struct item *to, const struct item *from)
{
	window_of(to)->taken = verify_of_const(from)->window.taken;
}

static void
bind_log(struct item *it, struct binder *b)
{
	struct verify_job *j = verify_of(it);

	bind_destination(j, b);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->tie);
}

static bool
was_refused(const struct item *it)
{
	return verify_of_const(it)->window.refused;
}

static bool
was_admitted(const struct item *it)
{
	return !was_refused(it);
}

/* The oldest request in the window makes room when it leaves. */
static void
read_oldest(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);

	if (!row_is_null(r))
		j->wait_ms = row_int(r) + j->limit.period_ms - j->job.now_ms;
}

/* Rows that no window can reach any more. */
static void
bind_trim(struct item *it, struct binder *b)
{
	struct verify_job *j = verify_of(it);
	int64_t keep_ms = j->limit.period_ms;

	if (j->failures_max > 0 && keep_ms < PERIOD_MS_DAY)
		keep_ms = PERIOD_MS_DAY;
	bind_destination(j, b);
	bind_int(b, j->job.now_ms - keep_ms);
}

/* One request in eight clears up behind itself and the others: old rows harm nobody. */
static bool
clears_up(const struct item *it)
{
	return verify_of_const(it)->tie % 8 == 0;
}

static enum err
log_request(struct batch *b, struct item **items, size_t n)
{
	static const struct each trim = {SQL_VERIFY_LOG_TRIM, bind_trim, NULL, clears_up};
	static const struct guard guard = {
	    {{SQL_VERIFY_LOG_WINDOW, bind_count, read_count, NULL}, compare_destination,
		copy_count},
	    window_of, limit_of};
	static const struct each insert = {
	    SQL_VERIFY_LOG_INSERT, bind_log, NULL, was_admitted};
	static const struct each refused = {
	    SQL_VERIFY_LOG_OLDEST, bind_window, read_oldest, was_refused};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		b->entropy->fill(b->entropy, &j->tie, sizeof(j->tie));
	}
	e = batch_each(b, &trim, items, n);
	if (e == OK)
		e = batch_guard(b, &guard, items, n);
	if (e == OK)
		e = batch_each(b, &insert, items, n);
	if (e == OK)
		e = batch_each(b, &refused, items, n);
	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && was_refused(items[i]))
			items[i]->err = ERR_THROTTLED;
	return e;
}

/* ---- the failure budget of the strict profile ---- */

static bool
has_budget(const struct item *it)
{
	return verify_of_const(it)->failures_max > 0;
}

static void
bind_failures(struct item *it, struct binder *b)
{
	struct verify_job *j = verify_of(it);

	bind_destination(j, b);
	bind_int(b, j->job.now_ms - PERIOD_MS_DAY);
}

static void
read_failures(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);

	j->over_budget = row_int(r) >= j->failures_max;
}

/* ---- the attempt ---- */

static bool
may_claim(const struct item *it)
{
	return lives(it) && !verify_of_const(it)->over_budget;
}

static void
bind_claim(struct item *it, struct binder *b)
{
	bind_pin(it, b);
	bind_int(b, job_of(it)->now_ms);
}

static void
read_claim(struct item *it, struct row *r)
{
	(void)r;
	verify_of(it)->claimed = true;
}

static enum err
compare(struct batch *b, struct verify_job *j)
{
	uint8_t key[PIN_KEY_LEN];
	char pin[PIN_LENGTH_MAX + 1];
	enum err e = keyring_find(b->keyring, j->key_id, key);

	if (e != OK)
		return e;
	pin_derive(key, &j->recipe, pin);
	j->matches = pin_matches(j->recipe.type, pin, j->typed);
	j->verdict = j->matches ? VERDICT_RIGHT : VERDICT_WRONG;
	secret_wipe(key, sizeof(key));
	secret_wipe(pin, sizeof(pin));
	return OK;
}

static bool
is_wrong(const struct item *it)
{
	return verify_of_const(it)->verdict == VERDICT_WRONG && has_budget(it);
}

static void
bind_failed(struct item *it, struct binder *b)
{
	struct verify_job *j = verify_of(it);

	bind_destination(j, b);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->tie);
}

static enum err
claim_and_compare(struct batch *b, struct item **items, size_t n)
{
	static const struct each failures = {
	    SQL_VERIFY_FAILURES, bind_failures, read_failures, has_budget};
	static const struct each claim = {
	    SQL_PIN_CLAIM, bind_claim, read_claim, may_claim};
	static const struct each failed = {
	    SQL_VERIFY_LOG_FAILED, bind_failed, NULL, is_wrong};
	enum err e = batch_each(b, &failures, items, n);

	if (e == OK)
		e = batch_each(b, &claim, items, n);
	for (size_t i = 0; e == OK && i < n; i++)
		if (items[i]->err == OK && verify_of(items[i])->claimed)
			items[i]->err = compare(b, verify_of(items[i]));
	return e == OK ? batch_each(b, &failed, items, n) : e;
}

/* Where a failure budget counts, one by one: each sees the failures before it. */
static enum err
attempt(struct batch *b, struct item **items, size_t n)
{
	size_t stride = has_budget(items[0]) ? 1 : n;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i += stride)
		e = claim_and_compare(b, &items[i], stride);
	return e;
}

/* Guesses at one PIN side by side, in the order in which they took effect. */
struct guess {
	struct verify_job *job;
	size_t place;
};

static int
compare_guesses(const void *a, const void *b)
{
	const struct guess *x = a;
	const struct guess *y = b;
	int order = ident_compare(&x->job->pin_id, &y->job->pin_id);

	if (order != 0)
		return order;
	return (x->place > y->place) - (x->place < y->place);
}

/* What each claim left: `find` saw the attempts before all guesses of this batch. */
static enum err
count_attempts(struct batch *b, struct item **items, size_t n)
{
	struct guess *all = mem_array(n, sizeof(*all));
	int64_t used = 0;

	(void)b;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct guess){verify_of(items[i]), i};
	qsort(all, n, sizeof(*all), compare_guesses);
	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = all[i].job;

		if (i == 0 || ident_compare(&all[i - 1].job->pin_id, &j->pin_id) != 0)
			used = 0;
		if (j->claimed)
			j->attempts_left = j->attempts_max - j->attempts - ++used;
	}
	mem_free(all);
	return OK;
}

static bool
is_right(const struct item *it)
{
	return verify_of_const(it)->matches;
}

static void
read_mark(struct item *it, struct row *r)
{
	(void)r;
	verify_of(it)->marked = true;
}

/* Of several right guesses one is marked first; where once is all, the others are too
 * late. */
static enum err
mark(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_PIN_MARK, bind_claim, read_mark, is_right};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		if (j->matches && !j->marked)
			j->verdict = VERDICT_NO_MORE;
		if (j->verdict == VERDICT_RIGHT || j->verdict == VERDICT_NO_MORE)
			j->attempts_left = 0;
	}
	return e;
}

const struct verb_row verb_verify = {
    "verify", {find, find_keys, log_request, attempt, count_attempts, mark}};
