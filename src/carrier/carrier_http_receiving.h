/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the room: requests with receipts, from their check to the answer. One is
 * answered when all that it reports is durable, and not before.
 */
#ifndef WW_CARRIER_HTTP_RECEIVING_H
#define WW_CARRIER_HTTP_RECEIVING_H

#include "carrier/carrier_http.h"

struct carrier_http_receiving;

struct carrier_http_receiving *carrier_http_receiving_new(
    const struct carrier_http_vendor *vendor, const struct carrier_config *config,
    const struct carrier_env *env) MUST_CHECK;
void carrier_http_receiving_take(struct carrier_http_receiving *r,
    const struct carrier_request *request, carrier_received_f *done, void *ctx);
/* Those that wait are told to come again. */
void carrier_http_receiving_free(struct carrier_http_receiving *r);

#endif
