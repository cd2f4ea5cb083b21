/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

/* How many bytes the lead byte announces, its payload bits, and the least value. */
static const struct {
	uint8_t mask;
	uint8_t lead;
	uint32_t least;
} forms[] = {
    {0x80, 0x00, 0},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

static uint32_t
decode_form(struct span s, size_t len, uint32_t value)
{
	if (s.len < len)
		return UINT32_MAX;
	for (size_t i = 1; i < len; i++) {
		uint8_t c = (uint8_t)s.ptr[i];

		if ((c & 0xc0) != 0x80)
			return UINT32_MAX;
		value = value << 6 | (c & 0x3f);
	}
	return value;
}

uint32_t
utf8_decode(struct span s, size_t *len_out)
{
	*len_out = 0;
	if (s.len == 0)
		return 0;
	for (size_t i = 0; i < countof(forms); i++) {
		uint8_t c = (uint8_t)s.ptr[0];
		uint32_t value;

		if ((c & forms[i].mask) != forms[i].lead)
			continue;
		value = decode_form(s, i + 1, c & (uint8_t)~forms[i].mask);
		if (value > 0x10ffff || value < forms[i].least ||
		    (value >= 0xd800 && value <= 0xdfff))
			return 0;
		*len_out = i + 1;
		return value;
	}
	return 0;
}

size_t
utf8_len(struct span s)
{
	size_t len;

	utf8_decode(s, &len);
	return len;
}

static size_t
count_or_none(struct span s, bool *valid_out)
{
	size_t count = 0;

	*valid_out = true;
	while (s.len > 0) {
		size_t len = utf8_len(s);

		if (len == 0) {
			*valid_out = false;
			return count;
		}
		s.ptr += len;
		s.len -= len;
		count++;
	}
	return count;
}

bool
utf8_valid(struct span s)
{
	bool valid;

	count_or_none(s, &valid);
	return valid;
}

size_t
utf8_count(struct span s)
{
	bool valid;

	return count_or_none(s, &valid);
}

struct span
utf8_without_mark(struct span s)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = sizeof(mark) - 1;

	if (s.len < len || memcmp(s.ptr, mark, len) != 0)
		return s;
	return (struct span){s.ptr + len, s.len - len};
}

static bool
breaks_line(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x206f);
}

bool
utf8_is_line(struct span s)
{
	while (s.len > 0) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);

		if (len == 0 || breaks_line(c))
			return false;
		s.ptr += len;
		s.len -= len;
	}
	return true;
}
