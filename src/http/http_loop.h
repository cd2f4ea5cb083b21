/* SPDX-License-Identifier: Apache-2.0 */
/* A loop of the listener: what its connections share. All of it is its thread's alone. */
#ifndef WW_HTTP_LOOP_H
#define WW_HTTP_LOOP_H

#include <event2/event.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "http/http_options.h"
#include "http/http_pool.h"

struct conn;
LIST_HEAD(conn_list, conn);
TAILQ_HEAD(conn_queue, conn);

/* The waits of a connection; each has the same time for all connections of a loop. */
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
	char scratch[HTTP_READ_LEN]; /* octets that were just read */
};

#endif
