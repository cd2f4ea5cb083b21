/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sounds of phrases in memory, found by a key, the least recently used of them leaving
 * when there are too many octets. A sound is shared: whoever has one keeps it, also after
 * the table has let go of it.
 */
#ifndef WW_SOUND_TABLE_H
#define WW_SOUND_TABLE_H

#include "base/secret.h"

enum { SOUND_TABLE_KEY_LEN = SECRET_HASH_LEN };

struct sound {
	unsigned users; /* atomic */
	size_t count;
	int16_t samples[]; /* at the line's rate */
};

/* Copies the samples (NULL: zeros, to be filled); one user, who is to drop it. */
struct sound *sound_table_sound(const int16_t *samples, size_t count) MUST_CHECK;
/* The same sound, with one user more. */
struct sound *sound_table_share(struct sound *s);
/* NULL is allowed. The last one wipes it. */
void sound_table_drop(struct sound *s);

struct sound_table;

/* One thread at a time, by a lock of its user. */
struct sound_table *sound_table_new(size_t len_max) MUST_CHECK;
void sound_table_free(struct sound_table *t);
/* To be dropped; NULL: it is not there. */
struct sound *sound_table_find(
    struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN]) MUST_CHECK;
/* The table becomes one more user. One of that key is replaced. */
void sound_table_put(
    struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN], struct sound *s);

#endif
