/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of the configuration, as rows, and what their rows of options cannot say. */
#include "server/conf_row.h"

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

void
conf_read_carriers(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	struct conf_route *r = p->holder;
	const char *field = conf_field(p, row->name);

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_fault(p->file, node, field, "must be a list of names of carriers");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		yaml_node_t *one = yaml_document_get_node(&p->file->document, *i);
		struct span name;
		struct carrier_config *c =
		    conf_scalar(one, &name) ? find_carrier(p->conf, name) : NULL;

		if (c == NULL)
			conf_fault(p->file, one, field, "there is no carrier %s",
			    arena_text(p->file->arena, name));
		else if (r->carrier_count == CONF_ROUTE_CARRIERS_MAX)
			conf_fault(
			    p->file, one, field, "more than %d", CONF_ROUTE_CARRIERS_MAX);
		else
			r->carriers[r->carrier_count++] = c;
	}
}

/* ---- routes ---- */

static void
check_route(const struct conf_place *p, const yaml_node_t *node, size_t before)
{
	const struct conf_route *r = p->holder;

	for (size_t i = 0; i < before; i++)
		if (p->conf->routes[i].channel_number == r->channel_number &&
		    strcmp(p->conf->routes[i].prefix, r->prefix) == 0)
			conf_fault(p->file, node, conf_field(p, "prefix"),
			    "the route in line %d has the same prefix and channel",
			    p->conf->routes[i].line);
}

/* ---- the table ---- */

#define CONF_LIST(name, items, count, type)                                              \
	name, name "[]", offsetof(struct conf, items), offsetof(struct conf, count),     \
	    sizeof(struct type)

/* What a list names stands above it. */
static const struct conf_list lists[] = {
    {CONF_LIST("carriers", carriers, carrier_count, carrier_config), SIZE_MAX,
	offsetof(struct carrier_config, name), "carrier", CONF_CARRIERS_MAX, NULL},
    {CONF_LIST("routes", routes, route_count, conf_route),
	offsetof(struct conf_route, line), SIZE_MAX, "route", CONF_ROUTES_MAX,
	check_route},
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
			conf_fault(p->file, node, conf_field(p, "name"),
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
		*(int *)(void *)((char *)p->holder + list->line) = conf_line(node);
	conf_read_item(p, node);
	if (list->unique != SIZE_MAX)
		check_unique(p, list, node, before);
	if (list->check != NULL)
		list->check(p, node, before);
}

void
conf_read_list(
    const struct conf_place *top, const struct conf_list *list, const yaml_node_t *node)
{
	struct conf_place p = *top;
	char **items = (void *)((char *)top->conf + list->items);
	size_t *count = (void *)((char *)top->conf + list->count);
	size_t n;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_fault(top->file, node, list->name, "must be a list");
		return;
	}
	n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n > list->max) {
		conf_fault(top->file, node, list->name, "more than %zu", list->max);
		return;
	}
	*items = arena_alloc(&top->conf->arena, (n + 1) * list->size);
	p.section = list->section;
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
