/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http_conn.h"

enum {
	HTTP_MAGIC = 0x68747376,
	LISTEN_BACKLOG = 1024,
	ACCEPT_AT_ONCE = 32,
	LINGER_MS = 2000,
	FIRST_MS = 500,
	UNSENT_MAX = 128 * 1024, /* octets in the kernel that a client has no room for */
	BOUND_TEXT_LEN = 80
};

/* A listening socket, shared by the loops. */
struct http_socket {
	int fd;
	struct tls *tls;
	char address[BOUND_TEXT_LEN];
};

/* An event that waits for connections on one of them, for one loop. */
struct http_accept {
	struct http_thread *thread;
	const struct http_socket *socket;
	struct event *event;
};

struct http_thread {
	struct http *http;
	struct http_loop loop;
	struct http_accept accepts[HTTP_LISTENERS_MAX];
	struct event *accept_again; /* after running out of descriptors */
	struct event *bell;
	struct event *deadline;
	struct task drain;
	struct task stop;
	pthread_t thread;
	bool started;
};

struct http {
	unsigned magic;
	struct http_options options;
	size_t socket_count;
	struct http_socket sockets[HTTP_LISTENERS_MAX];
	atomic_int connections;
	int64_t stop_wait_ms;
	atomic_uint accepting; /* loops */
	unsigned thread_count;
	struct http_thread *threads;
};

/* ---- listening ---- */

static enum err
bind_to(const struct sockaddr *to, socklen_t len, char why[256], int *fd_out)
{
	int on = 1;
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (to->sa_family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, to, len) == 0) {
		*fd_out = fd;
		return OK;
	}
	snprintf(why, 256, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return ERR_IO;
}

static void
read_address(struct http_socket *h)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	char host[48];

	INVARIANT(getsockname(h->fd, (struct sockaddr *)&bound, &len) == 0);
	if (bound.ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)&bound;

		evutil_inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(h->address, sizeof(h->address), "[%s]:%u", host,
		    ntohs(six->sin6_port));
	} else {
		const struct sockaddr_in *four = (const void *)&bound;

		evutil_inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(
		    h->address, sizeof(h->address), "%s:%u", host, ntohs(four->sin_port));
	}
}

/* libevent's parser takes no port 0, which lets the system choose. */
static bool
parse_address(const char *text, struct sockaddr_storage *to, int *len)
{
	const char *colon = strrchr(text, ':');
	char with_port[BOUND_TEXT_LEN];

	*len = sizeof(*to);
	if (colon == NULL || strcmp(colon, ":0") != 0)
		return evutil_parse_sockaddr_port(text, (struct sockaddr *)to, len) == 0;
	if (snprintf(with_port, sizeof(with_port), "%s1", text) >=
		(int)sizeof(with_port) ||
	    evutil_parse_sockaddr_port(with_port, (struct sockaddr *)to, len) != 0)
		return false;
	if (to->ss_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)to)->sin6_port = 0;
	else
		((struct sockaddr_in *)(void *)to)->sin_port = 0;
	return true;
}

static enum err
open_socket(const struct http_listener *from, char why[256], struct http_socket *out)
{
	struct sockaddr_storage to;
	int len;
	char reason[256];
	enum err e;

	if (!parse_address(from->address, &to, &len)) {
		snprintf(why, 256, "%s is not an address and a port", from->address);
		return ERR_INVALID;
	}
	e = bind_to((struct sockaddr *)&to, (socklen_t)len, reason, &out->fd);
	if (e != OK) {
		snprintf(why, 256, "cannot listen on %s: %.200s", from->address, reason);
		return e;
	}
	out->tls = from->tls;
	read_address(out);
	return OK;
}

static enum err
open_sockets(struct http *h, char why[256])
{
	enum err e = OK;

	INVARIANT(h->options.listener_count <= HTTP_LISTENERS_MAX);
	for (size_t i = 0; i < h->options.listener_count && e == OK; i++) {
		e = open_socket(&h->options.listeners[i], why, &h->sockets[i]);
		if (e == OK)
			h->socket_count++;
	}
	return e;
}

static void
close_sockets(struct http *h)
{
	for (size_t i = 0; i < h->socket_count; i++) {
		if (h->sockets[i].fd >= 0)
			close(h->sockets[i].fd);
		h->sockets[i].fd = -1;
	}
}

/* A connection that is one too many is refused in words, but not over TLS: the handshake
 * alone would cost what there is none left of. */
static void
take_connection(const struct http_accept *a, int fd, const struct address *peer)
{
	struct http_thread *t = a->thread;
	struct tls *tls = a->socket->tls;
	int on = 1;
	int unsent = UNSENT_MAX;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	if (atomic_load(&t->http->connections) < t->http->options.connections_max)
		http_conn_new(&t->loop, fd, peer, tls);
	else if (tls == NULL)
		http_conn_refuse(&t->loop, fd);
	else
		close(fd);
}

