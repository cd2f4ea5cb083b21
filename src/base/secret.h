/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptographic primitives by libsodium, and text forms of bytes. Nothing here
 * knows what is being protected.
 */
#ifndef WW_SECRET_H
#define WW_SECRET_H

#include "base.h"

enum { SECRET_MAC_LEN = 32, SECRET_HASH_LEN = 32 };

/* Call once before anything else; a second call does nothing. */
void secret_init(void);
/* HMAC-SHA-256 (RFC 2104, FIPS 198-1). */
void secret_hmac(const uint8_t key[32], struct span message, uint8_t out[SECRET_MAC_LEN]);
/* BLAKE2b-256 without a key (RFC 7693). */
void secret_hash(struct span message, uint8_t out[SECRET_HASH_LEN]);
/* Equal content, in a time that depends on `len` alone. */
bool secret_equal(const void *a, const void *b, size_t len);
void secret_wipe(void *ptr, size_t len);
/* Upper or lower case; `out` has room for 2 * len + 1. */
void secret_hex_upper(const void *ptr, size_t len, char *out);
void secret_hex_lower(const void *ptr, size_t len, char *out);
/* False unless `text` is exactly 2 * len hex digits of any case. */
bool secret_from_hex(struct span text, uint8_t *out, size_t len) MUST_CHECK;

#endif
