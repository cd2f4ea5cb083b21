/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals: the reason, when to try again, and the dialect's words for the error. */
#ifndef WW_REFUSE_H
#define WW_REFUSE_H

#include "api/call.h"

/* The response is this error. */
void refuse(struct call *c, enum err e);
/* The same, and it is complete. */
void refuse_call(struct call *c, enum err e);
/* OK: the call is under way or over; else it is refused and finished. */
void refuse_unless_ok(struct call *c, enum err e);

#endif
