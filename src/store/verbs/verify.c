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

/* Loaded when its turn comes. */
static void
read_log(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);

	j->row.log = row_log(r, j->job.arena);
}

static void
read_pin(struct item *it, struct row *r)
{
	struct verify_job *j = verify_of(it);

	j->row.recipe.account = j->account;
	j->row.recipe.pin_id = j->pin_id;
	row_ident(r, &j->row.recipe.application);
	j->row.destination = row_destination(r, j->job.arena);
	row_recipe(r, &j->row.recipe, &j->row.key_id);
	j->row.attempts_max = row_int(r, 1, APPLICATION_ATTEMPTS_MAX);
	j->row.multiple = row_bool(r);
	j->row.expires_at_ms = row_ms(r);
	row_state(r, &j->row.state);
	read_log(it, r);
	row_ident(r, &j->newest);
	j->found = true;
}

static void
from_cache(const struct batch *b, struct verify_job *j)
{
	const struct pin_row *row = pin_cache_find(b->pins, &j->pin_id);

	if (row == NULL || ident_compare(&row->recipe.account, &j->account) != 0)
		return;
	j->row = *row;
	j->row.destination = arena_text(j->job.arena, span_of(row->destination));
	pin_cache_newest(b->pins, row, &j->newest);
	j->found = true;
}

static bool
is_unknown(const struct item *it)
{
	return !verify_of_const(it)->found;
}

static enum err
find(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_PIN_FIND, bind_pin, read_pin, is_unknown};
	enum err e;

	for (size_t i = 0; i < n; i++)
		from_cache(b, verify_of(items[i]));
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		item_not_found(items[i], j->found);
		guesses_row(b->guesses, &j->pin_id, &j->row.state, &j->row.log);
		j->before = j->row.state;
		j->verdict =
		    j->row.expires_at_ms <= b->now_ms ? VERDICT_EXPIRED : VERDICT_NO_MORE;
	}
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

	row_rate(r, j->job.arena, &j->limit);
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
	verify_of(to)->limit = verify_of_const(from)->limit;
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
		item_not_found(items[i], verify_of(items[i])->limit.period_ms > 0);
	return e;
}

/* ---- the log ---- */

static bool
has_older_pin(const struct item *it)
{
	const struct verify_job *j = verify_of_const(it);

	return ident_compare(&j->newest, &j->pin_id) != 0;
}

static bool
lacks_log(const struct item *it)
{
	return has_older_pin(it) && !verify_of_const(it)->log_found;
}

static void
bind_newest(struct item *it, struct binder *b)
{
	bind_ident(b, &verify_of(it)->newest);
	bind_ident(b, &verify_of(it)->account);
}

static void
read_newest(struct item *it, struct row *r)
{
	read_log(it, r);
	verify_of(it)->log_found = true;
}

/* Where the newest row was taken out of a store by hand, the PIN's own serves. */
static enum err
find_log(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_VERIFY_LOG, bind_newest, read_newest, lacks_log};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		if (has_older_pin(items[i]))
			j->log_found = pin_cache_log(b->pins, &j->newest, &j->row.log);
	}
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++) {
		struct verify_job *j = verify_of(items[i]);

		if (j->log_found)
			guesses_log(b->guesses, &j->newest, &j->row.log);
		else
			j->newest = j->pin_id;
	}
	return e;
}

/* How far back a window may reach. */
static int64_t
kept_ms(const struct verify_job *j)
{
	return j->failures_max > 0 && j->limit.period_ms < PERIOD_MS_DAY
		   ? PERIOD_MS_DAY
		   : j->limit.period_ms;
}

