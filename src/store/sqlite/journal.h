/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of what verifies change of PIN rows (table guess). Each row is a page of
 * its own among many; so a change is written to the end of a journal, which many share,
 * and stands in memory (hot.h). It goes into its row with its generation, in the order of
 * ids, neighbours on a page together, and the generation's part of the journal is removed
 * then. The work follows the changes, a few rows for each, so that no batch does much of
 * it; what has been at rest for JOURNAL_REST_MS goes without any.
 *
 * Nothing of it is lost: memory is made anew from the journal at a start, and after a
 * batch that was rolled back.
 */
#ifndef WW_JOURNAL_H
#define WW_JOURNAL_H

#include "store/item.h"
#include "store/pins.h"
#include "store/sqlite/hot.h"
#include "twofa/period.h"

struct engine;

enum { JOURNAL_REST_MS = PERIOD_MS_HOUR };

/* A row of it. */
struct journal_row {
	struct item item;
	struct ident pin_id;
	int64_t seq;
	struct verify_state state; /* attempts 0: it stays */
	struct span log;           /* a null one: it stays */
};

struct journal {
	struct engine *engine;
	struct hot *hot;
	bool loaded;
	size_t most;         /* weight of a generation; less in tests */
	size_t young_weight; /* a row, and more for a long log */
	int64_t old_seq;     /* the last one of the old generation */
	int64_t removed_seq; /* the journal begins after it */
	int64_t seq;         /* its newest */
	size_t entered;      /* weight, since some were settled */
};

void journal_init(struct journal *j, struct engine *e, struct hot *h, size_t most);
/* Memory was cleared: the next load makes it anew. */
void journal_forget(struct journal *j);
/* In a transaction, before anything asks for them; nothing to do when they are there. */
enum err journal_load(struct journal *j, int64_t now_ms) MUST_CHECK;
/* Rows of items; a PIN may be there more than once. */
enum err journal_write(
    struct journal *j, struct item **rows, size_t n, int64_t now_ms) MUST_CHECK;
/* After that: some of the old generation go into their rows. */
enum err journal_settle(struct journal *j, int64_t now_ms) MUST_CHECK;
/* Those that have been at rest for too long, so many at most; whether there are more. */
enum err journal_settle_rested(
    struct journal *j, int64_t most, int64_t now_ms, bool *more_out) MUST_CHECK;

#endif
