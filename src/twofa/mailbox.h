/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail addresses: what may stand in the From of a message. The domain is letters,
 * digits and hyphens between dots, the local part an unquoted one; octets beyond ASCII
 * are taken in both (RFC 6531), and no control character anywhere, so that nothing can
 * end a header line.
 */
#ifndef WW_MAILBOX_H
#define WW_MAILBOX_H

#include "base/base.h"

enum { MAILBOX_LEN_MAX = 254, MAILBOX_FROM_MAX = 320 };

/* In lower case: few servers tell cases of a local part apart, and RFC 5321 2.4 advises
 * against relying on that; a number of messages to a mailbox is bounded in all its
 * spellings. Surrounding blanks go. ERR_INVALID: it is no mailbox. */
enum err mailbox_canonical(struct span s, char out[MAILBOX_LEN_MAX + 1]) MUST_CHECK;
/* "jane@example.com" (RFC 5321 4.1.2, dot-string). */
bool mailbox_is(struct span s);
/* A mailbox, or "Jane Smith <jane@example.com>". */
bool mailbox_is_from(struct span s);

#endif
