/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection reads one request, gives it to the api, writes the response, and reads the
 * next. Octets that a client sends early wait in the kernel, so a connection never holds
 * more than one request.
 */
#include "http/http_conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "http/http_log.h"
#include "http/http_response.h"
#include "http/stream.h"

enum {
	CONN_MAGIC = 0x636f6e6e,
	RESPONSE_MAX = 64 * 1024 * 1024,
	EARLY_LEN = 4096,
	WRITTEN_AT_ONCE = 256 * 1024, /* then others have a turn */
	TAKEN_IN_TIME = 256 * 1024,   /* octets that the time for a response is for */
	EVENTS_AT_ONCE = 32,
	PACE_MS = 10,
	REFUSALS_AT_ONCE = 64, /* in so long, of a loop */
	HELD_MS = 1000
};

enum conn_state {
	CONN_READING, /* a request, or between two */
	CONN_BUSY,    /* the api has the request */
	CONN_HELD,    /* a refusal that waits for its turn; it is rendered */
	CONN_WRITING, /* the response waits for the socket */
	CONN_LINGER,  /* all said; what still comes is thrown away so that it is heard */
	CONN_STATE_COUNT
};

struct conn {
	unsigned magic;
	LIST_ENTRY(conn) entry;
	TAILQ_ENTRY(conn) turn; /* while held */
	struct http_loop *loop;
	struct stream stream;
	struct address peer;
	enum conn_state state;
	bool stopping;
	bool asked;    /* it had a request */
	bool finished; /* the client sends no more */
	bool keep_alive;
	bool reading; /* the read event is armed */
	struct event *readable;
	struct event *writable; /* NULL until it is waited for */
	struct event *timer;
	struct http_reader *reader; /* NULL: between two requests */
	struct call *call;
	struct buf early; /* octets after the request in hand */
	size_t early_used;
	enum http_stage waited; /* the stage that the timer was set for */
	bool starting;          /* inside api_start */
	struct buf out;
	struct span rest; /* of the call's: what follows `out` */
	size_t out_sent;  /* of both */
	bool timed;       /* there is a time for what is written now */
	size_t timed_from;
};

/* The next thing after a step: the next one, an event, or nothing as the connection is
 * gone. */
enum step { STEP_AGAIN, STEP_WAIT, STEP_GONE };

/* The one place where the state changes. The new state does not wait for the writes of
 * the old one. */
static void
conn_move(struct conn *c, enum conn_state to)
{
	static const bool may[CONN_STATE_COUNT][CONN_STATE_COUNT] = {
	    [CONN_READING] = {[CONN_BUSY] = true, [CONN_WRITING] = true},
	    [CONN_BUSY] = {[CONN_WRITING] = true, [CONN_HELD] = true},
	    [CONN_HELD] = {[CONN_WRITING] = true},
	    [CONN_WRITING] = {[CONN_READING] = true, [CONN_LINGER] = true},
	};

	CHECK_OBJ(c, CONN_MAGIC);
	INVARIANT(may[c->state][to]);
	c->state = to;
	if (c->writable != NULL)
		INVARIANT(event_del(c->writable) == 0);
}

static void
leave_queue(struct conn *c)
{
	TAILQ_REMOVE(&c->loop->held, c, turn);
	c->loop->held_count--;
}

static void
conn_free(struct conn *c)
{
	CHECK_OBJ(c, CONN_MAGIC);
	INVARIANT(c->state != CONN_BUSY);
	LIST_REMOVE(c, entry);
	if (c->state == CONN_HELD)
		leave_queue(c);
	atomic_fetch_sub(c->loop->connections, 1);
	event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	event_free(c->timer);
	call_free(c->call);
	http_pool_put_reader(&c->loop->pool, c->reader);
	buf_fini(&c->early);
	http_pool_put_out(&c->loop->pool, &c->out);
	stream_fini(&c->stream);
	mem_free(c);
}

static void
conn_listen(struct conn *c, bool on)
{
	if (on == c->reading)
		return;
	c->reading = on;
	RESOURCE((on ? event_add(c->readable, NULL) : event_del(c->readable)) == 0);
}

static void conn_drive(struct conn *c);
static void on_writable(evutil_socket_t fd, short what, void *ctx);

