/* SPDX-License-Identifier: Apache-2.0 */
#include "store/order.h"

struct order *
order_new(void)
{
	struct arena arena;
	struct order *o;

	arena_init(&arena);
	o = arena_alloc(&arena, sizeof(*o));
	o->arena = arena;
	return o;
}

void
order_free(struct order *o)
{
	struct arena arena;

	if (o == NULL)
		return;
	arena = o->arena;
	arena_fini(&arena);
}
