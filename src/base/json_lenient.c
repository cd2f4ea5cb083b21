/* SPDX-License-Identifier: Apache-2.0 */
#include "json_lenient.h"

#include "buf.h"
#include "utf8.h"

enum {
	GROWTH_MAX = 6, /* a control character becomes \u00xx */
	HEX_DIGITS = 4,
	INTEGER_LEN_MAX = 20 /* the sign and 19 digits */
};

static const char replacement[] = "\xef\xbf\xbd";

/* The rest of the document, and its new spelling. */
struct respelling {
	struct span left;
	struct buf *to;
	unsigned depth;
	bool over; /* the document's last octet was read */
};

static void
skip(struct respelling *r, size_t len)
{
	r->left.ptr += len;
	r->left.len -= len;
}

static void
copy(struct respelling *r, size_t len)
{
	buf_add(r->to, r->left.ptr, len);
	skip(r, len);
}

/* ---- texts ---- */

/* The code unit of "\uXXXX" at the start of what is left; -1: there is none. */
static int32_t
code_unit(struct span s)
{
	int32_t unit = 0;

	if (s.len < 2 + HEX_DIGITS || s.ptr[0] != '\\' || s.ptr[1] != 'u')
		return -1;
	for (size_t i = 2; i < 2 + HEX_DIGITS; i++) {
		int digit = hex_digit_value(s.ptr[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static bool
is_high(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool
is_low(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static void
take_code_unit(struct respelling *r, int32_t unit)
{
	const size_t len = 2 + HEX_DIGITS;
	struct span next = {r->left.ptr + len, r->left.len - len};

	if (is_high(unit) && is_low(code_unit(next))) {
		copy(r, 2 * len);
	} else if (unit == 0 || is_high(unit) || is_low(unit)) {
		buf_add_text(r->to, replacement);
		skip(r, len);
	} else {
		copy(r, len);
	}
}

/* A backslash before what is no escape says nothing. */
static void
take_escape(struct respelling *r)
{
	int32_t unit = code_unit(r->left);

	if (unit >= 0)
		take_code_unit(r, unit);
	else if (r->left.len > 1 && r->left.ptr[1] != '\0' &&
		 strchr("\"\\/bfnrt", r->left.ptr[1]) != NULL)
		copy(r, 2);
	else
		skip(r, 1);
}

/* One character of a text that is no escape and not its end. */
static void
take_character(struct respelling *r)
{
	unsigned char c = (unsigned char)r->left.ptr[0];
	size_t len = utf8_len(r->left);

	if (c == '\0' || len == 0)
		buf_add_text(r->to, replacement);
	else if (c < 0x20)
		buf_printf(r->to, "\\u%04x", c);
	else
		buf_add(r->to, r->left.ptr, len);
	skip(r, len == 0 ? 1 : len);
}

/* Nearly all of nearly every text, which is copied at once. */
static size_t
plain_len(struct span s)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] >= ' ' && s.ptr[len] <= '~' &&
	       s.ptr[len] != '"' && s.ptr[len] != '\\')
		len++;
	return len;
}

static void
take_text(struct respelling *r)
{
	copy(r, 1);
	copy(r, plain_len(r->left));
	while (r->left.len > 0 && r->left.ptr[0] != '"') {
		if (r->left.ptr[0] == '\\')
			take_escape(r);
		else
			take_character(r);
		copy(r, plain_len(r->left));
	}
	if (r->left.len > 0)
		copy(r, 1);
}

/* ---- words: numbers, true, false, null, and what is none ---- */

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static struct span
word_at(struct span s)
{
	size_t len = 0;

	while (len < s.len && !is_blank(s.ptr[len]) &&
	       memchr("{}[],:\"", s.ptr[len], 7) == NULL)
		len++;
	return (struct span){s.ptr, len};
}

/* A JSON integer that fits 64 bits; of those with as many digits as the largest the
 * digits decide, one by one. */
static bool
is_integer(struct span word)
{
	bool negative = word.len > 0 && word.ptr[0] == '-';
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";
	struct span digits = {word.ptr + negative, word.len - negative};

	if (digits.len == 0 || word.len > INTEGER_LEN_MAX || digits.len > strlen(most) ||
	    (digits.ptr[0] == '0' && digits.len > 1))
		return false;
	for (size_t i = 0; i < digits.len; i++)
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
	return digits.len < strlen(most) || memcmp(digits.ptr, most, digits.len) <= 0;
}

static bool
is_plain(struct span word)
{
	return span_equal_text(word, "true") || span_equal_text(word, "false") ||
	       span_equal_text(word, "null") || is_integer(word);
}

/* A word outside of any bracket stays what it is: a plain text is no document. */
static void
take_word(struct respelling *r)
{
	struct span word = word_at(r->left);

	if (is_plain(word) || r->depth == 0) {
		copy(r, word.len);
		return;
	}
	buf_add_char(r->to, '"');
	for (const char *end = word.ptr + word.len; r->left.ptr < end;) {
		if (r->left.ptr[0] == '\\')
			skip(r, 1);
		else
			take_character(r);
	}
	buf_add_char(r->to, '"');
}

/* ---- the document ---- */

static void
take_bracket(struct respelling *r)
{
	bool opens = r->left.ptr[0] == '{' || r->left.ptr[0] == '[';

	if (opens)
		r->depth++;
	else if (r->depth > 0)
		r->depth--;
	if (!opens && r->to->len > 0 && r->to->ptr[r->to->len - 1] == ',')
		r->to->len--;
	copy(r, 1);
}

static void
take_token(struct respelling *r)
{
	char c = r->left.ptr[0];

	if (c == '"')
		take_text(r);
	else if (memchr("{}[]", c, 4) != NULL)
		take_bracket(r);
	else if (c == ',' || c == ':')
		copy(r, 1);
	else
		take_word(r);
	r->over = r->depth == 0;
}

/* False: it is nested too deeply. */
static bool
respell(struct respelling *r)
{
	r->left = utf8_without_mark(r->left);
	while (r->left.len > 0 && !r->over && r->depth <= JSON_LENIENT_DEPTH_MAX) {
		if (is_blank(r->left.ptr[0]))
			skip(r, 1);
		else
			take_token(r);
	}
	return r->depth <= JSON_LENIENT_DEPTH_MAX;
}

enum err
json_lenient_parse(struct span text, json_t **doc_out)
{
	struct buf to;
	struct respelling r = {.left = text, .to = &to};

	*doc_out = NULL;
	if (text.len > JSON_LENIENT_LEN_MAX)
		return ERR_SYNTAX;
	buf_init(&to, GROWTH_MAX * text.len + 1);
	if (respell(&r) && to.len > 0 && !to.failed)
		*doc_out = json_loadb(to.ptr, to.len, JSON_DECODE_ANY, NULL);
	buf_fini(&to);
	return *doc_out == NULL ? ERR_SYNTAX : OK;
}
