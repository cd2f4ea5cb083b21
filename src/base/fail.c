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
	va_list ap;

	if (f->count++ >= FAIL_ITEMS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	f->items[f->count - 1].field = arena_text(f->arena, span_of(field));
	f->items[f->count - 1].reason = arena_text(f->arena, span_of(reason));
}
