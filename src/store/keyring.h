/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that PINs are computed from: a file (mode 0600) beside the store, never
 * in it, so that a leaked database or backup holds no PIN and no key.
 *
 * A line is `key_id created not_after key check_sum`, times in milliseconds, the key 64
 * hex digits, the sum the first 8 of BLAKE2b-256 of what stands before it. Lines without
 * one are from before there was one and get it when the file is written next; lines may
 * be put together from two copies of the file. The newest key makes new PINs; after the
 * rotation period a new one takes over. `not_after` is never earlier than the expiry of
 * the last PIN made with the key: it is written before such a PIN is. After it the key is
 * destroyed, and never before: when all places are taken, by a short rotation beside long
 * lives, the newest key stays in use until one is free.
 *
 * A second file of the same kind has the keys of idempotency records (idempotency.h).
 *
 * Safe to use from several threads.
 */
#ifndef WW_KEYRING_H
#define WW_KEYRING_H

#include "base/clock.h"
#include "twofa/pin.h"

enum { KEYRING_KEYS_MAX = 1024 };
/* The highest number of a key; more may be added to it. */
#define KEYRING_ID_MAX (INT64_MAX / 4)

struct keyring;

/*
 * Where there is no file the first key makes it. ERR_IO (it cannot be read to its end),
 * ERR_CORRUPT (it is not what was written) and ERR_FORBIDDEN (others may read it) put a
 * sentence into why, and leave the file as it is.
 */
enum err keyring_open(const char *path, const struct entropy *e, int64_t rotation_ms,
    char why[256], struct keyring **out) MUST_CHECK;
void keyring_free(struct keyring *k);
/* The key for a PIN that lives until expires_at_ms. ERR_NO_SPACE, ERR_IO: the file cannot
 * be written. */
enum err keyring_current(struct keyring *k, int64_t now_ms, int64_t expires_at_ms,
    int64_t *key_id_out) MUST_CHECK;
/* ERR_NO_KEY: not on this node (any more). The caller wipes `out`. */
enum err keyring_find(
    struct keyring *k, int64_t key_id, uint8_t out[PIN_KEY_LEN]) MUST_CHECK;
bool keyring_has(struct keyring *k, int64_t key_id) MUST_CHECK;
/* The number of the newest key; 0: there is none. */
int64_t keyring_newest(struct keyring *k);
/* Numbers up to this one are taken, whatever the file says: no new key gets one. */
void keyring_reserve(struct keyring *k, int64_t key_id);
/* Destroys the keys whose time was over at settled_ms (store_clock.h); how many. */
unsigned keyring_expire(struct keyring *k, int64_t settled_ms);

#endif
