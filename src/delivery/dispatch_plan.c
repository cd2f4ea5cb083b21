/* SPDX-License-Identifier: Apache-2.0 */
/* Which carriers a message may go to, and which of them it goes to now. */
#include "delivery/dispatch.h"
#include "conf/routing.h"

enum {
	TRIED_MAX = 2,     /* carriers for one message */
	PATIENCE_MS = 2000 /* in a line, before another carrier will do */
};

int64_t
dispatch_steady_ms(const struct dispatch *m)
{
	return m->delivery->clock->steady_ms(m->delivery->clock);
}

static struct lane *
find_lane(struct delivery *d, const struct carrier_config *config)
{
	for (size_t i = 0; i < d->lane_count; i++)
		if (d->lanes[i].config == config)
			return &d->lanes[i];
	INVARIANT(!"a route names a carrier that was not opened");
	return NULL;
}

/* What earlier runs have tried counts too. */
static void
remember_tried(struct dispatch *m)
{
	const char *left =
	    m->outgoing->carriers_tried == NULL ? "" : m->outgoing->carriers_tried;

	m->alone = left[0] == '\n';
	left += m->alone;
	while (left[0] != '\0') {
		struct span name = {left, strcspn(left, "\n")};
		unsigned bit = 0;

		for (size_t i = 0; i < m->plan_count; i++)
			if (span_equal_text(name, m->plan[i]->config->name))
				bit = 1u << i;
		m->carriers_tried |= bit;
		m->tried_gone += bit == 0 ? 1 : 0;
		left += name.len + strspn(left + name.len, "\n");
	}
}

/* Its carriers, once for all of its attempts; the reason when there are none. */
enum message_reason
dispatch_plan(struct dispatch *m)
{
	const struct carrier_config *order[PLAN_MAX];
	uint32_t random[PLAN_MAX];
	struct delivery *d = m->delivery;
	const struct carrier_config *first;
	const struct conf_route *r;

	first = routing_default(d->conf, m->outgoing->channel);
	if (first != NULL) {
		m->plan_count = 1;
		m->plan[0] = find_lane(d, first);
		remember_tried(m);
		return MESSAGE_REASON_NO_ROUTE;
	}
	r = routing_find(d->conf, m->outgoing->channel, m->outgoing->destination);
	if (r == NULL)
		return MESSAGE_REASON_NO_ROUTE;
	if (r->deny != NULL)
		return MESSAGE_REASON_DENIED;
	m->sender = routing_sender(r, m->outgoing->destination);
	d->entropy->fill(d->entropy, random, sizeof(random));
	m->plan_count = routing_order(r, random, order);
	for (size_t i = 0; i < m->plan_count; i++)
		m->plan[i] = find_lane(d, order[i]);
	remember_tried(m);
	return MESSAGE_REASON_NO_ROUTE;
}

unsigned
dispatch_bit(const struct dispatch *m, const struct lane *l)
{
	for (size_t i = 0; i < m->plan_count; i++)
		if (m->plan[i] == l)
			return 1u << i;
	return 0;
}

/* At most two carriers see one message. */
static bool
may_try(const struct dispatch *m, const struct lane *l)
{
	unsigned bit = dispatch_bit(m, l);

	if ((m->declined & bit) != 0)
		return false;
	if (m->alone || (m->carriers_tried & bit) != 0)
		return (m->carriers_tried & bit) != 0;
	return (unsigned)__builtin_popcount(m->carriers_tried) + m->tried_gone <
	       TRIED_MAX;
}

/* It takes this one now, and nobody in its line has less time left. */
static bool
is_free_for(struct lane *l, const struct dispatch *m)
{
	const struct line_item *first = line_first(&l->line);
	const struct dispatch *lone = m->delivery->lone;

	if (lone != NULL && lone != m && lone->lane == l && lone->turned_back)
		return false; /* the place is that one's */
	if (first != NULL && first != &m->place &&
	    first->deadline_ms <= m->place.deadline_ms)
		return false;
	return lane_wait_ms(l) == 0 && lane_free_bind(l) != NULL;
}

bool
dispatch_is_patient(const struct dispatch *m)
{
	return m->parked_ms == 0 || dispatch_steady_ms(m) - m->parked_ms < PATIENCE_MS;
}

static bool
is_avoided(const struct dispatch *m, const struct lane *l)
{
	return (m->avoid & dispatch_bit(m, l)) != 0;
}

/* Of those to avoid; where no other may be tried their turn begins again. */
static struct lane *
choose_avoided(struct dispatch *m)
{
	struct lane *first = NULL;
	bool all = true;

	for (size_t i = 0; i < m->plan_count; i++) {
		struct lane *l = m->plan[i];

		if (!may_try(m, l))
			continue;
		all = all && is_avoided(m, l);
		if (first == NULL && is_avoided(m, l) && lane_is_open(l))
			first = l;
	}
	if (all)
		m->avoid = 0;
	return first;
}

struct lane *
dispatch_choose(struct dispatch *m, bool *free_out)
{
	struct lane *wait = NULL;
	struct lane *last = NULL;

	*free_out = false;
	for (size_t i = 0; i < m->plan_count; i++) {
		struct lane *l = m->plan[i];

		if (!may_try(m, l))
			continue;
		if (last == NULL || is_avoided(m, last))
			last = l;
		if (!lane_is_open(l) || is_avoided(m, l))
			continue;
		*free_out = is_free_for(l, m);
		wait = wait == NULL ? l : wait;
		if (*free_out)
			return l;
		if (dispatch_is_patient(m))
			break;
	}
	if (wait == NULL) {
		wait = choose_avoided(m);
		*free_out = wait != NULL && is_free_for(wait, m);
	}
	return wait != NULL ? wait : last;
}

/* Another carrier, open and not tried in vain already, that takes it without a wait. */
bool
dispatch_has_other(struct dispatch *m)
{
	for (size_t i = 0; i < m->plan_count; i++) {
		struct lane *l = m->plan[i];

		if (l != m->lane && may_try(m, l) && lane_is_open(l) && is_free_for(l, m))
			return true;
	}
	return false;
}