static void
conn_await_room(struct conn *c)
{
	if (c->writable == NULL)
		c->writable =
		    event_new(c->loop->base, c->stream.fd, EV_WRITE, on_writable, c);
	RESOURCE(c->writable != NULL && event_add(c->writable, NULL) == 0);
}

/*
 * While reading, something has to be written first: the answer to a message of TLS.
 * Nothing is read until there is room, as trying again at every octet that comes would
 * be a loop. The time that the connection has runs on.
 */
static void
conn_hold(struct conn *c)
{
	conn_listen(c, false);
	conn_await_room(c);
}

static void
conn_wait(struct conn *c, enum http_wait what)
{
	RESOURCE(event_add(c->timer, c->loop->waits[what]) == 0);
}

/* ---- the request in hand ---- */

static struct http_reader *
conn_reader(struct conn *c)
{
	if (c->reader == NULL)
		c->reader = http_pool_reader(&c->loop->pool);
	return c->reader;
}

static void
drop_reader(struct conn *c)
{
	http_pool_put_reader(&c->loop->pool, c->reader);
	c->reader = NULL;
}

/* The response is rendered, or written: the request has been. */
static void
drop_call(struct conn *c)
{
	call_free(c->call);
	c->call = NULL;
	drop_reader(c);
}

static enum http_stage
conn_stage(const struct conn *c)
{
	return c->reader == NULL ? HTTP_STAGE_START : c->reader->stage;
}

/* How many octets were taken; a reader that has nothing of a request goes back. */
static size_t
conn_feed(struct conn *c, struct span octets)
{
	size_t used = http_reader_feed(conn_reader(c), octets);

	if (c->reader->stage == HTTP_STAGE_START)
		drop_reader(c);
	return used;
}

/*
 * Octets beyond the request in hand have to be kept, so without a length that says more
 * only a little is read at a time. A record of TLS is decoded as a whole.
 */
static size_t
read_len(const struct conn *c)
{
	size_t left = c->reader == NULL ? 0 : c->reader->left;

	if (c->stream.ssl != NULL || left > HTTP_READ_LEN)
		return HTTP_READ_LEN;
	return left > EARLY_LEN ? left : EARLY_LEN;
}

/* ---- response ---- */

static void
put_response(struct conn *c, const struct call_response *r)
{
	const struct http_reader *q = c->reader; /* NULL: it did not come so far */
	struct http_response_terms terms = {.keep_alive = c->keep_alive,
	    .is_old = q != NULL && q->is_old,
	    .is_head = q != NULL && q->is_head};

	http_pool_out(&c->loop->pool, &c->out);
	c->rest = http_response_put(c->loop, r, &terms, &c->out);
}

static void
reset_out(struct conn *c)
{
	c->out_sent = 0;
	c->rest = (struct span){0};
	c->timed = false;
	if (c->out.ptr != NULL)
		http_pool_put_out(&c->loop->pool, &c->out);
}

/* ---- writing ---- */

static enum step
conn_gone(struct conn *c)
{
	conn_free(c);
	return STEP_GONE;
}

/*
 * Closing with octets unread makes the kernel send a reset, which can overtake
 * the response (RFC 9112 9.6): say that nothing more comes, and read on a while.
 */
static enum step
conn_end(struct conn *c)
{
	if (c->finished || !c->stream.ops->shut(&c->stream))
		return conn_gone(c);
	conn_move(c, CONN_LINGER);
	conn_wait(c, HTTP_WAIT_LINGER);
	conn_listen(c, true);
	return STEP_WAIT;
}

static enum step
conn_written(struct conn *c)
{
	drop_call(c);
	if (!c->keep_alive)
		return conn_end(c);
	c->waited = HTTP_STAGE_START;
	conn_move(c, CONN_READING);
	conn_wait(c, HTTP_WAIT_IDLE);
	return STEP_AGAIN;
}

static struct span
unsent(const struct conn *c)
{
	size_t sent = c->out_sent;

	if (sent < c->out.len)
		return (struct span){c->out.ptr + sent, c->out.len - sent};
	sent -= c->out.len;
	return (struct span){c->rest.ptr + sent, c->rest.len - sent};
}

