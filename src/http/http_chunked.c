/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_chunked.h"

/* Twelve digits are more than any body; the overhead is for chunks of an octet each. */
enum { SIZE_DIGITS_MAX = 12, OVERHEAD_FACTOR = 8, OVERHEAD_MIN = 4096 };

static bool
is_text(char ch)
{
	return (unsigned char)ch >= ' ' ? ch != 0x7f : ch == '\t';
}

static bool
on_size(struct http_chunked *c, char ch)
{
	int value = hex_digit_value(ch);

	if (value >= 0) {
		c->left = c->left * 16 + (size_t)value;
		return ++c->digits <= SIZE_DIGITS_MAX;
	}
	if (c->digits == 0 || (ch != '\r' && ch != ';' && ch != ' ' && ch != '\t'))
		return false;
	c->at = ch == '\r' ? CHUNKED_SIZE_LF : CHUNKED_EXTENSION;
	return true;
}

static bool
expect(struct http_chunked *c, char ch, char wanted, enum http_chunked_at next)
{
	c->at = next;
	return ch == wanted;
}

/* A line that is read over, up to its CR. */
static bool
on_line(struct http_chunked *c, char ch, enum http_chunked_at next)
{
	if (ch != '\r')
		return is_text(ch);
	c->at = next;
	return true;
}

/* One octet that is not data; false: it may not stand here. */
static bool
on_octet(struct http_chunked *c, char ch)
{
	switch (c->at) {
	case CHUNKED_SIZE:
		return on_size(c, ch);
	case CHUNKED_EXTENSION:
		return on_line(c, ch, CHUNKED_SIZE_LF);
	case CHUNKED_SIZE_LF:
		return expect(c, ch, '\n', c->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER);
	case CHUNKED_DATA_CR:
		return expect(c, ch, '\r', CHUNKED_DATA_LF);
	case CHUNKED_DATA_LF:
		c->digits = 0;
		return expect(c, ch, '\n', CHUNKED_SIZE);
	case CHUNKED_TRAILER:
		c->at = ch == '\r' ? CHUNKED_END_LF : CHUNKED_TRAILER_LINE;
		return ch == '\r' || is_text(ch);
	case CHUNKED_TRAILER_LINE:
		return on_line(c, ch, CHUNKED_TRAILER_LF);
	case CHUNKED_TRAILER_LF:
		return expect(c, ch, '\n', CHUNKED_TRAILER);
	case CHUNKED_END_LF:
		return expect(c, ch, '\n', CHUNKED_DONE);
	case CHUNKED_DATA:
	case CHUNKED_DONE:
		break;
	}
	INVARIANT(!"octet of a chunked body");
	return false;
}

static size_t
take_data(struct http_chunked *c, struct span s, struct buf *out)
{
	size_t n = s.len < c->left ? s.len : c->left;

	buf_add(out, s.ptr, n);
	c->left -= n;
	if (c->left == 0)
		c->at = CHUNKED_DATA_CR;
	return n;
}

enum err
http_chunked_feed(
    struct http_chunked *c, struct span octets, struct buf *out, size_t *used_out)
{
	size_t used = 0;
	bool good = true;

	while (good && used < octets.len && c->at != CHUNKED_DONE) {
		struct span rest = {octets.ptr + used, octets.len - used};

		if (c->at == CHUNKED_DATA) {
			used += take_data(c, rest, out);
			continue;
		}
		good = on_octet(c, rest.ptr[0]);
		used++;
		c->overhead++;
	}
	*used_out = used;
	if (!good)
		return ERR_FRAMING;
	if (out->failed || c->overhead > OVERHEAD_FACTOR * out->len_max + OVERHEAD_MIN)
		return ERR_TOO_LARGE;
	return OK;
}
