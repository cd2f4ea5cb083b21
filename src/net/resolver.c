/* SPDX-License-Identifier: Apache-2.0 */
/* c-ares tells which sockets it waits on; each has an event of the loop. */
#include "net/resolver.h"

#include <ares.h>
#include <event2/event.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	RESOLVER_MAGIC = 0x6e616d65,
	TRIES = 2,
	ROUNDS_SHARE = 3, /* the second round has twice the time of the first */
	TIMEOUT_LEAST_MS = 5,
	NAPTR_CLASS = 1,
	NAPTR_TYPE = 35
};

struct resolver_socket {
	struct resolver_socket *next;
	struct event *event;
	ares_socket_t fd;
};

struct resolver {
	unsigned magic;
	struct event_base *base;
	ares_channel channel;
	struct resolver_socket *sockets;
	struct event *timer;
};

struct question {
	resolver_addresses_f *addresses; /* one of the two */
	resolver_naptr_f *naptr;
	void *ctx;
};

/* ---- c-ares on the loop ---- */

/* When c-ares next wants to look at its time-outs. */
static void
set_timer(struct resolver *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv) == NULL)
		event_del(r->timer);
	else
		RESOURCE(event_add(r->timer, &tv) == 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct resolver *r = ctx;

	(void)fd;
	(void)what;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(r);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct resolver *r = ctx;

	ares_process_fd(r->channel, (what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	set_timer(r);
}

static void
drop_socket(struct resolver *r, ares_socket_t fd)
{
	for (struct resolver_socket **at = &r->sockets; *at != NULL; at = &(*at)->next)
		if ((*at)->fd == fd) {
			struct resolver_socket *s = *at;

			*at = s->next;
			event_free(s->event);
			mem_free(s);
			return;
		}
}

/* c-ares waits on this socket for something else from now on, or no longer. */
static void
on_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = ctx;
	short what =
	    (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct resolver_socket *s;

	drop_socket(r, fd);
	if (!readable && !writable)
		return;
	s = mem_new(sizeof(*s));
	s->fd = fd;
	s->event = event_new(r->base, fd, what, on_socket, r);
	RESOURCE(s->event != NULL && event_add(s->event, NULL) == 0);
	s->next = r->sockets;
	r->sockets = s;
}

/* ---- questions ---- */

static struct question *
question_new(resolver_addresses_f *addresses, resolver_naptr_f *naptr, void *ctx)
{
	struct question *q = mem_new(sizeof(*q));

	*q = (struct question){addresses, naptr, ctx};
	return q;
}

static enum resolver_kind
kind_of(int rc)
{
	if (rc == ARES_SUCCESS)
		return RESOLVER_FOUND;
	return rc == ARES_ENOTFOUND || rc == ARES_ENODATA ? RESOLVER_NONE
							  : RESOLVER_FAILED;
}

static void
on_addresses(void *ctx, int rc, int timeouts, struct ares_addrinfo *info)
{
	struct question q = *(struct question *)ctx;
	struct resolver_addresses found = {
	    .kind = kind_of(rc), .reason = ares_strerror(rc)};

	(void)timeouts;
	mem_free(ctx);
	for (const struct ares_addrinfo_node *n = info == NULL ? NULL : info->nodes;
	     n != NULL && found.count < RESOLVER_ADDRESSES_MAX; n = n->ai_next)
		found.list[found.count++] = address_of_sockaddr(n->ai_addr);
	if (info != NULL)
		ares_freeaddrinfo(info);
	q.addresses(q.ctx, &found);
}

/* "localhost", and what ends with it, is this machine whatever files and servers say (RFC
 * 6761 6.3); c-ares 1.18 leaks memory where it answers that by itself. */
static bool
is_localhost(const char *name)
{
	static const char own[] = "localhost";
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len < sizeof(own) - 1 ||
	    strncasecmp(name + len - (sizeof(own) - 1), own, sizeof(own) - 1) != 0)
		return false;
	return len == sizeof(own) - 1 || name[len - sizeof(own)] == '.';
}

static void
give_loopback(int family, resolver_addresses_f *done, void *ctx)
{
	struct resolver_addresses found = {
	    .kind = RESOLVER_FOUND, .reason = "localhost", .count = 1};

	INVARIANT(address_parse(
	    span_of(family == AF_INET ? "127.0.0.1" : "::1"), &found.list[0]));
	done(ctx, &found);
}

void
resolver_ask_addresses(struct resolver *r, const char *name, int family,
    resolver_addresses_f *done, void *ctx)
{
	struct ares_addrinfo_hints hints = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM};

	CHECK_OBJ(r, RESOLVER_MAGIC);
	if (is_localhost(name)) {
		give_loopback(family, done, ctx);
		return;
	}
	ares_getaddrinfo(
	    r->channel, name, NULL, &hints, on_addresses, question_new(done, NULL, ctx));
	set_timer(r);
}

