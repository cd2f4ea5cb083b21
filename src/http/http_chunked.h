/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked transfer coding (RFC 9112 7.1), strictly: CR LF where it says so and
 * nothing else. Extensions and trailers are read over, with a bound. (Debian builds
 * http-parser without its strict checks, so it takes any two octets after a chunk.)
 */
#ifndef WW_HTTP_CHUNKED_H
#define WW_HTTP_CHUNKED_H

#include "base/buf.h"

enum http_chunked_at {
	CHUNKED_SIZE,
	CHUNKED_EXTENSION,
	CHUNKED_SIZE_LF,
	CHUNKED_DATA,
	CHUNKED_DATA_CR,
	CHUNKED_DATA_LF,
	CHUNKED_TRAILER, /* at the start of a line */
	CHUNKED_TRAILER_LINE,
	CHUNKED_TRAILER_LF,
	CHUNKED_END_LF,
	CHUNKED_DONE
};

/* All zero at the beginning of a body. */
struct http_chunked {
	enum http_chunked_at at;
	size_t left;     /* of the chunk */
	unsigned digits; /* of its size */
	size_t overhead; /* octets that are not data, of the whole body */
};

/*
 * Decodes into `out`; *used_out octets were taken. OK with at == CHUNKED_DONE: the
 * body is whole. ERR_FRAMING; ERR_TOO_LARGE when `out` or the overhead is full.
 */
enum err http_chunked_feed(struct http_chunked *c, struct span octets, struct buf *out,
    size_t *used_out) MUST_CHECK;

#endif
