/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include "api/dialects.h"
#include "api/form.h"

#include <strings.h>

#define CALL_MAGIC 0x0ca11ed0u
#define RESPONSE_LEN_MAX (64u * 1024 * 1024)

struct call *
call_new(
    struct api *api, struct queue *loop, void (*done)(struct call *, void *), void *ctx)
{
	struct call *c = mem_new(sizeof(*c));

	c->magic = CALL_MAGIC;
	c->api = api;
	c->loop = loop;
	c->done = done;
	c->done_ctx = ctx;
	c->dialect = dialects[0];
	c->response.request_id = atomic_fetch_add(&api->next_request, 1);
	c->response.content_type = call_content_type(c);
	arena_init(&c->arena);
	arena_init(&c->piece_arena);
	fail_init(&c->fail, &c->arena);
	buf_init(&c->response.body, RESPONSE_LEN_MAX);
	return c;
}

void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	CHECK_OBJ(c, CALL_MAGIC);
	json_decref(c->document);
	buf_fini(&c->response.body);
	xml_out_fini(&c->xml);
	answers_give(c->api->answers, &c->room);
	arena_fini(&c->piece_arena);
	arena_fini(&c->arena);
	mem_free(c);
}

void
call_check(const struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
}

struct call_request *
call_request(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	return &c->request;
}

struct call_response *
call_response(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	return &c->response;
}

/* ---- the response ---- */

const char *
call_content_type(const struct call *c)
{
	if (c->xml_type != NULL)
		return c->xml_type;
	return c->dialect->content_type != NULL ? c->dialect->content_type
						: "application/json;charset=UTF-8";
}

/* Wires write JSON, and so do records of answers: XML is made of it at the very end, or
 * of a long list piece by piece. */
void
call_translate(struct call *c)
{
	if (c->xml_type == NULL || c->response.body.len == 0 || c->response.body.failed)
		return;
	if (c->xml.to.len == 0)
		xml_out_init(&c->xml, RESPONSE_LEN_MAX);
	xml_out_json(&c->xml, c->dialect->xml_root(c), buf_span(&c->response.body));
	buf_reset(&c->response.body);
	c->response.body.failed = c->xml.to.failed;
}

void
call_format(struct call *c)
{
	call_translate(c);
	if (c->xml.to.len == 0)
		return;
	buf_fini(&c->response.body);
	c->response.body = c->xml.to;
	c->xml.to = (struct buf){0};
}

void
call_finish(struct call *c)
{
	CHECK_OBJ(c, CALL_MAGIC);
	INVARIANT(c->response.status != 0);
	call_format(c);
	c->done(c, c->done_ctx);
}

void
call_drop_answer(struct call *c)
{
	c->listed = NULL;
	xml_out_fini(&c->xml);
	if (c->room.octets == 0) {
		buf_reset(&c->response.body);
		return;
	}
	arena_fini(&c->piece_arena);
	buf_fini(&c->response.body);
	buf_init(&c->response.body, RESPONSE_LEN_MAX);
	answers_give(c->api->answers, &c->room);
}

enum err
call_render(struct call *c)
{
	const struct operation *op = c->route->operation;
	const struct wire *wire = c->route->wire;
	enum err e;

	if (c->result == NULL && op->result_len > 0)
		c->result = arena_alloc(&c->arena, op->result_len);
	e = op->answer != NULL ? op->answer(c) : OK;
	if (e == OK && c->response.status == 0)
		c->response.status = 200;
	if (e == OK && wire != NULL && wire->write != NULL)
		wire->write(c);
	return e;
}

struct json_out
call_json(struct call *c)
{
	struct json_out out;

	json_out_init(&out, &c->response.body);
	return out;
}

/* ---- the request ---- */

const char *
call_query(struct call *c, const char *name)
{
	return form_value(&c->arena, c->query, name);
}

struct opt_bool
call_query_bool(struct call *c, const char *name)
{
	const char *value = call_query(c, name);
	bool yes = value != NULL && strcasecmp(value, "true") == 0;
	bool no = value != NULL && strcasecmp(value, "false") == 0;

	return (struct opt_bool){.set = yes || no, .value = yes};
}

struct ident
call_id(const struct call *c, unsigned i)
{
	INVARIANT(i < ROUTE_PARAMS_MAX);
	return ident_parse_or_none(c->params[i]);
}

/* ---- headers ---- */

struct span
call_header(struct call *c, const char *name)
{
	return header_find(c->request.headers, c->request.header_count, name);
}

static struct response_header *
response_header(struct call_response *r, const char *name)
{
	for (unsigned i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return &r->headers[i];
	INVARIANT(r->header_count < RESPONSE_HEADERS_MAX);
	return &r->headers[r->header_count++];
}

void
call_put_header(struct call *c, const char *name, const char *value)
{
	char *copy = arena_text(&c->arena, span_of(value));

	for (char *at = copy; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	*response_header(&c->response, name) = (struct response_header){name, copy};
}
