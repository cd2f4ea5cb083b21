/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Providers that are asked over HTTP, a request a number. A provider is a row: how the
 * request looks, and how its answer is read.
 *
 * infobip: POST /number/1/query (contract 8.3). Group 3 is REACHABLE, 2 and 5 are
 * NOT_REACHABLE, others leave it open. Some statuses of group 5 tell of the account that
 * asks, not of the number (no credit, flooding ...): no PIN is withheld for those.
 * generic: everything comes from the configuration.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/json_lenient.h"
#include "base/json_pointer.h"
#include "lookup/lookup.h"
#include "lookup/types.h"
#include "net/http_client.h"
#include "net/http_template.h"
#include "twofa/report.h"

enum {
	URL_LEN_MAX = 4096,
	BODY_LEN_MAX = 65536,
	HEADERS_LEN_MAX = HTTP_CLIENT_HEADERS_MAX * 8192, /* of all */
	ANSWER_LEN_MAX = 65536,
	VALUE_LEN_MAX = 200
};

enum { VALUE_TO, VALUE_SECRET, VALUE_COUNT };
static const char *const names[] = {"to", "secret", NULL};

/* The front's time-out is the one that counts; the call's own only bounds it. */
enum { SPARE_MS = 500 };

struct lookup_http;

struct recipe {
	const char *path; /* after the configured URL */
	const char *method;
	const char *body;
	const struct text_map *headers;
	void (*classify)(const struct lookup_http *h, const json_t *doc,
	    const char *number, struct lookup_answer *out);
};

struct lookup_http {
	struct lookup_provider head; /* first */
	const struct lookup_config *config;
	const struct recipe *recipe;
	struct arena arena;
	struct http_client *client;
	const char *method;
	struct http_template url;
	struct http_template body;
	size_t header_count;
	struct http_template headers[HTTP_CLIENT_HEADERS_MAX];
};

struct question {
	struct lookup_http *provider;
	lookup_done_f *done;
	void *ctx;
	char number[];
};

static struct lookup_http *
http_of(struct lookup_provider *p)
{
	return container_of(p, struct lookup_http, head);
}

/* ---- what the answer says ---- */

static bool
has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

static void
classify_generic(const struct lookup_http *h, const json_t *doc, const char *number,
    struct lookup_answer *out)
{
	char text[VALUE_LEN_MAX + 1];

	(void)number;
	if (!json_pointer_scalar_text(
		json_pointer_find(doc, h->config->result), text, sizeof(text)))
		return;
	if (has(&h->config->not_reachable, text))
		out->status = LOOKUP_NOT_REACHABLE;
	else if (has(&h->config->reachable, text))
		out->status = LOOKUP_REACHABLE;
}

static bool
is_of_the_asker(int64_t status)
{
	static const enum report_status of_the_asker[] = {
	    REPORT_REJECTED_NOT_ENOUGH_CREDITS, REPORT_REJECTED_PREPAID_PACKAGE_EXPIRED,
	    REPORT_REJECTED_ROUTE_NOT_AVAILABLE, REPORT_REJECTED_FLOODING_FILTER,
	    REPORT_REJECTED_SYSTEM_ERROR};

	for (size_t i = 0; i < countof(of_the_asker); i++)
		if ((int64_t)of_the_asker[i] == status)
			return true;
	return false;
}

static void
classify_infobip(const struct lookup_http *h, const json_t *doc, const char *number,
    struct lookup_answer *out)
{
	const json_t *result = json_pointer_find(doc, "/results/0");
	const json_t *group = json_pointer_find(result, "/status/groupId");
	const json_t *id = json_pointer_find(result, "/status/id");
	const char *to = json_string_value(json_pointer_find(result, "/to"));

	(void)h;
	if (!json_is_integer(group) || (to != NULL && strcmp(to, number) != 0)) {
		*out = (struct lookup_answer){
		    .failed = true, .reason = "no result for the number"};
		return;
	}
	switch (json_integer_value(group)) {
	case REPORT_GROUP_DELIVERED:
		out->status = LOOKUP_REACHABLE;
		return;
	case REPORT_GROUP_UNDELIVERABLE:
	case REPORT_GROUP_REJECTED:
		if (is_of_the_asker(json_integer_value(id)))
			*out = (struct lookup_answer){
			    .failed = true, .reason = "refused for the account's sake"};
		else
			out->status = LOOKUP_NOT_REACHABLE;
		return;
	default:
		return;
	}
}

