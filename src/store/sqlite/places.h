/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of PINs in their numbers that wait in memory (hot.h) until they enter the
 * index on disk (number_index.h): each batch of sends moves as many as it adds, a
 * generation in the order of numbers, so that neighbours share a page. Those in memory
 * are newer than those of the same number on disk.
 *
 * Nothing of it is lost: memory is made anew from the PIN rows after a mark, which
 * follows by one generation; after a batch that was rolled back too.
 */
#ifndef WW_PLACES_H
#define WW_PLACES_H

#include "store/sqlite/hot.h"
#include "store/sqlite/number_index.h"
#include "twofa/period.h"

/* No limit of a day counts PINs that are older (age.c). */
enum { PLACES_AGE_MS = 2 * PERIOD_MS_DAY };

struct places {
	struct engine *engine;
	struct hot *hot;
	struct number_index *index;
	bool loaded;
	size_t most;     /* that wait; less in tests */
	size_t entered;  /* since room was made */
	int64_t mark_ms; /* what was sent before has its place on disk */
};

void places_init(
    struct places *p, struct hot *h, struct number_index *index, size_t most);
/* Memory was cleared: the next load makes it anew. */
void places_forget(struct places *p);
/* In a transaction, before anything asks for them; nothing to do when they are there. */
enum err places_load(struct places *p, int64_t now_ms) MUST_CHECK;
/* Before PINs enter memory: when there are too many, some leave it. */
enum err places_make_room(struct places *p, int64_t now_ms) MUST_CHECK;
/* A PIN was inserted. */
struct hot_pin *places_enter(struct places *p, const struct number_place *place);

/* The newest ones of a number, and whether these are all of interest. */
void places_newest(const struct places *p, struct number_query *q);
/* Those of an application after a place, in the order (destination, PIN id). */
void places_list(const struct places *p, struct number_list *l);
/* Those of the number up to this one go into the archive. */
enum err places_archive(struct places *p, const struct number_place *upto) MUST_CHECK;

#endif
