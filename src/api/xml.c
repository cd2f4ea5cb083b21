/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libxml2 tells of tags and texts as it finds them (SAX), and the document is made of
 * that: there is no tree of the library's, and so nothing that refers to entities,
 * types or other files.
 */
#include "api/xml.h"

#include "base/json_scalar.h"
#include "base/utf8.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

enum { ATTRIBUTE_PARTS = 5, LEVELS_MAX = JSON_DEPTH_MAX + 1 };

struct level {
	const char *name;
	json_t *object; /* NULL: no element in it yet */
	bool null;
};

struct reader {
	struct arena *arena;
	struct fail *fail;
	xmlParserCtxt *parser;
	struct level levels[LEVELS_MAX]; /* the root first */
	unsigned depth;
	unsigned elements;
	struct buf text; /* of the innermost element, which has no other in it yet */
	json_t *document;
	bool refused; /* the reason is told */
};

/* ---- refusing ---- */

static const char *
path_of(const struct reader *r, const char *last)
{
	const char *path = "";

	for (unsigned i = 1; i < r->depth; i++)
		path = arena_printf(r->arena, "%s%s.", path, r->levels[i].name);
	return arena_printf(r->arena, "%s%s", path, last);
}

static void
refuse_field(struct reader *r, const char *field, const char *reason)
{
	if (!r->refused)
		fail_add(r->fail, field, "%s", reason);
	r->refused = true;
	xmlStopParser(r->parser);
}

static void
refuse_document(struct reader *r, const char *reason)
{
	refuse_field(r, "", reason);
}

/* ---- names ---- */

/* The length of "_x0020_" or "_x01F600_", and its character; 0: there is none. */
static size_t
encoded_len(const char *s, uint32_t *code_out)
{
	size_t digits = 0;

	*code_out = 0;
	if (s[0] != '_' || s[1] != 'x')
		return 0;
	for (; digits < 6 && hex_digit_value(s[2 + digits]) >= 0; digits++)
		*code_out = *code_out << 4 | (uint32_t)hex_digit_value(s[2 + digits]);
	if (s[2 + digits] != '_' || (digits != 4 && digits != 6))
		return 0;
	return digits + 3;
}

static void
add_utf8(struct buf *b, uint32_t code)
{
	static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
	int more = (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);

	buf_add_char(b, (char)(leads[more] | code >> 6 * more));
	while (more-- > 0)
		buf_add_char(b, (char)(0x80 | (code >> 6 * more & 0x3f)));
}

/* Controls and halves of surrogate pairs stay as they are written. */
static bool
is_in_name(uint32_t code)
{
	return code >= ' ' && (code < 0xd800 || code > 0xdfff) && code <= 0x10ffff;
}

static const char *
decode_name(struct arena *a, const char *name)
{
	struct buf b;
	const char *decoded;

	if (strstr(name, "_x") == NULL)
		return arena_text(a, span_of(name));
	buf_init(&b, strlen(name));
	while (*name != '\0') {
		uint32_t code;
		size_t len = encoded_len(name, &code);

		if (len > 0 && is_in_name(code))
			add_utf8(&b, code);
		else
			buf_add(&b, name, len = 1);
		name += len;
	}
	decoded = arena_text(a, buf_span(&b));
	buf_fini(&b);
	return decoded;
}

/* ---- what the parser tells ---- */

static struct level *
innermost(struct reader *r)
{
	return &r->levels[r->depth - 1];
}

static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr(" \t\r\n", s.ptr[i], 4) == NULL)
			return false;
	return true;
}

static void
add_text(void *ctx, const xmlChar *text, int len)
{
	struct reader *r = ctx;
	struct span s = {(const char *)text, (size_t)len};

	if (r->refused || r->depth == 0)
		return;
	if (innermost(r)->object == NULL)
		buf_add(&r->text, s.ptr, s.len);
	else if (!is_blank(s))
		refuse_document(r, "has text beside elements");
}

/* Attributes have five parts each: local name, prefix, URI, and where the value begins
 * and ends. */
