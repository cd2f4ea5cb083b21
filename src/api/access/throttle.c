/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/throttle.h"

#include <pthread.h>
#include <sys/queue.h>

#include "twofa/period.h"

enum { BUCKETS = 1024, RING_FIRST = 16 };

/* The times at which an account passed a rule, the oldest at `first`. */
struct entry {
	LIST_ENTRY(entry) next;
	unsigned rule;
	struct ident account;
	size_t first;
	size_t used;
	size_t room;
	int64_t *times;
};

LIST_HEAD(entries, entry);

struct rule {
	const char *operation;
	struct rate rate;
};

struct throttle {
	const struct clock *clock;
	size_t rule_count;
	struct rule *rules;
	pthread_mutex_t lock; /* of what follows */
	size_t entry_count;
	struct entries buckets[BUCKETS];
};

struct throttle *
throttle_new(const struct throttle_rule *rules, size_t count, const struct clock *clock)
{
	struct throttle *t = mem_new(sizeof(*t));

	t->clock = clock;
	t->rule_count = count;
	t->rules = mem_array(count + 1, sizeof(*t->rules));
	for (size_t i = 0; i < count; i++) {
		t->rules[i].operation = rules[i].operation;
		INVARIANT(period_parse_rate(span_of(rules[i].rate),
			      THROTTLE_PERIOD_MS_MAX, &t->rules[i].rate) == OK);
		INVARIANT(t->rules[i].rate.count <= THROTTLE_COUNT_MAX);
	}
	pthread_mutex_init(&t->lock, NULL);
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&t->buckets[i]);
	return t;
}

static void
entry_free(struct throttle *t, struct entry *e)
{
	LIST_REMOVE(e, next);
	t->entry_count--;
	mem_free(e->times);
	mem_free(e);
}

void
throttle_free(struct throttle *t)
{
	struct entry *e;

	if (t == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((e = LIST_FIRST(&t->buckets[i])) != NULL)
			entry_free(t, e);
	pthread_mutex_destroy(&t->lock);
	mem_free(t->rules);
	mem_free(t);
}

/* Calls older than the period count no more. */
static void
forget(const struct throttle *t, struct entry *e, int64_t now_ms)
{
	int64_t period_ms = t->rules[e->rule].rate.period_ms;

	while (e->used > 0 && now_ms - e->times[e->first] >= period_ms) {
		e->first = (e->first + 1) % e->room;
		e->used--;
	}
}

static void
sweep(struct throttle *t, int64_t now_ms)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry *e = LIST_FIRST(&t->buckets[i]);

		while (e != NULL) {
			struct entry *next = LIST_NEXT(e, next);

			forget(t, e, now_ms);
			if (e->used == 0)
				entry_free(t, e);
			e = next;
		}
	}
}

static struct entries *
bucket_of(struct throttle *t, unsigned rule, const struct ident *account)
{
	size_t hash = rule;

	for (size_t i = 0; i < sizeof(account->bytes); i++)
		hash = hash * 31 + account->bytes[i];
	return &t->buckets[hash % BUCKETS];
}

/* NULL: there are as many as there may be. */
static struct entry *
find_entry(struct throttle *t, unsigned rule, const struct ident *account, int64_t now_ms)
{
	struct entries *bucket = bucket_of(t, rule, account);
	struct entry *e;

	LIST_FOREACH(e, bucket, next)
	if (e->rule == rule &&
	    memcmp(e->account.bytes, account->bytes, sizeof(account->bytes)) == 0)
		return e;
	if (t->entry_count >= THROTTLE_ENTRIES_MAX)
		sweep(t, now_ms);
	if (t->entry_count >= THROTTLE_ENTRIES_MAX)
		return NULL;
	e = mem_new(sizeof(*e));
	e->rule = rule;
	e->account = *account;
	LIST_INSERT_HEAD(bucket, e, next);
	t->entry_count++;
	return e;
}

/* Room for one time more; never for more than the rate's count. */
static void
make_room(struct entry *e)
{
	size_t room = e->room == 0 ? RING_FIRST : e->room * 2;
	int64_t *times;

	if (e->used < e->room)
		return;
	times = mem_array(room, sizeof(*times));
	for (size_t i = 0; i < e->used; i++)
		times[i] = e->times[(e->first + i) % e->room];
	mem_free(e->times);
	e->times = times;
	e->first = 0;
	e->room = room;
}

static enum err
pass_rule(
    struct throttle *t, unsigned rule, const struct ident *account, int64_t *wait_ms_out)
{
	const struct rate *rate = &t->rules[rule].rate;
	int64_t now_ms = t->clock->steady_ms(t->clock);
	struct entry *e = find_entry(t, rule, account, now_ms);

	if (e == NULL)
		return ERR_OVERLOADED;
	forget(t, e, now_ms);
	if ((int64_t)e->used >= rate->count) {
		*wait_ms_out = e->times[e->first] + rate->period_ms - now_ms;
		return ERR_THROTTLED;
	}
	make_room(e);
	e->times[(e->first + e->used) % e->room] = now_ms;
	e->used++;
	return OK;
}

enum err
throttle_pass(struct throttle *t, const char *operation, const struct ident *account,
    int64_t *wait_ms_out)
{
	enum err e = OK;

	for (unsigned i = 0; i < t->rule_count; i++) {
		if (strcmp(t->rules[i].operation, operation) != 0)
			continue;
		pthread_mutex_lock(&t->lock);
		e = pass_rule(t, i, account, wait_ms_out);
		pthread_mutex_unlock(&t->lock);
		break;
	}
	return e;
}
