/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be done now and then: old rows go, keys whose time is over are
 * destroyed. Called by the main thread, which waits for each stretch to be done, so
 * that removing a backlog never crowds out requests.
 */
#ifndef WW_HOUSEKEEPING_H
#define WW_HOUSEKEEPING_H

#include "store/store.h"

enum { HOUSEKEEPING_S = 60 };

struct housekeeping;

/* retention_ms 0: rows are kept. */
struct housekeeping *housekeeping_new(struct store *s, int64_t retention_ms) MUST_CHECK;
/* So many stretches at the most; true: there is more, to be gone on with at once. */
bool housekeeping_tick(struct housekeeping *h);
/* After the store was closed. */
void housekeeping_free(struct housekeeping *h);

#endif
