/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and their records, by c-ares on the event loop of its thread: the one way to
 * ask for them. Servers and search domains are those of /etc/resolv.conf as it stands
 * when the resolver is made, or a list; addresses may also come from /etc/hosts, and
 * localhost is always this machine. All servers are tried, twice, within the time of a
 * question (RFC 1035 4.2.1).
 *
 * No network is waited for here, so a callback may come at once.
 */
#ifndef WW_RESOLVER_H
#define WW_RESOLVER_H

#include "base/address.h"

struct event_base;
struct resolver;

enum { RESOLVER_ADDRESSES_MAX = 16 };

struct resolver_options {
	const char *servers; /* "192.0.2.53,[2001:db8::53]:5353"; NULL: the machine's */
	int64_t timeout_ms;  /* of one question, over all servers and tries; c-ares may
				take  longer, so each asker has a timer of its own */
};

enum resolver_kind {
	RESOLVER_FOUND,  /* the answer, which may hold nothing that can be used */
	RESOLVER_NONE,   /* there is no such name, or no such record of it */
	RESOLVER_FAILED, /* no server answered, or none could */
};

/* Borrowed for the duration of the callback, as all that follows. */
struct resolver_addresses {
	enum resolver_kind kind;
	const char *reason; /* for logs; never NULL */
	size_t count;
	struct address list[RESOLVER_ADDRESSES_MAX]; /* the best first (RFC 6724 6) */
};

/* RFC 3403 4.1. */
struct resolver_naptr {
	unsigned order;
	unsigned preference;
	const char *flags;
	const char *service;
	struct resolver_naptr *next;
};

struct resolver_records {
	enum resolver_kind kind;
	const char *reason;
	const struct resolver_naptr *first; /* NULL: none */
};

/* RFC 2782; a target "." says that the service is not there. */
struct resolver_srv {
	unsigned priority;
	unsigned weight;
	uint16_t port;
	const char *target;
	struct resolver_srv *next;
};

struct resolver_services {
	enum resolver_kind kind;
	const char *reason;
	const struct resolver_srv *first; /* NULL: none */
};

typedef void resolver_addresses_f(void *ctx, const struct resolver_addresses *found);
typedef void resolver_naptr_f(void *ctx, const struct resolver_records *found);
typedef void resolver_srv_f(void *ctx, const struct resolver_services *found);

/* ERR_INVALID: `servers` are none; ERR_IO: c-ares cannot begin. A sentence in why. */
enum err resolver_new(struct event_base *base, const struct resolver_options *o,
    char why[256], struct resolver **out) MUST_CHECK;
/* Outstanding questions end first, as failed; not from inside a callback. NULL is
 * allowed. */
void resolver_free(struct resolver *r);
/* The addresses of one family, AF_INET or AF_INET6. The name may be searched for. */
void resolver_ask_addresses(struct resolver *r, const char *name, int family,
    resolver_addresses_f *done, void *ctx);
void resolver_ask_naptr(
    struct resolver *r, const char *name, resolver_naptr_f *done, void *ctx);
/* `name` as "_sip._udp.example.com". */
void resolver_ask_srv(
    struct resolver *r, const char *name, resolver_srv_f *done, void *ctx);

#endif
