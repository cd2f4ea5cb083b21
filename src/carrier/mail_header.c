/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_header.h"

#include <sodium.h>

#include "base/utf8.h"

enum {
	LINE_MAX_LEN = 78, /* RFC 5322 2.1.1: should not be longer */
	WORD_OCTETS_MAX =
	    45,           /* of UTF-8 in an encoded word: 72 characters with its frame */
	WORD_LEN_MAX = 75 /* RFC 2047 2 */
};

/* A field that is being written. */
struct field {
	struct buf *out;
	size_t column;
};

static void
put(struct field *f, const char *ptr, size_t len)
{
	buf_add(f->out, ptr, len);
	f->column += len;
}

/* A blank, or a new line that begins with one, before so many characters. */
static void
put_gap(struct field *f, size_t next)
{
	if (f->column + 1 + next > LINE_MAX_LEN) {
		buf_add_text(f->out, "\r\n");
		f->column = 0;
	}
	put(f, " ", 1);
}

static struct field
begin(struct buf *out, const char *name)
{
	struct field f = {.out = out};

	put(&f, name, strlen(name));
	put(&f, ":", 1);
	return f;
}

/* ---- cleaning ---- */

/* Nothing that an agent may take for the end of a line. */
static bool
ends_line(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

/* Blanks in a row are kept, but for those of a broken line, which are one. */
static void
clean(struct buf *out, struct span s)
{
	bool broken = false;

	while (s.len > 0) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		bool ends = len > 0 && ends_line(c);

		if (len == 0)
			buf_add_text(out, "\xef\xbf\xbd");
		else if (!ends)
			buf_add(out, s.ptr, len);
		else if (!broken)
			buf_add_char(out, ' ');
		broken = ends;
		len += len == 0;
		s.ptr += len;
		s.len -= len;
	}
}

/* ---- words ---- */

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Words of ASCII with one blank between them, none of which is too long for a line or
 * looks like an encoded one. */
static bool
is_plain(struct span s)
{
	size_t word = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ' ' && word == 0)
			return false;
		if (s.ptr[i] == '=' && i + 1 < s.len && s.ptr[i + 1] == '?')
			return false;
		word = s.ptr[i] == ' ' ? 0 : word + 1;
		if (word > LINE_MAX_LEN - 1)
			return false;
	}
	return is_ascii(s);
}

static void
put_plain(struct field *f, struct span s)
{
	while (s.len > 0) {
		const char *blank = memchr(s.ptr, ' ', s.len);
		size_t len = blank == NULL ? s.len : (size_t)(blank - s.ptr);

		put_gap(f, len);
		put(f, s.ptr, len);
		len += blank != NULL;
		s.ptr += len;
		s.len -= len;
	}
}

/* As many whole characters as an encoded word takes (RFC 2047 5: none is divided). */
static size_t
chunk_len(struct span s)
{
	size_t len = 0;

	while (len < s.len) {
		size_t more = utf8_len((struct span){s.ptr + len, s.len - len});

		if (len + more > WORD_OCTETS_MAX)
			break;
		len += more;
	}
	return len;
}

static void
put_encoded(struct field *f, struct span s)
{
	char text[sodium_base64_ENCODED_LEN(
	    WORD_OCTETS_MAX, sodium_base64_VARIANT_ORIGINAL)];

	while (s.len > 0) {
		size_t len = chunk_len(s);
		size_t made;

		sodium_bin2base64(text, sizeof(text), (const unsigned char *)s.ptr, len,
		    sodium_base64_VARIANT_ORIGINAL);
		made = strlen(text);
		put_gap(f, made + 12);
		put(f, "=?UTF-8?B?", 10);
		put(f, text, made);
		put(f, "?=", 2);
		s.ptr += len;
		s.len -= len;
	}
	explicit_bzero(text, sizeof(text));
}

void
mail_header_put_text(struct buf *out, const char *name, struct span value)
{
	struct field f = begin(out, name);
	struct buf cleaned;
	struct span s;

	buf_init(&cleaned, 3 * value.len + 1);
	clean(&cleaned, value);
	s = span_trim(buf_span(&cleaned));
	if (is_plain(s))
		put_plain(&f, s);
	else
		put_encoded(&f, s);
	buf_add_text(out, s.len == 0 ? " \r\n" : "\r\n");
	buf_fini(&cleaned);
}

/* ---- addresses ---- */

/* RFC 5322 3.2.3, with the blanks between atoms. */
static bool
is_phrase(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("()<>[]:;@\\,.\"", s.ptr[i]) != NULL)
			return false;
	return is_plain(s);
}

static void
put_quoted(struct field *f, struct span s)
{
	put_gap(f, s.len + 2);
	put(f, "\"", 1);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			put(f, "\\", 1);
		put(f, &s.ptr[i], 1);
	}
	put(f, "\"", 1);
}

static void
put_name(struct field *f, struct span s)
{
	if (is_phrase(s))
		put_plain(f, s);
	else if (is_plain(s) && s.len <= WORD_LEN_MAX / 2)
		put_quoted(f, s);
	else
		put_encoded(f, s);
}

void
mail_header_put_address(
    struct buf *out, const char *name, const struct mail_address *address)
{
	struct field f = begin(out, name);
	struct span shown = span_trim(span_of(address->name));
	size_t len = strlen(address->mailbox);

	if (shown.len > 0)
		put_name(&f, shown);
	put_gap(&f, len + 2);
	if (shown.len > 0)
		put(&f, "<", 1);
	put(&f, address->mailbox, len);
	if (shown.len > 0)
		put(&f, ">", 1);
	buf_add_text(out, "\r\n");
}
