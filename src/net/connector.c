/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connector.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/resolver.h"

enum {
	CONNECTOR_MAGIC = 0x64696131,
	FAMILIES = 2,
	ADDRESSES_MAX = FAMILIES * RESOLVER_ADDRESSES_MAX,
	ATTEMPT_DELAY_MS = 250,   /* RFC 8305 5 */
	RESOLUTION_DELAY_MS = 50, /* RFC 8305 3 */
	MAPPED_LEN = 12,
	WHY_LEN = 512
};

/* IPv6 first (RFC 8305 4). */
static const int families[FAMILIES] = {AF_INET6, AF_INET};

struct attempt {
	struct connector *of;
	struct address to;
	struct event *event; /* NULL: it has failed */
	int fd;
};

/* The answer to a family's question. */
struct family {
	struct connector *of;
	bool answered;
	struct resolver_addresses found;
};

struct connector {
	unsigned magic;
	struct event_base *base;
	char *host;
	uint16_t port;
	unsigned first;
	connector_done_f *done;
	void *ctx;
	struct resolver *resolver; /* NULL: the host is an address */
	struct family families[FAMILIES];
	bool trying; /* the order of addresses is settled */
	size_t count;
	size_t next; /* the address that has its turn */
	struct attempt attempts[ADDRESSES_MAX];
	size_t open; /* attempts under way */
	struct event *pace;
	struct event *deadline;
	struct event *finish;
	bool over;
	int fd;
	char why[WHY_LEN];
};

static void
wait_ms(struct event *e, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(e, &tv) == 0);
}

/* ---- the end ---- */

/* As much of it as there is room for. */
static void
note(struct connector *c, const char *what, const char *became)
{
	size_t len = strlen(c->why);

	(void)snprintf(
	    c->why + len, WHY_LEN - len, "%s%s: %s", len > 0 ? ", " : "", what, became);
}

static void
note_address(struct connector *c, const struct address *a, const char *became)
{
	char text[ADDRESS_TEXT_LEN];

	note(c, address_text(a, text), became);
}

static void
attempt_end(struct attempt *a, bool keep)
{
	if (a->event == NULL)
		return;
	event_free(a->event);
	a->event = NULL;
	a->of->open--;
	if (!keep)
		close(a->fd);
}

/* The callback comes from the loop: this may be the midst of a question. */
static void
end(struct connector *c)
{
	c->over = true;
	event_del(c->pace);
	event_del(c->deadline);
	event_active(c->finish, EV_TIMEOUT, 0);
}

static void
win(struct connector *c, struct attempt *a)
{
	c->fd = a->fd;
	attempt_end(a, true);
	for (size_t i = 0; i < c->next; i++)
		attempt_end(&c->attempts[i], false);
	end(c);
}

static void
on_finish(evutil_socket_t fd, short what, void *ctx)
{
	struct connector *c = ctx;
	int won = c->fd;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONNECTOR_MAGIC);
	c->fd = -1;
	c->done(c->ctx, won, c->why); /* and it may be gone */
}

/* ---- addresses ---- */

static void try_on(struct connector *c);

static void
on_attempt(evutil_socket_t fd, short what, void *ctx)
{
	struct attempt *a = ctx;
	struct connector *c = a->of;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	CHECK_OBJ(c, CONNECTOR_MAGIC);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		win(c, a);
		return;
	}
	note_address(c, &a->to, strerror(error));
	attempt_end(a, false);
	try_on(c);
}

static socklen_t
sockaddr_of(const struct address *a, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (void *)out;
	struct sockaddr_in *four = (void *)out;

	memset(out, 0, sizeof(*out));
	if (!address_is_four(a)) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, a->bytes, ADDRESS_LEN);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons(port);
	memcpy(&four->sin_addr, a->bytes + MAPPED_LEN, ADDRESS_LEN - MAPPED_LEN);
	return sizeof(*four);
}

/* 0: under way; else what is wrong. */
static int
attempt_start(struct attempt *a)
{
	struct connector *c = a->of;
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(&a->to, c->port, &to);
	int error;

	a->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return errno;
	if (connect(a->fd, (struct sockaddr *)&to, len) != 0 && errno != EINPROGRESS) {
		error = errno;
		close(a->fd);
		return error;
	}
	a->event = event_new(c->base, a->fd, EV_WRITE, on_attempt, a);
	RESOURCE(a->event != NULL && event_add(a->event, NULL) == 0);
	c->open++;
	return 0;
}

static bool
all_answered(const struct connector *c)
{
	return c->families[0].answered && c->families[1].answered;
}

/* Nothing is left to be tried, and nothing under way. */
static void
give_up(struct connector *c)
{
	if (c->why[0] == '\0')
		note(c, c->host, "has no address");
	end(c);
}

