/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts on their way from carriers to the store, on delivery's thread: each one is
 * committed before its carrier is told to acknowledge it. Those that fit no message
 * yet are held by the store (store/verbs/receipt.c) and tried again from here.
 */
#ifndef WW_RECEIPTS_H
#define WW_RECEIPTS_H

#include "carrier/carrier.h"

struct queue;
struct receipts;
struct store;

/* `queue` is run by the loop of `base`, on whose thread all of this happens. */
/* A text of which only some parts were reported ends `half_wait_ms` after the newest. */
struct receipts *receipts_new(struct event_base *base, struct queue *queue,
    struct store *store, int64_t half_wait_ms) MUST_CHECK;
void receipts_start(struct receipts *r);
/* `taken` is told false at once when the store takes nothing more. */
void receipts_take(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt);
/* From here on no carrier is told anything; what is under way still becomes durable. */
void receipts_stop(struct receipts *r);
/* After the store was closed and the queue was run. */
void receipts_free(struct receipts *r);

#endif
