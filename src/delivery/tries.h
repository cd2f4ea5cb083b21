/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submits of a message that failed, for its timeline: a JSON array of {at, carrier,
 * result, code, reason}, written with the outcome. A message whose first submit is
 * accepted has none, so that the usual case costs nothing. What a carrier put back
 * because it was too fast may be many tries: they are one, with the time of the first
 * and how many `times`.
 */
#ifndef WW_TRIES_H
#define WW_TRIES_H

#include "base/arena.h"
#include "carrier/carrier.h"

struct tries_run;

/* Of one message, in its arena; all zero at first. */
struct tries {
	const char *text;       /* NULL: none */
	struct tries_run *runs; /* of what was put back, one for each carrier that did */
	size_t count;
	size_t capacity;
};

/* "accepted", "retry", "refused", "unknown" */
const char *tries_result_name(enum carrier_result r);
/* One more; the name of the carrier lives as long as the process. */
void tries_add(struct tries *t, struct arena *a, int64_t at_ms, const char *carrier,
    const struct carrier_outcome *outcome);
/* All of them; NULL: none. No more than fits is kept. Once. */
const char *tries_text(struct tries *t, struct arena *a) MUST_CHECK;

#endif
