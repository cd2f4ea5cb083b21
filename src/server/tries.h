/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submits of a message that failed, for its timeline: a JSON array of {at, carrier,
 * result, code, reason}, written with the outcome. A message whose first submit is
 * accepted has none, so that the usual case costs nothing.
 */
#ifndef WW_TRIES_H
#define WW_TRIES_H

#include "base/arena.h"
#include "carrier/carrier.h"

/* "accepted", "retry", "refused", "unknown" */
const char *tries_result_name(enum carrier_result r);
/* `tries` with one more, in the arena; NULL was none. No more than fits is kept. */
const char *tries_add(struct arena *a, const char *tries, int64_t at_ms,
    const char *carrier, const struct carrier_outcome *outcome) MUST_CHECK;

#endif
