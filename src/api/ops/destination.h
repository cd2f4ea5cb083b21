/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and mailboxes of requests in their one canonical form. */
#ifndef WW_OPS_DESTINATION_H
#define WW_OPS_DESTINATION_H

#include "api/call.h"

/* In the call's arena; NULL: it is none, and `field` is in the fail. */
const char *destination_read(
    struct call *c, enum channel_address kind, const char *field, const char *text);
/* The same of the member `to`, of either kind: an "@" makes a mailbox. */
const char *destination_read_any(struct call *c, const char *text);

#endif
