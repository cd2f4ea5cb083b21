/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things that a connection has only while it has a request: a reader, and room for the
 * response. A loop keeps some of both for the next request, so that idle connections hold
 * nothing and busy ones seldom allocate. One loop's, so no locks. Those that are kept are
 * empty and wiped.
 */
#ifndef WW_HTTP_POOL_H
#define WW_HTTP_POOL_H

#include "http/http_reader.h"

enum { HTTP_POOL_READERS = 128, HTTP_POOL_OUT_CAPACITY = 16384 };

struct http_pool {
	size_t body_max;
	struct http_reader *readers[HTTP_POOL_READERS];
	unsigned reader_count;
	struct buf out;
};

void http_pool_init(struct http_pool *p, size_t body_max);
void http_pool_fini(struct http_pool *p);
/* At the start of a request. */
struct http_reader *http_pool_reader(struct http_pool *p) MUST_CHECK;
/* NULL is none. */
void http_pool_put_reader(struct http_pool *p, struct http_reader *r);
/* Room for a response, where there is none yet. */
void http_pool_out(struct http_pool *p, struct buf *out);
/* Empties it and takes its room. */
void http_pool_put_out(struct http_pool *p, struct buf *out);

#endif
