/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c-ares tells which sockets it waits on; each has an event of the loop. From
 * version 1.28 on (Debian 13) it hands out parsed records, and what it had before is
 * deprecated; Debian 12 has 1.18. Its own event thread and ares_reinit are not used: both
 * would call back from a thread that is not the loop's.
 */
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
	TIMEOUT_LEAST_MS = 5
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
	resolver_addresses_f *addresses; /* one of the three */
	resolver_naptr_f *naptr;
	resolver_srv_f *srv;
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
on_ares_timer(evutil_socket_t fd, short what, void *ctx)
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
question_new(struct question of)
{
	struct question *q = mem_new(sizeof(*q));

	*q = of;
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
	ares_getaddrinfo(r->channel, name, NULL, &hints, on_addresses,
	    question_new((struct question){.addresses = done, .ctx = ctx}));
	set_timer(r);
}

/* ---- records ---- */

/* In the order in which they were appended. */
struct records {
	struct resolver_naptr *first;
	struct resolver_naptr **end;
};

static void
append_record(struct records *to, struct resolver_naptr record)
{
	struct resolver_naptr *n = mem_new(sizeof(*n));

	*n = record;
	*to->end = n;
	to->end = &n->next;
}

static void
free_records(struct records *of)
{
	while (of->first != NULL) {
		struct resolver_naptr *next = of->first->next;

		mem_free(of->first);
		of->first = next;
	}
}

static void
give_records(const struct question *q, int rc, struct records *records)
{
	struct resolver_records found = {kind_of(rc), ares_strerror(rc), records->first};

	q->naptr(q->ctx, &found);
	free_records(records);
}

/* ---- services ---- */

struct services {
	struct resolver_srv *first;
	struct resolver_srv **end;
};

static void
append_service(struct services *to, struct resolver_srv service)
{
	struct resolver_srv *n = mem_new(sizeof(*n));

	*n = service;
	*to->end = n;
	to->end = &n->next;
}

static void
give_services(const struct question *q, int rc, struct services *of)
{
	struct resolver_services found = {kind_of(rc), ares_strerror(rc), of->first};

	q->srv(q->ctx, &found);
	while (of->first != NULL) {
		struct resolver_srv *next = of->first->next;

		mem_free(of->first);
		of->first = next;
	}
}

#ifdef HAVE_ARES_DNSREC

static void
append_parsed(struct records *to, const ares_dns_rr_t *rr)
{
	if (ares_dns_rr_get_type(rr) != ARES_REC_TYPE_NAPTR)
		return;
	append_record(
	    to, (struct resolver_naptr){ares_dns_rr_get_u16(rr, ARES_RR_NAPTR_ORDER),
		    ares_dns_rr_get_u16(rr, ARES_RR_NAPTR_PREFERENCE),
		    ares_dns_rr_get_str(rr, ARES_RR_NAPTR_FLAGS),
		    ares_dns_rr_get_str(rr, ARES_RR_NAPTR_SERVICES), NULL});
}

static void
on_records(void *ctx, ares_status_t rc, size_t timeouts, const ares_dns_record_t *answer)
{
	struct question q = *(struct question *)ctx;
	struct records records = {.first = NULL, .end = &records.first};
	size_t count =
	    answer == NULL ? 0 : ares_dns_record_rr_cnt(answer, ARES_SECTION_ANSWER);

	(void)timeouts;
	mem_free(ctx);
	for (size_t i = 0; i < count; i++)
		append_parsed(&records,
		    ares_dns_record_rr_get_const(answer, ARES_SECTION_ANSWER, i));
	give_records(&q, (int)rc, &records);
}

static void
ask_naptr(struct resolver *r, const char *name, struct question *q)
{
	(void)ares_query_dnsrec(r->channel, name, ARES_CLASS_IN, ARES_REC_TYPE_NAPTR,
	    on_records, q, NULL); /* its callback has the outcome */
}

static void
append_parsed_service(struct services *to, const ares_dns_rr_t *rr)
{
	if (ares_dns_rr_get_type(rr) != ARES_REC_TYPE_SRV)
		return;
	append_service(
	    to, (struct resolver_srv){ares_dns_rr_get_u16(rr, ARES_RR_SRV_PRIORITY),
		    ares_dns_rr_get_u16(rr, ARES_RR_SRV_WEIGHT),
		    ares_dns_rr_get_u16(rr, ARES_RR_SRV_PORT),
		    ares_dns_rr_get_str(rr, ARES_RR_SRV_TARGET), NULL});
}

static void
on_services(void *ctx, ares_status_t rc, size_t timeouts, const ares_dns_record_t *answer)
{
	struct question q = *(struct question *)ctx;
	struct services services = {.first = NULL, .end = &services.first};
	size_t count =
	    answer == NULL ? 0 : ares_dns_record_rr_cnt(answer, ARES_SECTION_ANSWER);

	(void)timeouts;
	mem_free(ctx);
	for (size_t i = 0; i < count; i++)
		append_parsed_service(&services,
		    ares_dns_record_rr_get_const(answer, ARES_SECTION_ANSWER, i));
	give_services(&q, (int)rc, &services);
}

