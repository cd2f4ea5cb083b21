/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/ident_table.h"

enum { ROOM_LEAST = 16 };

void
ident_table_init(struct ident_table *t, size_t size)
{
	*t = (struct ident_table){.size = size};
}

void
ident_table_fini(struct ident_table *t)
{
	mem_free(t->list);
	mem_free(t->slots);
	ident_table_init(t, t->size);
}

void *
ident_table_at(const struct ident_table *t, size_t number)
{
	return (char *)t->list + number * t->size;
}

/* The end of an id is random (twofa/ident.h). */
static uint64_t
hash_of(const struct ident *id)
{
	uint64_t hash;

	memcpy(&hash, id->bytes + IDENT_LEN - sizeof(hash), sizeof(hash));
	return hash;
}

static uint32_t
tag_of(const struct ident *id)
{
	return (uint32_t)(hash_of(id) >> 32);
}

static bool
is_in(const struct ident_table *t, const struct ident_slot *slot, const struct ident *id)
{
	return slot->tag == tag_of(id) &&
	       ident_compare(ident_table_at(t, slot->number - 1), id) == 0;
}

/* Where it is, or would be. */
static struct ident_slot *
slot_of(const struct ident_table *t, const struct ident *id)
{
	size_t mask = 2 * t->room - 1;
	size_t at = (size_t)hash_of(id) & mask;

	while (t->slots[at].number != 0 && !is_in(t, &t->slots[at], id))
		at = (at + 1) & mask;
	return &t->slots[at];
}

static void
enter(struct ident_table *t, size_t number)
{
	const struct ident *id = ident_table_at(t, number);

	*slot_of(t, id) = (struct ident_slot){(uint32_t)number + 1, tag_of(id)};
}

static void
grow(struct ident_table *t)
{
	size_t room = t->room == 0 ? ROOM_LEAST : 2 * t->room;
	void *list = mem_array(room, t->size);

	if (t->len > 0)
		memcpy(list, t->list, t->len * t->size);
	mem_free(t->list);
	mem_free(t->slots);
	t->list = list;
	t->room = room;
	t->slots = mem_array(2 * room, sizeof(*t->slots));
	for (size_t i = 0; i < t->len; i++)
		enter(t, i);
}

void *
ident_table_find(const struct ident_table *t, const struct ident *id)
{
	uint32_t number = t->room == 0 ? 0 : slot_of(t, id)->number;

	return number == 0 ? NULL : ident_table_at(t, number - 1);
}

void *
ident_table_add(struct ident_table *t, const struct ident *id)
{
	void *element;

	if (t->len == t->room)
		grow(t);
	element = ident_table_at(t, t->len);
	memcpy(element, id, sizeof(*id));
	enter(t, t->len++);
	return element;
}
