/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and proofs of HTTP APIs. Which octets one covers is each API's. */
#ifndef WW_HTTP_SIGN_H
#define WW_HTTP_SIGN_H

#include "base/arena.h"

/* Whether this machine's OpenSSL has it: one that is held to FIPS 140 has no MD5. To be
 * asked where the configuration is checked, before any of these. */
bool http_sign_digest_exists(const char *digest);
/* HMAC (RFC 2104) by "md5", "sha1", "sha256" or "sha512", as Base64 or as hex digits of
 * lower case; in the arena. */
const char *http_sign_hmac_base64(
    struct arena *a, const char *digest, struct span key, struct span message);
const char *http_sign_hmac_hex(
    struct arena *a, const char *digest, struct span key, struct span message);
/* MD5 (RFC 1321) of the message with the key behind it, as hex digits. */
const char *http_sign_md5_hex(struct arena *a, struct span key, struct span message);
/* SHA-256 (FIPS 180-4) as hex digits of lower case. */
const char *http_sign_sha256_hex(struct arena *a, struct span message);
/* "Basic ..." (RFC 7617). */
const char *http_sign_basic(struct arena *a, const char *user, const char *password);
/* In a time that depends on the lengths alone. */
bool http_sign_equal(const char *wanted, struct span given);
/* The same of hex digits, which mean octets: those of either case are one. */
bool http_sign_equal_hex(const char *wanted, struct span given);

#endif
