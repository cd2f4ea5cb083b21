/* SPDX-License-Identifier: Apache-2.0 */
#include "api/body.h"

#include "api/form.h"
#include "api/xml.h"
#include "base/json_scalar.h"
#include "base/utf8.h"

static bool
has_word(struct span text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++)
		if (span_equal_nocase((struct span){text.ptr + i, len}, word))
			return true;
	return false;
}

static bool
is_called_json(struct span type)
{
	return type.len == 0 || has_word(type, "json");
}

static bool
is_called_form(struct span type)
{
	if (type.len > sizeof(FORM_TYPE) - 1)
		type.len = sizeof(FORM_TYPE) - 1;
	return span_equal_nocase(type, FORM_TYPE);
}

struct span
body_octets(const struct call *c)
{
	struct span body = utf8_without_mark(c->request.body);

	while (body.len > 0 && strchr(" \t\r\n", body.ptr[0]) != NULL &&
	       body.ptr[0] != '\0') {
		body.ptr++;
		body.len--;
	}
	return body;
}

enum err
body_json(struct call *c)
{
	struct span body = body_octets(c);
	struct span type = c->request.content_type;
	enum err e;

	if (has_word(type, "xml") && c->request.body.len > 0)
		return ERR_MEDIA_TYPE;
	if (body.len == 0)
		return OK;
	e = json_parse(body, &c->fail, &c->document);
	return e != OK && !is_called_json(type) ? ERR_MEDIA_TYPE : e;
}

enum err
body_json_or_form(struct call *c)
{
	struct span body = body_octets(c);

	if (!is_called_form(c->request.content_type) || body.len == 0 ||
	    body.ptr[0] == '{' || body.ptr[0] == '[')
		return body_json(c);
	return form_parse(&c->arena, &c->fail, body, &c->document);
}

/* Parameters of the type do not count (RFC 9110 8.3.1). */
static bool
is_called_xml(struct span type)
{
	const char *semicolon = memchr(type.ptr, ';', type.len);

	if (semicolon != NULL)
		type.len = (size_t)(semicolon - type.ptr);
	type = span_trim(type);
	return span_equal_nocase(type, "application/xml") ||
	       span_equal_nocase(type, "text/xml");
}

/* A charset is said by the type, and goes before what the document says (RFC 7303 3). */
static bool
is_called_otherwise_than_utf8(struct span type)
{
	return has_word(type, "charset=") && !has_word(type, "charset=utf-8") &&
	       !has_word(type, "charset=\"utf-8\"") &&
	       !has_word(type, "charset=us-ascii");
}

enum err
body_json_or_xml(struct call *c)
{
	struct span body = body_octets(c);
	struct span type = c->request.content_type;

	if (type.len == 0 || !is_called_xml(type))
		return body_json(c);
	if (body.len == 0)
		return OK;
	if (is_called_otherwise_than_utf8(type))
		return ERR_MEDIA_TYPE;
	c->from_xml = true;
	return xml_parse(&c->arena, &c->fail, body, &c->document);
}

enum err
body_form(struct call *c)
{
	struct span body = body_octets(c);

	if (body.len == 0)
		return OK;
	if (!is_called_form(c->request.content_type))
		return ERR_MEDIA_TYPE;
	return form_parse(&c->arena, &c->fail, body, &c->document);
}

enum err
body_read(struct call *c, const struct json_row *rows, void *out)
{
	enum err e =
	    c->dialect->read_body != NULL ? c->dialect->read_body(c) : body_json(c);

	if (e == OK && (c->document == NULL || json_is_null(c->document) ||
			   json_scalar_is_empty_array(c->document))) {
		json_decref(c->document);
		c->document = json_object();
	}
	if (e == OK && c->from_xml)
		xml_fit(c->document, rows);
	return e == OK ? json_read(c->document, rows, &c->fail, out) : e;
}
