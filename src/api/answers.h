/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets of long answers, from the time when one is begun until its client has taken all
 * of it: counted in all and for each account, with a bound on both, so that a client that
 * asks and does not read takes no memory from others. An account may have a quarter. An
 * account that is alone passes: there is no list that nobody could have. Short answers
 * (up to ANSWERS_SHORT octets) are not counted; they fit into what a connection has
 * anyway.
 */
#ifndef WW_ANSWERS_H
#define WW_ANSWERS_H

#include "twofa/ident.h"

enum { ANSWERS_SHORT = 16 * 1024, ANSWERS_STEP = 64 * 1024, ANSWERS_SHARE = 4 };

/* The room that one answer has taken; zero: none. */
struct answer_room {
	struct answers_of *account;
	size_t octets;
};

struct answers;

struct answers *answers_new(size_t octets_max) MUST_CHECK;
void answers_free(struct answers *a);
/*
 * Any thread. Room for at least so many octets in the whole of this answer; what it has
 * stays when there is none. ERR_THROTTLED: the account has its share; ERR_OVERLOADED: all
 * of it is taken.
 */
enum err answers_take(struct answers *a, const struct ident *account,
    struct answer_room *room, size_t octets) MUST_CHECK;
/* The same for an answer that has to be given: it is counted, and others have less. */
void answers_owe(struct answers *a, const struct ident *account, struct answer_room *room,
    size_t octets);
/* Any thread; what has nothing gives nothing. */
void answers_give(struct answers *a, struct answer_room *room);

#endif
