/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements found by the id they begin with: a hash table (open addressing, at most half
 * full) beside a list in the order they came. It grows by doubling; an element has its
 * place until then, and its number for ever.
 */
#ifndef WW_IDENT_TABLE_H
#define WW_IDENT_TABLE_H

#include "twofa/ident.h"

struct ident_slot {
	uint32_t number; /* + 1; 0: nothing is here */
	uint32_t tag;    /* of the id: others are not looked at, which are far away */
};

struct ident_table {
	void *list;
	size_t size; /* of an element, whose first member is a struct ident */
	size_t len;
	size_t room;
	struct ident_slot *slots; /* twice as many as there is room */
};

void ident_table_init(struct ident_table *t, size_t size);
void ident_table_fini(struct ident_table *t);
/* By number, below len. */
void *ident_table_at(const struct ident_table *t, size_t number);
/* NULL: it is not there. */
void *ident_table_find(const struct ident_table *t, const struct ident *id);
/* A new one, all zero but the id; it is not there yet. */
void *ident_table_add(struct ident_table *t, const struct ident *id);

#endif
