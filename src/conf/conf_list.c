/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of the configuration, as rows, and what their rows of options cannot say. */
#include "base/clock.h"
#include "net/http_client.h"
#include "conf/conf_row.h"
#include "http/tls.h"
#include "twofa/country.h"
#include "twofa/mailbox.h"
#include "twofa/report.h"

enum { WEIGHT_MAX = 1000 };

/* ---- carriers ---- */

static struct carrier_config *
find_carrier(const struct conf *c, struct span name)
{
	for (size_t i = 0; i < c->carrier_count; i++)
		if (c->carriers[i].name != NULL &&
		    span_equal_text(name, c->carriers[i].name))
			return &c->carriers[i];
	return NULL;
}

/* One name of a route's list, into the place of that rank. */
static void
read_choice(const struct conf_place *p, const yaml_node_t *node, struct span name,
    unsigned rank, unsigned weight)
{
	struct conf_route *r = p->holder;
	const struct carrier_config *c = find_carrier(p->conf, name);
	const char *field = conf_read_field(p, "carriers");

	if (c == NULL) {
		conf_yaml_fault(p->file, node, field, "there is no carrier %s",
		    arena_text(p->file->arena, name));
		return;
	}
	for (size_t i = 0; i < r->carrier_count; i++)
		if (r->carriers[i].carrier == c) {
			conf_yaml_fault(p->file, node, field, "names %s twice", c->name);
			return;
		}
	if (r->carrier_count == CONF_ROUTE_CARRIERS_MAX)
		conf_yaml_fault(
		    p->file, node, field, "more than %d", CONF_ROUTE_CARRIERS_MAX);
	else
		r->carriers[r->carrier_count++] = (struct conf_choice){c, rank, weight};
}

/* Equals with their weights. */
static void
read_equals(const struct conf_place *p, const yaml_node_t *map, unsigned rank)
{
	static const struct conf_row whole = {
	    .kind = CONF_INT, .min = 1, .max = WEIGHT_MAX};

	for (yaml_node_pair_t *q = map->data.mapping.pairs.start;
	     q < map->data.mapping.pairs.top; q++) {
		yaml_node_t *key = yaml_document_get_node(&p->file->document, q->key);
		yaml_node_t *node = yaml_document_get_node(&p->file->document, q->value);
		char why[CONF_WHY_MAX] = "must be one value";
		struct span name;
		struct span text;
		int64_t weight = 1;

		if (!conf_yaml_scalar(key, &name) || conf_yaml_is_null(node) ||
		    !conf_yaml_scalar(node, &text) ||
		    conf_value_set(&whole, NULL, &weight, text, why) != OK)
			conf_yaml_fault(p->file, node, conf_read_field(p, "carriers"),
			    "a weight %s", why);
		read_choice(p, key, name, rank, (unsigned)weight);
	}
}

void
conf_list_read_carriers(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	const char *field = conf_read_field(p, row->name);
	unsigned rank = 0;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_yaml_fault(
		    p->file, node, field, "must be a list of names of carriers");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++, rank++) {
		yaml_node_t *one = yaml_document_get_node(&p->file->document, *i);
		struct span name;

		if (one->type == YAML_MAPPING_NODE)
			read_equals(p, one, rank);
		else if (!conf_yaml_is_null(one) && conf_yaml_scalar(one, &name))
			read_choice(p, one, name, rank, 1);
		else
			conf_yaml_fault(p->file, one, field, "must name carriers");
	}
}

/* Where an option stands; the whole map when it does not. */
static const yaml_node_t *
value_node(const struct conf_place *p, const yaml_node_t *map, const char *name)
{
	yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	struct span key;

	for (; map->type == YAML_MAPPING_NODE && pair < map->data.mapping.pairs.top;
	     pair++) {
		yaml_document_t *doc = &p->file->document;

		if (conf_yaml_scalar(yaml_document_get_node(doc, pair->key), &key) &&
		    span_equal_text(key, name))
			return yaml_document_get_node(doc, pair->value);
	}
	return map;
}

struct warned {
	const struct conf_place *place;
	const yaml_node_t *node;
};

static void
on_warning(void *ctx, const char *field, const char *what)
{
	const struct warned *w = ctx;
	const struct conf_place *p = w->place;

	conf_yaml_warn(p->file, value_node(p, w->node, field), conf_read_field(p, field),
	    "%s", what);
}