static bool
is_null(const xmlChar **attributes, int count)
{
	for (int i = 0; i < count; i++) {
		const xmlChar **a = attributes + (ptrdiff_t)i * ATTRIBUTE_PARTS;
		const char *uri = (const char *)a[2];
		struct span value = {(const char *)a[3], (size_t)(a[4] - a[3])};

		if (uri != NULL && strcmp(uri, XSI) == 0 &&
		    strcmp((const char *)a[0], "nil") == 0)
			return span_equal_text(value, "true") ||
			       span_equal_text(value, "1");
	}
	return false;
}

/* The element around it is an object from now on. */
static void
check_place(struct reader *r, const char *name)
{
	struct level *around = innermost(r);

	if (!is_blank(buf_span(&r->text)))
		refuse_document(r, "has text beside elements");
	buf_reset(&r->text);
	if (around->object == NULL)
		around->object = json_object();
	if (json_object_get(around->object, name) != NULL)
		refuse_field(r, path_of(r, name), "is given twice");
}

static void
begin_element(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
    int namespaces, const xmlChar **declared, int attribute_count, int defaulted,
    const xmlChar **attributes)
{
	struct reader *r = ctx;
	const char *name;

	(void)prefix, (void)uri, (void)namespaces, (void)declared, (void)defaulted;
	if (r->refused)
		return;
	name = decode_name(r->arena, (const char *)local);
	if (++r->elements > XML_ELEMENTS_MAX)
		refuse_document(r, "has too many elements");
	else if (r->depth == LEVELS_MAX)
		refuse_document(r, "is nested too deep");
	else if (r->depth > 0)
		check_place(r, name);
	if (!r->refused)
		r->levels[r->depth++] = (struct level){
		    .name = name, .null = is_null(attributes, attribute_count)};
}

static json_t *
value_of(struct reader *r)
{
	struct level *l = innermost(r);
	json_t *value = l->object;
	const char *text = r->text.len == 0 ? "" : r->text.ptr;

	if (value == NULL)
		value = l->null ? json_null() : json_stringn(text, r->text.len);
	RESOURCE(value != NULL);
	return value;
}

static void
end_element(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = ctx;
	struct level ended;
	json_t *value;

	(void)local, (void)prefix, (void)uri;
	if (r->refused || r->depth == 0)
		return;
	value = value_of(r);
	ended = *innermost(r);
	r->depth--;
	buf_reset(&r->text);
	if (r->depth == 0)
		r->document = value;
	else
		RESOURCE(
		    json_object_set_new(innermost(r)->object, ended.name, value) == 0);
}

/* Before anything of it is read. */
static void
refuse_doctype(
    void *ctx, const xmlChar *name, const xmlChar *public, const xmlChar *system)
{
	(void)name, (void)public, (void)system;
	refuse_document(ctx, "must not have a document type");
}

/* The last one is asked for at the end; nothing is printed. */
static void
pass_over_error(void *ctx, xmlErrorPtr error)
{
	(void)ctx, (void)error;
}

/* ---- the document ---- */

/* Memory that libxml2 frees is wiped; who asks for no XML pays for none of it. */
static void
prepare(void)
{
	xmlMemSetup(mem_free, mem_raw_alloc, mem_raw_resize, mem_text);
	xmlInitParser();
}

static const xmlSAXHandler *
handlers(void)
{
	static const xmlSAXHandler h = {
	    .initialized = XML_SAX2_MAGIC,
	    .internalSubset = refuse_doctype,
	    .startElementNs = begin_element,
	    .endElementNs = end_element,
	    .characters = add_text,
	    .ignorableWhitespace = add_text,
	    .cdataBlock = add_text,
	    .serror = pass_over_error,
	};

	return &h;
}

static void
tell_where(struct reader *r)
{
	const xmlError *why = xmlCtxtGetLastError(r->parser);

	if (!r->refused)
		fail_add(r->fail, "", "is not valid XML at line %d, column %d",
		    why == NULL ? 1 : why->line, why == NULL ? 1 : why->int2);
}

