/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends delivery reports to those who subscribed (configuration `reports`). A thread, a
 * loop and HTTP clients of its own: a receiver that is slow, or down, delays nobody's PIN
 * and no other receiver. Reports that are owed stand in the store; here are only those
 * being sent just now, at most `concurrency` for each subscription.
 *
 * At least once: a report goes when its receiver answered 2xx, or after the last retry.
 */
#ifndef WW_REPORTER_H
#define WW_REPORTER_H

#include "conf/conf.h"

struct store;
struct reporter;

/* Tells the store who subscribed. Call before store_start. ERR_IO with a sentence. */
enum err reporter_open(const struct conf *conf, struct store *store, char why[256],
    struct reporter **out) MUST_CHECK;
void reporter_start(struct reporter *r);
/* There is something new. Any thread; NULL is allowed. */
void reporter_wake(struct reporter *r);
/* Takes nothing new, waits for answers at most so long, ends the thread. */
void reporter_stop(struct reporter *r, int64_t wait_ms);
/* After the store was closed; NULL is allowed. */
void reporter_free(struct reporter *r);

#endif
