/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DKIM signatures (RFC 6376) for who has no relay that signs: rsa-sha256, relaxed for
 * head and body, over all fields that a reader is shown. By libopendkim, on the calling
 * thread: 1 to 3 ms with a key of 2048 bits, most of it for reading the key, which the
 * library does for each mail.
 */
#ifndef WW_MAIL_DKIM_H
#define WW_MAIL_DKIM_H

#include "base/buf.h"

struct mail_dkim;

struct mail_dkim_options {
	const char *domain; /* "example.com" */
	const char
	    *selector; /* "2026": the key is published as 2026._domainkey.example.com */
	const char *key_file; /* PEM, without a passphrase */
};

/* ERR_IO, ERR_INVALID: the file, or its key, is no good; a sentence in why. */
enum err mail_dkim_new(
    const struct mail_dkim_options *o, char why[256], struct mail_dkim **out) MUST_CHECK;
void mail_dkim_free(struct mail_dkim *d); /* NULL is allowed */
/* The field of the signature in front of the mail. ERR_INTERNAL: it could not be made,
 * and the mail is as it was. */
enum err mail_dkim_sign(struct mail_dkim *d, struct buf *mail) MUST_CHECK;

#endif
