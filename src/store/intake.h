/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that wait for the store, and the next batch of them. Jobs wait in lanes: what ends
 * something that was begun (a verify, an outcome, a receipt) before a resend, a resend
 * before a send, a send before the rest, and lists, which may read many rows, last. Each
 * lane has a part of every batch that is its own, so that none starves: two thirds are
 * the first lane's, where the outcomes of the others come back as well; what one leaves
 * goes to the first that waits. The rest never gets more than a quarter of a batch and
 * lists never more than INTAKE_LISTS_MAX, or they would hold up everybody.
 *
 * Overload is told apart by lane as well: when half of the room is taken sends are
 * refused, then resends, and verifies last.
 */
#ifndef WW_INTAKE_H
#define WW_INTAKE_H

#include "store/verb.h"

enum { INTAKE_LISTS_MAX = 2 };

struct intake {
	struct {
		struct task *first;
		struct task **last;
		size_t len;
	} lanes[INTAKE_LANES];
	size_t len;
	size_t patient;             /* of them, those for which nobody waits */
	size_t taken[INTAKE_LANES]; /* by the last batch */
};

void intake_init(struct intake *in);
/* How many jobs may wait, of room for len_max, before one of this verb is refused. */
size_t intake_bound(enum verb v, size_t len_max);
/* Puts a list of jobs, oldest first, into their lanes. */
void intake_put(struct intake *in, struct task *jobs);
/*
 * Takes out what was offered before a steady time and stands in a lane that holds more
 * than a batch of `most`: it would come to be served so late that to say "come again" is
 * better. Never of the first lane. Linked by next; NULL: none.
 */
struct task *intake_stale(struct intake *in, size_t most, int64_t before_ms);
/* Does something wait, and is there nobody who waits for any of it? */
bool intake_is_patient(const struct intake *in);
/* The next batch: at most `most` jobs, linked by next; NULL when nothing waits. */
struct task *intake_take(struct intake *in, size_t most);

#endif
