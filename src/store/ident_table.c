/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ident_table.h"

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

/* Where it is, or would be. The end of an id is random (twofa/ident.h). */
static size_t
slot_of(const struct ident_table *t, const struct ident *id)
{
	size_t mask = 2 * t->room - 1;
	uint64_t hash;
	size_t at;

	memcpy(&hash, id->bytes + IDENT_LEN - sizeof(hash), sizeof(hash));
	at = (size_t)hash & mask;
	while (t->slots[at] != 0 &&
	       ident_compare(ident_table_at(t, t->slots[at] - 1), id) != 0)
		at = (at + 1) & mask;
	return at;
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
		t->slots[slot_of(t, ident_table_at(t, i))] = (uint32_t)i + 1;
}

void *
ident_table_find(const struct ident_table *t, const struct ident *id)
{
	uint32_t number = t->room == 0 ? 0 : t->slots[slot_of(t, id)];

	return number == 0 ? NULL : ident_table_at(t, number - 1);
}

void *
ident_table_add(struct ident_table *t, const struct ident *id)
{
	void *element;

	if (t->len == t->room)
		grow(t);
	element = ident_table_at(t, t->len++);
	memcpy(element, id, sizeof(*id));
	t->slots[slot_of(t, id)] = (uint32_t)t->len;
	return element;
}