/* A file with other faults has said them; what a type checks needs its options whole. */
static void
check_carrier(const struct conf_place *p, const yaml_node_t *node, size_t before)
{
	const struct carrier_config *c = p->holder;
	struct warned warned = {p, node};
	char why[CONF_WHY_MAX] = "";
	const char *field;

	(void)before;
	if (p->file->faults > 0 || c->type == NULL)
		return;
	field = carrier_check(c, why);
	if (field != NULL)
		conf_yaml_fault(p->file, value_node(p, node, field),
		    conf_read_field(p, field), "%s", why);
	else
		carrier_warn(c, on_warning, &warned);
}

/* ---- routes ---- */

/* "0.045 EUR": at most six decimals, and a currency or none. */
static bool
parse_price(const char *text, struct conf_price *out)
{
	int64_t unit = 1000000;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9' && i < 7; i++)
		out->micros = out->micros * 10 + (text[i] - '0');
	out->micros *= unit;
	if (i == 0)
		return false;
	if (text[i] == '.')
		for (i++; text[i] >= '0' && text[i] <= '9' && unit > 1; i++) {
			unit /= 10;
			out->micros += (text[i] - '0') * unit;
		}
	out->given = true;
	if (text[i] == '\0')
		return text[i - 1] != '.';
	return snprintf(out->currency, sizeof(out->currency), "%s", text + i + 1) == 3 &&
	       text[i] == ' ' && strspn(out->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static void
check_countries(const struct conf_place *p, const yaml_node_t *node)
{
	const struct conf_route *r = p->holder;

	for (size_t i = 0; i < r->countries.count; i++)
		if (r->countries.items[i][0] != '\0' &&
		    country_find(span_of(r->countries.items[i])) == NULL)
			conf_yaml_fault(p->file, node, conf_read_field(p, "country"),
			    "%s is no country that the program knows",
			    r->countries.items[i]);
	for (size_t i = 0; i < r->senders.count; i++)
		if (r->senders.pairs[i].name[0] != '\0' &&
		    country_find(span_of(r->senders.pairs[i].name)) == NULL)
			conf_yaml_fault(p->file, node, conf_read_field(p, "senders"),
			    "%s is no country that the program knows",
			    r->senders.pairs[i].name);
	if (r->countries.count > 0 && r->prefix[0] != '\0')
		conf_yaml_fault(p->file, node, conf_read_field(p, "country"),
		    "is given beside prefix");
}

static const char *
why_not(struct arena *a, const struct carrier_config *c, enum channel channel)
{
	if ((carrier_type_find(c->type)->channels & CHANNEL_BIT(channel)) != 0)
		return "its option channels does not name it";
	return arena_printf(a, "no carrier of type %s does", c->type);
}

/* Each carrier of a route carries its channel: it would refuse every message. */
static void
check_channel(const struct conf_place *p, const yaml_node_t *node)
{
	const struct conf_route *r = p->holder;
	enum channel channel = (enum channel)r->channel_number;

	for (size_t i = 0; r->channel_number >= 0 && i < r->carrier_count; i++) {
		const struct carrier_config *c = r->carriers[i].carrier;

		if (c->type == NULL || carrier_type_find(c->type) == NULL ||
		    carrier_carries(c, channel))
			continue;
		conf_yaml_fault(p->file, value_node(p, node, "carriers"),
		    conf_read_field(p, "carriers"), "%s does not carry %s: %s", c->name,
		    channel_name(channel), why_not(p->file->arena, c, channel));
	}
}

/* A mailbox begins with no digits and is in no country. */
static void
check_address(const struct conf_place *p, const yaml_node_t *node)
{
	const struct conf_route *r = p->holder;
	const char *field = r->countries.count > 0 ? "country" : "prefix";

	if (r->channel_number < 0 ||
	    channel_row((enum channel)r->channel_number)->address == CHANNEL_TO_NUMBER ||
	    (r->countries.count == 0 && r->prefix[0] == '\0'))
		return;
	conf_yaml_fault(p->file, value_node(p, node, field), conf_read_field(p, field),
	    "is about numbers, and %s goes to mailboxes",
	    channel_name((enum channel)r->channel_number));
}

static void
check_sender(const struct conf_place *p, const yaml_node_t *node)
{
	enum { NUMBER_SENDER_MAX = 20 };
	const struct conf_route *r = p->holder;
	const char *fault = NULL;

	if (r->channel_number < 0 || r->sender == NULL)
		return;
	if (channel_row((enum channel)r->channel_number)->address == CHANNEL_TO_MAILBOX)
		fault = mailbox_is_from(span_of(r->sender))
			    ? NULL
			    : "must be a mailbox: the route is for email";
	else if (strlen(r->sender) > NUMBER_SENDER_MAX)
		fault = "has more than 20 characters";
	if (fault != NULL)
		conf_yaml_fault(p->file, value_node(p, node, "sender"),
		    conf_read_field(p, "sender"), "%s", fault);
}

static void
check_route(const struct conf_place *p, const yaml_node_t *node, size_t before)
{
	struct conf_route *r = p->holder;
	bool named = conf_read_has_key(p->file, node, "carriers");

	if (!named && r->deny == NULL)
		conf_yaml_fault(
		    p->file, node, conf_read_field(p, "carriers"), "is missing");
	else if (named && r->deny != NULL)
		conf_yaml_fault(p->file, node, conf_read_field(p, "deny"),
		    "is given beside carriers");
	if (r->price_text != NULL && !parse_price(r->price_text, &r->price))
		conf_yaml_fault(p->file, node, conf_read_field(p, "price"),
		    "must be an amount such as 0.045 or 0.045 EUR");
	check_countries(p, node);
	check_channel(p, node);
	check_address(p, node);
	check_sender(p, node);
	/* what countries have in common with others is found by routing_build */
	for (size_t i = 0; r->countries.count == 0 && i < before; i++)
		if (p->conf->routes[i].channel_number == r->channel_number &&
		    p->conf->routes[i].countries.count == 0 &&
		    strcmp(p->conf->routes[i].prefix, r->prefix) == 0)
			conf_yaml_fault(p->file, node, conf_read_field(p, "prefix"),
			    "the route in line %d has the same prefix and channel",
			    p->conf->routes[i].line);
}

/* ---- listeners ---- */

/* A pair of files that cannot be used is a fault of the configuration. */
static void
check_listener(const struct conf_place *p, const yaml_node_t *node, size_t before)
{
	const struct conf_listener *l = p->holder;
	struct tls_files files = {l->certificate, l->key};
	struct tls_fault fault;

	(void)before;
	if ((l->certificate == NULL) != (l->key == NULL)) {
		const char *missing = l->key == NULL ? "key" : "certificate";

		conf_yaml_fault(p->file, node, conf_read_field(p, missing),
		    "is missing: a certificate and its key go together");
	} else if (l->certificate != NULL &&
		   tls_check(&files, clock_system.wall_ms(&clock_system), &fault) != OK) {
		conf_yaml_fault(
		    p->file, node, conf_read_field(p, fault.field), "%s", fault.why);
	} else if (l->key != NULL) {
		const char *remark = conf_secret_remark(p->file->arena, span_of(l->key));

		if (remark != NULL)
			conf_yaml_warn(p->file, value_node(p, node, "key"),
			    conf_read_field(p, "key"), "%s", remark);
	}
}

/* ---- reports ---- */

static unsigned
group_of(const char *event)
{
	static const struct {
		const char *name;
		enum report_group group;
	} events[] = {
	    {"delivered", REPORT_GROUP_DELIVERED},
	    {"undeliverable", REPORT_GROUP_UNDELIVERABLE},
	    {"expired", REPORT_GROUP_EXPIRED},
	    {"rejected", REPORT_GROUP_REJECTED},
	};
	unsigned all = 0;

	for (size_t i = 0; i < countof(events); i++) {
		unsigned bit = 1u << (unsigned)events[i].group;

		if (event != NULL && strcmp(events[i].name, event) == 0)
			return bit;
		all |= bit;
	}
	return event == NULL ? all : 0;
}

static void
check_report(const struct conf_place *p, const yaml_node_t *node, size_t before)
{
	struct conf_report *r = p->holder;
	struct http_client_options options = {
	    .allow_http = r->allow_http, .allow_private = r->allow_private};
	const char *why = r->url == NULL ? NULL : http_client_url_fault(&options, r->url);

	(void)before;
	if (why != NULL)
		conf_yaml_fault(p->file, node, conf_read_field(p, "url"), "%s", why);
	else if (r->url != NULL && !r->allow_private && http_client_is_private(r->url))
		conf_yaml_warn(p->file, value_node(p, node, "url"),
		    conf_read_field(p, "url"), "%s", HTTP_CLIENT_PRIVATE);
	if (r->events.count == 0)
		r->groups = group_of(NULL);
	for (size_t i = 0; i < r->events.count; i++) {
		unsigned bit = group_of(r->events.items[i]);

		if (bit == 0)
			conf_yaml_fault(p->file, node, conf_read_field(p, "events"),
			    "must be of delivered, undeliverable, expired, rejected");
		r->groups |= bit;
	}
}

/* ---- the table ---- */

#define CONF_LIST(what, array, number, type)                                             \
	.name = what, .section = what "[]", .holder = #type,                             \
	.items = offsetof(struct conf, array), .count = offsetof(struct conf, number),   \
	.size = sizeof(struct type)

/* A list stands below the functions that it names. */
static const struct conf_list lists[] = {
    {CONF_LIST("listeners", listeners, listener_count, conf_listener),
	.line = offsetof(struct conf_listener, line), .unique = SIZE_MAX,
	.noun = "listener", .max = CONF_LISTENERS_MAX, .check = check_listener},
    {CONF_LIST("carriers", carriers, carrier_count, carrier_config), .line = SIZE_MAX,
	.unique = offsetof(struct carrier_config, name), .noun = "carrier",
	.max = CONF_CARRIERS_MAX, .check = check_carrier,
	.own_size = carrier_options_size,
	.own = offsetof(struct carrier_config, options)},
    {CONF_LIST("routes", routes, route_count, conf_route),
	.line = offsetof(struct conf_route, line), .unique = SIZE_MAX, .noun = "route",
	.max = CONF_ROUTES_MAX, .check = check_route},
    {CONF_LIST("reports", reports, report_count, conf_report),
	.line = offsetof(struct conf_report, line),
	.unique = offsetof(struct conf_report, name), .noun = "subscription",
	.max = CONF_REPORTS_MAX, .check = check_report},
};

const struct conf_list *
conf_list_find(struct span name)
{
	for (size_t i = 0; i < countof(lists); i++)
		if (span_equal_text(name, lists[i].name))
			return &lists[i];
	return NULL;
}

const struct conf_list *
conf_list_at(size_t i)
{
	return i < countof(lists) ? &lists[i] : NULL;
}

/* ---- reading ---- */

static const char *
unique_name(const struct conf_list *list, const char *item)
{
	return *(const char *const *)(const void *)(item + list->unique);
}

static void
check_unique(const struct conf_place *p, const struct conf_list *list,
    const yaml_node_t *node, size_t before)
{
	const char *item = p->holder;
	const char *name = unique_name(list, item);

	for (size_t i = 1; i <= before && name != NULL; i++) {
		const char *other = unique_name(list, item - i * list->size);

		if (other != NULL && strcmp(other, name) == 0) {
			conf_yaml_fault(p->file, node, conf_read_field(p, "name"),
			    "there is another %s %s", list->noun, name);
			return;
		}
	}
}

static void
read_item(struct conf_place *p, const struct conf_list *list, const yaml_node_t *node,
    size_t before)
{
	if (list->line != SIZE_MAX)
		*(int *)(void *)((char *)p->holder + list->line) = conf_yaml_line(node);
	conf_read_item(p, node);
	if (list->unique != SIZE_MAX)
		check_unique(p, list, node, before);
	if (list->check != NULL)
		list->check(p, node, before);
}

void
conf_list_read(
    const struct conf_place *top, const struct conf_list *list, const yaml_node_t *node)
{
	struct conf_place p = *top;
	char **items = (void *)((char *)top->conf + list->items);
	size_t *count = (void *)((char *)top->conf + list->count);
	size_t n;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_yaml_fault(top->file, node, list->name, "must be a list");
		return;
	}
	n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n > list->max) {
		conf_yaml_fault(top->file, node, list->name, "more than %zu", list->max);
		return;
	}
	*items = arena_alloc(&top->conf->arena, (n + 1) * list->size);
	p.section = list->section;
	p.list = list;
	for (size_t i = 0; i < n; i++) {
		p.holder = *items + i * list->size;
		p.path = arena_printf(top->file->arena, "%s[%zu].", list->name, i);
		read_item(&p, list,
		    yaml_document_get_node(
			&top->file->document, node->data.sequence.items.start[i]),
		    i);
		++*count;
	}
}
