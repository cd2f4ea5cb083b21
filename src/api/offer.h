/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a call to the store, or to delivery, and back to its loop with the answer.
 */
#ifndef WW_OFFER_H
#define WW_OFFER_H

#include "api/call.h"

/* Offers the job; the operation's `answer` runs on the loop's thread after the commit. */
enum err offer_job(struct call *c, struct job *j, enum verb verb) MUST_CHECK;
/* The same for a list that is made in pieces (listing.h); `piece` is in that job.
 * ERR_THROTTLED, ERR_OVERLOADED: there is no room for its answer. */
enum err offer_list(
    struct call *c, struct job *j, enum verb verb, struct list_piece *piece) MUST_CHECK;
/* For an answer that is known at once: answers. */
enum err offer_none(struct call *c) MUST_CHECK;
/* For work of others than the store: a task that answers, to be pushed to the loop. */
struct task *offer_task(struct call *c);

#endif