static void
read_answer(const struct question *q, struct span body, struct lookup_answer *out)
{
	const struct lookup_http *h = q->provider;
	json_t *doc;

	*out = (struct lookup_answer){.reason = "answered"};
	if (json_lenient_parse(body, &doc) == OK)
		h->recipe->classify(h, doc, q->number, out);
	else
		*out = (struct lookup_answer){.failed = true, .reason = "no JSON"};
	json_decref(doc);
}

static void
on_result(void *ctx, const struct http_client_result *result)
{
	struct question *q = ctx;
	struct lookup_answer a = {.failed = true, .reason = result->reason};

	if (result->kind == HTTP_CLIENT_ANSWERED && result->status / 100 == 2)
		read_answer(q, result->body, &a);
	else if (result->kind == HTTP_CLIENT_ANSWERED)
		a.reason = "an HTTP status that is no success";
	q->done(q->ctx, &a);
	mem_free(q);
}

/* ---- the question ---- */

static enum err
put_headers(const struct lookup_http *h, const struct span *values, struct buf *to,
    struct http_client_call *call)
{
	const struct text_map *map =
	    h->recipe->headers != NULL ? h->recipe->headers : &h->config->headers;
	size_t starts[HTTP_CLIENT_HEADERS_MAX];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < h->header_count; i++) {
		starts[i] = to->len;
		buf_printf(to, "%s: ", map->pairs[i].name);
		e = http_template_put(&h->headers[i], values, to);
		buf_add_char(to, '\0');
	}
	if (e != OK || to->failed)
		return e == OK ? ERR_TOO_LARGE : e;
	for (size_t i = 0; i < h->header_count; i++)
		call->headers[i] = to->ptr + starts[i];
	return OK;
}

static enum err
send_question(struct lookup_http *h, struct question *q)
{
	struct span values[VALUE_COUNT] = {
	    span_of(q->number), span_of(h->config->secret)};
	struct http_client_call call = {.method = h->method,
	    .timeout_ms = h->config->timeout_ms + SPARE_MS,
	    .answer_len_max = ANSWER_LEN_MAX};
	struct buf url;
	struct buf body;
	struct buf headers;
	enum err e;

	buf_init(&url, URL_LEN_MAX);
	buf_init(&body, BODY_LEN_MAX);
	buf_init(&headers, HEADERS_LEN_MAX);
	e = http_template_put(&h->url, values, &url);
	buf_add_char(&url, '\0');
	if (e == OK)
		e = http_template_put(&h->body, values, &body);
	if (e == OK)
		e = put_headers(h, values, &headers, &call);
	if (e == OK && (url.failed || body.failed))
		e = ERR_TOO_LARGE;
	call.url = url.ptr;
	call.body = buf_span(&body);
	if (e == OK)
		e = http_client_send(h->client, &call, on_result, q);
	buf_fini(&headers);
	buf_fini(&body);
	buf_fini(&url);
	return e;
}

static void
http_ask(struct lookup_provider *head, const char *number, lookup_done_f *done, void *ctx)
{
	struct lookup_http *h = http_of(head);
	struct question *q = mem_new(sizeof(*q) + strlen(number) + 1);
	enum err e;

	*q = (struct question){.provider = h, .done = done, .ctx = ctx};
	memcpy(q->number, number, strlen(number) + 1);
	e = send_question(h, q);
	if (e != OK)
		on_result(q, &(struct http_client_result){
				 .kind = HTTP_CLIENT_NOT_SENT, .reason = err_text(e)});
}

/* ---- life ---- */

static void
http_free(struct lookup_provider *head)
{
	struct lookup_http *h = http_of(head);

	http_client_free(h->client); /* answers what is outstanding */
	arena_fini(&h->arena);
	mem_free(h);
}

static enum err
parse_headers(struct lookup_http *h, const struct text_map *map, char why[256])
{
	enum err e = OK;

	if (map->count >= HTTP_CLIENT_HEADERS_MAX) {
		snprintf(why, 256, "too many headers");
		return ERR_INVALID;
	}
	for (size_t i = 0; e == OK && i < map->count; i++) {
		const char *fault =
		    http_client_header_fault(map->pairs[i].name, map->pairs[i].value);

		if (fault != NULL) {
			snprintf(why, 256, "%.60s: %s", map->pairs[i].name, fault);
			return ERR_INVALID;
		}
		h->headers[i].sink = HTTP_TEMPLATE_SINK_HEADER;
		e = http_template_parse(
		    &h->headers[i], &h->arena, map->pairs[i].value, names, why);
	}
	h->header_count = map->count;
	return e;
}

