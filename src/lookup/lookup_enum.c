/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENUM over DNS by c-ares: one NAPTR query a number, at the machine's resolvers or at
 * those of the configuration. What the records mean is enum_rule.h's. A name that does
 * not exist, or has no such record, leaves the question open: few trees are complete.
 * With `unlisted: not_reachable` the operator says that this one is.
 *
 * c-ares tells which sockets it waits on; each has an event of the loop.
 */
#include <ares.h>
#include <event2/event.h>
#include <stdio.h>

#include "lookup/enum_rule.h"
#include "lookup/types.h"

enum { TRIES = 2, NAPTR_CLASS = 1, NAPTR_TYPE = 35, TIMEOUT_LEAST_MS = 5 };

struct enum_socket {
	struct enum_socket *next;
	struct enum_provider *provider;
	struct event *event;
	ares_socket_t fd;
};

struct enum_provider {
	struct lookup_provider head; /* first */
	const struct lookup_config *config;
	struct event_base *base;
	ares_channel channel;
	struct enum_socket *sockets;
	struct event *timer;
};

struct enum_question {
	struct enum_provider *provider;
	lookup_done_f *done;
	void *ctx;
};

static struct enum_provider *
enum_of(struct lookup_provider *p)
{
	return container_of(p, struct enum_provider, head);
}

/* ---- c-ares on the loop ---- */

/* When c-ares next wants to look at its time-outs. */
static void
set_timer(struct enum_provider *p)
{
	struct timeval tv;

	if (ares_timeout(p->channel, NULL, &tv) == NULL)
		event_del(p->timer);
	else
		RESOURCE(event_add(p->timer, &tv) == 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct enum_provider *p = ctx;

	(void)fd;
	(void)what;
	ares_process_fd(p->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(p);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct enum_provider *p = ctx;

	ares_process_fd(p->channel, (what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	set_timer(p);
}

static void
drop_socket(struct enum_provider *p, ares_socket_t fd)
{
	for (struct enum_socket **at = &p->sockets; *at != NULL; at = &(*at)->next)
		if ((*at)->fd == fd) {
			struct enum_socket *s = *at;

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
	struct enum_provider *p = ctx;
	short what =
	    (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct enum_socket *s;

	drop_socket(p, fd);
	if (!readable && !writable)
		return;
	s = mem_new(sizeof(*s));
	s->fd = fd;
	s->provider = p;
	s->event = event_new(p->base, fd, what, on_socket, p);
	RESOURCE(s->event != NULL && event_add(s->event, NULL) == 0);
	s->next = p->sockets;
	p->sockets = s;
}

/* ---- a question ---- */

static bool
judge_first(const struct ares_naptr_reply *list, enum lookup_status *out)
{
	struct enum_record best;
	bool found = false;

	for (const struct ares_naptr_reply *n = list; n != NULL; n = n->next) {
		struct enum_record r = {(const char *)n->flags, (const char *)n->service,
		    n->order, n->preference};
		enum lookup_status status;

		if (!enum_rule_judge(&r, &status) ||
		    (found && !enum_rule_before(&r, &best)))
			continue;
		best = r;
		*out = status;
		found = true;
	}
	return found;
}

static struct lookup_answer
read_answer(const unsigned char *octets, int len)
{
	struct ares_naptr_reply *list = NULL;
	struct lookup_answer a = {.reason = "no record that counts"};
	int rc = ares_parse_naptr_reply(octets, len, &list);

	if (rc != ARES_SUCCESS && rc != ARES_ENODATA)
		a = (struct lookup_answer){.failed = true, .reason = ares_strerror(rc)};
	else if (judge_first(list, &a.status))
		a.reason = "NAPTR";
	if (list != NULL)
		ares_free_data(list);
	return a;
}

static void
on_reply(void *ctx, int rc, int timeouts, unsigned char *octets, int len)
{
	struct enum_question q = *(struct enum_question *)ctx;
	struct lookup_answer a = {.reason = ares_strerror(rc)};

	(void)timeouts;
	mem_free(ctx);
	if (rc == ARES_SUCCESS)
		a = read_answer(octets, len);
	else if (rc != ARES_ENOTFOUND && rc != ARES_ENODATA)
		a.failed = true;
	else if (q.provider->config->unlisted == LOOKUP_UNLISTED_NOT_REACHABLE)
		a.status = LOOKUP_NOT_REACHABLE;
	q.done(q.ctx, &a);
}

static void
enum_ask(struct lookup_provider *head, const char *number, lookup_done_f *done, void *ctx)
{
	struct enum_provider *p = enum_of(head);
	struct enum_question *q;
	char name[ENUM_NAME_MAX + 1];

	if (enum_rule_name(number, p->config->suffix, name) != OK) {
		done(ctx, &(struct lookup_answer){.reason = "the name is too long"});
		return;
	}
	q = mem_new(sizeof(*q));
	*q = (struct enum_question){p, done, ctx};
	ares_query(p->channel, name, NAPTR_CLASS, NAPTR_TYPE, on_reply, q);
	set_timer(p);
}

/* ---- life ---- */

static void
enum_free(struct lookup_provider *head)
{
	struct enum_provider *p = enum_of(head);

	if (p->channel != NULL)
		ares_destroy(p->channel); /* answers what is outstanding */
	while (p->sockets != NULL)
		drop_socket(p, p->sockets->fd);
	event_free(p->timer);
	ares_library_cleanup();
	mem_free(p);
}

/* The second try has twice the time of the first; both fit into the whole. */
static int
open_channel(struct enum_provider *p)
{
	struct ares_options o = {.flags = ARES_FLAG_NOSEARCH,
	    .timeout = (int)(p->config->timeout_ms / 3),
	    .tries = TRIES,
	    .sock_state_cb = on_state,
	    .sock_state_cb_data = p};
	int rc;

	if (o.timeout < TIMEOUT_LEAST_MS)
		o.timeout = TIMEOUT_LEAST_MS;
	rc = ares_init_options(&p->channel, &o,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_SOCK_STATE_CB);
	if (rc == ARES_SUCCESS && p->config->servers != NULL)
		rc = ares_set_servers_ports_csv(p->channel, p->config->servers);
	return rc;
}

static enum err
enum_open(const struct lookup_config *config, const struct lookup_env *env, char why[256],
    struct lookup_provider **out)
{
	struct enum_provider *p;
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc != ARES_SUCCESS) {
		snprintf(why, 256, "c-ares: %s", ares_strerror(rc));
		return ERR_IO;
	}
	p = mem_new(sizeof(*p));
	p->config = config;
	p->base = env->base;
	p->timer = evtimer_new(p->base, on_timer, p);
	RESOURCE(p->timer != NULL);
	rc = open_channel(p);
	if (rc == ARES_SUCCESS) {
		*out = &p->head;
		return OK;
	}
	snprintf(why, 256, "servers: %s", ares_strerror(rc));
	enum_free(&p->head);
	return ERR_INVALID;
}

const struct lookup_provider_ops lookup_enum_ops = {
    "enum", NULL, enum_open, enum_ask, enum_free};
