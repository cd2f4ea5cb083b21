/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP listener: loops, each on a thread of its own, that share the listening
 * sockets. A connection stays with its loop; a request goes to the api and comes
 * back there. Every wait of a connection has a time-out.
 */
#ifndef WW_HTTP_H
#define WW_HTTP_H

#include "api/api.h"
#include "http/forwarded.h"

struct http;
struct tls;

enum { HTTP_LISTENERS_MAX = 16 };

struct http_listener {
	const char *address; /* "ADDR:PORT", "[ADDR]:PORT"; port 0: any */
	struct tls *tls;     /* NULL: plain HTTP */
};

/* Of which requests there is a line in the log: of those that failed through us, of those
 * that were refused as well (both a few a second), or of all. */
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

/* Binds; connections are refused until http_start. ERR_IO, ERR_INVALID with a sentence in
 * why.
 */
enum err http_open(
    const struct http_options *o, char why[256], struct http **out) MUST_CHECK;
/* "127.0.0.1:8080", as bound, of one of the listeners. */
const char *http_address(const struct http *h, size_t i);
/* Listens, and serves who comes. ERR_IO with a sentence in why. */
enum err http_start(struct http *h, char why[256]) MUST_CHECK;
/* Goes on serving, and ends each connection with its next answer. */
void http_drain(struct http *h);
/*
 * Takes who has connected and closes the listening sockets, so that the next one is
 * refused; closes what is idle, lets requests in flight finish, at most so long; then
 * ends the threads.
 */
void http_stop(struct http *h, int64_t wait_ms);
void http_free(struct http *h);

#endif
