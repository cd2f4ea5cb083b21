/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts on their way from carriers to the store: each one is committed before its
 * carrier is told to acknowledge it. Those that fit no message yet are held by the store
 * (store/verbs/receipt.c) and tried again from here, on delivery's thread.
 */
#ifndef WW_RECEIPTS_H
#define WW_RECEIPTS_H

#include "carrier/carrier.h"
#include "store/receipt.h"

struct queue;
struct receipts;
struct store;

/* `queue` is run by the loop of `base`. A text of which only some parts were reported
 * ends `half_wait_ms` after the newest. */
struct receipts *receipts_new(struct event_base *base, struct queue *queue,
    struct store *store, int64_t half_wait_ms) MUST_CHECK;
void receipts_start(struct receipts *r);
/* `taken` is told false at once when the store takes nothing more. */
void receipts_take(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt);
/*
 * The same for who waits on another thread: fills in the job but for arena, owner and
 * finish; the texts are borrowed.
 */
void receipts_job(const struct receipts *r, const char *carrier,
    const struct carrier_receipt *receipt, struct receipt_job *out);
/* Any thread. ERR_OVERLOADED: the store takes nothing more. */
enum err receipts_offer(struct receipts *r, struct receipt_job *j) MUST_CHECK;
/* Any thread, once for each job that is over: the log's line, and what follows from it.
 */
void receipts_done(struct receipts *r, const struct receipt_job *j);
/* From here on no carrier is told anything; what is under way still becomes durable. */
void receipts_stop(struct receipts *r);
/* After the store was closed and the queue was run. */
void receipts_free(struct receipts *r);

#endif