static enum err
parse(struct reader *r, struct span body)
{
	enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_IGNORE_ENC };

	r->parser = xmlCreateMemoryParserCtxt(body.ptr, (int)body.len);
	RESOURCE(r->parser != NULL);
	*r->parser->sax = *handlers();
	r->parser->userData = r;
	RESOURCE(xmlCtxtUseOptions(r->parser, OPTIONS) == 0);
	(void)xmlParseDocument(r->parser);
	if (r->parser->wellFormed && r->parser->nsWellFormed && !r->refused &&
	    r->document != NULL)
		return OK;
	tell_where(r);
	return ERR_SYNTAX;
}

/* The library keeps the last error of a thread, which quotes the document. */
static void
forget(struct reader *r)
{
	xmlFreeParserCtxt(r->parser);
	xmlResetLastError();
	buf_fini(&r->text);
	for (unsigned i = 0; i < r->depth; i++)
		json_decref(r->levels[i].object);
}

/* The name in "<?xml ... encoding='NAME' ... ?>"; empty without one (XML 1.0, 4.3.3). */
static struct span
declared_encoding(struct span body)
{
	const char *end = memmem(body.ptr, body.len, "?>", 2);
	struct span none = {0};
	const char *at;
	const char *stop;

	if (body.len < 6 || memcmp(body.ptr, "<?xml", 5) != 0 || end == NULL)
		return none;
	at = memmem(body.ptr, (size_t)(end - body.ptr), "encoding", 8);
	while (at != NULL && at < end && *at != '"' && *at != '\'')
		at++;
	if (at == NULL || at == end)
		return none;
	stop = memchr(at + 1, *at, (size_t)(end - at - 1));
	return stop == NULL ? none : (struct span){at + 1, (size_t)(stop - at - 1)};
}

/* So that the parser has nothing to decode. */
static bool
is_utf8(struct span body)
{
	struct span encoding = declared_encoding(body);

	return utf8_valid(body) && memchr(body.ptr, '\0', body.len) == NULL &&
	       (encoding.len == 0 || span_equal_nocase(encoding, "UTF-8") ||
		   span_equal_nocase(encoding, "US-ASCII"));
}

static bool
is_blank_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && is_blank(span_of(text));
}

enum err
xml_parse(struct arena *a, struct fail *f, struct span body, json_t **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct reader r = {.arena = a, .fail = f};
	enum err e;

	if (body.len > XML_LEN_MAX || !is_utf8(body)) {
		fail_add(f, "",
		    body.len > XML_LEN_MAX ? "has more octets than XML may"
					   : "is not XML in UTF-8");
		return ERR_SYNTAX;
	}
	pthread_once(&once, prepare);
	buf_init(&r.text, body.len);
	e = parse(&r, body);
	forget(&r);
	if (e != OK) {
		json_decref(r.document);
		return e;
	}
	*out = is_blank_text(r.document) ? json_object() : json_incref(r.document);
	json_decref(r.document);
	return OK;
}

/* ---- types ---- */

/* NULL: it stays as it is. */
static json_t *
fitting(const json_t *value, enum json_kind kind)
{
	int64_t number;
	double real;
	bool flag;

	if ((kind == JSON_ROW_OBJECT || kind == JSON_ROW_MAP) && is_blank_text(value))
		return json_object();
	if (json_scalar_says_nothing(value))
		return NULL;
	if (kind == JSON_ROW_BOOL && json_scalar_as_bool(value, &flag))
		return json_boolean(flag);
	if (kind == JSON_ROW_INT && json_scalar_as_int(value, &number))
		return json_integer(number);
	if (kind == JSON_ROW_DOUBLE && json_scalar_as_double(value, &real))
		return json_real(real);
	return NULL;
}

void
xml_fit(json_t *doc, const struct json_row *rows)
{
	for (const struct json_row *row = rows; row->name != NULL; row++) {
		json_t *value = json_object_get(doc, row->name);
		json_t *fit = fitting(value, row->kind);

		if (fit != NULL)
			RESOURCE(json_object_set_new(doc, row->name, fit) == 0);
		else if (row->kind == JSON_ROW_OBJECT)
			xml_fit(value, row->rows);
	}
}
