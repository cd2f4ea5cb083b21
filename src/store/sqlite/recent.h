/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs of destinations, which limits count and verifies look up, by (application,
 * destination, PIN). As an index each send would change a page of its own there. So the
 * newest RECENT_MAX stand in a table in memory, and sends move others into the table on
 * disk (destination_young), as many as came, in the order of that table: neighbours share
 * a page. One place goes around the table, and what it passes goes, the oldest of a
 * destination first; so those in memory are newer than those on disk. Ids of one
 * millisecond are in no order: nothing moves while memory has some of this one.
 *
 * What is older than RECENT_AGE_MS goes on into the table destination_pin, which is large
 * and which sends need not look into (age.c).
 *
 * Nothing of it is lost: memory is made anew from the PIN rows after a mark, which
 * follows by one round. After a batch that was rolled back too.
 */
#ifndef WW_RECENT_H
#define WW_RECENT_H

#include "twofa/ident.h"
#include "twofa/period.h"

struct engine;

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
	struct ident aged;      /* what is in destination_pin is not after this one */
	int64_t upgraded_ms;    /* all that was there then is in it */
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
/* What is old is old up to this PIN. */
enum err recent_aged(struct sqlite_pins *p, const struct ident *upto) MUST_CHECK;
/* Others were removed. */
enum err recent_recount(struct sqlite_pins *p) MUST_CHECK;

#endif
