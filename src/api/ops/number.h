/* SPDX-License-Identifier: Apache-2.0 */
/* Telephone numbers of asks. */
#ifndef WW_OPS_NUMBER_H
#define WW_OPS_NUMBER_H

#include "api/call.h"

/* Canonical, in the call's memory; NULL after a fault of "to" that says what is wrong. */
const char *number_read(struct call *c, const char *text);

#endif
