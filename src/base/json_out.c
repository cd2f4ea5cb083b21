/* SPDX-License-Identifier: Apache-2.0 */
#include "json_out.h"

#include <inttypes.h>

#include "json_scalar.h"
#include "utf8.h"

void
json_out_init(struct json_out *o, struct buf *to)
{
	*o = (struct json_out){.to = to};
}

static void
put_escaped(struct buf *to, struct span text)
{
	size_t i = 0;
	size_t plain = 0;

	while (i < text.len) {
		unsigned char c = (unsigned char)text.ptr[i];
		struct span rest = {text.ptr + i, text.len - i};
		size_t len = c < 0x80 ? 1 : utf8_len(rest);

		if (c >= 0x20 && c != '"' && c != '\\' && len > 0) {
			i += len;
			continue;
		}
		buf_add(to, text.ptr + plain, i - plain);
		if (len == 0)
			buf_add_text(to, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_printf(to, "\\%c", c);
		else if (c == '\n')
			buf_add_text(to, "\\n");
		else
			buf_printf(to, "\\u%04x", c);
		plain = ++i;
	}
	buf_add(to, text.ptr + plain, i - plain);
}

static void
put_name(struct json_out *o, const char *name)
{
	if (o->comma)
		buf_add_char(o->to, ',');
	o->comma = true;
	if (name == NULL)
		return;
	buf_add_char(o->to, '"');
	put_escaped(o->to, span_of(name));
	buf_add(o->to, "\":", 2);
}

static void
open_with(struct json_out *o, const char *name, char opener, char closer)
{
	INVARIANT(o->depth < JSON_OUT_DEPTH_MAX);
	put_name(o, name);
	buf_add_char(o->to, opener);
	o->closers[o->depth++] = closer;
	o->comma = false;
}

void
json_out_object(struct json_out *o, const char *name)
{
	open_with(o, name, '{', '}');
}

void
json_out_array(struct json_out *o, const char *name)
{
	open_with(o, name, '[', ']');
}

void
json_out_end(struct json_out *o)
{
	INVARIANT(o->depth > 0);
	buf_add_char(o->to, o->closers[--o->depth]);
	o->comma = true;
}

void
json_out_span(struct json_out *o, const char *name, struct span text)
{
	put_name(o, name);
	buf_add_char(o->to, '"');
	put_escaped(o->to, text);
	buf_add_char(o->to, '"');
}

void
json_out_text(struct json_out *o, const char *name, const char *text)
{
	if (text != NULL)
		json_out_span(o, name, span_of(text));
}

void
json_out_json(struct json_out *o, const char *name, struct span value)
{
	put_name(o, name);
	buf_add(o->to, value.ptr, value.len);
}

void
json_out_int(struct json_out *o, const char *name, int64_t value)
{
	put_name(o, name);
	buf_printf(o->to, "%" PRId64, value);
}

void
json_out_bool(struct json_out *o, const char *name, bool value)
{
	put_name(o, name);
	buf_add_text(o->to, value ? "true" : "false");
}

void
json_out_double(struct json_out *o, const char *name, double value)
{
	char text[JSON_DOUBLE_LEN];

	put_name(o, name);
	json_scalar_double_text(value, text);
	buf_add_text(o->to, text);
	if (strpbrk(text, ".en") == NULL)
		buf_add_text(o->to, ".0");
}