static enum http_template_sink
body_sink(const struct lookup_http *h)
{
	static const struct {
		const char *name;
		enum http_template_sink sink;
	} sinks[] = {{"json", HTTP_TEMPLATE_SINK_JSON}, {"form", HTTP_TEMPLATE_SINK_URL},
	    {"xml", HTTP_TEMPLATE_SINK_XML}, {"plain", HTTP_TEMPLATE_SINK_PLAIN}};

	for (size_t i = 0; h->config->body_type != NULL && i < countof(sinks); i++)
		if (strcmp(sinks[i].name, h->config->body_type) == 0)
			return sinks[i].sink;
	return HTTP_TEMPLATE_SINK_JSON;
}

/* `field_out` names the option that cannot be used. */
static enum err
parse_recipe(
    struct lookup_http *h, const struct recipe *r, const char **field_out, char why[256])
{
	const struct lookup_config *c = h->config;
	const char *body = r->body != NULL ? r->body : c->body;
	const char *url =
	    arena_printf(&h->arena, "%s%s", c->url, r->path == NULL ? "" : r->path);
	enum err e;

	h->recipe = r;
	h->method = r->method != NULL ? r->method : c->method;
	h->url.sink = HTTP_TEMPLATE_SINK_URL;
	h->body.sink = body_sink(h);
	*field_out = "url";
	e = http_template_parse(&h->url, &h->arena, url, names, why);
	if (e != OK)
		return e;
	*field_out = "body";
	e = http_template_parse(
	    &h->body, &h->arena, body == NULL ? "" : body, names, why);
	if (e != OK)
		return e;
	*field_out = "headers";
	e = parse_headers(h, r->headers != NULL ? r->headers : &c->headers, why);
	if (e != OK || c->result == NULL || json_pointer_is_valid(c->result))
		return e;
	*field_out = "result";
	snprintf(why, 256, "must be a JSON pointer such as /status/name");
	return ERR_INVALID;
}

static const char *
check_recipe(const struct recipe *r, const struct lookup_config *config, char why[256])
{
	struct http_client_options o = {.allow_http = config->allow_http};
	const char *fault = http_client_template_fault(&o, config->url);
	struct lookup_http *h;
	const char *field = NULL;
	enum err e;

	if (fault != NULL) {
		snprintf(why, 256, "%s", fault);
		return "url";
	}
	h = mem_new(sizeof(*h));
	h->config = config;
	arena_init(&h->arena);
	e = parse_recipe(h, r, &field, why);
	arena_fini(&h->arena);
	mem_free(h);
	return e == OK ? NULL : field;
}

static enum err
open_recipe(const struct recipe *r, const struct lookup_config *config,
    const struct lookup_env *env, char why[256], struct lookup_provider **out)
{
	struct lookup_http *h = mem_new(sizeof(*h));
	struct http_client_options o = {.allow_http = config->allow_http,
	    .allow_private = config->allow_private,
	    .ca_file = config->ca_file,
	    .connect_timeout_ms = config->timeout_ms + SPARE_MS,
	    .calls_max = LOOKUP_REQUESTS_MAX};
	const char *field;
	enum err e;

	h->config = config;
	arena_init(&h->arena);
	h->client = http_client_new(env->base, &o);
	e = parse_recipe(h, r, &field, why);
	if (e == OK)
		*out = &h->head;
	else
		http_free(&h->head);
	return e;
}

static struct text_pair infobip_pairs[] = {{"Authorization", "App {{secret}}"},
    {"Content-Type", "application/json"}, {"Accept", "application/json"}};
static const struct text_map infobip_headers = {countof(infobip_pairs), infobip_pairs};
static const struct recipe infobip_recipe = {.path = "/number/1/query",
    .method = "POST",
    .body = "{\"to\":[\"{{to}}\"]}",
    .headers = &infobip_headers,
    .classify = classify_infobip};
static const struct recipe generic_recipe = {.classify = classify_generic};

static enum err
infobip_open(const struct lookup_config *config, const struct lookup_env *env,
    char why[256], struct lookup_provider **out)
{
	return open_recipe(&infobip_recipe, config, env, why, out);
}

static const char *
infobip_check(const struct lookup_config *config, char why[256])
{
	return check_recipe(&infobip_recipe, config, why);
}

static enum err
generic_open(const struct lookup_config *config, const struct lookup_env *env,
    char why[256], struct lookup_provider **out)
{
	return open_recipe(&generic_recipe, config, env, why, out);
}

static const char *
generic_check(const struct lookup_config *config, char why[256])
{
	return check_recipe(&generic_recipe, config, why);
}

const struct lookup_provider_ops lookup_infobip_ops = {
    "infobip", infobip_check, infobip_open, http_ask, http_free};
const struct lookup_provider_ops lookup_generic_ops = {
    "generic", generic_check, generic_open, http_ask, http_free};
