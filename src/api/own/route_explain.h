/* SPDX-License-Identifier: Apache-2.0 */
/* How a question about a message's way is asked (doc/extensions.md). */
#ifndef WW_OWN_ROUTE_EXPLAIN_H
#define WW_OWN_ROUTE_EXPLAIN_H

#include "api/dialect.h"

/* By the query. */
extern const struct wire wire_route_explain;
/* By the body, which may have a text: URLs are written to logs. */
extern const struct wire wire_route_explain_text;

#endif
