/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_trunk.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "carrier/options.h"
#include "net/resolver.h"

enum {
	OLD_MS = 60000,
	QUESTION_MS = 4000,
	PORT_SIP = 5060,
	PORT_SIPS = 5061,
	NAME_LEN_MAX = 300,
	TARGETS_MAX = 16,
	FAMILIES = 2
};

/* A name whose addresses are asked for, with what its SRV record says. */
struct target {
	struct sip_trunk *trunk;
	char name[NAME_LEN_MAX];
	uint16_t port;
	unsigned priority;
	unsigned weight;
};

struct sip_trunk {
	const struct carrier_config *config;
	const struct carrier_sip_options *options;
	struct carrier_env env;
	struct sip_stack *stack;
	struct resolver *resolver;
	struct event *again; /* after a failure */
	unsigned failures;
	bool asking;
	bool closing;
	int64_t asked_ms;
	unsigned open; /* questions without an answer */
	size_t target_count;
	struct target targets[TARGETS_MAX];
	size_t count;
	struct sip_stack_address list[SIP_PEERS_MAX];
};

static void ask(struct sip_trunk *t);

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ask(ctx);
}

static void
ask_later(struct sip_trunk *t, const char *why)
{
	int64_t ms = carrier_pause_ms(&t->env, t->failures++);
	struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	log_event(LOG_LEVEL_WARNING, "sip_name", LOG_TEXT("carrier", t->config->name),
	    LOG_TEXT("host", t->options->host), LOG_TEXT("reason", why));
	RESOURCE(event_add(t->again, &wait) == 0);
}

/* ---- addresses ---- */

static void
add_address(struct sip_trunk *t, const struct target *of, const struct address *a)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].port == of->port && address_equal(&t->list[i].at, a))
			return;
	if (t->count < SIP_PEERS_MAX)
		t->list[t->count++] =
		    (struct sip_stack_address){*a, of->port, of->priority, of->weight};
}

/* Addresses of before stay where nobody can say more. */
static void
end_asking(struct sip_trunk *t, const char *reason)
{
	t->asking = false;
	if (t->closing)
		return;
	if (t->count == 0) {
		ask_later(t, reason);
		return;
	}
	t->failures = 0;
	sip_stack_find(t->stack, t->list, t->count);
}

static void
on_addresses(void *ctx, const struct resolver_addresses *found)
{
	struct target *target = ctx;
	struct sip_trunk *t = target->trunk;

	for (size_t i = 0; i < found->count; i++)
		add_address(t, target, &found->list[i]);
	if (--t->open == 0)
		end_asking(t, found->reason);
}

static void
ask_addresses(struct sip_trunk *t)
{
	t->open = (unsigned)t->target_count * FAMILIES;
	for (size_t i = 0; i < t->target_count; i++) {
		struct target *at = &t->targets[i];

		resolver_ask_addresses(t->resolver, at->name, AF_INET, on_addresses, at);
		resolver_ask_addresses(t->resolver, at->name, AF_INET6, on_addresses, at);
	}
}

static void
add_target(struct sip_trunk *t, const char *name, const struct resolver_srv *from)
{
	struct target *at = &t->targets[t->target_count];
	bool tls = t->options->transport == SIP_TRANSP_TLS;

	if (t->target_count == TARGETS_MAX || strcmp(name, ".") == 0 || name[0] == '\0')
		return;
	*at = (struct target){.trunk = t};
	snprintf(at->name, sizeof(at->name), "%s", name);
	at->port = from != NULL ? from->port : (uint16_t)t->options->port;
	if (at->port == 0)
		at->port = tls ? PORT_SIPS : PORT_SIP;
	if (from != NULL) {
		at->priority = from->priority;
		at->weight = from->weight;
	}
	t->target_count++;
}

/* ---- SRV ---- */

/* Without such records the name itself is the server (RFC 3263 4.2). A question that
 * failed says nothing of them: the servers that are known stay. */
static void
on_services(void *ctx, const struct resolver_services *found)
{
	struct sip_trunk *t = ctx;

	if (t->closing)
		return;
	if (found->kind == RESOLVER_FAILED) {
		end_asking(t, found->reason);
		return;
	}
	for (const struct resolver_srv *s = found->first; s != NULL; s = s->next)
		add_target(t, s->target, s);
	if (found->first == NULL)
		add_target(t, t->options->host, NULL);
	if (t->target_count > 0)
		ask_addresses(t);
	else
		end_asking(t, "the service is not there (RFC 2782)");
}

static void
ask_services(struct sip_trunk *t)
{
	static const char *const prefixes[] = {[SIP_TRANSP_UDP] = "_sip._udp",
	    [SIP_TRANSP_TCP] = "_sip._tcp",
	    [SIP_TRANSP_TLS] = "_sips._tcp"};
	char name[NAME_LEN_MAX];

	snprintf(name, sizeof(name), "%s.%s", prefixes[t->options->transport],
	    t->options->host);
	resolver_ask_srv(t->resolver, name, on_services, t);
}

static void
ask(struct sip_trunk *t)
{
	struct address literal;

	if (t->asking)
		return;
	t->asking = true;
	t->asked_ms = t->env.clock->steady_ms(t->env.clock);
	t->count = t->target_count = 0;
	if (address_parse(span_of(t->options->host), &literal)) {
		add_target(t, t->options->host, NULL);
		add_address(t, &t->targets[0], &literal);
		end_asking(t, "");
	} else if (t->options->port > 0) {
		add_target(t, t->options->host, NULL);
		ask_addresses(t);
	} else {
		ask_services(t);
	}
}

void
sip_trunk_used(struct sip_trunk *t)
{
	int64_t now_ms = t->env.clock->steady_ms(t->env.clock);
	struct address literal;

	if (now_ms - t->asked_ms >= OLD_MS &&
	    !address_parse(span_of(t->options->host), &literal))
		ask(t);
}

/* ---- life ---- */

struct sip_trunk *
sip_trunk_new(const struct carrier_config *config, const struct carrier_env *env,
    struct sip_stack *stack)
{
	static const struct resolver_options options = {.timeout_ms = QUESTION_MS};
	struct sip_trunk *t = mem_new(sizeof(*t));
	char why[256];

	t->config = config;
	t->options = config->options;
	t->env = *env;
	t->stack = stack;
	t->again = evtimer_new(env->base, on_again, t);
	RESOURCE(t->again != NULL);
	RESOURCE(resolver_new(env->base, &options, why, &t->resolver) == OK);
	ask(t);
	return t;
}

void
sip_trunk_free(struct sip_trunk *t)
{
	if (t == NULL)
		return;
	t->closing = true; /* what ends now begins nothing */
	event_free(t->again);
	resolver_free(t->resolver);
	mem_free(t);
}
