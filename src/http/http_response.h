/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of a response: status line, fields (RFC 9112, RFC 9110) and body. */
#ifndef WW_HTTP_RESPONSE_H
#define WW_HTTP_RESPONSE_H

#include "http/http_loop.h"

/* How the client asked. */
struct http_response_terms {
	bool keep_alive;
	bool is_old;  /* HTTP/1.0, where a connection that stays is told */
	bool is_head; /* no body follows */
};

/* Into an empty buffer. A long body is returned: it stands in the response, which has to
 * live until all of it is written after the buffer. A short one is copied. */
struct span http_response_put(struct http_loop *loop, const struct call_response *r,
    const struct http_response_terms *terms, struct buf *out);

#endif
