/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submits of a message that failed, for its timeline: a JSON array of {at, carrier,
 * result, code, reason}, written with the outcome. A message whose first submit is
 * accepted has none, so that the usual case costs nothing. What a carrier put back
 * because it was too fast may be many tries: they are one, with the time of the first
 * and how many `times`.
 */
#ifndef WW_SUBMIT_HISTORY_H
#define WW_SUBMIT_HISTORY_H

#include "base/arena.h"
#include "carrier/carrier.h"

struct submit_history_run;

/* Of one message, in its arena; all zero at first. */
struct submit_history {
	const char *text;                /* NULL: none */
	struct submit_history_run *runs; /* one for each carrier that put it back */
	size_t count;
	size_t capacity;
};

/* "accepted", "retry", "refused", "unknown" */
const char *submit_history_result_name(enum carrier_result r);
/* One more; the name of the carrier lives as long as the process. */
void submit_history_add(struct submit_history *h, struct arena *a, int64_t at_ms,
    const char *carrier, const struct carrier_outcome *outcome);
/* All of them; NULL: none. No more than fits is kept. Once. */
const char *submit_history_text(struct submit_history *h, struct arena *a) MUST_CHECK;

#endif
