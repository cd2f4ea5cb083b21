/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_pool.h"

void
http_pool_init(struct http_pool *p, size_t body_max)
{
	*p = (struct http_pool){.body_max = body_max};
}

static void
reader_free(struct http_reader *r)
{
	http_reader_fini(r);
	mem_free(r);
}

void
http_pool_fini(struct http_pool *p)
{
	while (p->reader_count > 0)
		reader_free(p->readers[--p->reader_count]);
	buf_fini(&p->out);
}

struct http_reader *
http_pool_reader(struct http_pool *p)
{
	struct http_reader *r;

	if (p->reader_count > 0)
		return p->readers[--p->reader_count];
	r = mem_new(sizeof(*r));
	http_reader_init(r, p->body_max);
	return r;
}

void
http_pool_put_reader(struct http_pool *p, struct http_reader *r)
{
	if (r == NULL)
		return;
	if (p->reader_count == HTTP_POOL_READERS) {
		reader_free(r);
		return;
	}
	http_reader_next(r);
	p->readers[p->reader_count++] = r;
}

void
http_pool_out(struct http_pool *p, struct buf *out)
{
	size_t len_max = out->len_max;

	if (out->ptr != NULL)
		return;
	*out = p->out;
	out->len_max = len_max;
	p->out = (struct buf){0};
}

void
http_pool_put_out(struct http_pool *p, struct buf *out)
{
	size_t len_max = out->len_max;

	buf_reset(out);
	if (p->out.ptr == NULL && out->capacity <= HTTP_POOL_OUT_CAPACITY)
		p->out = *out;
	else
		buf_fini(out);
	buf_init(out, len_max);
}
