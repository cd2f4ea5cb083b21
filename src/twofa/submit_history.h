/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submits of a message that failed, for its timeline: written with the outcome, read
 * when somebody asks. A message whose first submit is accepted has none, so that the
 * usual case costs nothing. A carrier that puts a message back because it was too fast
 * may do so many times: they are one entry, with the time of the first and how many there
 * were.
 *
 * As a text: a JSON array of {"at", "carrier", "result", "code", "reason"}, with "times"
 * where there were more than one; "at" in milliseconds since 1970.
 */
#ifndef WW_SUBMIT_HISTORY_H
#define WW_SUBMIT_HISTORY_H

#include "base/arena.h"

struct submit_entry {
	int64_t at_ms;
	const char *carrier; /* its name */
	const char *result;  /* "retry", "refused", "unknown", "accepted" */
	int64_t code;        /* the carrier's own; 0: none */
	const char *reason;
	int64_t times; /* at least 1 */
};

/* The history of one message, in its arena; all zero at first. */
struct submit_history {
	const char *text;               /* NULL: none */
	struct submit_entry *put_backs; /* one for each carrier that put it back */
	size_t count;
	size_t capacity;
};

/* One more, that ended a try. Carrier and result live as long as the process. */
void submit_history_add(
    struct submit_history *h, struct arena *a, const struct submit_entry *one);
/* One more, by a carrier that took nothing because it was too fast. */
void submit_history_put_back(
    struct submit_history *h, struct arena *a, const struct submit_entry *one);
/* All of them; NULL: none. No more than fits is kept. Once. */
const char *submit_history_text(struct submit_history *h, struct arena *a) MUST_CHECK;

/* The entries of such a text, NULL has none. ERR_CORRUPT: it was not written here, and
 * there are none. */
enum err submit_history_read(const char *text, struct arena *a,
    struct submit_entry **list_out, size_t *count_out) MUST_CHECK;

#endif
