/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way that a message would go, as JSON, without sending it: route,
 * carriers in their order, sender, alphabet, segments, price, and what would stop it. By
 * the configuration; how carriers stand now, and what the limits of an application leave,
 * is told where it is given.
 */
#ifndef WW_ROUTE_EXPLAIN_H
#define WW_ROUTE_EXPLAIN_H

#include "api/api.h"
#include "conf/conf.h"
#include "delivery/carrier_group.h"

struct route_subject {
	enum channel channel;
	const char *to;
	const char *text; /* {{pin}} in it counts as six digits; NULL: none */
	bool lines;       /* where the route stands in the configuration, which is for who
			     can read that */
	const struct route_limit *limits; /* of an application */
	size_t limit_count;
	bool disabled; /* the application is */
	/* In the order of the configuration's carriers; NULL: not known. */
	const struct carrier_group_state *states;
};

/* ERR_INVALID: `to` is not of the channel's kind. */
enum err route_explain(
    const struct conf *c, const struct route_subject *s, struct buf *out) MUST_CHECK;

#endif
