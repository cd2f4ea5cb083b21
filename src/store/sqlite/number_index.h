/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN ids of numbers on disk, which limits count and verifies look up, by
 * (application, destination). A keeper of the newest ones in memory asks there first and
 * hands over those that leave it (number_index_put).
 *
 * Young PINs stand in runs (table destination_young, in the order run, application,
 * destination, PIN id). One run is written at a time; when it has NUMBER_RUN_MAX entries
 * the next one begins. So few pages are written to, however many PINs are young. Each run
 * has a filter in memory (number_filter.h): a number that a run does not have costs no
 * statement. The filter of a run that is complete is kept in the table number_run, and
 * made anew from the run where no whole row is there.
 *
 * Old PINs stand in the archive (table destination_pin), which sends need not look into.
 *
 * The tables are the truth. Filters say too much after a batch that was rolled back,
 * never too little.
 *
 * An error that is returned concerns the transaction; after it the batch must be rolled
 * back, and number_index_forget called.
 */
#ifndef WW_NUMBER_INDEX_H
#define WW_NUMBER_INDEX_H

#include "base/arena.h"
#include "store/engine.h"
#include "store/sqlite/number_filter.h"

enum {
	/* Entries of a run: its filter has half a megabyte, and the pages that are
	 * written to have room in SQLite's cache. */
	NUMBER_RUN_MAX = 262144,
	/* Where there are more runs than about so many, the next ones are longer. */
	NUMBER_RUNS_MAX = 64
};

struct number_run {
	int64_t number;
	int64_t entries;     /* that entered it */
	int64_t room;        /* complete with so many */
	struct ident newest; /* no entry is after it */
	bool complete;
	struct number_filter filter;
};

struct number_index {
	struct engine *engine;
	int64_t run_max; /* NUMBER_RUN_MAX; less in tests */
	bool loaded;
	struct number_run *runs; /* by number; the last one is written to */
	size_t count;
	size_t capacity;
	struct ident archived; /* what is in the archive is not after it */
	int64_t upgraded_ms;   /* and all that was there then is in it */
	struct ident aged;     /* all PINs up to this one have been looked at */
	bool lost; /* `archived` could not be read: all PINs are looked at again */
};

struct number_place {
	struct ident application;
	const char *destination;
	struct ident pin_id;
};

/* A question about a number, and the answer. */
struct number_query {
	struct ident application;
	const char *destination;
	int64_t since_ms;   /* PINs after it are of interest, and one before them */
	int64_t archive_ms; /* the archive is asked when it may have some after this; 0:
			       always */
	int64_t most;       /* so many at most, the newest ones */
	struct arena *arena;
	/* the answer */
	enum err err;       /* ERR_CORRUPT: a place of it is damaged */
	struct ident *pins; /* in the arena, the newest first */
	size_t count;
};

/* Places of an application, in the order (destination, PIN id). */
struct number_list {
	struct number_place
	    after; /* which need not be there; an empty text: from the first on */
	int64_t most;
	struct arena *arena;
	/* the answer */
	enum err err;
	struct number_place *places; /* in the arena; what is there before is merged in */
	size_t count;
};

/* run_max 0: NUMBER_RUN_MAX. */
void number_index_init(struct number_index *x, struct engine *engine, int64_t run_max);
void number_index_fini(struct number_index *x);
/* In a transaction, before anything else is asked; nothing to do when it is loaded. */
enum err number_index_load(struct number_index *x) MUST_CHECK;
void number_index_forget(struct number_index *x);

enum err number_index_newest(struct number_index *x, struct number_query *q) MUST_CHECK;
/* Is it here? */
enum err number_index_has(
    struct number_index *x, const struct number_place *place, bool *out) MUST_CHECK;
enum err number_index_list(struct number_index *x, struct number_list *l) MUST_CHECK;

/* None of them is here. In the order (application, destination, PIN id) neighbours share
 * a page. */
enum err number_index_put(
    struct number_index *x, const struct number_place *places, size_t n) MUST_CHECK;
/* A place that is not here is passed over. */
enum err number_index_remove(
    struct number_index *x, const struct number_place *place) MUST_CHECK;

/* The PINs of the number up to this one go into the archive. */
enum err number_index_archive(
    struct number_index *x, const struct number_place *upto) MUST_CHECK;
/* A PIN that is not here goes there. */
enum err number_index_archive_put(
    struct number_index *x, const struct number_place *place) MUST_CHECK;
/* All PINs up to this one have been looked at; `all`: that are old. The rest of a run
 * that has none after this PIN moves to the run that is written to, some dozen rows at a
 * time.
 */
enum err number_index_archived(
    struct number_index *x, const struct ident *upto, bool all) MUST_CHECK;
/* The first runs go while they have nothing left. */
enum err number_index_drop_empty(struct number_index *x) MUST_CHECK;
/* A PIN comes back from the archive, if it is there. */
enum err number_index_unarchive(
    struct number_index *x, const struct number_place *place) MUST_CHECK;

#endif