/* ERR_THROTTLED, and nothing noted, with how long until there is room. */
static enum err
note_request(struct verify_log *log, struct arena *a, struct verify_job *j)
{
	int64_t now_ms = j->job.now_ms;
	int64_t after_ms = now_ms - j->limit.period_ms;

	verify_log_trim(log, now_ms - kept_ms(j));
	j->locked_until_ms = number_locked_until(log, j->failures_max, now_ms);
	j->over_budget = j->locked_until_ms > 0;
	if (verify_log_requests(log, after_ms) >= j->limit.count) {
		j->wait_ms = verify_log_last_place(log, j->limit.count) +
			     j->limit.period_ms - now_ms;
		/* it may be in the memory of another guess of the batch */
		j->limit_rate = arena_text(j->job.arena, span_of(j->limit.text));
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
	right = j->typed_number ? pin_matches_number(pin, j->typed)
				: pin_matches(pin, j->typed);
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
		e = note_request(log, a, j);
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

/* What is written of a PIN row: after the last guess of the batch, or the log alone. */
struct write {
	struct guess guess;
	size_t grown; /* octets of the row, by what is beside the log */
};

struct writes {
	struct write *list;
	struct item **items;
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

/* By how many octets SQLite's row becomes longer by what a guess leaves beside the log.
 */
static size_t
growth(const struct verify_state *from, const struct verify_state *to)
{
	enum { TIME_LEN = 6 };
	size_t len = 0;

	if (from->attempted_at_ms == 0 && to->attempted_at_ms != 0)
		len += TIME_LEN;
	if (from->matched_at_ms == 0 && to->matched_at_ms != 0)
		len += TIME_LEN;
	if (from->verified_at_ms == 0 && to->verified_at_ms != 0)
		len += TIME_LEN;
	if (from->attempts < 2 && to->attempts >= 2)
		len++;
	return len;
}

static struct write *
write_row(struct writes *w, const struct ident *pin_id)
{
	struct write *row = &w->list[w->len];

	*row = (struct write){.guess.pin_id = *pin_id};
	w->items[w->len++] = &row->guess.item;
	return row;
}

static void
write_guess(struct writes *w, const struct verify_job *j)
{
	struct write *row = write_row(w, &j->pin_id);

	row->guess.state = j->row.state;
	row->grown = growth(&j->before, &j->row.state);
}

/*
 * The log goes where it was found: into a row that is written anyway, or alone. What
 * else grows takes from the log's room, so that the row keeps its length and its place.
 */
static void
write_log(
    struct writes *w, size_t first, struct verify_job *j, const struct verify_log *log)
{
	size_t len = j->row.log.len;
	struct write *row = NULL;

	for (size_t i = first; row == NULL && i < w->len; i++)
		if (ident_compare(&w->list[i].guess.pin_id, &j->newest) == 0)
			row = &w->list[i];
	if (row == NULL)
		row = write_row(w, &j->newest);
	row->guess.log =
	    verify_log_save(log, j->job.arena, len > row->grown ? len - row->grown : 0);
}

/* The guesses at the PINs of one destination; the next one at the same PIN begins where
 * the one before it ended. */
static void
guess_all(struct batch *b, struct place *places, size_t n, struct writes *w)
{
	struct arena *a = places[0].job->job.arena;
	size_t first = w->len;
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
		else if (j->row.state.attempts > j->before.attempts)
			write_guess(w, j);
	}
	if (noted)
		write_log(w, first, places[0].job, &log);
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
	struct writes w = {.list = mem_array(2 * n, sizeof(*w.list)),
	    .items = mem_array(2 * n, sizeof(*w.items))};
	size_t count = sort_places(items, n, places);
	size_t end;
	enum err e;

	for (size_t start = 0; start < count; start = end) {
		end = start + 1;
		while (
		    end < count && compare_destination(&places[start], &places[end]) == 0)
			end++;
		guess_all(b, places + start, end - start, &w);
	}
	e = guesses_write(b, w.items, w.len);
	mem_free(places);
	mem_free(w.list);
	mem_free(w.items);
	return e;
}

/* ---- the row that has the log ---- */

static void
bind_place(struct item *it, struct binder *b)
{
	bind_ident(b, &verify_of(it)->row.recipe.application);
	bind_text(b, verify_of(it)->row.destination);
	bind_ident(b, &verify_of(it)->newest);
}

/* Where it may stand among the old ones: sends must find it. */
static enum err
make_young_again(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step enter = {SQL_YOUNG_AGAIN, bind_place, NULL, NULL};
	static const struct sql_step leave = {SQL_OLD_NO_MORE, bind_place, NULL, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		if (ident_compare(&verify_of(items[i])->newest, &b->recent->aged) > 0)
			continue;
		e = batch_one(b, &enter, items[i]);
		if (e == OK)
			e = batch_one(b, &leave, items[i]);
	}
	return e;
}

const struct verb_row verb_verify = {"verify",
    {find, find_limit, find_log, guess_and_write, make_young_again, guesses_settle}};
