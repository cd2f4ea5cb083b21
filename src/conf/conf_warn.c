/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings: a configuration may say this and probably does not mean it. Nothing here
 * makes a file unusable: each reader prints the warnings, and `config check --strict`
 * fails on them. A new one is a function and its row in `checks`.
 */
#include "base/address.h"
#include "net/http_client.h"
#include "conf/conf_row.h"
#include "conf/routing.h"
#include "speech/speech_check.h"

enum { RETENTION_LEAST_MS = 30 * 60 * 1000 };

void
conf_warning_add(struct conf *c, int line, const char *field, const char *what)
{
	struct conf_warning *w = arena_alloc(&c->arena, sizeof(*w));
	struct conf_warning **last = &c->warnings;

	*w = (struct conf_warning){NULL, line, arena_text(&c->arena, span_of(field)),
	    arena_text(&c->arena, span_of(what))};
	while (*last != NULL)
		last = &(*last)->next;
	*last = w;
}

/* Where an option of a section stands; the section, or the file, when it does not. */
static const yaml_node_t *
find_node(const struct conf_place *top, const yaml_node_t *root, const char *section,
    const char *name)
{
	const yaml_node_t *map = conf_read_find_key(top->file, root, section);
	const yaml_node_t *node =
	    map == NULL ? NULL : conf_read_find_key(top->file, map, name);

	if (node != NULL)
		return node;
	return map == NULL ? root : map;
}

/* The item of a list; the list's place where it has none. */
static const yaml_node_t *
find_item(
    const struct conf_place *top, const yaml_node_t *root, const char *list, size_t i)
{
	const yaml_node_t *node = conf_read_find_key(top->file, root, list);

	if (node == NULL || node->type != YAML_SEQUENCE_NODE)
		return root;
	return yaml_document_get_node(
	    &top->file->document, node->data.sequence.items.start[i]);
}

/* ---- where it listens ---- */

static bool
is_loopback(const char *address)
{
	const char *colon = strrchr(address, ':');
	struct span host = {
	    address, colon == NULL ? strlen(address) : (size_t)(colon - address)};
	struct address_net loopback;
	struct address one;

	if (host.len > 1 && host.ptr[0] == '[')
		host = (struct span){host.ptr + 1, host.len - 2};
	if (!address_parse(host, &one))
		return span_equal_nocase(host, "localhost");
	return (address_net_parse(SPAN("127.0.0.0/8"), &loopback) &&
		   address_net_contains(&loopback, &one)) ||
	       (address_net_parse(SPAN("::1"), &loopback) &&
		   address_net_contains(&loopback, &one));
}

void
conf_warn_plain(struct conf *c, int line, const char *field, const char *address)
{
	if (!is_loopback(address))
		conf_warning_add(c, line, field,
		    "plain HTTP on an address that others reach: keys and numbers cross "
		    "the network in the clear");
}

static void
check_listeners(const struct conf_place *top, const yaml_node_t *root)
{
	struct conf *c = top->conf;

	if (c->listen != NULL)
		conf_warn_plain(c,
		    conf_yaml_line(conf_read_find_key(top->file, root, "listen")),
		    "listen", c->listen);
	for (size_t i = 0; i < c->listener_count; i++)
		if (c->listeners[i].certificate == NULL)
			conf_warn_plain(c, c->listeners[i].line,
			    arena_printf(top->file->arena, "listeners[%zu].address", i),
			    c->listeners[i].address);
}

static void
check_public_url(const struct conf_place *top, const yaml_node_t *root)
{
	const char *url = top->conf->public_url;
	const struct http_client_options any = {.allow_http = true};
	const yaml_node_t *node = find_node(top, root, "http", "public_url");
	const char *why;

	if (url == NULL)
		return;
	why = http_client_url_fault(&any, url);
	if (why != NULL)
		conf_yaml_warn(
		    top->file, node, "http.public_url", "%s: no receipt will come", why);
	else if (url[strlen(url) - 1] == '/')
		conf_yaml_warn(top->file, node, "http.public_url",
		    "ends with a slash: receipts are asked for below \"//\", and none "
		    "will come");
}

/* ---- who is asked ---- */

static void
check_lookup_url(const struct conf_place *top, const yaml_node_t *root)
{
	const struct lookup_config *l = &top->conf->lookup;

	if (l->url != NULL && !l->allow_private && http_client_is_private(l->url))
		conf_yaml_warn(top->file, find_node(top, root, "lookup", "url"),
		    "lookup.url", "%s", HTTP_CLIENT_PRIVATE);
}

/* ---- what is said ---- */

