/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sounds of phrases on disk, a file each, named by a key. A file is whole or not there,
 * has a checksum over its key and its samples, and is removed when that does not fit. The
 * oldest leave when there are too many octets.
 *
 *   "WWSOUND1" | BLAKE2b-256 of key and samples | samples of 16 bits, little-endian
 *
 * Nothing is lost with it; no file is synced.
 */
#ifndef WW_PHRASE_CACHE_H
#define WW_PHRASE_CACHE_H

#include "speech/sound_table.h"

struct phrase_cache;

/*
 * `made_by` names the program that makes the sounds: those of another one are removed.
 * ERR_IO: the folder cannot be made or read; `why` says it.
 */
enum err phrase_cache_open(const char *folder, size_t len_max, const char *made_by,
    char why[256], struct phrase_cache **out) MUST_CHECK;
/* NULL is allowed. */
void phrase_cache_close(struct phrase_cache *c);
/* To be dropped; NULL: it is not there. */
struct sound *phrase_cache_load(
    struct phrase_cache *c, const uint8_t key[SOUND_TABLE_KEY_LEN]) MUST_CHECK;
/* ERR_IO, ERR_NO_SPACE: it is not kept. */
enum err phrase_cache_save(struct phrase_cache *c, const uint8_t key[SOUND_TABLE_KEY_LEN],
    const struct sound *s) MUST_CHECK;

#endif
