/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the room: requests with receipts, from their check to the answer. One is
 * answered when all that it reports is durable, and not before.
 */
#ifndef WW_HTTP_RECEIVE_H
#define WW_HTTP_RECEIVE_H

#include "carrier/carrier_http.h"

struct http_receiving;

struct http_receiving *http_receiving_new(const struct http_vendor *vendor,
    const struct carrier_config *config, const struct carrier_env *env) MUST_CHECK;
void http_receiving_take(struct http_receiving *r, const struct carrier_request *request,
    carrier_received_f *done, void *ctx);
/* Those that wait are told to come again. */
void http_receiving_free(struct http_receiving *r);

#endif