/* Where warnings of speech go. */
struct speech_place {
	const struct conf_place *top;
	const yaml_node_t *root;
};

static void
warn_of_speech(void *ctx, const char *field, const char *what)
{
	const struct speech_place *s = ctx;

	conf_yaml_warn(s->top->file, find_node(s->top, s->root, "speech", field),
	    arena_printf(s->top->file->arena, "speech.%s", field), "%s", what);
}

static void
check_speech(const struct conf_place *top, const yaml_node_t *root)
{
	struct speech_place place = {top, root};
	const struct conf *c = top->conf;

	for (size_t i = 0; i < c->carrier_count; i++)
		if (carrier_speaks(&c->carriers[i])) {
			speech_check_warn(&c->speech, warn_of_speech, &place);
			return;
		}
}

/* ---- what is kept ---- */

static void
check_retention(const struct conf_place *top, const yaml_node_t *root)
{
	int64_t ms = top->conf->retention_ms;

	if (ms > 0 && ms < RETENTION_LEAST_MS)
		conf_yaml_warn(top->file, find_node(top, root, "store", "retention"),
		    "store.retention",
		    "PINs are kept for half an hour after their life all the same");
}

/* ---- where messages go ---- */

static bool
takes_all(const struct conf_route *r, enum channel channel)
{
	return r->channel_number == (int64_t)channel && r->countries.count == 0 &&
	       r->prefix[0] == '\0';
}

static void
check_other_numbers(const struct conf_place *top, const yaml_node_t *root)
{
	const struct conf *c = top->conf;

	for (size_t i = 0; i < c->route_count; i++)
		if (takes_all(&c->routes[i], CHANNEL_SMS))
			return;
	if (c->route_count > 0)
		conf_yaml_warn(top->file, conf_read_find_key(top->file, root, "routes"),
		    "routes",
		    "no route takes every other number: to numbers that fit none of "
		    "them nothing is sent; a route without prefix says what is meant");
}

static bool
is_in_a_route(const struct conf *c, const struct carrier_config *carrier)
{
	for (size_t i = 0; i < c->route_count; i++)
		for (size_t k = 0; k < c->routes[i].carrier_count; k++)
			if (c->routes[i].carriers[k].carrier == carrier)
				return true;
	return false;
}

static void
check_idle_carriers(const struct conf_place *top, const yaml_node_t *root)
{
	const struct conf *c = top->conf;

	for (size_t i = 0; c->route_count > 0 && i < c->carrier_count; i++)
		if (!is_in_a_route(c, &c->carriers[i]))
			conf_yaml_warn(top->file, find_item(top, root, "carriers", i),
			    arena_printf(top->file->arena, "carriers[%zu]", i),
			    "no route names %s: it gets no messages",
			    c->carriers[i].name);
}

static void
warn_of_sender(const struct conf_place *top, const yaml_node_t *node, const char *field,
    const struct carrier_config *c)
{
	if (c->sender == NULL && carrier_needs_sender(c))
		conf_yaml_warn(top->file, node, field,
		    "there is no sender over %s: a message whose template and request "
		    "name none goes out without",
		    c->name);
}

static bool
is_a_default(const struct conf *c, const struct carrier_config *carrier)
{
	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		if (routing_default(c, (enum channel)i) == carrier)
			return true;
	return false;
}

static void
check_senders(const struct conf_place *top, const yaml_node_t *root)
{
	const struct conf *c = top->conf;

	for (size_t i = 0; i < c->carrier_count; i++)
		if (is_a_default(c, &c->carriers[i]))
			warn_of_sender(top, find_item(top, root, "carriers", i),
			    arena_printf(top->file->arena, "carriers[%zu].sender", i),
			    &c->carriers[i]);
	for (size_t i = 0; i < c->route_count; i++) {
		const struct conf_route *r = &c->routes[i];
		const char *field =
		    arena_printf(top->file->arena, "routes[%zu].sender", i);

		for (size_t k = 0; r->sender == NULL && k < r->carrier_count; k++)
			warn_of_sender(top, find_item(top, root, "routes", i), field,
			    r->carriers[k].carrier);
	}
}

/* ---- the table ---- */

static void (*const checks[])(const struct conf_place *top, const yaml_node_t *root) = {
    check_listeners, check_public_url, check_lookup_url, check_speech, check_retention,
    check_other_numbers, check_idle_carriers, check_senders};

void
conf_warn_check(const struct conf_place *top, const yaml_node_t *root)
{
	for (size_t i = 0; i < countof(checks); i++)
		checks[i](top, root);
}
