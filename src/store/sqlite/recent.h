/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of numbers that were sent last, in front of those on disk (number_index.h): as
 * an index each send would change a page of its own there. So the newest RECENT_MAX stand
 * in a table in memory, and sends hand others over, as many as came, in the order of the
 * index: neighbours share a page. One place goes around the table, and what it passes
 * goes, the oldest of a number first; so those in memory are newer than those on disk.
 * Ids of one millisecond are in no order: nothing moves while memory has some of this
 * one.
 *
 * Nothing of it is lost: memory is made anew from the PIN rows after a mark, which
 * follows by one round. After a batch that was rolled back too.
 */
#ifndef WW_RECENT_H
#define WW_RECENT_H

#include "store/sqlite/number_index.h"
#include "twofa/period.h"

/* About 100 octets each; a start looks at four times as many at most, or at those of some
 * days. */
enum { RECENT_MAX = 65536 };
/* More than the day for which limits count as a rule: who counts for longer looks among
 * the old ones too. */
enum { RECENT_AGE_MS = 2 * PERIOD_MS_DAY };

/* A place in the order of all of these tables. */
struct recent_place {
	struct ident application;
	char *destination; /* owned; NULL: before all of them */
	struct ident pin;
};

struct recent {
	bool loaded;
	int64_t most; /* RECENT_MAX; less in tests */
	int64_t count;
	int64_t entered;        /* since some moved */
	int64_t entered_ms;     /* when the last one did */
	struct recent_place at; /* what is up to here was moved in this round */
	int64_t round_ms;       /* when it began */
	int64_t mark_ms;        /* what was sent before is on disk */
};

struct sqlite_pins;

void recent_init(struct recent *r, int64_t most);
void recent_fini(struct recent *r);
/* The statement that makes the table in memory. */
extern const char recent_schema[];
/* Before anything asks for it. */
enum err recent_load(struct sqlite_pins *p) MUST_CHECK;
/* Before PINs enter the table in memory: when there are too many, some leave it. */
enum err recent_make_room(struct sqlite_pins *p) MUST_CHECK;
/* So many did. */
void recent_entered(struct sqlite_pins *p, int64_t count);
/* As number_index_newest and number_index_list answer, of memory alone. */
enum err recent_newest(struct sqlite_pins *p, struct number_query *q) MUST_CHECK;
enum err recent_list(struct sqlite_pins *p, struct number_list *l) MUST_CHECK;
enum err recent_remove(
    struct sqlite_pins *p, const struct number_place *place) MUST_CHECK;
/* The PINs of the number up to this one go from memory into the archive. */
enum err recent_archive(
    struct sqlite_pins *p, const struct number_place *upto) MUST_CHECK;
/* Others were removed. */
enum err recent_recount(struct sqlite_pins *p) MUST_CHECK;

#endif