static void
accept_on(struct http_thread *t, bool on)
{
	for (size_t i = 0; i < t->http->socket_count; i++)
		RESOURCE((on ? event_add(t->accepts[i].event, NULL)
			     : event_del(t->accepts[i].event)) == 0);
}

/* Out of descriptors or memory: wait a little rather than spin. */
static void
pause_accepting(struct http_thread *t, int why)
{
	static const struct timeval a_while = {0, 100000};

	log_event(LOG_LEVEL_WARNING, "accept_failed", LOG_TEXT("reason", strerror(why)));
	accept_on(t, false);
	event_add(t->accept_again, &a_while);
}

/* As many as so many of those who have connected; false: there is nobody more. */
static bool
accept_some(struct http_accept *a, int fd)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int conn = accept4(
		    fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0) {
			struct address peer =
			    address_of_sockaddr((struct sockaddr *)&from);

			take_connection(a, conn, &peer);
			continue;
		}
		if (errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accepting(a->thread, errno);
		return false;
	}
	return true;
}

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	(void)accept_some(ctx, fd);
}

static void
on_accept_again(evutil_socket_t fd, short what, void *ctx)
{
	struct http_thread *t = ctx;

	(void)fd;
	(void)what;
	if (!t->loop.stopping)
		accept_on(t, true);
}

/* ---- loop ---- */

/* While stopping, the loop ends with its last connection. */
static void
end_when_empty(struct http_thread *t)
{
	if (t->loop.stopping && LIST_EMPTY(&t->loop.conns))
		event_base_loopbreak(t->loop.base);
}

static void
on_bell(evutil_socket_t fd, short what, void *ctx)
{
	struct http_thread *t = ctx;

	(void)fd;
	(void)what;
	queue_run(t->loop.queue);
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct http_thread *t = ctx;
	struct conn *c = LIST_FIRST(&t->loop.conns);

	(void)fd;
	(void)what;
	log_event(LOG_LEVEL_WARNING, "connections_cut",
	    LOG_INT("open", atomic_load(&t->http->connections)));
	while (c != NULL) {
		struct conn *next = http_conn_next(c);

		http_conn_cut(c);
		c = next;
	}
	event_base_loopbreak(t->loop.base);
}

static void
drain_task(struct task *task)
{
	container_of(task, struct http_thread, drain)->loop.draining = true;
}

/* As many as the kernel holds for us: who goes on connecting does not hold up the end. */
static void
accept_backlog(struct http_accept *a, int fd)
{
	bool more = true;

	for (int n = 0; more && n <= LISTEN_BACKLOG; n += ACCEPT_AT_ONCE)
		more = accept_some(a, fd);
}

/* The last loop that accepts takes all who have connected, and then the kernel refuses.
 */
static void
stop_accepting(struct http_thread *t)
{
	struct http *h = t->http;

	accept_on(t, false);
	event_del(t->accept_again);
	if (atomic_fetch_sub(&h->accepting, 1) > 1)
		return;
	for (size_t i = 0; i < h->socket_count; i++)
		accept_backlog(&t->accepts[i], h->sockets[i].fd);
	accept_on(t, false); /* it may have run out of descriptors */
	event_del(t->accept_again);
	close_sockets(h);
	log_event(
	    LOG_LEVEL_INFO, "refusing", LOG_INT("open", atomic_load(&h->connections)));
}

static void
stop_task(struct task *task)
{
	struct http_thread *t = container_of(task, struct http_thread, stop);
	struct timeval wait = {
	    t->http->stop_wait_ms / 1000, (t->http->stop_wait_ms % 1000) * 1000};
	struct conn *c;

	stop_accepting(t);
	t->loop.stopping = true;
	event_add(t->deadline, &wait);
	c = LIST_FIRST(&t->loop.conns);
	while (c != NULL) {
		struct conn *next = http_conn_next(c);

		http_conn_stop(c);
		c = next;
	}
}

static void *
run_loop(void *ctx)
{
	struct http_thread *t = ctx;

	while (!event_base_got_break(t->loop.base)) {
		event_base_loop(t->loop.base, EVLOOP_ONCE);
		end_when_empty(t);
	}
	return NULL;
}

static const struct timeval *
common_wait(struct http_loop *l, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	return event_base_init_common_timeout(l->base, &tv);
}

