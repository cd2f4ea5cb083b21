/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that may be receipts of a carrier, from an HTTP loop to the store and back.
 * The loop's thread reads the request and offers a job for each receipt; the answer goes
 * back when the last of them is durable, and not before. Delivery's own thread has no
 * part in it.
 */
#ifndef WW_CARRIER_CALLBACKS_H
#define WW_CARRIER_CALLBACKS_H

#include "api/options.h"
#include "conf/conf.h"
#include "delivery/receipts.h"

struct carrier_callbacks;

/* All are borrowed. */
struct carrier_callbacks *carrier_callbacks_new(const struct conf *conf,
    const struct clock *clock, struct receipts *receipts) MUST_CHECK;
/*
 * Any thread. `in` is answered once, now or later: OK, and all that it reports is durable
 * or is nothing to keep; ERR_FORBIDDEN: it is not from that carrier, or there is none of
 * that name; ERR_SYNTAX: it cannot be read; ERR_OVERLOADED: some of it is not durable,
 * and the carrier shall send it again.
 */
void carrier_callbacks_give(struct carrier_callbacks *k, struct carrier_callback *in);
/* After the last answer. */
void carrier_callbacks_free(struct carrier_callbacks *k);

#endif