/* Writes `out` and the rest: AGAIN when all of it is written. */
static enum step
write_out(struct conn *c)
{
	size_t end = c->out_sent + WRITTEN_AT_ONCE;
	struct span left;

	while ((left = unsent(c)).len > 0) {
		ssize_t n = c->out_sent < end
				? c->stream.ops->write(&c->stream, left.ptr, left.len)
				: STREAM_WANT_WRITE;

		if (n >= 0) {
			c->out_sent += (size_t)n;
		} else if (n == STREAM_WANT_WRITE) {
			conn_await_room(c);
			return STEP_WAIT;
		} else {
			return conn_gone(c);
		}
	}
	reset_out(c);
	return STEP_AGAIN;
}

static enum step
step_write(struct conn *c)
{
	enum step s = write_out(c);

	if (s == STEP_WAIT &&
	    (!c->timed || c->out_sent - c->timed_from >= TAKEN_IN_TIME)) {
		c->timed = true;
		c->timed_from = c->out_sent;
		conn_wait(c, HTTP_WAIT_BODY);
	}
	return s == STEP_AGAIN ? conn_written(c) : s;
}

/* ---- refusals for want of room ---- */

/*
 * A client that is refused and comes back at once costs as much as one that is served. So
 * a loop says only so many refusals in a while; the rest wait for their turn, about a
 * second at most, and with them their clients. A few are said at once.
 */
static bool
may_refuse(struct conn *c)
{
	struct http_loop *l = c->loop;
	int64_t now_ms = l->options->clock->steady_ms(l->options->clock);

	if (now_ms - l->refused_ms >= PACE_MS) {
		l->refused_ms = now_ms;
		l->refused = 0;
	}
	return l->held_count == 0 && l->refused++ < REFUSALS_AT_ONCE;
}

static void
go_on_refusing(struct http_loop *l)
{
	static const struct timeval pace = {0, PACE_MS * 1000};

	RESOURCE(event_add(l->pace, &pace) == 0);
}

static void
hold_back(struct conn *c)
{
	conn_move(c, CONN_HELD);
	TAILQ_INSERT_TAIL(&c->loop->held, c, turn);
	if (c->loop->held_count++ == 0)
		go_on_refusing(c->loop);
}

static void
say_refusal(struct conn *c)
{
	leave_queue(c);
	conn_move(c, CONN_WRITING);
	conn_drive(c);
}

static void
on_pace(evutil_socket_t fd, short what, void *ctx)
{
	struct http_loop *l = ctx;
	size_t most = l->held_count / (HELD_MS / PACE_MS);

	(void)fd;
	(void)what;
	if (most < REFUSALS_AT_ONCE)
		most = REFUSALS_AT_ONCE;
	for (; most > 0 && l->held_count > 0; most--)
		say_refusal(TAILQ_FIRST(&l->held));
	if (l->held_count > 0)
		go_on_refusing(l);
}

/* ---- answers ---- */

/* The response stands in the call. */
static void
conn_answer(struct conn *c)
{
	bool hold = c->state == CONN_BUSY &&
		    call_response(c->call)->err == ERR_OVERLOADED && !may_refuse(c);

	c->keep_alive = c->reader->keep_alive && !c->stopping && !c->loop->draining;
	put_response(c, call_response(c->call));
	http_log_answer(c->loop, call_response(c->call));
	if (hold)
		hold_back(c);
	else
		conn_move(c, CONN_WRITING);
}

/* ---- reading ---- */

static void
conn_answered(struct conn *c)
{
	if (c->state == CONN_HELD)
		drop_call(c);
	else
		conn_drive(c);
}

/* From the api, perhaps from inside api_start. */
static void
call_done(struct call *call, void *ctx)
{
	struct conn *c = ctx;

	CHECK_OBJ(c, CONN_MAGIC);
	INVARIANT(call == c->call && c->state == CONN_BUSY);
	conn_answer(c);
	if (!c->starting)
		conn_answered(c);
}

static void
conn_call(struct conn *c)
{
	struct http_reader *r = conn_reader(c);
	struct call_request *q;

	http_reader_guess_target(r);
	c->call = call_new(c->loop->options->api, c->loop->queue, call_done, c);
	q = call_request(c->call);
	q->method = r->method;
	q->target = r->target;
	q->authorization = r->authorization;
	q->content_type = r->content_type;
	q->body = buf_span(&r->body);
	q->headers = r->headers;
	q->header_count = r->header_count;
	q->peer = forwarded_client(
	    &c->loop->options->proxies, q->headers, q->header_count, &c->peer);
}

