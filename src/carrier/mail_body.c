/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_body.h"

#include <sodium.h>

#include "base/utf8.h"

enum {
	LINE_PLAIN_MAX = 78, /* RFC 5322 2.1.1 */
	LINE_CODED_MAX = 76, /* RFC 2045 6.7 (5), 6.8 */
	LINE_OCTETS = 57     /* of which a line of Base64 is made */
};

/* A text's octets by how they can go out. */
struct shape {
	size_t line;  /* characters since its line began */
	size_t coded; /* octets that quoted-printable writes as three */
	bool plain;   /* all of it can go out as it is */
};

/* ---- one form of line ends, and UTF-8 alone ---- */

static void
normalize(struct buf *out, struct span s)
{
	while (s.len > 0) {
		size_t len = utf8_len(s);

		if (s.ptr[0] == '\r' || s.ptr[0] == '\n') {
			buf_add_text(out, "\r\n");
			len = s.len > 1 && s.ptr[0] == '\r' && s.ptr[1] == '\n' ? 2 : 1;
		} else if (len == 0) {
			buf_add_text(out, "\xef\xbf\xbd");
			len = 1;
		} else {
			buf_add(out, s.ptr, len);
		}
		s.ptr += len;
		s.len -= len;
	}
}

/* ---- which encoding ---- */

static bool
is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* At the beginning of a line a mailbox of the old kind makes it ">From", and a signature
 * breaks. */
static bool
is_from(struct span s, size_t at)
{
	return s.len - at >= 5 && memcmp(s.ptr + at, "From ", 5) == 0;
}

static void
look(struct shape *h, struct span s, size_t at)
{
	char c = s.ptr[at];

	if (c == '\r' || c == '\n') {
		h->plain = h->plain && (c == '\n' || at == 0 || s.ptr[at - 1] != ' ');
		h->line = 0;
		return;
	}
	h->coded += !is_printable(c) || c == '=';
	h->plain = h->plain && is_printable(c) && h->line < LINE_PLAIN_MAX &&
		   !(h->line == 0 && is_from(s, at));
	h->line++;
}

static struct shape
shape_of(struct span s)
{
	struct shape h = {.plain = true};

	for (size_t i = 0; i < s.len; i++)
		look(&h, s, i);
	h.plain = h.plain && (s.len == 0 || s.ptr[s.len - 1] != ' ');
	return h;
}

/* ---- encodings ---- */

static void
put_plain(struct buf *out, struct span s)
{
	buf_add(out, s.ptr, s.len);
	if (s.len == 0 || s.ptr[s.len - 1] != '\n')
		buf_add_text(out, "\r\n");
}

/* A blank at the end of a line would be lost, so it is written in hexadecimal digits. */
static bool
needs_code(struct span s, size_t at, size_t column)
{
	char c = s.ptr[at];

	if (c == ' ' || c == '\t')
		return at + 1 == s.len || s.ptr[at + 1] == '\r';
	return !is_printable(c) || c == '=' || (column == 0 && is_from(s, at));
}

static void
put_octet(struct buf *out, struct span s, size_t at, size_t *column)
{
	bool coded = needs_code(s, at, *column);

	if (*column + (coded ? 3 : 1) > LINE_CODED_MAX - 1) {
		buf_add_text(out, "=\r\n");
		*column = 0;
		coded = needs_code(s, at, 0);
	}
	if (coded)
		buf_printf(out, "=%02X", (unsigned char)s.ptr[at]);
	else
		buf_add_char(out, s.ptr[at]);
	*column += coded ? 3 : 1;
}

static void
put_quoted_printable(struct buf *out, struct span s)
{
	size_t column = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\r') {
			put_octet(out, s, i, &column);
			continue;
		}
		buf_add_text(out, "\r\n");
		column = 0;
		i++; /* the LF that always follows */
	}
	if (column > 0)
		buf_add_text(out, "\r\n");
}

static void
put_base64(struct buf *out, struct span s)
{
	char line[sodium_base64_ENCODED_LEN(LINE_OCTETS, sodium_base64_VARIANT_ORIGINAL)];

	while (s.len > 0) {
		size_t len = s.len < LINE_OCTETS ? s.len : LINE_OCTETS;

		sodium_bin2base64(line, sizeof(line), (const unsigned char *)s.ptr, len,
		    sodium_base64_VARIANT_ORIGINAL);
		buf_add_text(out, line);
		buf_add_text(out, "\r\n");
		s.ptr += len;
		s.len -= len;
	}
	explicit_bzero(line, sizeof(line));
}

static const struct encoding {
	const char *name;
	const char *charset;
	void (*put)(struct buf *out, struct span s);
} encodings[] = {
    {"7bit", "us-ascii", put_plain},
    {"quoted-printable", "utf-8", put_quoted_printable},
    {"base64", "utf-8", put_base64},
};

/* The shorter of the two, where it cannot go out as it is. */
static const struct encoding *
choose(struct span s)
{
	struct shape h = shape_of(s);

	if (h.plain)
		return &encodings[0];
	return 2 * h.coded <= s.len / 3 ? &encodings[1] : &encodings[2];
}

void
mail_body_put(struct buf *out, const char *type, struct span text)
{
	const struct encoding *e;
	struct buf normal;

	buf_init(&normal, 3 * text.len + 1);
	normalize(&normal, text);
	e = choose(buf_span(&normal));
	buf_printf(out,
	    "Content-Type: text/%s; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
	    type, e->charset, e->name);
	e->put(out, buf_span(&normal));
	buf_fini(&normal);
}
