/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guesses change of PIN rows. Each row is a page of its own among many; so a guess
 * is written to the end of a journal (table guess), which many share, and kept in memory,
 * where the newest is found by its PIN. Whoever reads attempts, times or the log of
 * verifies from a PIN row asks here first.
 *
 * Memory is two generations. Guesses enter the young one; when that is full it becomes
 * the old one, and while the next fills, the old one goes into the PIN rows in the order
 * of their ids, neighbours on a page together, and its part of the journal is removed.
 * The work follows the guesses, a few rows for each, so that no batch does much of it.
 *
 * Nothing of it is lost: memory is made anew from the journal at a start, and after a
 * batch that was rolled back.
 */
#ifndef WW_GUESSES_H
#define WW_GUESSES_H

#include "store/item.h"
#include "store/sqlite/ident_table.h"
#include "store/pins.h"

/* Journal rows of a generation, some 200 octets of memory each; what has a long log
 * counts for more. */
enum { GUESSES_MAX = 16384 };

struct guess {
	struct ident pin_id; /* first: it is found by it */
	struct item item;
	int64_t seq;               /* in the journal */
	struct verify_state state; /* attempts 0: it stays */
	struct span log;           /* of verifies; a null one: it stays */
};

/* Where one stands in the order of ids, by the front of its id: their time, and some. */
struct guess_place {
	uint64_t front;
	uint32_t number;
};

/* The newest guess of each PIN. */
struct generation {
	struct arena arena;        /* logs */
	struct ident_table table;  /* of struct guess */
	struct guess_place *order; /* of the old one */
	size_t weight;
	int64_t last_seq;
};

struct guesses {
	bool loaded;
	size_t most; /* GUESSES_MAX; less in tests */
	struct generation young;
	struct generation old;
	size_t settled;      /* of the old ones, in their order */
	int64_t removed_seq; /* the journal begins after it */
	int64_t seq;         /* its newest */
	size_t entered;      /* their weight, since some were settled */
};

struct sqlite_pins;

void guesses_init(struct guesses *g, size_t most);
void guesses_fini(struct guesses *g);
/* Before anything asks for them. */
enum err guesses_load(struct sqlite_pins *p) MUST_CHECK;
/* What was read from a PIN's row is made what it is now. The log is valid until the next
 * guess is written. */
void guesses_state(
    const struct guesses *g, const struct ident *pin_id, struct verify_state *state);
void guesses_log(const struct guesses *g, const struct ident *pin_id, struct span *log);
/* Both. */
void guesses_row(const struct guesses *g, const struct ident *pin_id,
    struct verify_state *state, struct span *log);
/* Items of a struct guess each; a PIN may be there more than once. */
enum err guesses_write(struct sqlite_pins *p, struct item **items, size_t n) MUST_CHECK;
/* After that: some of the old ones go into their rows. */
enum err guesses_settle(struct sqlite_pins *p) MUST_CHECK;

#endif
