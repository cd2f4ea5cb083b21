/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/sound_table.h"

#include <sys/queue.h>

enum { TABLE_MAGIC = 0x50a4d7ab, BUCKETS = 1024 };

struct entry {
	TAILQ_ENTRY(entry) by_use; /* the last one was used last */
	LIST_ENTRY(entry) in_bucket;
	uint8_t key[SOUND_TABLE_KEY_LEN];
	struct sound *sound;
};

struct sound_table {
	unsigned magic;
	size_t len;
	size_t len_max;
	TAILQ_HEAD(, entry) by_use;
	LIST_HEAD(bucket, entry) buckets[BUCKETS];
};

/* ---- sounds ---- */

struct sound *
sound_table_sound(const int16_t *samples, size_t count)
{
	size_t len = count * sizeof(*samples);
	struct sound *s = mem_new(sizeof(*s) + len);

	s->users = 1;
	s->count = count;
	if (samples != NULL && len > 0)
		memcpy(s->samples, samples, len);
	return s;
}

struct sound *
sound_table_share(struct sound *s)
{
	(void)__atomic_add_fetch(&s->users, 1, __ATOMIC_RELAXED);
	return s;
}

void
sound_table_drop(struct sound *s)
{
	if (s != NULL && __atomic_sub_fetch(&s->users, 1, __ATOMIC_ACQ_REL) == 0)
		mem_free(s);
}

/* ---- the table ---- */

static size_t
cost_of(const struct entry *e)
{
	return sizeof(*e) + sizeof(*e->sound) +
	       e->sound->count * sizeof(*e->sound->samples);
}

/* A key is a hash already. */
static struct bucket *
bucket_of(struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN])
{
	return &t->buckets[((unsigned)key[0] << 8 | key[1]) % BUCKETS];
}

static struct entry *
find_entry(struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN])
{
	struct entry *e;

	for (e = LIST_FIRST(bucket_of(t, key)); e != NULL; e = LIST_NEXT(e, in_bucket))
		if (memcmp(e->key, key, sizeof(e->key)) == 0)
			return e;
	return NULL;
}

static void
remove_entry(struct sound_table *t, struct entry *e)
{
	t->len -= cost_of(e);
	TAILQ_REMOVE(&t->by_use, e, by_use);
	LIST_REMOVE(e, in_bucket);
	sound_table_drop(e->sound);
	mem_free(e);
}

struct sound_table *
sound_table_new(size_t len_max)
{
	struct sound_table *t = mem_new(sizeof(*t));

	t->magic = TABLE_MAGIC;
	t->len_max = len_max;
	TAILQ_INIT(&t->by_use);
	return t;
}

void
sound_table_free(struct sound_table *t)
{
	CHECK_OBJ(t, TABLE_MAGIC);
	while (!TAILQ_EMPTY(&t->by_use))
		remove_entry(t, TAILQ_FIRST(&t->by_use));
	mem_free(t);
}

struct sound *
sound_table_find(struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN])
{
	struct entry *e = find_entry(t, key);

	CHECK_OBJ(t, TABLE_MAGIC);
	if (e == NULL)
		return NULL;
	TAILQ_REMOVE(&t->by_use, e, by_use);
	TAILQ_INSERT_TAIL(&t->by_use, e, by_use);
	return sound_table_share(e->sound);
}

void
sound_table_put(
    struct sound_table *t, const uint8_t key[SOUND_TABLE_KEY_LEN], struct sound *s)
{
	struct entry *e = find_entry(t, key);

	CHECK_OBJ(t, TABLE_MAGIC);
	if (e != NULL)
		remove_entry(t, e);
	e = mem_new(sizeof(*e));
	memcpy(e->key, key, sizeof(e->key));
	e->sound = sound_table_share(s);
	t->len += cost_of(e);
	TAILQ_INSERT_TAIL(&t->by_use, e, by_use);
	LIST_INSERT_HEAD(bucket_of(t, key), e, in_bucket);
	while (t->len > t->len_max)
		remove_entry(t, TAILQ_FIRST(&t->by_use));
}
