/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP listener: loops, each on a thread of its own, that share the listening
 * sockets. A connection stays with its loop; a request goes to the api and comes
 * back there. Every wait of a connection has a time-out.
 */
#ifndef WW_HTTP_H
#define WW_HTTP_H

#include "http/http_options.h"

struct http;

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
 * Takes connections that were made and closes the listening sockets, so that the next one
 * is refused; closes what is idle, lets requests in flight finish, at most so long; then
 * ends the threads.
 */
void http_stop(struct http *h, int64_t wait_ms);
void http_free(struct http *h);

#endif
