/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API keys: "ww_", 27 Base62 characters (160 bits of randomness), and 6 more with
 * the CRC-32 (ISO 3309) of what precedes them, so that a mistyped or cut key is
 * told from an unknown one and secret scanners find ours. The store keeps only the
 * BLAKE2b-256 of the whole. Keys of any other shape may be imported: nothing but
 * the generator knows the form.
 */
#ifndef WW_API_KEY_H
#define WW_API_KEY_H

#include "base/clock.h"
#include "base/secret.h"

enum {
	API_KEY_LEN = 3 + 27 + 6,
	API_KEY_V1_LEN = 32 + 1 + 36,
	API_KEY_ID_LEN = 32,
	API_KEY_TEXT_MAX = 256,
	UUID_TEXT_LEN = 36
};

void api_key_make(const struct entropy *e, char out[API_KEY_LEN + 1]);
/* 32 hex digits, a dash and a UUID: what version 1 hands out, and some callers count. */
void api_key_make_v1(const struct entropy *e, char out[API_KEY_V1_LEN + 1]);
/* A random UUID (RFC 9562, version 4: 122 bits), lower case. */
void api_key_make_uuid(const struct entropy *e, char out[UUID_TEXT_LEN + 1]);
void api_key_hash(struct span key, uint8_t out[SECRET_HASH_LEN]);
/* The public name of a key: the first 16 octets of its hash in upper-case hex. */
void api_key_id(const uint8_t hash[SECRET_HASH_LEN], char out[API_KEY_ID_LEN + 1]);

#endif