static enum step
conn_request(struct conn *c)
{
	conn_call(c);
	c->asked = true;
	conn_move(c, CONN_BUSY);
	c->starting = true;
	api_start(c->call);
	c->starting = false;
	if (c->state == CONN_HELD)
		drop_call(c);
	return c->state == CONN_WRITING ? STEP_AGAIN : STEP_WAIT;
}

static enum step
conn_fail(struct conn *c, enum err e, const char *why)
{
	conn_call(c);
	c->reader->keep_alive = false;
	api_refuse(c->call, e, why);
	conn_answer(c);
	return STEP_AGAIN;
}

static size_t
early_left(const struct conn *c)
{
	return c->early.len - c->early_used;
}

static void
feed_early(struct conn *c)
{
	struct span s = {c->early.ptr + c->early_used, early_left(c)};

	if (s.len == 0)
		return;
	c->early_used += conn_feed(c, s);
	if (early_left(c) > 0)
		return;
	buf_fini(&c->early);
	buf_init(&c->early, HTTP_READ_LEN);
	c->early_used = 0;
}

/* Before the body is read, so that octets of it and of an answer never mix. A client
 * that has no room for it has the time of the body for making some. */
static enum step
conn_continue(struct conn *c)
{
	if (conn_stage(c) == HTTP_STAGE_BODY && c->reader->wants_continue) {
		c->reader->wants_continue = false;
		http_pool_out(&c->loop->pool, &c->out);
		buf_add_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	return write_out(c);
}

/* The time for a part of a request is counted from its first octet, not its last. */
static enum step
conn_read_on(struct conn *c)
{
	enum http_stage stage = conn_stage(c);
	enum step s;

	if (c->finished)
		return conn_gone(c);
	if (stage != c->waited && stage == HTTP_STAGE_HEAD)
		conn_wait(c, HTTP_WAIT_HEAD);
	if (stage != c->waited && stage == HTTP_STAGE_BODY)
		conn_wait(c, HTTP_WAIT_BODY);
	c->waited = stage;
	s = conn_continue(c);
	if (s == STEP_GONE)
		return s;
	conn_listen(c, s == STEP_AGAIN);
	return STEP_WAIT;
}

static enum step
step_read(struct conn *c)
{
	feed_early(c);
	switch (conn_stage(c)) {
	case HTTP_STAGE_DONE:
		return conn_request(c);
	case HTTP_STAGE_BROKEN:
		return conn_fail(c, c->reader->err, c->reader->why);
	case HTTP_STAGE_START:
		if (c->stopping)
			return conn_gone(c);
		return conn_read_on(c);
	case HTTP_STAGE_HEAD:
	case HTTP_STAGE_BODY:
		return conn_read_on(c);
	}
	INVARIANT(!"stage");
	return STEP_WAIT;
}

/* As far as it goes without waiting; the connection may be gone afterwards. */
static void
conn_drive(struct conn *c)
{
	enum step s = STEP_AGAIN;

	while (s == STEP_AGAIN) {
		INVARIANT(c->state == CONN_READING || c->state == CONN_WRITING);
		s = c->state == CONN_READING ? step_read(c) : step_write(c);
	}
}

/* ---- events ---- */

/* Somebody who did not ask for TLS can be told so. */
static void
conn_not_tls(struct conn *c)
{
	stream_make_plain(&c->stream);
	(void)conn_fail(c, ERR_FRAMING, "this port speaks HTTPS");
	conn_drive(c);
}

static void
on_request_octets(struct conn *c)
{
	ssize_t n = c->stream.ops->read(&c->stream, c->loop->scratch, read_len(c));
	struct span s = {c->loop->scratch, n > 0 ? (size_t)n : 0};
	size_t used;

	if (n == STREAM_WANT_WRITE) {
		conn_hold(c);
		return;
	}
	conn_listen(c, true);
	if (n == STREAM_WANT_READ)
		return;
	if (n == STREAM_NOT_TLS) {
		conn_not_tls(c);
		return;
	}
	c->finished = n <= 0;
	used = s.len > 0 ? conn_feed(c, s) : 0;
	buf_add(&c->early, s.ptr + used, s.len - used);
	INVARIANT(!c->early.failed);
	secret_wipe(c->loop->scratch, s.len);
	conn_drive(c);
	secret_wipe_registers();
}

/*
 * One turn of the loop may have thousands of connections to hear. Answers do not wait for
 * them all. Any connection may be gone afterwards.
 */
static void
answers_first(struct http_loop *l)
{
	if (++l->events < EVENTS_AT_ONCE)
		return;
	l->events = 0;
	if (!queue_is_empty(l->queue))
		queue_run(l->queue);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;
	struct http_loop *l = c->loop;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONN_MAGIC);
	if (c->state == CONN_READING && early_left(c) == 0)
		on_request_octets(c);
	else if (c->state != CONN_LINGER)
		conn_listen(c, false); /* until there is room for another request */
	else if (stream_drain(&c->stream, l->scratch, HTTP_READ_LEN) == 0)
		conn_free(c);
	answers_first(l);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONN_MAGIC);
	if (c->state == CONN_WRITING || c->out.len > 0)
		conn_drive(c);
	else if (c->state == CONN_READING)
		on_request_octets(c);
}

