/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that are known about, for a while, or being asked about: a hash with a bounded
 * number of entries. When it is full the entry that was used longest ago goes; one that
 * is being asked about stays, because somebody holds it.
 *
 * Pure: time comes in, and the seed, without which callers could choose numbers that fall
 * into one bucket.
 */
#ifndef WW_LOOKUP_CACHE_H
#define WW_LOOKUP_CACHE_H

#include <sys/queue.h>

#include "base/base.h"
#include "twofa/message.h"

struct lookup_entry {
	struct lookup_entry *next;        /* of the bucket */
	TAILQ_ENTRY(lookup_entry) recent; /* of what is known */
	uint64_t number;
	int64_t until_ms;
	enum lookup_status status;
	void *asking; /* who asks; NULL: it is known */
};

struct lookup_cache;

/* `known_max` bounds what is known; what is being asked about comes on top, and its
 * holder bounds it. */
struct lookup_cache *lookup_cache_new(size_t known_max, uint64_t seed) MUST_CHECK;
void lookup_cache_free(struct lookup_cache *c);
/* 4 to 15 digits as one integer, in which no two numbers are the same. */
uint64_t lookup_cache_number(const char *digits);
/* The entry of a number that is known about and not too old, or is being asked about;
 * else NULL. */
struct lookup_entry *lookup_cache_find(
    struct lookup_cache *c, uint64_t number, int64_t now_ms);
/* A new entry that is being asked about; there must be none. */
struct lookup_entry *lookup_cache_begin(
    struct lookup_cache *c, uint64_t number, void *asking);
/* The number is known until then; with until_ms <= now_ms it is forgotten instead. */
void lookup_cache_settle(struct lookup_cache *c, struct lookup_entry *e,
    enum lookup_status status, int64_t now_ms, int64_t until_ms);
size_t lookup_cache_count(const struct lookup_cache *c); /* known ones */

#endif
