/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the HTTP listener, and the loop that it lives on. */
#ifndef WW_HTTP_CONN_H
#define WW_HTTP_CONN_H

#include <event2/event.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "http/http.h"
#include "http/http_pool.h"

struct conn;
LIST_HEAD(conn_list, conn);
TAILQ_HEAD(conn_queue, conn);

/* What a connection may wait for, each with the same time for all of a loop. */
enum http_wait {
	HTTP_WAIT_HEAD,
	HTTP_WAIT_BODY,
	HTTP_WAIT_IDLE,
	HTTP_WAIT_LINGER,
	HTTP_WAIT_FIRST, /* its first request, of somebody who came at the end */
	HTTP_WAIT_COUNT
};

enum { HTTP_READ_LEN = 65536, HTTP_DATE_LEN = 30 };

struct http_loop {
	const struct http_options *options;
	struct event_base *base;
	struct queue *queue;     /* calls that come back, and requests to stop */
	unsigned events;         /* since it was looked at */
	atomic_int *connections; /* of all loops */
	struct conn_list conns;
	struct http_pool pool;
	const struct timeval *waits[HTTP_WAIT_COUNT];
	bool draining; /* no connection outlives its next answer */
	bool stopping;
	int64_t date_s;
	char date[HTTP_DATE_LEN];
	/* refusals for want of room: those that wait to be said, and those that were
	 * said since then */
	struct conn_queue held;
	size_t held_count;
	struct event *pace;
	int64_t refused_ms;
	unsigned refused;
	int64_t logged_s;   /* the second of what was logged */
	unsigned logged[2]; /* refused, failed */
	unsigned unlogged;
	char scratch[HTTP_READ_LEN]; /* what was just read */
};

/* What a loop holds for its connections; no connection may be left at the end. */
void http_conn_loop_init(struct http_loop *loop);
void http_conn_loop_fini(struct http_loop *loop);
/* Takes the descriptor over; `tls` NULL: plain. */
void http_conn_new(
    struct http_loop *loop, int fd, const struct address *peer, struct tls *tls);
/* Closes it when it is idle; otherwise after its response. Who has only just come has
 * a moment for a request. */
void http_conn_stop(struct conn *c);
/* Closes it, whatever it waits for, unless the api has its request. */
void http_conn_cut(struct conn *c);
/* The server is at its bound of connections: says so, at once and best effort, and
 * closes. */
void http_conn_refuse(struct http_loop *loop, int fd);
struct conn *http_conn_next(struct conn *c);

#endif
