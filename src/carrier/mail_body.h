/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text as a part of a mail (RFC 2045): the fields that describe it, and its octets in
 * the encoding that leaves most of it readable. Lines end with CR LF, whatever ended
 * them before; what is no UTF-8 is U+FFFD.
 */
#ifndef WW_MAIL_BODY_H
#define WW_MAIL_BODY_H

#include "base/buf.h"

/* `type` is "plain" or "html". Fields, a blank line, and the text with an end of line. */
void mail_body_put(struct buf *out, const char *type, struct span text);

#endif