/* The list of c-ares from this one on, as ours, to `done`. */
static void
give_records(const struct question *q, const struct ares_naptr_reply *list,
    const struct resolver_records *found)
{
	struct resolver_naptr *first = NULL;
	struct resolver_naptr **end = &first;
	struct resolver_records given = *found;

	for (; list != NULL; list = list->next) {
		struct resolver_naptr *n = mem_new(sizeof(*n));

		*n = (struct resolver_naptr){list->order, list->preference,
		    (const char *)list->flags, (const char *)list->service, NULL};
		*end = n;
		end = &n->next;
	}
	given.first = first;
	q->naptr(q->ctx, &given);
	while (first != NULL) {
		struct resolver_naptr *next = first->next;

		mem_free(first);
		first = next;
	}
}

static void
on_records(void *ctx, int rc, int timeouts, unsigned char *octets, int len)
{
	struct question q = *(struct question *)ctx;
	struct resolver_records found = {kind_of(rc), ares_strerror(rc), NULL};
	struct ares_naptr_reply *list = NULL;

	(void)timeouts;
	mem_free(ctx);
	if (rc == ARES_SUCCESS)
		rc = ares_parse_naptr_reply(octets, len, &list);
	/* an answer without any such record is an answer, one that is damaged is none */
	if (found.kind == RESOLVER_FOUND && rc != ARES_SUCCESS && rc != ARES_ENODATA)
		found =
		    (struct resolver_records){RESOLVER_FAILED, ares_strerror(rc), NULL};
	give_records(&q, list, &found);
	if (list != NULL)
		ares_free_data(list);
}

void
resolver_ask_naptr(
    struct resolver *r, const char *name, resolver_naptr_f *done, void *ctx)
{
	CHECK_OBJ(r, RESOLVER_MAGIC);
	ares_query(r->channel, name, NAPTR_CLASS, NAPTR_TYPE, on_records,
	    question_new(NULL, done, ctx));
	set_timer(r);
}

/* ---- life ---- */

static int
open_channel(struct resolver *r, const char *servers, int64_t try_ms)
{
	struct ares_options o = {.timeout = (int)try_ms,
	    .tries = TRIES,
	    .lookups = (char[]){"fb"}, /* files, then servers */
	    .sock_state_cb = on_state,
	    .sock_state_cb_data = r};
	int rc = ares_init_options(&r->channel, &o,
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		ARES_OPT_SOCK_STATE_CB);

	if (rc == ARES_SUCCESS && servers != NULL)
		rc = ares_set_servers_ports_csv(r->channel, servers);
	return rc;
}

static int64_t
count_servers(const struct resolver *r)
{
	struct ares_addr_port_node *list = NULL;
	int64_t count = 0;

	if (ares_get_servers_ports(r->channel, &list) != ARES_SUCCESS)
		return 1;
	for (const struct ares_addr_port_node *n = list; n != NULL; n = n->next)
		count++;
	ares_free_data(list);
	return count > 0 ? count : 1;
}

static void
close_channel(struct resolver *r)
{
	if (r->channel != NULL)
		ares_destroy(r->channel); /* answers what is outstanding */
	r->channel = NULL;
	while (r->sockets != NULL)
		drop_socket(r, r->sockets->fd);
}

/* How many servers there are is known once they were read, and how long each may take
 * is said before that. */
static int
open_with_time(struct resolver *r, const struct resolver_options *o)
{
	int rc = open_channel(r, o->servers, o->timeout_ms);
	int64_t try_ms;

	if (rc != ARES_SUCCESS)
		return rc;
	try_ms = o->timeout_ms / (ROUNDS_SHARE * count_servers(r));
	close_channel(r);
	return open_channel(
	    r, o->servers, try_ms < TIMEOUT_LEAST_MS ? TIMEOUT_LEAST_MS : try_ms);
}

enum err
resolver_new(struct event_base *base, const struct resolver_options *o, char why[256],
    struct resolver **out)
{
	struct resolver *r;
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc != ARES_SUCCESS) {
		snprintf(why, 256, "c-ares: %s", ares_strerror(rc));
		return ERR_IO;
	}
	r = mem_new(sizeof(*r));
	r->magic = RESOLVER_MAGIC;
	r->base = base;
	r->timer = evtimer_new(base, on_timer, r);
	RESOURCE(r->timer != NULL);
	rc = open_with_time(r, o);
	if (rc == ARES_SUCCESS) {
		*out = r;
		return OK;
	}
	snprintf(why, 256, "%s", ares_strerror(rc));
	resolver_free(r);
	return o->servers == NULL ? ERR_IO : ERR_INVALID;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	CHECK_OBJ(r, RESOLVER_MAGIC);
	close_channel(r);
	event_free(r->timer);
	ares_library_cleanup();
	mem_free(r);
}
