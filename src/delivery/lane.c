/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/lane.h"

#include "base/log.h"

static const struct breaker_rule half_of_twenty = {.results_min = 20};

static int64_t
now_of(const struct lane *l)
{
	return l->clock->steady_ms(l->clock);
}

enum err
lane_open(struct lane *l, const struct carrier_config *config,
    const struct carrier_env *env, char why[256])
{
	size_t wanted = config->binds < 1 ? 1 : (size_t)config->binds;
	enum err e = OK;

	*l = (struct lane){.config = config, .clock = env->clock};
	breaker_init(&l->breaker, &half_of_twenty);
	pace_init(&l->pace, config->rate, now_of(l));
	INVARIANT(wanted <= LANE_BINDS_MAX);
	while (e == OK && l->count < wanted) {
		e = carrier_open(config, env, why, &l->binds[l->count]);
		if (e == OK)
			l->count++;
	}
	return e;
}

void
lane_close(struct lane *l)
{
	size_t count = l->count;

	l->count = 0; /* what closing answers finds nothing open */
	for (size_t i = 0; i < count; i++)
		carrier_free(l->binds[i]);
}

struct lane_state
lane_state(const struct lane *l)
{
	struct lane_state s = {
	    .suspended = l->breaker.open, .binds = l->count, .rate = l->pace.rate};

	for (size_t i = 0; i < l->count; i++)
		s.binds_up += carrier_is_up(l->binds[i]) ? 1 : 0;
	return s;
}

bool
lane_is_open(const struct lane *l)
{
	if (!breaker_allows(&l->breaker, now_of(l)))
		return false;
	for (size_t i = 0; i < l->count; i++)
		if (carrier_is_up(l->binds[i]))
			return true;
	return false;
}

int64_t
lane_wait_ms(struct lane *l)
{
	return pace_wait_ms(&l->pace, now_of(l));
}

struct carrier *
lane_free_bind(struct lane *l)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t at = (l->next + i) % l->count;

		if (carrier_has_room(l->binds[at]))
			return l->binds[at];
	}
	return NULL;
}

bool
lane_begin(struct lane *l)
{
	pace_sent(&l->pace, now_of(l));
	l->next++;
	return breaker_begin(&l->breaker);
}

void
lane_undo(struct lane *l, bool probe)
{
	breaker_undo(&l->breaker, probe);
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
		return o->throttled;
	case CARRIER_REFUSED:
		return !o->elsewhere;
	case CARRIER_UNKNOWN:
		return o->final;
	}
	INVARIANT(!"result");
	return false;
}

void
lane_result(struct lane *l, bool probe, const struct carrier_outcome *outcome)
{
	int64_t now_ms = now_of(l);

	if (outcome->throttled && pace_throttled(&l->pace, now_ms))
		log_event(LOG_LEVEL_WARNING, "carrier_throttled",
		    LOG_TEXT("carrier", l->config->name), LOG_INT("rate", l->pace.rate));
	if (!breaker_result(&l->breaker, probe, is_well(outcome), now_ms))
		return;
	log_event(l->breaker.open ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    l->breaker.open ? "carrier_suspended" : "carrier_resumed",
	    LOG_TEXT("carrier", l->config->name), LOG_TEXT("reason", outcome->reason));
}
