/* SPDX-License-Identifier: Apache-2.0 */
/* Which carriers a message may go to, and which of them it goes to now. */
#include "delivery/delivery_message.h"
#include "conf/routing.h"

enum {
	CARRIERS_TRIED_MAX = 2, /* carriers for one message */
	PATIENCE_MS = 2000      /* of waiting, before another carrier will do */
};

int64_t
delivery_plan_steady_ms(const struct delivery_message *m)
{
	return m->loop->clock->steady_ms(m->loop->clock);
}

static struct carrier_group *
find_group(struct delivery_loop *d, const struct carrier_config *config)
{
	for (size_t i = 0; i < d->group_count; i++)
		if (d->groups[i].config == config)
			return &d->groups[i];
	INVARIANT(!"a route names a carrier that was not opened");
	return NULL;
}

/* Carriers that earlier runs have tried count too. */
static void
remember_carriers_tried(struct delivery_message *m)
{
	const char *left =
	    m->outgoing->carriers_tried == NULL ? "" : m->outgoing->carriers_tried;

	m->same_carriers_only = left[0] == '\n';
	left += m->same_carriers_only;
	while (left[0] != '\0') {
		struct span name = {left, strcspn(left, "\n")};
		unsigned bit = 0;

		for (size_t i = 0; i < m->plan_count; i++)
			if (span_equal_text(name, m->plan[i]->config->name))
				bit = 1u << i;
		m->carriers_tried |= bit;
		m->carriers_tried_gone += bit == 0 ? 1 : 0;
		left += name.len + strspn(left + name.len, "\n");
	}
}

/* Plans a message's carriers, once for all of its submits; the reason when there are
 * none. */
enum message_reason
delivery_plan(struct delivery_message *m)
{
	const struct carrier_config *order[PLAN_MAX];
	uint32_t random[PLAN_MAX];
	struct delivery_loop *d = m->loop;
	const struct carrier_config *first;
	const struct conf_route *r;

	first = routing_default(d->conf, m->outgoing->content.channel);
	if (first != NULL) {
		m->plan_count = 1;
		m->plan[0] = find_group(d, first);
		remember_carriers_tried(m);
		return MESSAGE_REASON_NO_ROUTE;
	}
	r = routing_find(d->conf, m->outgoing->content.channel, m->outgoing->destination);
	if (r == NULL)
		return MESSAGE_REASON_NO_ROUTE;
	if (r->deny != NULL)
		return MESSAGE_REASON_DENIED;
	m->sender = routing_sender(r, m->outgoing->destination);
	d->entropy->fill(d->entropy, random, sizeof(random));
	m->plan_count = routing_order(r, random, order);
	for (size_t i = 0; i < m->plan_count; i++)
		m->plan[i] = find_group(d, order[i]);
	remember_carriers_tried(m);
	return MESSAGE_REASON_NO_ROUTE;
}

unsigned
delivery_plan_bit(const struct delivery_message *m, const struct carrier_group *g)
{
	for (size_t i = 0; i < m->plan_count; i++)
		if (m->plan[i] == g)
			return 1u << i;
	return 0;
}

/* At most two carriers see one message. */
static bool
may_try(const struct delivery_message *m, const struct carrier_group *g)
{
	unsigned bit = delivery_plan_bit(m, g);

	if ((m->carriers_refused & bit) != 0)
		return false;
	if (m->same_carriers_only || (m->carriers_tried & bit) != 0)
		return (m->carriers_tried & bit) != 0;
	return (unsigned)__builtin_popcount(m->carriers_tried) + m->carriers_tried_gone <
	       CARRIERS_TRIED_MAX;
}

/* True: the group takes this message now, and none that waits for it has less time left.
 */
static bool
is_free_for(struct carrier_group *g, const struct delivery_message *m)
{
	const struct deadline_heap_item *first = deadline_heap_first(&g->waiting);
	const struct delivery_message *suspect = m->loop->in_quarantine;

	if (suspect != NULL && suspect != m && suspect->group == g &&
	    suspect->quarantine_left)
		return false; /* the place is that one's */
	if (first != NULL && first != &m->place &&
	    first->deadline_ms <= m->place.deadline_ms)
		return false;
	return carrier_group_wait_ms(g) == 0 && carrier_group_free_bind(g) != NULL;
}

bool
delivery_plan_is_patient(const struct delivery_message *m)
{
	return m->parked_ms == 0 ||
	       delivery_plan_steady_ms(m) - m->parked_ms < PATIENCE_MS;
}

static bool
is_avoided(const struct delivery_message *m, const struct carrier_group *g)
{
	return (m->carriers_avoided & delivery_plan_bit(m, g)) != 0;
}

/* Chooses among those to avoid; where no other may be tried their turn begins again. */
static struct carrier_group *
choose_avoided(struct delivery_message *m)
{
	struct carrier_group *first = NULL;
	bool all = true;

	for (size_t i = 0; i < m->plan_count; i++) {
		struct carrier_group *g = m->plan[i];

		if (!may_try(m, g))
			continue;
		all = all && is_avoided(m, g);
		if (first == NULL && is_avoided(m, g) && carrier_group_is_open(g))
			first = g;
	}
	if (all)
		m->carriers_avoided = 0;
	return first;
}

struct carrier_group *
delivery_plan_choose(struct delivery_message *m, bool *free_out)
{
	struct carrier_group *wait = NULL;
	struct carrier_group *last = NULL;

	*free_out = false;
	for (size_t i = 0; i < m->plan_count; i++) {
		struct carrier_group *g = m->plan[i];

		if (!may_try(m, g))
			continue;
		if (last == NULL || is_avoided(m, last))
			last = g;
		if (!carrier_group_is_open(g) || is_avoided(m, g))
			continue;
		*free_out = is_free_for(g, m);
		wait = wait == NULL ? g : wait;
		if (*free_out)
			return g;
		if (delivery_plan_is_patient(m))
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
delivery_plan_has_other(struct delivery_message *m)
{
	for (size_t i = 0; i < m->plan_count; i++) {
		struct carrier_group *g = m->plan[i];

		if (g != m->group && may_try(m, g) && carrier_group_is_open(g) &&
		    is_free_for(g, m))
			return true;
	}
	return false;
}
