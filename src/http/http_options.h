/* SPDX-License-Identifier: Apache-2.0 */
/* The listener's options: where it listens, its bounds and its time-outs. */
#ifndef WW_HTTP_OPTIONS_H
#define WW_HTTP_OPTIONS_H

#include "api/api.h"
#include "http/forwarded.h"

struct tls;

enum { HTTP_LISTENERS_MAX = 16 };

struct http_listener {
	const char *address; /* "ADDR:PORT", "[ADDR]:PORT"; port 0: any */
	struct tls *tls;     /* NULL: plain HTTP */
};

/* Requests that leave a line in the log: those that failed through us, those that were
 * refused as well (both a few a second), or all. */
enum http_log { HTTP_LOG_FAILED, HTTP_LOG_REFUSED, HTTP_LOG_ALL };

struct http_options {
	const struct http_listener *listeners; /* borrowed */
	size_t listener_count;
	struct forwarded_rules proxies; /* the ranges are borrowed */
	struct api *api;
	const struct clock *clock;
	unsigned threads;
	int64_t connections_max;
	int64_t body_max;
	int64_t header_timeout_ms;
	int64_t body_timeout_ms;
	int64_t idle_timeout_ms;
	enum http_log log;
};

#endif
