/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptographic primitives by libsodium (HMAC by Nettle), and text forms of bytes.
 * Nothing here knows what is being protected.
 */
#ifndef WW_SECRET_H
#define WW_SECRET_H

#include "base.h"

enum { SECRET_MAC_LEN = 32, SECRET_HASH_LEN = 32 };
/* Octets of a password's hash with its end, and of the longest password. */
enum { SECRET_PASSWORD_HASH_LEN = 128, SECRET_PASSWORD_MAX = 128 };

/* Call once before anything else; a second call does nothing. */
void secret_init(void);
/* HMAC-SHA-256 (RFC 2104, FIPS 198-1). */
void secret_hmac(const uint8_t key[32], struct span message, uint8_t out[SECRET_MAC_LEN]);
/* The same with a key of any length. */
void secret_hmac_long(struct span key, struct span message, uint8_t out[SECRET_MAC_LEN]);
/* BLAKE2b-256 without a key (RFC 7693). */
void secret_hash(struct span message, uint8_t out[SECRET_HASH_LEN]);
/* Equal content, in a time that depends on `len` alone. */
bool secret_equal(const void *a, const void *b, size_t len);
void secret_wipe(void *ptr, size_t len);
/*
 * A copy leaves what it moved in vector registers, until another one of about that size;
 * of a thread that goes to rest they are part of every core image. Copies of zeros take
 * their place.
 */
void secret_wipe_registers(void);
/* Upper or lower case; `out` has room for 2 * len + 1. */
void secret_hex_upper(const void *ptr, size_t len, char *out);
void secret_hex_lower(const void *ptr, size_t len, char *out);
/* False unless `text` is exactly 2 * len hex digits of any case. */
bool secret_from_hex(struct span text, uint8_t *out, size_t len) MUST_CHECK;

/* Base64 (RFC 4648, also the URL alphabet) with spaces and line breaks anywhere, padded
 * or not; false when it is none or does not fit. */
bool secret_from_base64(
    struct span text, uint8_t *out, size_t len_max, size_t *len_out) MUST_CHECK;

/*
 * Argon2id (RFC 9106) at 19 MiB and 2 passes, what OWASP asks for: about 16 ms of one
 * core, on purpose. `out` is the text that carries its own salt and costs. ERR_INTERNAL:
 * no memory for it.
 */
enum err secret_password_hash(
    struct span password, char out[SECRET_PASSWORD_HASH_LEN]) MUST_CHECK;
/* Does the password belong to the hash? As costly as making it. */
bool secret_password_check(const char *hash, struct span password) MUST_CHECK;

#endif
