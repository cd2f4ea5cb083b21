/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines at the end of a short message by which a phone fills in the PIN.
 *
 *   @example.com #123456    for browsers: W3C WebOTP, "origin-bound one-time code", which
 * is Apple's domain-bound code; the last line, by both FA+9qCX9VSu             for an
 * Android app: the hash of SMS Retriever, 11 characters; a message with it has at most
 * 140 octets, which is one part
 *
 * In a text of several parts the last line stands whole in the last part: blanks before
 * it move it there. The hash is left out where the message is too long for it.
 */
#ifndef WW_SMS_AUTOFILL_H
#define WW_SMS_AUTOFILL_H

#include "base/buf.h"
#include "twofa/sms_text.h"

enum {
	/* "@" domain " #" and the longest PIN fit into a part of a UCS-2 text of many. */
	SMS_AUTOFILL_DOMAIN_MAX = 48,
	SMS_AUTOFILL_HASH_LEN = 11,
};

struct sms_autofill {
	const char *domain;       /* NULL: none */
	const char *android_hash; /* NULL: none */
};

/* The result of sms_autofill_add. */
struct sms_autofill_added {
	size_t line_len; /* octets of the last line; 0: none */
	unsigned blanks; /* before it */
	bool hash;       /* it is there */
};

/* A host's name (RFC 1123 2.1) with a dot in it, in lower case. */
bool sms_autofill_is_domain(const char *text);
/* 11 characters of base64 (RFC 4648 4). */
bool sms_autofill_is_hash(const char *text);
/*
 * Appends the lines to the message behind `begin`, which goes out in that alphabet or
 * UCS-2.
 */
struct sms_autofill_added sms_autofill_add(enum sms_alphabet own, struct buf *out,
    size_t begin, const struct sms_autofill *autofill, const char *pin);

#endif
