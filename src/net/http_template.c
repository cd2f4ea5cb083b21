/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_template.h"

#include <stdio.h>

#include "base/utf8.h"

enum { PIECES_MAX = 64 };

/* ---- reading ---- */

static int
name_number(const char *const *names, struct span name)
{
	for (int i = 0; names[i] != NULL; i++)
		if (span_equal_text(name, names[i]))
			return i;
	return -1;
}

static enum err
read_name(const struct http_template *t, const char *const *names, struct span name,
    struct http_template_piece *out, char why[256])
{
	struct span bare = span_trim(name);

	out->mark = HTTP_TEMPLATE_MARK_VALUE;
	if (span_equal_text(bare, "/")) {
		out->mark = HTTP_TEMPLATE_MARK_END;
		return OK;
	}
	out->raw = bare.len > 4 && memcmp(bare.ptr, "raw:", 4) == 0;
	if (out->raw) {
		bare = (struct span){bare.ptr + 4, bare.len - 4};
	} else if (bare.len > 1 && bare.ptr[0] == '?') {
		out->mark = HTTP_TEMPLATE_MARK_IF;
		bare = (struct span){bare.ptr + 1, bare.len - 1};
	}
	out->value = name_number(names, bare);
	if (out->value < 0) {
		snprintf(why, 256, "there is no placeholder {{%.*s}}",
		    (int)(name.len < 60 ? name.len : 60), name.ptr);
		return ERR_INVALID;
	}
	if (t->sink == HTTP_TEMPLATE_SINK_PLAIN && !out->raw &&
	    out->mark == HTTP_TEMPLATE_MARK_VALUE) {
		snprintf(why, 256,
		    "nothing is escaped here: write {{raw:%s}} where that is meant",
		    names[out->value]);
		return ERR_INVALID;
	}
	return OK;
}

/* Each {{?name}} has its {{/}}, behind it. */
static enum err
check_balance(const struct http_template *t, char why[256])
{
	int open = 0;

	for (size_t i = 0; i < t->count && open >= 0; i++)
		open += t->pieces[i].mark == HTTP_TEMPLATE_MARK_IF    ? 1
			: t->pieces[i].mark == HTTP_TEMPLATE_MARK_END ? -1
								      : 0;
	if (open != 0)
		snprintf(why, 256, "%s",
		    open > 0 ? "{{?...}} without {{/}}" : "{{/}} without {{?...}}");
	return open == 0 ? OK : ERR_INVALID;
}

enum err
http_template_parse(struct http_template *t, struct arena *a, const char *text,
    const char *const *names, char why[256])
{
	t->pieces = arena_alloc(a, PIECES_MAX * sizeof(*t->pieces));
	t->count = 0;
	t->used = 0;
	while (*text != '\0') {
		const char *open = strstr(text, "{{");
		const char *close = open == NULL ? NULL : strstr(open, "}}");
		struct http_template_piece *p = &t->pieces[t->count];

		if ((open != NULL && close == NULL) || t->count == PIECES_MAX) {
			snprintf(why, 256, "%s",
			    close == NULL && open != NULL ? "{{ without }}"
							  : "too many placeholders");
			return ERR_INVALID;
		}
		t->count++;
		p->literal = open == NULL ? span_of(text)
					  : (struct span){text, (size_t)(open - text)};
		if (open == NULL)
			break;
		if (read_name(t, names,
			(struct span){open + 2, (size_t)(close - open - 2)}, p,
			why) != OK)
			return ERR_INVALID;
		if (p->mark != HTTP_TEMPLATE_MARK_END)
			t->used |= UINT32_C(1) << p->value;
		text = close + 2;
	}
	return check_balance(t, why);
}

/* ---- writing ---- */

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void
http_template_put_url(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (is_unreserved(c))
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static enum err
put_json(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c == '"' || c == '\\')
			buf_add_char(out, '\\');
		if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_add_char(out, (char)c);
	}
	return utf8_valid(value) ? OK : ERR_INVALID;
}

enum err
http_template_put_xml(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return ERR_INVALID;
		if (c < 0x20 || strchr("&<>\"'", c) != NULL)
			buf_printf(out, "&#%d;", c);
		else
			buf_add_char(out, (char)c);
	}
	return utf8_valid(value) ? OK : ERR_INVALID;
}

static enum err
put_header(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
			return ERR_INVALID;
	buf_add(out, value.ptr, value.len);
	return OK;
}

static enum err
put_value(enum http_template_sink sink, bool raw, struct span value, struct buf *out)
{
	if (value.ptr == NULL)
		return OK;
	switch (
	    raw && sink != HTTP_TEMPLATE_SINK_HEADER ? HTTP_TEMPLATE_SINK_PLAIN : sink) {
	case HTTP_TEMPLATE_SINK_URL:
		http_template_put_url(out, value);
		return OK;
	case HTTP_TEMPLATE_SINK_JSON:
		return put_json(out, value);
	case HTTP_TEMPLATE_SINK_XML:
		return http_template_put_xml(out, value);
	case HTTP_TEMPLATE_SINK_HEADER:
		return put_header(out, value);
	case HTTP_TEMPLATE_SINK_PLAIN:
		buf_add(out, value.ptr, value.len);
		return OK;
	}
	INVARIANT(!"sink");
	return ERR_INTERNAL;
}

enum err
http_template_put(
    const struct http_template *t, const struct span *values, struct buf *out)
{
	unsigned depth = 0;
	unsigned left_out = 0; /* the depth whose value is not there; 0: all are */

	for (size_t i = 0; i < t->count; i++) {
		const struct http_template_piece *p = &t->pieces[i];

		if (left_out == 0)
			buf_add(out, p->literal.ptr, p->literal.len);
		if (p->mark == HTTP_TEMPLATE_MARK_VALUE && left_out == 0 &&
		    put_value(t->sink, p->raw, values[p->value], out) != OK)
			return ERR_INVALID;
		if (p->mark == HTTP_TEMPLATE_MARK_IF) {
			depth++;
			if (left_out == 0 && values[p->value].len == 0)
				left_out = depth;
		} else if (p->mark == HTTP_TEMPLATE_MARK_END) {
			left_out = left_out == depth ? 0 : left_out;
			depth--;
		}
	}
	return OK;
}
