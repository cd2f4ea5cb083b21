/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-origin calls (Fetch, "CORS protocol"). Version 1 was made to be called from
 * pages of any origin and says so in every response, errors included (contract 0.6);
 * version 2 does when the option `api.cors_v2` allows the origin; nothing else does.
 */
#ifndef WW_CORS_H
#define WW_CORS_H

#include "api/call.h"

/* Headers that dialects put: pages of any origin may call. */
bool cors_any(struct call *c);
/* Those of the origins that `api.cors_v2` names; false: it is off. */
bool cors_by_option(struct call *c);
/* The headers that this response owes; after route_find. */
void cors_put(struct call *c);
/* An OPTIONS to a URL that exists, which asks for no credential: answers it. */
bool cors_preflight(struct call *c);

#endif
