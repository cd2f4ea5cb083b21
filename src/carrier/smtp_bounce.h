/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounces: a mail server's report of a mail (RFC 3461, 3464), as exim, postfix and others
 * write it, posted to us whole. It names its mail by the address it came back to
 * (`bounces+ID@example.com`), or by the Message-ID of what it returns. Pure, and lenient.
 */
#ifndef WW_SMTP_BOUNCE_H
#define WW_SMTP_BOUNCE_H

#include "carrier/carrier.h"

enum { SMTP_BOUNCE_LEN_MAX = 1024 * 1024 };

/*
 * The receipts of it, in `out`: none of one that only says that it takes longer.
 * ERR_SYNTAX: it is no report, or names no mail.
 */
enum err smtp_bounce_read(
    const struct carrier_request *request, struct carrier_receipts *out) MUST_CHECK;

#endif
