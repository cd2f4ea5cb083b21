/* SPDX-License-Identifier: Apache-2.0 */
#include "api/xml_out.h"

#include "base/utf8.h"

#include <ctype.h>

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define REPLACEMENT "\xef\xbf\xbd"

enum { ASCII_END = 0x80, NOT_A_CHARACTER = 0xfffe, UNICODE_DIGITS = 4 };

void
xml_out_init(struct xml_out *x, size_t len_max)
{
	*x = (struct xml_out){0};
	buf_init(&x->to, len_max);
	buf_init(&x->names, len_max);
}

void
xml_out_fini(struct xml_out *x)
{
	buf_fini(&x->to);
	buf_fini(&x->names);
	x->depth = 0;
}

/* ---- texts of JSON ---- */

static void
skip(struct span *s, size_t len)
{
	if (len > s->len)
		len = s->len;
	s->ptr += len;
	s->len -= len;
}

/* json_out.h escapes what is ASCII and nothing else. */
static uint32_t
escaped_char(struct span *s)
{
	static const char letters[] = "b\bf\fn\nr\rt\t";
	char c = s->len < 2 ? '\\' : s->ptr[1];
	const char *known = memchr(letters, c, sizeof(letters) - 1);
	uint32_t code = known == NULL ? (unsigned char)c : (unsigned char)known[1];
	size_t end = c == 'u' ? 2 + UNICODE_DIGITS : 2;

	if (end > s->len)
		end = s->len;
	if (c == 'u')
		code = 0;
	for (size_t i = 2; i < end; i++)
		code = code << 4 | ((uint32_t)hex_digit_value(s->ptr[i]) & 0xff);
	skip(s, end);
	return code < ASCII_END ? code : NOT_A_CHARACTER;
}

/* The next character, and moves past it; `octets` are those of one beyond ASCII. */
static uint32_t
next_char(struct span *s, struct span *octets)
{
	size_t len = 1;
	uint32_t code = (unsigned char)s->ptr[0];

	*octets = (struct span){0};
	if (code == '\\')
		return escaped_char(s);
	if (code >= ASCII_END) {
		code = utf8_decode(*s, &len);
		*octets = (struct span){s->ptr, len};
	}
	skip(s, len == 0 ? 1 : len);
	return len == 0 ? NOT_A_CHARACTER : code;
}

/* XML 1.0, 2.2; UTF-8 that is valid has no surrogates. */
static bool
is_xml(uint32_t code)
{
	if (code < ' ')
		return code == '\t' || code == '\n' || code == '\r';
	return code != NOT_A_CHARACTER && code != NOT_A_CHARACTER + 1;
}

/* A carriage return that is written as it is would be read as the end of a line (2.11).
 */
static const char *
entity_of(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	default:
		return is_xml(code) ? NULL : REPLACEMENT;
	}
}

static void
put_text(struct buf *to, struct span text)
{
	while (text.len > 0) {
		struct span octets;
		uint32_t code = next_char(&text, &octets);
		const char *entity = entity_of(code);

		if (entity != NULL)
			buf_add_text(to, entity);
		else if (octets.len > 0)
			buf_add(to, octets.ptr, octets.len);
		else
			buf_add_char(to, (char)code);
	}
}

static bool
is_of_name(uint32_t code, bool first)
{
	if (code >= ASCII_END)
		return false;
	if (isalpha((int)code) || code == '_')
		return true;
	return !first && (isdigit((int)code) || code == '-' || code == '.');
}

static void
put_name(struct buf *to, struct span name)
{
	bool first = true;

	while (name.len > 0) {
		struct span octets;
		uint32_t code = next_char(&name, &octets);
		bool misread = code == '_' && name.len > 0 && name.ptr[0] == 'x';

		if (is_of_name(code, first) && !misread)
			buf_add_char(to, (char)code);
		else
			buf_printf(to, code > 0xffff ? "_x%06X_" : "_x%04X_", code);
		first = false;
	}
}

/* ---- elements ---- */

static struct xml_level *
innermost(struct xml_out *x)
{
	return &x->open[x->depth - 1];
}

static void
push_level(struct xml_out *x)
{
	if (x->depth == countof(x->open))
		x->to.failed = true;
	else
		x->open[x->depth++] = (struct xml_level){.name_at = x->names.len};
}

/* A value of a list has the list's name. */
static void
push_item(struct xml_out *x)
{
	size_t from = innermost(x)->name_at;
	size_t to = x->names.len;

	push_level(x);
	if (x->depth == 2)
		buf_add_text(&x->names, "item");
	else
		for (size_t i = from; i < to; i++)
			buf_add_char(&x->names, x->names.ptr[i]);
}

static void
put_tag(struct xml_out *x, const char *opener)
{
	size_t at = innermost(x)->name_at;

	buf_add_text(&x->to, opener);
	buf_add(&x->to, x->names.ptr + at, x->names.len - at);
	buf_add_char(&x->to, '>');
}

static void
begin_value(struct xml_out *x)
{
	if (!x->named)
		push_item(x);
	x->named = false;
	put_tag(x, "<");
}

static void
end_value(struct xml_out *x)
{
	put_tag(x, "</");
	x->names.len = innermost(x)->name_at;
	x->depth--;
}

/* ---- tokens ---- */

/* The octets between the quotes, with their escapes. */
static struct span
take_string(struct span *json)
{
	struct span text = {json->ptr + 1, 0};

	while (1 + text.len < json->len && text.ptr[text.len] != '"')
		text.len += text.ptr[text.len] == '\\' ? 2 : 1;
	if (1 + text.len > json->len)
		text.len = json->len - 1;
	skip(json, text.len + 2);
	return text;
}

/* A number, true or false. */
static struct span
take_bare(struct span *json)
{
	struct span text = {json->ptr, 0};

	while (text.len < json->len && memchr(",]}", text.ptr[text.len], 3) == NULL)
		text.len++;
	skip(json, text.len);
	return text;
}

static void
take_text(struct xml_out *x, struct span *json)
{
	struct span text = json->ptr[0] == '"' ? take_string(json) : take_bare(json);

	if (innermost(x)->object) {
		push_level(x);
		put_name(&x->names, text);
		x->named = true;
		return;
	}
	begin_value(x);
	put_text(&x->to, text);
	end_value(x);
}

static void
take_token(struct xml_out *x, struct span *json)
{
	switch (json->ptr[0]) {
	case '{':
	case '[':
		begin_value(x);
		innermost(x)->object = json->ptr[0] == '{';
		skip(json, 1);
		return;
	case '}':
	case ']':
		end_value(x);
		skip(json, 1);
		return;
	case ',':
	case ':':
		skip(json, 1);
		return;
	default:
		take_text(x, json);
		return;
	}
}

void
xml_out_json(struct xml_out *x, const char *root, struct span json)
{
	if (x->to.len == 0) {
		buf_add_text(&x->to, DECLARATION);
		push_level(x);
		buf_add_text(&x->names, root);
		x->named = true;
	}
	while (json.len > 0 && x->depth > 0 && !x->to.failed)
		take_token(x, &json);
	if (json.len > 0)
		x->to.failed = true;
}
