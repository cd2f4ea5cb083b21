/* SPDX-License-Identifier: Apache-2.0 */
#include "store/outgoing.h"

struct outgoing_message *
outgoing_new(void)
{
	struct arena arena;
	struct outgoing_message *o;

	arena_init(&arena);
	o = arena_alloc(&arena, sizeof(*o));
	o->arena = arena;
	return o;
}

void
outgoing_free(struct outgoing_message *o)
{
	struct arena arena;

	if (o == NULL)
		return;
	arena = o->arena;
	arena_fini(&arena);
}
