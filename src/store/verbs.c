/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of verbs share. */
#include "store/verbs.h"

struct job *
job_of(struct item *it)
{
	return container_of(it, struct job, item);
}

void *
list_add(struct arena *a, void **list, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t more = *capacity == 0 ? 8 : *capacity * 2;
		void *bigger = arena_alloc(a, more * size);

		if (*count > 0)
			memcpy(bigger, *list, *count * size);
		*list = bigger;
		*capacity = more;
	}
	return (char *)*list + (*count)++ * size;
}

void
bind_nothing(struct item *it, struct binder *b)
{
	(void)it;
	(void)b;
}

void
bind_ident(struct binder *b, const struct ident *id)
{
	bind_blob(b, id->bytes, IDENT_LEN);
}

void
row_ident(struct row *r, struct ident *out)
{
	row_blob(r, out->bytes, IDENT_LEN);
}

void
item_not_found(struct item *it, bool found)
{
	if (it->err == OK && !found)
		it->err = ERR_NOT_FOUND;
}
