/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in to a relay (RFC 4954): what is said at each step of a mechanism. PLAIN is
 * RFC 4616; LOGIN and XOAUTH2 have no standard, and are what relays ask for.
 */
#ifndef WW_SMTP_AUTH_H
#define WW_SMTP_AUTH_H

#include "base/buf.h"

enum smtp_auth {
	SMTP_AUTH_AUTO, /* PLAIN, or LOGIN where that is all there is */
	SMTP_AUTH_PLAIN,
	SMTP_AUTH_LOGIN,
	SMTP_AUTH_XOAUTH2,
};

struct smtp_auth_secret {
	const char *user;
	const char *secret; /* a password; of XOAUTH2 an access token */
};

/* The mechanism by its word in EHLO; SMTP_AUTH_AUTO: another one. */
enum smtp_auth smtp_auth_named(struct span word);
/* The line of that step, from 0, without its end; false: there is no such step. */
bool smtp_auth_put(struct buf *out, enum smtp_auth mechanism, unsigned step,
    const struct smtp_auth_secret *secret);

#endif
