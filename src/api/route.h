/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the operation of a request target (RFC 9112 3.2, RFC 3986). */
#ifndef WW_ROUTE_H
#define WW_ROUTE_H

#include <stdio.h>

#include "api/call.h"

/*
 * Fills in dialect, route, params and query. ERR_NO_ROUTE; ERR_METHOD with
 * response.allow. One trailing slash is passed over, slashes in a row are one.
 * Percent-encoded octets of parameters are decoded.
 */
enum err route_find(struct call *c) MUST_CHECK;
/* As api_print_routes. */
void route_print(FILE *to);

#endif
