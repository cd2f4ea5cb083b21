/* SPDX-License-Identifier: Apache-2.0 */
#include "fold.h"

#include "utf8.h"

enum { DIGITS = 10, FULL_WIDTH_FIRST = 0xff01, FULL_WIDTH_LAST = 0xff5e };

static const uint32_t zeros[] = {
#define FOLD_DIGITS(zero) zero,
#define FOLD_NOTHING(first, last)
#include "fold.def"
#undef FOLD_DIGITS
#undef FOLD_NOTHING
};

static const struct {
	uint32_t first;
	uint32_t last;
} nothings[] = {
#define FOLD_DIGITS(zero)
#define FOLD_NOTHING(first, last) {first, last},
#include "fold.def"
#undef FOLD_DIGITS
#undef FOLD_NOTHING
};

/* Letters outside ASCII whose other case is an ASCII letter. A Turkish keyboard gives
 * the first two for an i that it makes large or small by itself. */
static const struct {
	uint32_t letter;
	char ascii;
} letters[] = {{0x0130, 'I'}, {0x0131, 'i'}, {0x017f, 's'}, {0x212a, 'K'}};

static bool
is_nothing(uint32_t c)
{
	for (size_t i = 0; i < countof(nothings); i++)
		if (c >= nothings[i].first && c <= nothings[i].last)
			return true;
	return false;
}

static int
fold_wide(uint32_t c)
{
	for (size_t i = 0; i < countof(zeros); i++)
		if (c >= zeros[i] && c < zeros[i] + DIGITS)
			return '0' + (int)(c - zeros[i]);
	if (is_nothing(c))
		return FOLD_NOTHING;
	if (c >= FULL_WIDTH_FIRST && c <= FULL_WIDTH_LAST)
		return '!' + (int)(c - FULL_WIDTH_FIRST);
	for (size_t i = 0; i < countof(letters); i++)
		if (c == letters[i].letter)
			return letters[i].ascii;
	return FOLD_OTHER;
}

static int
fold_ascii(char c)
{
	return c == ' ' || c == '-' || (c >= '\t' && c <= '\r') ? FOLD_NOTHING : c;
}

int
fold_next(struct span *text)
{
	size_t len = 1;
	int meaning = FOLD_OTHER;

	if ((unsigned char)text->ptr[0] < 0x80) {
		meaning = fold_ascii(text->ptr[0]);
	} else {
		uint32_t c = utf8_decode(*text, &len);

		if (len > 0)
			meaning = fold_wide(c);
		else
			len = 1;
	}
	text->ptr += len;
	text->len -= len;
	return meaning;
}
