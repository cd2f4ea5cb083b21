/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/login_memory.h"

enum { SETS = 512, WAYS = 8 };

struct slot {
	uint8_t mark[SECRET_MAC_LEN];
	int64_t until_ms;
};

struct login_memory {
	int64_t keep_ms;
	struct slot slots[SETS][WAYS];
};

struct login_memory *
login_memory_new(int64_t keep_ms)
{
	struct login_memory *l = mem_new(sizeof(*l));

	l->keep_ms = keep_ms;
	return l;
}

void
login_memory_free(struct login_memory *l)
{
	mem_free(l);
}

/* The slot of a mark, or the one that it may have. */
static struct slot *
find_mark(struct login_memory *l, const uint8_t mark[SECRET_MAC_LEN])
{
	struct slot *set = l->slots[(mark[0] | (unsigned)mark[1] << 8) % SETS];
	struct slot *oldest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (secret_equal(set[i].mark, mark, SECRET_MAC_LEN))
			return &set[i];
		if (set[i].until_ms < oldest->until_ms)
			oldest = &set[i];
	}
	return oldest;
}

void
login_memory_put(
    struct login_memory *l, const uint8_t mark[SECRET_MAC_LEN], int64_t now_ms)
{
	struct slot *s = find_mark(l, mark);

	memcpy(s->mark, mark, SECRET_MAC_LEN);
	s->until_ms = now_ms + l->keep_ms;
}

bool
login_memory_has(
    struct login_memory *l, const uint8_t mark[SECRET_MAC_LEN], int64_t now_ms)
{
	struct slot *s = find_mark(l, mark);

	if (s->until_ms <= now_ms || !secret_equal(s->mark, mark, SECRET_MAC_LEN))
		return false;
	s->until_ms = now_ms + l->keep_ms;
	return true;
}