static void
loop_init(struct http_thread *t, struct http *h)
{
	const struct http_options *o = &h->options;
	struct http_loop *l = &t->loop;

	t->http = h;
	t->drain.run = drain_task;
	t->stop.run = stop_task;
	l->options = o;
	l->connections = &h->connections;
	l->base = event_base_new();
	l->queue = queue_new(0);
	RESOURCE(l->base != NULL && event_base_priority_init(l->base, 2) == 0);
	http_conn_loop_init(l);
	l->waits[HTTP_WAIT_HEAD] = common_wait(l, o->header_timeout_ms);
	l->waits[HTTP_WAIT_BODY] = common_wait(l, o->body_timeout_ms);
	l->waits[HTTP_WAIT_IDLE] = common_wait(l, o->idle_timeout_ms);
	l->waits[HTTP_WAIT_LINGER] = common_wait(l, LINGER_MS);
	l->waits[HTTP_WAIT_FIRST] = common_wait(l, FIRST_MS);
	for (size_t i = 0; i < h->socket_count; i++) {
		struct http_accept *a = &t->accepts[i];

		a->thread = t;
		a->socket = &h->sockets[i];
		a->event =
		    event_new(l->base, a->socket->fd, EV_READ | EV_PERSIST, on_accept, a);
		RESOURCE(a->event != NULL);
	}
	t->accept_again = evtimer_new(l->base, on_accept_again, t);
	t->deadline = evtimer_new(l->base, on_deadline, t);
	t->bell =
	    event_new(l->base, queue_fd(l->queue), EV_READ | EV_PERSIST, on_bell, t);
	RESOURCE(t->accept_again && t->deadline && t->bell);
	INVARIANT(event_priority_set(t->bell, 0) == 0); /* answers come first */
	event_add(t->bell, NULL);
}

static void
loop_fini(struct http_thread *t)
{
	for (size_t i = 0; i < t->http->socket_count; i++)
		event_free(t->accepts[i].event);
	event_free(t->accept_again);
	event_free(t->deadline);
	event_free(t->bell);
	http_conn_loop_fini(&t->loop);
	event_base_free(t->loop.base);
	queue_free(t->loop.queue);
}

/* ---- life ---- */

enum err
http_open(const struct http_options *o, char why[256], struct http **out)
{
	struct http *h = mem_new(sizeof(*h));
	enum err e;

	h->magic = HTTP_MAGIC;
	h->options = *o;
	e = open_sockets(h, why);
	if (e != OK) {
		close_sockets(h);
		mem_free(h);
		return e;
	}
	h->thread_count = o->threads;
	h->threads = mem_array(o->threads, sizeof(*h->threads));
	for (unsigned i = 0; i < o->threads; i++)
		loop_init(&h->threads[i], h);
	*out = h;
	return OK;
}

const char *
http_address(const struct http *h, size_t i)
{
	CHECK_OBJ(h, HTTP_MAGIC);
	INVARIANT(i < h->socket_count);
	return h->sockets[i].address;
}

static enum err
listen_on_all(struct http *h, char why[256])
{
	for (size_t i = 0; i < h->socket_count; i++)
		if (listen(h->sockets[i].fd, LISTEN_BACKLOG) != 0) {
			snprintf(why, 256, "cannot listen on %s: %.150s",
			    h->sockets[i].address, strerror(errno));
			return ERR_IO;
		}
	return OK;
}

enum err
http_start(struct http *h, char why[256])
{
	enum err e;

	CHECK_OBJ(h, HTTP_MAGIC);
	e = listen_on_all(h, why);
	if (e != OK)
		return e;
	atomic_store(&h->accepting, h->thread_count);
	for (unsigned i = 0; i < h->thread_count; i++) {
		struct http_thread *t = &h->threads[i];

		accept_on(t, true);
		RESOURCE(pthread_create(&t->thread, NULL, run_loop, t) == 0);
		t->started = true;
	}
	return OK;
}

void
http_drain(struct http *h)
{
	CHECK_OBJ(h, HTTP_MAGIC);
	for (unsigned i = 0; i < h->thread_count; i++)
		if (h->threads[i].started)
			queue_push(h->threads[i].loop.queue, &h->threads[i].drain);
}

void
http_stop(struct http *h, int64_t wait_ms)
{
	CHECK_OBJ(h, HTTP_MAGIC);
	h->stop_wait_ms = wait_ms;
	for (unsigned i = 0; i < h->thread_count; i++)
		if (h->threads[i].started)
			queue_push(h->threads[i].loop.queue, &h->threads[i].stop);
	for (unsigned i = 0; i < h->thread_count; i++) {
		if (h->threads[i].started)
			pthread_join(h->threads[i].thread, NULL);
		h->threads[i].started = false;
	}
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	CHECK_OBJ(h, HTTP_MAGIC);
	for (unsigned i = 0; i < h->thread_count; i++)
		loop_fini(&h->threads[i]);
	close_sockets(h);
	mem_free(h->threads);
	mem_free(h);
}
