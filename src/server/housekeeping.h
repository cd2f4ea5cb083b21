/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that is due now and then: old rows go, keys whose time is over are destroyed.
 * Called by the main thread, which waits for each stretch to be done and rests for nine
 * times as long, so that removing a backlog never crowds out requests. Stretches grow
 * while it lasts.
 */
#ifndef WW_HOUSEKEEPING_H
#define WW_HOUSEKEEPING_H

#include "base/clock.h"

struct store;

enum { HOUSEKEEPING_S = 60 };

struct housekeeping;

/* retention_ms 0: rows are kept. */
struct housekeeping *housekeeping_new(
    struct store *s, const struct clock *clock, int64_t retention_ms) MUST_CHECK;
/* A stretch of each kind of work: how long to rest in ms until it goes on; -1: there is
 * nothing more to do now. */
int64_t housekeeping_tick(struct housekeeping *h);
/* After the store was closed. */
void housekeeping_free(struct housekeeping *h);

#endif
