/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An email as octets (RFC 5322, 2045 to 2047, 6532): what a relay takes, and what a
 * mailbox's owner can save as a file. Written by a machine for one person, and so
 * marked (RFC 3834 5). It holds the PIN, and whoever has it wipes it.
 */
#ifndef WW_MAIL_MESSAGE_H
#define WW_MAIL_MESSAGE_H

#include "base/clock.h"
#include "carrier/mail_address.h"
#include "base/buf.h"
#include "twofa/content.h"

enum { MAIL_MESSAGE_ID_LEN = 32 };

struct mail_message_draft {
	const char *from; /* "Jane Smith <jane@example.com>", or a mailbox alone */
	const char *to;   /* the same */
	const struct content_email *content; /* rendered */
	int64_t at_ms;
	const struct entropy *entropy;
};

struct mail_message {
	struct mail_address from; /* these two in the arena */
	struct mail_address to;
	char id[MAIL_MESSAGE_ID_LEN + 1]; /* of Message-ID, before its @; random */
	struct buf octets;                /* lines end with CR LF */
};

/*
 * ERR_INVALID with the reason: an address that is none; ERR_TOO_LARGE. The message is
 * empty then, and needs no end.
 */
enum err mail_message_compose(struct arena *a, const struct mail_message_draft *draft,
    struct mail_message *out, const char **why_out) MUST_CHECK;
/* Wipes it. */
void mail_message_fini(struct mail_message *m);

#endif
