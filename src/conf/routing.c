/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/routing.h"

#include <stdlib.h>

#include "conf/conf_yaml.h"
#include "twofa/country.h"
#include "twofa/phone.h"

/* One way for a number to begin. */
struct conf_pattern {
	int64_t channel_number;
	struct span digits;
	const struct country *country; /* whose number it must be; NULL: anybody's */
	const struct conf_route *route;
};

/* ---- the table ---- */

static int
compare(const void *a, const void *b)
{
	const struct conf_pattern *x = a;
	const struct conf_pattern *y = b;
	size_t len = x->digits.len < y->digits.len ? x->digits.len : y->digits.len;
	int c;

	if (x->channel_number != y->channel_number)
		return x->channel_number < y->channel_number ? -1 : 1;
	c = len == 0 ? 0 : memcmp(x->digits.ptr, y->digits.ptr, len);
	if (c != 0)
		return c;
	return (x->digits.len > y->digits.len) - (x->digits.len < y->digits.len);
}

static size_t
count_prefixes(const struct country *c)
{
	const char *left = c->prefixes;
	size_t n = 0;

	while (country_next_prefix(&left).len > 0)
		n++;
	return n;
}

static size_t
count_patterns(const struct conf_route *r)
{
	size_t n = r->countries.count == 0 ? 1 : 0;

	for (size_t i = 0; i < r->countries.count; i++) {
		const struct country *c = country_find(span_of(r->countries.items[i]));

		n += c == NULL ? 0 : count_prefixes(c);
	}
	return n;
}

static void
add_country(struct conf *c, const struct conf_route *r, const struct country *country)
{
	const char *left = country->prefixes;
	struct span digits;

	while ((digits = country_next_prefix(&left)).len > 0)
		c->patterns[c->pattern_count++] =
		    (struct conf_pattern){r->channel_number, digits, country, r};
}

static void
add_route(struct conf *c, const struct conf_route *r)
{
	if (r->countries.count == 0)
		c->patterns[c->pattern_count++] =
		    (struct conf_pattern){r->channel_number, span_of(r->prefix), NULL, r};
	for (size_t i = 0; i < r->countries.count; i++) {
		const struct country *one = country_find(span_of(r->countries.items[i]));

		if (one != NULL)
			add_country(c, r, one);
	}
}

static void
say_ambiguous(
    struct conf_file *f, const struct conf_pattern *x, const struct conf_pattern *y)
{
	const struct conf_route *first = x->route;
	const struct conf_route *second = y->route;

	if (x->country == NULL && y->country == NULL)
		return; /* said where they were read */
	if (first->line > second->line) {
		first = y->route;
		second = x->route;
	}
	conf_yaml_fault_at(f, second->line, "routes",
	    "the route in line %d has the same channel and takes numbers that begin with "
	    "\"%.*s\" too",
	    first->line, (int)x->digits.len, x->digits.ptr);
}

void
routing_build(struct conf *c, struct conf_file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < c->route_count; i++)
		n += count_patterns(&c->routes[i]);
	c->pattern_count = 0;
	c->patterns = arena_alloc(&c->arena, (n + 1) * sizeof(*c->patterns));
	for (size_t i = 0; i < c->route_count; i++)
		add_route(c, &c->routes[i]);
	qsort(c->patterns, c->pattern_count, sizeof(*c->patterns), compare);
	for (size_t i = 1; i < c->pattern_count; i++)
		if (compare(&c->patterns[i - 1], &c->patterns[i]) == 0)
			say_ambiguous(f, &c->patterns[i - 1], &c->patterns[i]);
}

/* ---- a number ---- */

static const struct conf_route *
find_pattern(const struct conf *c, const struct conf_pattern *wanted)
{
	const struct conf_pattern *p =
	    bsearch(wanted, c->patterns, c->pattern_count, sizeof(*c->patterns), compare);

	if (p == NULL ||
	    (p->country != NULL && p->country != country_of(wanted->digits.ptr)))
		return NULL;
	return p->route;
}

const struct conf_route *
routing_find(const struct conf *c, enum channel channel, const char *destination)
{
	struct conf_pattern wanted = {
	    .channel_number = (int64_t)channel, .digits = span_of(destination)};
	const struct conf_route *r = NULL;

	if (wanted.digits.len > PHONE_DIGITS_MAX)
		wanted.digits.len = PHONE_DIGITS_MAX;
	for (size_t left = wanted.digits.len + 1; r == NULL && left > 0; left--) {
		wanted.digits.len = left - 1;
		r = find_pattern(c, &wanted);
	}
	return r;
}

const struct carrier_config *
routing_default(const struct conf *c, enum channel channel)
{
	for (size_t i = 0; c->route_count == 0 && i < c->carrier_count; i++)
		if (carrier_carries(&c->carriers[i], channel))
			return &c->carriers[i];
	return NULL;
}

unsigned
routing_channels(const struct conf *c)
{
	unsigned channels = 0;

	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		if (routing_default(c, (enum channel)i) != NULL)
			channels |= CHANNEL_BIT(i);
	for (size_t i = 0; i < c->route_count; i++)
		channels |= CHANNEL_BIT(c->routes[i].channel_number);
	return channels;
}

const char *
routing_sender(const struct conf_route *r, const char *destination)
{
	const struct country *c = r->senders.count == 0 ? NULL : country_of(destination);

	for (size_t i = 0; c != NULL && i < r->senders.count; i++)
		if (country_find(span_of(r->senders.pairs[i].name)) == c)
			return r->senders.pairs[i].value;
	return r->sender;
}

/* Moves one of those from `i` that have its rank to the place `i`, by their weights. */
static void
draw(struct conf_choice *left, size_t count, size_t i, uint32_t random)
{
	struct conf_choice chosen;
	unsigned sum = 0;
	size_t end = i;
	size_t at = i;

	for (; end < count && left[end].rank == left[i].rank; end++)
		sum += left[end].weight;
	for (unsigned dice = random % sum; dice >= left[at].weight; at++)
		dice -= left[at].weight;
	INVARIANT(at < end);
	chosen = left[at];
	left[at] = left[i];
	left[i] = chosen;
}

size_t
routing_order(const struct conf_route *r, const uint32_t random[CONF_ROUTE_CARRIERS_MAX],
    const struct carrier_config *out[CONF_ROUTE_CARRIERS_MAX])
{
	struct conf_choice left[CONF_ROUTE_CARRIERS_MAX];

	memcpy(left, r->carriers, sizeof(left));
	for (size_t i = 0; i < r->carrier_count; i++) {
		draw(left, r->carrier_count, i, random[i]);
		out[i] = left[i].carrier;
	}
	return r->carrier_count;
}
