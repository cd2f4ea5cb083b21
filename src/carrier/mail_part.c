/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_part.h"

#include "base/secret.h"

/* ---- lines ---- */

/* The next line without its end; moves past it. */
static struct span
next_line(struct span *s)
{
	const char *end = s->len == 0 ? NULL : memchr(s->ptr, '\n', s->len);
	size_t len = end == NULL ? s->len : (size_t)(end - s->ptr);
	struct span line = {s->ptr, len};

	len += end != NULL;
	s->ptr += len;
	s->len -= len;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct mail_part
mail_part_of(struct span text)
{
	struct mail_part p = {.head = text};

	for (struct span rest = text; rest.len > 0;) {
		const char *at = rest.ptr;

		if (next_line(&rest).len > 0)
			continue;
		p.head.len = (size_t)(at - text.ptr);
		p.body = rest;
		break;
	}
	return p;
}

/* ---- fields ---- */

static bool
begins_field(struct span line, const char *name)
{
	size_t len = strlen(name);

	return line.len > len && line.ptr[len] == ':' &&
	       span_equal_nocase((struct span){line.ptr, len}, name);
}

/* The lines behind a field's first one that belong to it (RFC 5322 2.2.3). */
static struct span
unfold(struct arena *a, struct span first, struct span rest)
{
	size_t size = first.len + rest.len;
	char *out = arena_alloc(a, size + 1);
	size_t len = first.len;

	memcpy(out, first.ptr, first.len);
	while (rest.len > 0 && is_blank(rest.ptr[0])) {
		struct span line = next_line(&rest);

		memcpy(out + len, line.ptr, line.len);
		len += line.len;
	}
	return span_trim((struct span){out, len});
}

struct span
mail_part_field(struct arena *a, const struct mail_part *p, const char *name)
{
	struct span rest = p->head;

	while (rest.len > 0) {
		struct span line = next_line(&rest);
		size_t skip = strlen(name) + 1;

		if (!begins_field(line, name))
			continue;
		return unfold(a, (struct span){line.ptr + skip, line.len - skip}, rest);
	}
	return (struct span){"", 0};
}

/* ---- media types ---- */

static struct span
until(struct span s, const char *ends)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != '\0' && strchr(ends, s.ptr[i]) != NULL)
			return (struct span){s.ptr, i};
	return s;
}

bool
mail_part_is(struct arena *a, const struct mail_part *p, const char *type)
{
	struct span value = mail_part_field(a, p, "Content-Type");

	return span_equal_nocase(span_trim(until(value, ";")), type);
}

static struct span
unquote(struct arena *a, struct span s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t len = 0;

	for (size_t i = 1; i < s.len && s.ptr[i] != '"'; i++) {
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		out[len++] = s.ptr[i];
	}
	return (struct span){out, len};
}

/* A quoted semicolon ends a parameter too early; no boundary has one (RFC 2046 5.1.1). */
struct span
mail_part_parameter(struct arena *a, struct span value, const char *name)
{
	while (value.len > 0) {
		struct span one = until(value, ";");
		struct span left = until(one, "=");
		struct span right = {left.ptr + left.len, one.len - left.len};

		value.ptr += one.len + (one.len < value.len);
		value.len -= one.len + (one.len < value.len);
		if (right.len == 0 || !span_equal_nocase(span_trim(left), name))
			continue;
		right = span_trim((struct span){right.ptr + 1, right.len - 1});
		return right.len > 0 && right.ptr[0] == '"' ? unquote(a, right) : right;
	}
	return (struct span){"", 0};
}

/* ---- parts ---- */

/* "--boundary", or with "--" behind it the last one (RFC 2046 5.1.1). */
static bool
is_delimiter(struct span line, struct span boundary, bool *last_out)
{
	struct span rest = {line.ptr + 2 + boundary.len, line.len - 2 - boundary.len};

	if (line.len < boundary.len + 2 || memcmp(line.ptr, "--", 2) != 0 ||
	    memcmp(line.ptr + 2, boundary.ptr, boundary.len) != 0)
		return false;
	*last_out = rest.len >= 2 && memcmp(rest.ptr, "--", 2) == 0;
	return *last_out || span_trim(rest).len == 0;
}

size_t
mail_part_split(struct span body, struct span boundary, struct mail_part *out, size_t max)
{
	struct span rest = body;
	const char *from = NULL; /* of the part that is open */
	size_t count = 0;
	bool last = false;

	if (boundary.len == 0)
		return 0;
	while (rest.len > 0 && !last && count < max) {
		const char *at = rest.ptr;
		struct span line = next_line(&rest);

		if (!is_delimiter(line, boundary, &last))
			continue;
		if (from != NULL)
			out[count++] =
			    mail_part_of((struct span){from, (size_t)(at - from)});
		from = last ? NULL : rest.ptr;
	}
	if (from != NULL && count < max)
		out[count++] =
		    mail_part_of((struct span){from, (size_t)(rest.ptr - from)});
	return count;
}

/* ---- transfer encodings ---- */

static struct span
decode_base64(struct arena *a, struct span s)
{
	uint8_t *out = arena_alloc(a, s.len + 1);
	size_t len;

	if (!secret_from_base64(s, out, s.len, &len))
		return (struct span){"", 0};
	return (struct span){(char *)out, len};
}

/* How many octets of a soft line break stand there. */
static size_t
soft_break_len(struct span s)
{
	if (s.len >= 2 && s.ptr[1] == '\n')
		return 2;
	return s.len >= 3 && s.ptr[1] == '\r' && s.ptr[2] == '\n' ? 3 : 0;
}

static struct span
decode_quoted_printable(struct arena *a, struct span s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t len = 0;

	while (s.len > 0) {
		size_t used = s.ptr[0] == '=' ? soft_break_len(s) : 0;
		int high = s.ptr[0] == '=' && s.len > 2 ? hex_digit_value(s.ptr[1]) : -1;
		int low = high < 0 ? -1 : hex_digit_value(s.ptr[2]);

		if (used == 0 && low >= 0) {
			out[len++] = (char)(high << 4 | low);
			used = 3;
		} else if (used == 0) {
			out[len++] = s.ptr[0];
			used = 1;
		}
		s.ptr += used;
		s.len -= used;
	}
	return (struct span){out, len};
}

struct span
mail_part_decoded(struct arena *a, const struct mail_part *p)
{
	struct span encoding = mail_part_field(a, p, "Content-Transfer-Encoding");

	if (span_equal_nocase(encoding, "base64"))
		return decode_base64(a, p->body);
	if (span_equal_nocase(encoding, "quoted-printable"))
		return decode_quoted_printable(a, p->body);
	return p->body;
}
