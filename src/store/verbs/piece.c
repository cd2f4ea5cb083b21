/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are read in pieces. */
#include "store/verbs/verbs.h"

void
piece_begin(struct list_piece *p)
{
	p->read = 0;
}

int64_t
piece_most(const struct list_piece *p, int64_t all)
{
	int64_t left = all - p->before;

	return p->most == 0 || p->most > left ? left : p->most;
}

void
piece_bind(struct binder *b, const struct list_piece *p, int64_t all)
{
	bind_int(b, piece_most(p, all));
}

void
piece_end(struct list_piece *p, int64_t all)
{
	p->more = p->most > 0 && p->read >= p->most && p->before + p->read < all;
	p->before += p->read;
}
