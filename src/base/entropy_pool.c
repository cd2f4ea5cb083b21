/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entropy_pool.h"

#include "base/secret.h"

static void
pool_fill(const struct entropy *e, void *out, size_t len)
{
	struct entropy_pool *p =
	    container_of((struct entropy *)(uintptr_t)e, struct entropy_pool, entropy);

	if (len > sizeof(p->bytes)) {
		p->below->fill(p->below, out, len);
		return;
	}
	if (len > p->left) {
		p->below->fill(p->below, p->bytes, sizeof(p->bytes));
		p->left = sizeof(p->bytes);
	}
	p->left -= len;
	memcpy(out, p->bytes + p->left, len);
	secret_wipe(p->bytes + p->left, len);
}

void
entropy_pool_init(struct entropy_pool *p, const struct entropy *below)
{
	*p = (struct entropy_pool){.entropy.fill = pool_fill, .below = below};
}

void
entropy_pool_fini(struct entropy_pool *p)
{
	secret_wipe(p, sizeof(*p));
}
