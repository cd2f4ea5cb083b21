/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the HTTP listener, on the loop that it lives on. */
#ifndef WW_HTTP_CONN_H
#define WW_HTTP_CONN_H

#include "http/http_loop.h"

/* The part of a loop that is its connections'; none may be left at the end. */
void http_conn_loop_init(struct http_loop *loop);
void http_conn_loop_fini(struct http_loop *loop);
/* Takes the descriptor over; `tls` NULL: plain. */
void http_conn_new(
    struct http_loop *loop, int fd, const struct address *peer, struct tls *tls);
/* Closes it when it is idle; otherwise after its response. A client that has only just
 * come has a moment for a request. */
void http_conn_stop(struct conn *c);
/* Closes it, whatever it waits for, unless the api has its request. */
void http_conn_cut(struct conn *c);
/* The server is at its bound of connections: says so, at once and best effort, and
 * closes. */
void http_conn_refuse(struct http_loop *loop, int fd);
struct conn *http_conn_next(struct conn *c);

#endif
