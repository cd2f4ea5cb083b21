/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN rows that were inserted last, as they stand in the database: a verify comes
 * soon after its send, and finds here what a seek would find. Whoever writes a row tells
 * it here too; a start, and a batch that was rolled back, begin with nothing.
 *
 * There are two generations. When the young one is full it becomes the old one, and the
 * one before it is forgotten: those in here are the newest ones, and of a PIN's number so
 * are all that came after it. Ids of one millisecond are in no order, so generations turn
 * between milliseconds alone, and when all is forgotten, so is what comes in that one.
 */
#ifndef WW_PIN_CACHE_H
#define WW_PIN_CACHE_H

#include "base/arena.h"
#include "store/pins.h"
#include "store/sqlite/ident_table.h"

/* Rows of a generation, some 270 octets each; a log that is longer than usual is left in
 * the database. */
enum { PIN_CACHE_MAX = 16384, PIN_CACHE_LOG_MAX = 128 };

struct cached_generation {
	struct ident_table table;
	struct arena arena; /* texts and logs */
	uint32_t *buckets;  /* by number: the newest of it, number in the table + 1 */
};

struct pin_cache {
	size_t most; /* PIN_CACHE_MAX; less in tests */
	size_t bucket_count;
	uint64_t seed;
	int64_t entered_ms; /* when the last one did */
	int64_t cleared_ms; /* what is not after this is not taken in */
	struct cached_generation young;
	struct cached_generation old;
};

void pin_cache_init(struct pin_cache *c, size_t most, uint64_t seed);
void pin_cache_fini(struct pin_cache *c);
void pin_cache_clear(struct pin_cache *c);
/* The row was inserted. */
void pin_cache_enter(struct pin_cache *c, const struct pin_row *row, int64_t now_ms);
/* What a guess changes was written into the row; attempts 0: not the state; a null log:
 * not that. */
void pin_cache_settled(struct pin_cache *c, const struct ident *pin_id,
    const struct verify_state *state, struct span log);
/* The row was removed. */
void pin_cache_removed(struct pin_cache *c, const struct ident *pin_id);
/* NULL: ask the database. Valid until another enters or is removed. */
const struct pin_row *pin_cache_find(
    const struct pin_cache *c, const struct ident *pin_id);
/* The log of verifies in the row of a PIN. False: ask the database. Valid as long. */
bool pin_cache_log(
    const struct pin_cache *c, const struct ident *pin_id, struct span *log);
/* The newest PIN of the number of a row that was found here. */
void pin_cache_newest(
    const struct pin_cache *c, const struct pin_row *row, struct ident *out);

#endif
