/* SPDX-License-Identifier: Apache-2.0 */
/* The operations, for the dialects' tables of routes. */
#ifndef WW_OPS_H
#define WW_OPS_H

#include "api/call.h"

/* own/lift.c */
extern const struct operation op_lift;

/* own/timeline.c */
extern const struct operation op_timeline;

/* ops/access.c */
extern const struct operation op_session_create;
extern const struct operation op_session_delete;
extern const struct operation op_token_create;

/* own/receipt.c */
extern const struct operation op_receipt;

/* own/route.c */
extern const struct operation op_route_explain;
extern const struct operation op_route_explain_body;

#endif
