/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way that a message would go, asked without sending it. Where an application is
 * named, the store says first what its limits leave; then delivery answers, which knows
 * routes and carriers, and writes the answer itself (struct route_question).
 */
#ifndef WW_OPS_ROUTE_EXPLAIN_H
#define WW_OPS_ROUTE_EXPLAIN_H

#include "api/dialect.h"
#include "twofa/channel.h"
#include "twofa/ident.h"

struct route_explain_ask {
	enum channel channel;
	const char *to;   /* of its kind, in any spelling; NULL: it could not be read */
	const char *text; /* or NULL */
	bool limited;     /* by those of the application */
	struct ident application;
	/* made by the operation */
	const char *destination; /* canonical */
};

extern const struct operation op_route_explain;
/* The same with a text, under a name of its own for throttles. */
extern const struct operation op_route_explain_text;

#endif
