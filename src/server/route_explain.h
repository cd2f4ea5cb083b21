/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would become of a message to a number, as JSON, without sending it: route,
 * carriers in their order, sender, alphabet, segments, price, and what would stop it.
 * By the configuration alone: who is up just now is not asked, and the limits of an
 * application are the application's.
 */
#ifndef WW_ROUTE_EXPLAIN_H
#define WW_ROUTE_EXPLAIN_H

#include "base/buf.h"
#include "server/conf.h"

/* `text` may be NULL; {{pin}} in it counts as six digits. `lines`: where the route stands
 * in the configuration, which is for who can read that. ERR_INVALID: no number. */
enum err route_explain(const struct conf *c, const char *to, const char *text, bool lines,
    struct buf *out) MUST_CHECK;

#endif