static void
on_conn_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;
	bool begun;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONN_MAGIC);
	if (c->state == CONN_BUSY || c->state == CONN_HELD)
		return; /* the api has its own time-outs, and always answers */
	begun = conn_stage(c) == HTTP_STAGE_HEAD || conn_stage(c) == HTTP_STAGE_BODY;
	if (c->state != CONN_READING || !begun) {
		conn_free(c);
		return;
	}
	(void)conn_fail(c, ERR_REQUEST_TIMEOUT, NULL);
	conn_drive(c);
}

/* ---- life ---- */

void
http_conn_loop_init(struct http_loop *loop)
{
	LIST_INIT(&loop->conns);
	TAILQ_INIT(&loop->held);
	http_pool_init(&loop->pool, (size_t)loop->options->body_max);
	loop->pace = evtimer_new(loop->base, on_pace, loop);
	RESOURCE(loop->pace != NULL);
}

void
http_conn_loop_fini(struct http_loop *loop)
{
	event_free(loop->pace);
	http_pool_fini(&loop->pool);
}

void
http_conn_new(struct http_loop *loop, int fd, const struct address *peer, struct tls *tls)
{
	struct conn *c = mem_new(sizeof(*c));

	c->magic = CONN_MAGIC;
	c->loop = loop;
	stream_init(&c->stream, fd, tls);
	c->peer = *peer;
	buf_init(&c->early, HTTP_READ_LEN);
	buf_init(&c->out, RESPONSE_MAX);
	c->readable = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->timer = evtimer_new(loop->base, on_conn_timer, c);
	RESOURCE(c->readable != NULL && c->timer != NULL);
	atomic_fetch_add(loop->connections, 1);
	LIST_INSERT_HEAD(&loop->conns, c, entry);
	conn_wait(c, HTTP_WAIT_HEAD);
	conn_listen(c, true);
}

void
http_conn_stop(struct conn *c)
{
	CHECK_OBJ(c, CONN_MAGIC);
	c->stopping = true;
	if (c->state == CONN_HELD)
		say_refusal(c);
	else if (c->state == CONN_READING && !c->asked &&
		 conn_stage(c) == HTTP_STAGE_START)
		conn_wait(c, HTTP_WAIT_FIRST);
	else if (c->state == CONN_LINGER ||
		 (c->state == CONN_READING && conn_stage(c) == HTTP_STAGE_START))
		conn_free(c);
}

void
http_conn_cut(struct conn *c)
{
	CHECK_OBJ(c, CONN_MAGIC);
	if (c->state != CONN_BUSY)
		conn_free(c);
}

struct conn *
http_conn_next(struct conn *c)
{
	return LIST_NEXT(c, entry);
}

void
http_conn_refuse(struct http_loop *loop, int fd)
{
	struct call *call = call_new(loop->options->api, loop->queue, call_done, NULL);
	struct conn c = {.loop = loop, .call = call};

	buf_init(&c.out, RESPONSE_MAX);
	api_refuse(call, ERR_OVERLOADED, NULL);
	put_response(&c, call_response(call));
	(void)!send(fd, c.out.ptr, c.out.len, MSG_NOSIGNAL);
	http_pool_put_out(&loop->pool, &c.out);
	call_free(call);
	close(fd);
}
