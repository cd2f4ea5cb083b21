/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup/cache.h"

enum { BUCKETS_MIN = 64 };

TAILQ_HEAD(recent_list, lookup_entry);

struct lookup_cache {
	struct lookup_entry **buckets; /* a power of two */
	size_t bucket_mask;
	size_t known_max;
	size_t known;
	uint64_t seed;
	struct recent_list recent; /* last used first */
};

static struct lookup_entry **
bucket_of(struct lookup_cache *c, uint64_t number)
{
	uint64_t x = number ^ c->seed;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x = (x ^ x >> 31) + c->seed;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return &c->buckets[(x ^ x >> 32) & c->bucket_mask];
}

struct lookup_cache *
lookup_cache_new(size_t known_max, uint64_t seed)
{
	struct lookup_cache *c = mem_new(sizeof(*c));
	size_t n = BUCKETS_MIN;

	while (n < known_max)
		n *= 2;
	c->buckets = mem_array(n, sizeof(struct lookup_entry *));
	c->bucket_mask = n - 1;
	c->known_max = known_max;
	c->seed = seed;
	TAILQ_INIT(&c->recent);
	return c;
}

void
lookup_cache_free(struct lookup_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i <= c->bucket_mask; i++)
		while (c->buckets[i] != NULL) {
			struct lookup_entry *e = c->buckets[i];

			c->buckets[i] = e->next;
			mem_free(e);
		}
	mem_free(c->buckets);
	mem_free(c);
}

/* A leading 1 keeps numbers of different lengths apart. */
uint64_t
lookup_cache_number(const char *digits)
{
	uint64_t n = 1;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (uint64_t)(*digits - '0');
	return n;
}

static void
forget(struct lookup_cache *c, struct lookup_entry *e)
{
	struct lookup_entry **at = bucket_of(c, e->number);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (e->asking == NULL) {
		TAILQ_REMOVE(&c->recent, e, recent);
		c->known--;
	}
	mem_free(e);
}

struct lookup_entry *
lookup_cache_find(struct lookup_cache *c, uint64_t number, int64_t now_ms)
{
	struct lookup_entry *e = *bucket_of(c, number);

	while (e != NULL && e->number != number)
		e = e->next;
	if (e == NULL || e->asking != NULL)
		return e;
	if (e->until_ms <= now_ms) {
		forget(c, e);
		return NULL;
	}
	TAILQ_REMOVE(&c->recent, e, recent);
	TAILQ_INSERT_HEAD(&c->recent, e, recent);
	return e;
}

struct lookup_entry *
lookup_cache_begin(struct lookup_cache *c, uint64_t number, void *asking)
{
	struct lookup_entry **at = bucket_of(c, number);
	struct lookup_entry *e = mem_new(sizeof(*e));

	INVARIANT(asking != NULL);
	e->number = number;
	e->asking = asking;
	e->next = *at;
	*at = e;
	return e;
}

void
lookup_cache_settle(struct lookup_cache *c, struct lookup_entry *e,
    enum lookup_status status, int64_t now_ms, int64_t until_ms)
{
	INVARIANT(e->asking != NULL);
	if (until_ms <= now_ms || c->known_max == 0) {
		forget(c, e);
		return;
	}
	e->asking = NULL;
	e->status = status;
	e->until_ms = until_ms;
	TAILQ_INSERT_HEAD(&c->recent, e, recent);
	c->known++;
	if (c->known > c->known_max)
		forget(c, TAILQ_LAST(&c->recent, recent_list));
}

size_t
lookup_cache_count(const struct lookup_cache *c)
{
	return c->known;
}