static void
ask_srv(struct resolver *r, const char *name, struct question *q)
{
	(void)ares_query_dnsrec(r->channel, name, ARES_CLASS_IN, ARES_REC_TYPE_SRV,
	    on_services, q, NULL); /* its callback has the outcome */
}

static int64_t
count_servers(const struct resolver *r)
{
	char *list = ares_get_servers_csv(r->channel);
	int64_t count = 1;

	for (const char *at = list; at != NULL && *at != 0; at++)
		count += *at == ',';
	ares_free_string(list);
	return count;
}

#else

enum { CLASS_IN = 1, NAPTR_TYPE = 35, SRV_TYPE = 33 }; /* RFC 1035 3.2.4, 3403, 2782 */

static void
on_records(void *ctx, int rc, int timeouts, unsigned char *octets, int len)
{
	struct question q = *(struct question *)ctx;
	struct records records = {.first = NULL, .end = &records.first};
	struct ares_naptr_reply *list = NULL;

	(void)timeouts;
	mem_free(ctx);
	if (rc == ARES_SUCCESS) {
		rc = ares_parse_naptr_reply(octets, len, &list);
		/* no such record is an answer, a damaged record is none */
		if (rc == ARES_ENODATA)
			rc = ARES_SUCCESS;
	}
	for (const struct ares_naptr_reply *n = list; n != NULL; n = n->next)
		append_record(&records,
		    (struct resolver_naptr){n->order, n->preference,
			(const char *)n->flags, (const char *)n->service, NULL});
	give_records(&q, rc, &records);
	if (list != NULL)
		ares_free_data(list);
}

static void
ask_naptr(struct resolver *r, const char *name, struct question *q)
{
	ares_query(r->channel, name, CLASS_IN, NAPTR_TYPE, on_records, q);
}

static void
on_services(void *ctx, int rc, int timeouts, unsigned char *octets, int len)
{
	struct question q = *(struct question *)ctx;
	struct services services = {.first = NULL, .end = &services.first};
	struct ares_srv_reply *list = NULL;

	(void)timeouts;
	mem_free(ctx);
	if (rc == ARES_SUCCESS) {
		rc = ares_parse_srv_reply(octets, len, &list);
		if (rc == ARES_ENODATA)
			rc = ARES_SUCCESS;
	}
	for (const struct ares_srv_reply *n = list; n != NULL; n = n->next)
		append_service(&services, (struct resolver_srv){n->priority, n->weight,
					      n->port, n->host, NULL});
	give_services(&q, rc, &services);
	if (list != NULL)
		ares_free_data(list);
}

static void
ask_srv(struct resolver *r, const char *name, struct question *q)
{
	ares_query(r->channel, name, CLASS_IN, SRV_TYPE, on_services, q);
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

#endif

void
resolver_ask_naptr(
    struct resolver *r, const char *name, resolver_naptr_f *done, void *ctx)
{
	CHECK_OBJ(r, RESOLVER_MAGIC);
	ask_naptr(r, name, question_new((struct question){.naptr = done, .ctx = ctx}));
	set_timer(r);
}

void
resolver_ask_srv(struct resolver *r, const char *name, resolver_srv_f *done, void *ctx)
{
	CHECK_OBJ(r, RESOLVER_MAGIC);
	ask_srv(r, name, question_new((struct question){.srv = done, .ctx = ctx}));
	set_timer(r);
}

/* ---- life ---- */

#ifdef HAVE_ARES_DNSREC

/*
 * This c-ares goes by how long a server took so far: a quick one has no more than 250 ms
 * for its first try, each later round twice that and less a chance half. So many rounds
 * fill the time of a question even then.
 */
static int
count_tries(int64_t timeout_ms)
{
	int64_t first_ms = 250;
	int64_t all_ms = first_ms;
	int tries = 1;

	for (int64_t next_ms = first_ms; all_ms < timeout_ms; next_ms *= 2) {
		all_ms += next_ms;
		tries++;
	}
	return tries < TRIES ? TRIES : tries;
}

#else

static int
count_tries(int64_t timeout_ms)
{
	(void)timeout_ms;
	return TRIES;
}

#endif

/* No answer is kept for later: a name is asked for whenever somebody wants to know. */
static int
open_channel(struct resolver *r, const struct resolver_options *given, int64_t try_ms)
{
	struct ares_options o = {.timeout = (int)try_ms,
	    .tries = count_tries(given->timeout_ms),
	    .lookups = (char[]){"fb"}, /* files, then servers */
	    .sock_state_cb = on_state,
	    .sock_state_cb_data = r};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		   ARES_OPT_SOCK_STATE_CB;
	int rc;

#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
	o.maxtimeout = (int)given->timeout_ms;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
	rc = ares_init_options(&r->channel, &o, mask);
	if (rc == ARES_SUCCESS && given->servers != NULL)
		rc = ares_set_servers_ports_csv(r->channel, given->servers);
	return rc;
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
	int rc = open_channel(r, o, o->timeout_ms);
	int64_t try_ms;

	if (rc != ARES_SUCCESS)
		return rc;
	try_ms = o->timeout_ms / (ROUNDS_SHARE * count_servers(r));
	close_channel(r);
	return open_channel(r, o, try_ms < TIMEOUT_LEAST_MS ? TIMEOUT_LEAST_MS : try_ms);
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
	r->timer = evtimer_new(base, on_ares_timer, r);
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
