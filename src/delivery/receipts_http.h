/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that may be receipts of a carrier, from an HTTP loop to the store and back.
 * The loop's thread reads the request and offers a job for each receipt; the answer goes
 * back when the last of them is durable, and not before. Delivery's own thread has no
 * part in it.
 */
#ifndef WW_RECEIPTS_HTTP_H
#define WW_RECEIPTS_HTTP_H

#include "api/options.h"
#include "conf/conf.h"
#include "delivery/receipts.h"

struct receipts_http;

/* All are borrowed. */
struct receipts_http *receipts_http_new(const struct conf *conf,
    const struct clock *clock, struct receipts *receipts) MUST_CHECK;
/*
 * Any thread. `in` is answered once, now or later: OK, and all that it reports is durable
 * or is nothing to keep; ERR_FORBIDDEN: it is not from that carrier, or there is none of
 * that name; ERR_SYNTAX: it cannot be read; ERR_OVERLOADED: some of it is not durable,
 * and the carrier shall send it again.
 */
void receipts_http_give(struct receipts_http *k, struct carrier_callback *in);
/* After the last answer. */
void receipts_http_free(struct receipts_http *k);

#endif
