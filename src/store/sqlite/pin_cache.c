/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/pin_cache.h"

struct cached_pin {
	struct ident pin_id; /* first: it is found by it */
	uint64_t hash;       /* of its number */
	uint32_t next;       /* in its bucket; 0: none */
	bool stale;          /* there was no room for what was written into the row */
	size_t log_room;
	struct pin_row row;
};

static void
generation_init(struct cached_generation *g)
{
	*g = (struct cached_generation){.buckets = NULL};
	ident_table_init(&g->table, sizeof(struct cached_pin));
	arena_init(&g->arena);
}

static void
generation_fini(struct cached_generation *g)
{
	ident_table_fini(&g->table);
	arena_fini(&g->arena);
	mem_free(g->buckets);
}

void
pin_cache_init(struct pin_cache *c, size_t most, uint64_t seed)
{
	*c = (struct pin_cache){.most = most, .bucket_count = 1, .seed = seed};
	while (c->bucket_count < most)
		c->bucket_count *= 2;
	generation_init(&c->young);
	generation_init(&c->old);
}

void
pin_cache_fini(struct pin_cache *c)
{
	generation_fini(&c->young);
	generation_fini(&c->old);
}

void
pin_cache_clear(struct pin_cache *c)
{
	int64_t cleared_ms = c->entered_ms;

	pin_cache_fini(c);
	pin_cache_init(c, c->most, c->seed);
	c->entered_ms = c->cleared_ms = cleared_ms;
}

/* FNV-1a, begun where nobody else knows. */
static uint64_t
hash_octets(uint64_t hash, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
hash_number(const struct pin_cache *c, const struct pin_row *row)
{
	uint64_t hash = hash_octets(
	    c->seed, row->recipe.application.bytes, sizeof(row->recipe.application));

	hash = hash_octets(hash, row->destination, strlen(row->destination));
	return hash ^ hash >> 32;
}

static struct cached_pin *
pin_at(const struct cached_generation *g, uint32_t link)
{
	return ident_table_at(&g->table, link - 1);
}

static bool
is_of_number(const struct cached_pin *a, const struct cached_pin *b)
{
	return a->hash == b->hash &&
	       ident_compare(&a->row.recipe.application, &b->row.recipe.application) ==
		   0 &&
	       strcmp(a->row.destination, b->row.destination) == 0;
}

/* Where the newest of the number is, or would be. */
static uint32_t *
link_of(const struct pin_cache *c, const struct cached_generation *g,
    const struct cached_pin *pin)
{
	uint32_t *link = &g->buckets[pin->hash & (c->bucket_count - 1)];

	while (*link != 0 && !is_of_number(pin_at(g, *link), pin))
		link = &pin_at(g, *link)->next;
	return link;
}

static void
turn(struct pin_cache *c)
{
	generation_fini(&c->old);
	c->old = c->young;
	generation_init(&c->young);
}

/* It takes the place of the one that was the newest of its number. */
static void
link_newest(struct pin_cache *c, struct cached_pin *pin)
{
	struct cached_generation *g = &c->young;
	uint32_t *link = link_of(c, g, pin);

	if (*link != 0 && ident_compare(&pin_at(g, *link)->pin_id, &pin->pin_id) > 0)
		return;
	if (*link != 0)
		pin->next = pin_at(g, *link)->next;
	*link = (uint32_t)g->table.len;
}

void
pin_cache_enter(struct pin_cache *c, const struct pin_row *row, int64_t now_ms)
{
	struct cached_generation *g = &c->young;
	struct cached_pin *pin;

	if (now_ms <= c->cleared_ms)
		return;
	if (g->table.len >= c->most && now_ms > c->entered_ms)
		turn(c);
	if (g->buckets == NULL)
		g->buckets = mem_array(c->bucket_count, sizeof(*g->buckets));
	c->entered_ms = now_ms;
	pin = ident_table_add(&g->table, &row->recipe.pin_id);
	pin->row = *row;
	pin->row.destination = arena_text(&g->arena, span_of(row->destination));
	pin->stale = row->log.len > PIN_CACHE_LOG_MAX;
	pin->log_room = pin->stale ? 0 : row->log.len;
	pin->row.log.len = pin->log_room;
	pin->row.log.ptr = arena_text(&g->arena, pin->row.log);
	pin->hash = hash_number(c, &pin->row);
	link_newest(c, pin);
}

static struct cached_pin *
find(const struct pin_cache *c, const struct ident *pin_id)
{
	struct cached_pin *young = ident_table_find(&c->young.table, pin_id);

	return young != NULL ? young : ident_table_find(&c->old.table, pin_id);
}

void
pin_cache_settled(struct pin_cache *c, const struct ident *pin_id,
    const struct verify_state *state, struct span log)
{
	struct cached_pin *pin = find(c, pin_id);

	if (pin == NULL)
		return;
	if (state->attempts > 0)
		pin->row.state = *state;
	if (log.ptr == NULL)
		return;
	pin->stale = pin->stale || log.len > pin->log_room;
	if (pin->stale)
		return;
	memcpy((char *)(uintptr_t)pin->row.log.ptr, log.ptr, log.len);
	pin->row.log.len = log.len;
}

void
pin_cache_removed(struct pin_cache *c, const struct ident *pin_id)
{
	if (find(c, pin_id) != NULL)
		pin_cache_clear(c);
}

const struct pin_row *
pin_cache_find(const struct pin_cache *c, const struct ident *pin_id)
{
	const struct cached_pin *pin = find(c, pin_id);

	return pin == NULL || pin->stale ? NULL : &pin->row;
}

bool
pin_cache_log(const struct pin_cache *c, const struct ident *pin_id, struct span *log)
{
	const struct pin_row *row = pin_cache_find(c, pin_id);

	if (row != NULL)
		*log = row->log;
	return row != NULL;
}

static void
take_newer(const struct pin_cache *c, const struct cached_generation *g,
    const struct cached_pin *pin, struct ident *out)
{
	uint32_t link = g->buckets == NULL ? 0 : *link_of(c, g, pin);

	if (link != 0 && ident_compare(&pin_at(g, link)->pin_id, out) > 0)
		*out = pin_at(g, link)->pin_id;
}

void
pin_cache_newest(const struct pin_cache *c, const struct pin_row *row, struct ident *out)
{
	const struct cached_pin *pin =
	    container_of((struct pin_row *)(uintptr_t)row, struct cached_pin, row);

	*out = pin->pin_id;
	take_newer(c, &c->old, pin, out);
	take_newer(c, &c->young, pin, out);
}
