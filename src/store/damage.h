/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows were found damaged, so that each is named in the log once: the event
 * row_damaged with table, column and the row's key, which is an id, a number or the first
 * octets of a hash. The content of a damaged column is never shown: it may be a person's
 * number. Where a store is damaged all over, the first DAMAGE_NAMED_MAX are named.
 */
#ifndef WW_DAMAGE_H
#define WW_DAMAGE_H

#include "base/base.h"

enum { DAMAGE_NAMED_MAX = 256 };

struct damage {
	uint64_t named[DAMAGE_NAMED_MAX]; /* hashes */
	size_t count;
	bool full_said;
};

void damage_note(
    struct damage *d, const char *table, const char *column, const char *row);

#endif
