/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of a mail's head (RFC 5322 3): folded at 78 characters where they can be, with
 * encoded words for what is not ASCII (RFC 2047). A value is cleaned on its way, so that
 * no octet of it can end its line: a control character is a blank, and what is no UTF-8
 * is U+FFFD.
 */
#ifndef WW_MAIL_HEADER_H
#define WW_MAIL_HEADER_H

#include "base/buf.h"
#include "carrier/mail_address.h"

/* A text that nobody but a person reads: "Subject". */
void mail_header_put_text(struct buf *out, const char *name, struct span value);
/* "From", "To". The local part stays in UTF-8 where it is not ASCII (RFC 6532). */
void mail_header_put_address(
    struct buf *out, const char *name, const struct mail_address *address);

#endif
