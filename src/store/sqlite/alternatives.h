/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alternatives of PINs (store/pins.h) in their table. A send asks for those that name its
 * number, and most numbers are named by none: a filter in memory says so, and a store
 * without alternatives has not even that.
 */
#ifndef WW_ALTERNATIVES_H
#define WW_ALTERNATIVES_H

#include "store/engine.h"
#include "store/pins.h"
#include "store/sqlite/number_filter.h"

struct alternatives {
	struct engine *engine;
	bool loaded; /* what is in memory is known */
	struct number_filter
	    filter;      /* of numbers that are named; no lines: there are none */
	int64_t entries; /* in the filter */
	int64_t room;    /* entries for which it was made */
};

/* PINs that name a number, the newest first. */
struct alternatives_naming {
	const struct pins_number *number;
	struct ident *pins; /* in the number's arena */
	size_t count;
	size_t capacity;
};

void alternatives_init(struct alternatives *a, struct engine *e);
void alternatives_fini(struct alternatives *a);
/* At the begin of a batch; it reads once. */
enum err alternatives_load(struct alternatives *a) MUST_CHECK;
/* Those of a PIN that was inserted. */
enum err alternatives_insert(
    struct alternatives *a, const struct pins_new *pin) MUST_CHECK;
/* Which count for the number: `most` and `since_ms` of it hold. */
enum err alternatives_find(
    struct alternatives *a, struct alternatives_naming *n) MUST_CHECK;
enum err alternatives_remove(
    struct alternatives *a, const struct ident *pin_id) MUST_CHECK;

#endif
