/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call, as a listener sees it: a request that it fills in and a response that it
 * writes. struct call (call.h) lies between.
 */
#ifndef WW_REQUEST_H
#define WW_REQUEST_H

#include "base/address.h"
#include "base/buf.h"
#include "base/header.h"
#include "base/queue.h"

struct api;
struct call;

/* The request as the listener read it; borrowed until the call is done. */
struct call_request {
	struct span method;
	struct span target;        /* path and query as sent */
	struct span authorization; /* header value, empty when there is none */
	struct span content_type;
	struct span body;
	const struct header *headers; /* all of them */
	size_t header_count;
	struct address peer; /* the real client */
};

enum { RESPONSE_HEADERS_MAX = 12 };

struct response_header {
	const char *name;
	const char *value;
};

struct call_response {
	uint64_t request_id; /* of this call alone */
	int status;
	enum err err;             /* OK, or why the call was refused */
	struct buf body;          /* what it answers, or empty */
	const char *content_type; /* of the body; never NULL */
	struct span fixed;        /* instead of the body: text that stays where it is */
	int64_t retry_after_s;    /* 0: no header */
	const char *allow;        /* for 405 and OPTIONS */
	const char *reason;       /* for X-Watchword-Reason; NULL: none */
	const char *operation;    /* its name; NULL: the URL has none */
	struct response_header headers[RESPONSE_HEADERS_MAX];
	unsigned header_count;
};

/* `loop` is the queue of the thread that calls api_start; `done` is called there, perhaps
 * at once. */
struct call *call_new(struct api *api, struct queue *loop,
    void (*done)(struct call *, void *), void *ctx) MUST_CHECK;
void call_free(struct call *c);
struct call_request *call_request(struct call *c);
struct call_response *call_response(struct call *c);

#endif
