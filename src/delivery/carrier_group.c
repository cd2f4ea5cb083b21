/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/carrier_group.h"

#include "base/log.h"

static const struct breaker_rule half_of_twenty = {.results_min = 20};

static int64_t
now_of(const struct carrier_group *g)
{
	return g->clock->steady_ms(g->clock);
}

enum err
carrier_group_open(struct carrier_group *g, const struct carrier_config *config,
    const struct carrier_env *env, char why[256])
{
	size_t wanted = config->binds < 1 ? 1 : (size_t)config->binds;
	enum err e = OK;

	*g = (struct carrier_group){.config = config, .clock = env->clock};
	breaker_init(&g->breaker, &half_of_twenty);
	pace_init(&g->pace, config->rate, now_of(g));
	INVARIANT(wanted <= CARRIER_GROUP_BINDS_MAX);
	while (e == OK && g->count < wanted) {
		e = carrier_open(config, env, why, &g->binds[g->count]);
		if (e == OK)
			g->count++;
	}
	return e;
}

void
carrier_group_close(struct carrier_group *g)
{
	size_t count = g->count;

	g->count = 0; /* what closing answers finds nothing open */
	for (size_t i = 0; i < count; i++)
		carrier_free(g->binds[i]);
}

void
carrier_group_stop(struct carrier_group *g, int64_t within_ms)
{
	for (size_t i = 0; i < g->count; i++)
		carrier_stop(g->binds[i], within_ms);
}

bool
carrier_group_is_busy(const struct carrier_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (carrier_is_busy(g->binds[i]))
			return true;
	return false;
}

struct carrier_group_state
carrier_group_state(const struct carrier_group *g)
{
	struct carrier_group_state s = {
	    .suspended = g->breaker.open, .binds = g->count, .rate = g->pace.rate};

	for (size_t i = 0; i < g->count; i++)
		s.binds_up += carrier_is_up(g->binds[i]) ? 1 : 0;
	return s;
}

bool
carrier_group_is_open(const struct carrier_group *g)
{
	if (!breaker_allows(&g->breaker, now_of(g)))
		return false;
	for (size_t i = 0; i < g->count; i++)
		if (carrier_is_up(g->binds[i]))
			return true;
	return false;
}

int64_t
carrier_group_wait_ms(struct carrier_group *g)
{
	return pace_wait_ms(&g->pace, now_of(g));
}

struct carrier *
carrier_group_free_bind(struct carrier_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		size_t at = (g->next + i) % g->count;

		if (carrier_has_room(g->binds[at]))
			return g->binds[at];
	}
	return NULL;
}

bool
carrier_group_begin(struct carrier_group *g)
{
	pace_sent(&g->pace, now_of(g));
	g->next++;
	return breaker_begin(&g->breaker);
}

void
carrier_group_undo(struct carrier_group *g, bool probe)
{
	breaker_undo(&g->breaker, probe);
}

/* A bad number says nothing of the carrier; that it refuses our account does. One that
 * answers what we cannot read is well, and left alone it would take nothing at all. */
static bool
is_well(const struct carrier_outcome *o)
{
	switch (o->result) {
	case CARRIER_ACCEPTED:
		return true;
	case CARRIER_RETRY:
		return o->throttled || o->deferred;
	case CARRIER_REFUSED:
		return !o->elsewhere;
	case CARRIER_UNKNOWN:
		return o->final;
	}
	INVARIANT(!"result");
	return false;
}

void
carrier_group_result(
    struct carrier_group *g, bool probe, const struct carrier_outcome *outcome)
{
	int64_t now_ms = now_of(g);

	if (outcome->throttled && pace_throttled(&g->pace, now_ms))
		log_event(LOG_LEVEL_WARNING, "carrier_throttled",
		    LOG_TEXT("carrier", g->config->name), LOG_INT("rate", g->pace.rate));
	if (!breaker_result(&g->breaker, probe, is_well(outcome), now_ms))
		return;
	log_event(g->breaker.open ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    g->breaker.open ? "carrier_suspended" : "carrier_resumed",
	    LOG_TEXT("carrier", g->config->name), LOG_TEXT("reason", outcome->reason));
}
