/* SPDX-License-Identifier: Apache-2.0 */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

void
fail_init(struct fail *f, struct arena *a)
{
	*f = (struct fail){.arena = a};
}

void
fail_add(struct fail *f, const char *field, const char *format, ...)
{
	char reason[256];
	struct fail_item *item;
	va_list ap;

	if (f->count++ >= FAIL_ITEMS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	item = arena_list_add(
	    f->arena, (void **)&f->items, &f->kept, &f->capacity, sizeof(*item));
	item->field = arena_text(f->arena, span_of(field));
	item->reason = arena_text(f->arena, span_of(reason));
}

bool
fail_names(const struct fail *f, const char *field)
{
	for (size_t i = 0; i < f->kept; i++)
		if (strcmp(f->items[i].field, field) == 0)
			return true;
	return false;
}
