/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests out of octets (RFC 9112). No socket and no clock: octets go in, and
 * the reader says when there is a request or why there is none.
 *
 * Octets that two readers could take for two different messages are refused, never
 * repaired: two lengths, a length beside a transfer coding, any coding but
 * "chunked", a bare CR or LF, a folded header, a name that is no token, no Host, and
 * two of a field that may come once and that somebody here reads. The grammar of the head
 * is http-parser's.
 */
#ifndef WW_HTTP_READER_H
#define WW_HTTP_READER_H

#include "base/buf.h"
#include "base/header.h"
#include "http/http_chunked.h"

enum { HTTP_HEAD_MAX = 32768, HTTP_HEADERS_MAX = 100 };

/* Why the head is refused that our rules allow and the parser does not. No such head is
 * known; the tests look for one. */
#define HTTP_READERS_DIFFER "the header fields can be read in two ways"

enum http_stage {
	HTTP_STAGE_START, /* nothing of a request has come */
	HTTP_STAGE_HEAD,
	HTTP_STAGE_BODY,
	HTTP_STAGE_DONE,  /* there is a request */
	HTTP_STAGE_BROKEN /* `err` says why; the connection cannot be read on */
};

struct http_reader {
	unsigned magic;
	size_t body_max;
	struct buf head;
	struct buf body;
	/* of the request in hand, from here */
	enum http_stage stage;
	size_t left; /* of the body, when its length was given */
	struct http_chunked chunks;
	enum err err;
	const char *why;
	/* of the request; they point into head */
	struct span method;
	struct span target;
	struct span authorization;
	struct span content_type;
	struct span host;
	struct span field; /* name of the header in hand */
	unsigned header_count;
	unsigned line_count; /* of headers, as we count them ourselves */
	unsigned seen;       /* of the fields that may come once, as bits */
	const char *twice;   /* what is wrong with one of them */
	struct span length;  /* Content-Length, as it came */
	bool chunked;
	bool says_close; /* by its field Connection */
	bool says_keep_alive;
	bool is_old; /* HTTP/1.0 */
	bool is_parsed;
	bool wants_continue;
	bool is_head; /* the method HEAD */
	bool keep_alive;
	struct header headers[HTTP_HEADERS_MAX]; /* as many as header_count */
};

void http_reader_init(struct http_reader *r, size_t body_max);
void http_reader_fini(struct http_reader *r);
/*
 * How many octets were taken; what is left belongs to the next request. Nothing
 * is taken in the stages DONE and BROKEN.
 */
size_t http_reader_feed(struct http_reader *r, struct span octets);
/*
 * For a head that was not read to its end: method and target of its first line, when
 * that line has come, so that the refusal is worded for its URL.
 */
void http_reader_guess_target(struct http_reader *r);
/* Forgets the request; at the start again. */
void http_reader_next(struct http_reader *r);

#endif