/* The next address that does not fail at once; another one follows a while later. */
static void
try_on(struct connector *c)
{
	int error = 1;

	while (!c->over && error != 0 && c->next < c->count) {
		struct attempt *a = &c->attempts[c->next++];

		error = attempt_start(a);
		if (error != 0)
			note_address(c, &a->to, strerror(error));
	}
	if (!c->over && c->next < c->count)
		wait_ms(c->pace, ATTEMPT_DELAY_MS);
	else if (!c->over && c->open == 0 && all_answered(c))
		give_up(c);
}

static void
add_address(struct connector *c, const struct address *to)
{
	for (size_t i = 0; i < c->count; i++)
		if (address_equal(&c->attempts[i].to, to))
			return;
	INVARIANT(c->count < ADDRESSES_MAX);
	c->attempts[c->count++] = (struct attempt){.of = c, .to = *to, .fd = -1};
}

/* One of each family in turn (RFC 8305 4). */
static void
interleave(struct connector *c)
{
	for (size_t i = 0; i < RESOLVER_ADDRESSES_MAX; i++)
		for (unsigned f = 0; f < FAMILIES; f++)
			if (i < c->families[f].found.count)
				add_address(c, &c->families[f].found.list[i]);
}

static void
rotate(struct connector *c)
{
	struct attempt copy[ADDRESSES_MAX];

	memcpy(copy, c->attempts, sizeof(copy));
	for (size_t i = 0; i < c->count; i++)
		c->attempts[i] = copy[(i + c->first) % c->count];
}

static void
begin(struct connector *c)
{
	event_del(c->pace);
	c->trying = true;
	interleave(c);
	rotate(c);
	try_on(c);
}

/* Another address has its turn, or one family has been waited for enough. */
static void
on_pace(evutil_socket_t fd, short what, void *ctx)
{
	struct connector *c = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONNECTOR_MAGIC);
	if (!c->trying)
		begin(c);
	else
		try_on(c);
}

/* ---- names ---- */

static void
on_addresses(void *ctx, const struct resolver_addresses *found)
{
	struct family *f = ctx;
	struct connector *c = f->of;

	if (c->over)
		return;
	f->answered = true;
	f->found = *found;
	if (found->kind == RESOLVER_FAILED && c->why[0] == '\0')
		note(c, c->host, found->reason);
	if (c->trying) {
		interleave(c);
		if (!evtimer_pending(c->pace, NULL))
			wait_ms(c->pace, 0);
	} else if (all_answered(c)) {
		begin(c);
	} else if (found->count > 0) {
		wait_ms(c->pace, RESOLUTION_DELAY_MS);
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct connector *c = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CONNECTOR_MAGIC);
	for (size_t i = 0; i < c->next; i++)
		if (c->attempts[i].event != NULL) {
			note_address(c, &c->attempts[i].to, "no answer in time");
			attempt_end(&c->attempts[i], false);
		}
	if (c->count == 0)
		note(c, c->host, "its name servers do not answer");
	end(c);
}

static void
ask(struct connector *c, const struct connector_target *t)
{
	struct resolver_options o = {t->servers, t->timeout_ms};
	char why[256] = "";

	if (resolver_new(c->base, &o, why, &c->resolver) != OK) {
		note(c, c->host, why);
		end(c);
		return;
	}
	for (unsigned f = 0; f < FAMILIES; f++)
		resolver_ask_addresses(
		    c->resolver, c->host, families[f], on_addresses, &c->families[f]);
}

/* ---- life ---- */

struct connector *
connector_new(struct event_base *base, const struct connector_target *target,
    connector_done_f *done, void *ctx)
{
	struct connector *c = mem_new(sizeof(*c));
	struct address literal;

	c->magic = CONNECTOR_MAGIC;
	c->base = base;
	c->host = mem_text(target->host);
	c->port = (uint16_t)target->port;
	c->first = target->first;
	c->done = done;
	c->ctx = ctx;
	c->fd = -1;
	c->pace = evtimer_new(base, on_pace, c);
	c->deadline = evtimer_new(base, on_deadline, c);
	c->finish = evtimer_new(base, on_finish, c);
	RESOURCE(c->pace != NULL && c->deadline != NULL && c->finish != NULL);
	for (unsigned f = 0; f < FAMILIES; f++)
		c->families[f].of = c;
	wait_ms(c->deadline, target->timeout_ms);
	if (!address_parse(span_of(c->host), &literal)) {
		ask(c, target);
		return c;
	}
	c->families[0].found.list[0] = literal;
	c->families[0].found.count = 1;
	c->families[0].answered = c->families[1].answered = true;
	begin(c);
	return c;
}

void
connector_free(struct connector *c)
{
	if (c == NULL)
		return;
	CHECK_OBJ(c, CONNECTOR_MAGIC);
	c->over = true; /* the questions end now, unheard */
	resolver_free(c->resolver);
	for (size_t i = 0; i < c->next; i++)
		attempt_end(&c->attempts[i], false);
	if (c->fd >= 0)
		close(c->fd);
	event_free(c->pace);
	event_free(c->deadline);
	event_free(c->finish);
	mem_free(c->host);
	mem_free(c);
}
