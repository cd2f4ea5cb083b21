/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSM 7 bit against the converter of ICU for every character there is, and the
 * parting of texts: borders, what must stay together, and random texts that must
 * come out as they went in.
 *
 * We differ from ICU on purpose in one place: ICU reads a lone escape septet (0x1b)
 * as a space. Nothing of ours reads septets, and no character is written as one.
 */
#include "unit.h"

#include <unicode/ucnv.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "twofa/sms_text.h"

enum { CHARACTER_MAX = 0x10ffff };

static UConverter *
open_gsm(void)
{
	UErrorCode e = U_ZERO_ERROR;
	UConverter *c = ucnv_open("gsm-03.38-2009", &e);

	assert_true(U_SUCCESS(e));
	ucnv_setFallback(c, 0);
	ucnv_setFromUCallBack(c, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &e);
	ucnv_setToUCallBack(c, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &e);
	assert_true(U_SUCCESS(e));
	return c;
}

/* 0: not in ICU's table. */
static unsigned
icu_gsm(UConverter *c, uint32_t character, uint8_t out[2])
{
	UErrorCode e = U_ZERO_ERROR;
	UChar units[2];
	char octets[8];
	int32_t len = 0;
	int32_t n;

	U16_APPEND_UNSAFE(units, len, character);
	n = ucnv_fromUChars(c, octets, sizeof(octets), units, len, &e);
	/* A character that is shown as nothing (U+00AD) gives nothing with ICU, without
	 * an error. */
	if (U_FAILURE(e) || n == 0)
		return 0;
	assert_in_range(n, 1, 2);
	memcpy(out, octets, (size_t)n);
	return (unsigned)n;
}

static void
test_every_character_as_icu(void **state)
{
	UConverter *c = open_gsm();
	unsigned in_basic = 0;
	unsigned in_extension = 0;

	(void)state;
	for (uint32_t character = 0; character <= CHARACTER_MAX; character++) {
		uint8_t ours[2] = {0xff, 0xff};
		uint8_t theirs[2] = {0xff, 0xff};
		unsigned n = sms_text_gsm(character, ours);

		if (character >= 0xd800 && character <= 0xdfff) {
			check_case(character, n == 0);
			continue;
		}
		check_case(character, n == icu_gsm(c, character, theirs));
		check_case(character, n == 0 || memcmp(ours, theirs, n) == 0);
		in_basic += n == 1;
		in_extension += n == 2;
	}
	assert_int_equal(in_basic, 127);
	assert_int_equal(in_extension, 10);
	assert_int_equal(sms_text_gsm(CHARACTER_MAX + 1, (uint8_t[2]){0}), 0);
	assert_int_equal(sms_text_gsm(UINT32_MAX, (uint8_t[2]){0}), 0);
	ucnv_close(c);
}

/* The other direction: what ICU reads in each septet is what we write as it. */
static void
test_every_septet_as_icu(void **state)
{
	UConverter *c = open_gsm();

	(void)state;
	for (unsigned i = 0; i < 128; i++) {
		UErrorCode e = U_ZERO_ERROR;
		char septet = (char)i;
		UChar character[2];
		uint8_t ours[2];
		int32_t n = ucnv_toUChars(c, character, 2, &septet, 1, &e);

		if (i == 0x1b)
			continue;
		check_case(i, U_SUCCESS(e) && n == 1);
		check_case(i, sms_text_gsm(character[0], ours) == 1 && ours[0] == i);
	}
	ucnv_close(c);
}

/* ---- parting ---- */

static void
check_parts(size_t i, const struct sms_parts *p)
{
	size_t most = p->alphabet == SMS_GSM7 ? (p->count > 1 ? 153 : 160)
					      : (p->count > 1 ? 134 : 140);

	check_case(i, p->count >= 1 && p->count <= SMS_PARTS_MAX);
	for (unsigned n = 0; n < p->count; n++) {
		const struct span *s = &p->parts[n];

		check_case(i, s->len <= most);
		check_case(i, s->len > 0 || p->count == 1);
		if (p->alphabet == SMS_GSM7) {
			check_case(i, s->len == 0 || s->ptr[s->len - 1] != 0x1b);
			continue;
		}
		check_case(i, s->len % 2 == 0);
		/* A high surrogate at the end, a low one at the beginning. */
		check_case(
		    i, s->len == 0 || ((uint8_t)s->ptr[s->len - 2] & 0xfc) != 0xd8);
		check_case(i, s->len == 0 || ((uint8_t)s->ptr[0] & 0xfc) != 0xdc);
	}
}

/* The parts one after the other, read by ICU, are the text. */
static void
check_reassembled(size_t i, const struct sms_parts *p, struct span text)
{
	UErrorCode e = U_ZERO_ERROR;
	UConverter *c = p->alphabet == SMS_GSM7 ? open_gsm() : ucnv_open("UTF-16BE", &e);
	UChar units[8192];
	char back[16384];
	struct buf all;
	int32_t n;
	int32_t len = 0;

	buf_init(&all, 65536);
	for (unsigned part = 0; part < p->count; part++)
		buf_add(&all, p->parts[part].ptr, p->parts[part].len);
	n = ucnv_toUChars(
	    c, units, countof(units), all.len == 0 ? "" : all.ptr, (int32_t)all.len, &e);
	ucnv_close(c);
	c = ucnv_open("UTF-8", &e);
	len = ucnv_fromUChars(c, back, sizeof(back), units, n, &e);
	check_case(i, U_SUCCESS(e));
	check_case(i, span_equal((struct span){back, (size_t)len}, text));
	ucnv_close(c);
	buf_fini(&all);
}

static void
add_character(struct buf *b, uint32_t c)
{
	uint8_t utf8[4];
	int32_t len = 0;

	U8_APPEND_UNSAFE(utf8, len, c);
	buf_add(b, utf8, (size_t)len);
}

static void
repeat(struct buf *b, uint32_t character, size_t count)
{
	while (count-- > 0)
		add_character(b, character);
}

/* Characters from a few sets, so that texts of either alphabet and mixed widths arise. */
static uint32_t
random_character(struct dice *dice, bool gsm)
{
	static const uint32_t in_gsm[] = {'a', 'Z', '0', ' ', '@', 0xe9, 0x3a9, '{', '|',
	    0x20ac, '[', '~', '\f', '\n', '\r'};
	static const uint32_t others[] = {
	    0x416, 0x1f600, 0x10ffff, 0xe7, 0xffff, 0x10000, 0x5d0, '`', 0xa0};

	if (gsm || dice_next(dice) % 2 == 0)
		return in_gsm[dice_next(dice) % countof(in_gsm)];
	return others[dice_next(dice) % countof(others)];
}

static void
test_random_texts(void **state)
{
	struct dice dice = {7};
	unsigned of_alphabet[2] = {0, 0};

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		size_t len = (size_t)dice_between(&dice, 0, i % 4 == 0 ? 2000 : 330);
		struct sms_parts p;
		struct arena a;
		struct buf text;

		arena_init(&a);
		buf_init(&text, 65536);
		for (size_t n = 0; n < len; n++)
			add_character(&text, random_character(&dice, i % 2 == 0));
		check_case(i, sms_text_split(&a, buf_span(&text), &p) == OK);
		check_parts(i, &p);
		check_reassembled(i, &p, buf_span(&text));
		of_alphabet[p.alphabet]++;
		buf_fini(&text);
		arena_fini(&a);
	}
	assert_true(of_alphabet[SMS_GSM7] > 500 && of_alphabet[SMS_UCS2] > 500);
}

/* first * one, then middle once, then last * another. */
struct border {
	uint32_t one;
	size_t first;
	uint32_t middle; /* 0: none */
	size_t last;
	enum sms_alphabet alphabet;
	enum err err;
	unsigned count;
	size_t first_len; /* of the first part, in octets */
};

static void
check_border(size_t i, const struct border *b)
{
	struct sms_parts p;
	struct arena a;
	struct buf text;

	arena_init(&a);
	buf_init(&text, 262144);
	repeat(&text, b->one, b->first);
	if (b->middle != 0)
		add_character(&text, b->middle);
	repeat(&text, b->one, b->last);
	check_case(i, sms_text_split(&a, buf_span(&text), &p) == b->err);
	if (b->err == OK) {
		check_case(i, p.alphabet == b->alphabet);
		check_case(i, p.count == b->count);
		check_case(i, p.parts[0].len == b->first_len);
		check_parts(i, &p);
	}
	buf_fini(&text);
	arena_fini(&a);
}

static void
test_borders(void **state)
{
	static const struct border borders[] = {
	    {'a', 0, 0, 0, SMS_GSM7, OK, 1, 0},
	    {'a', 1, 0, 0, SMS_GSM7, OK, 1, 1},
	    {'a', 160, 0, 0, SMS_GSM7, OK, 1, 160},
	    {'a', 161, 0, 0, SMS_GSM7, OK, 2, 153},
	    {'a', 306, 0, 0, SMS_GSM7, OK, 2, 153},
	    {'a', 307, 0, 0, SMS_GSM7, OK, 3, 153},
	    {'a', 158, 0x20ac, 0, SMS_GSM7, OK, 1, 160},
	    {'a', 159, 0x20ac, 0, SMS_GSM7, OK, 2, 153},
	    {0x20ac, 80, 0, 0, SMS_GSM7, OK, 1, 160},
	    {0x20ac, 81, 0, 0, SMS_GSM7, OK, 2, 152},
	    {'a', 152, '{', 100, SMS_GSM7, OK, 2, 152},
	    {'a', 151, '{', 100, SMS_GSM7, OK, 2, 153},
	    {'a', 153, '{', 100, SMS_GSM7, OK, 2, 153},
	    {'a', 153 * 255, 0, 0, SMS_GSM7, OK, 255, 153},
	    {'a', 153 * 255 + 1, 0, 0, SMS_GSM7, ERR_TOO_LARGE, 0, 0},
	    {0x20ac, 76 * 255, 0, 0, SMS_GSM7, OK, 255, 152},
	    {0x20ac, 76 * 255 + 1, 0, 0, SMS_GSM7, ERR_TOO_LARGE, 0, 0},
	    {0x416, 1, 0, 0, SMS_UCS2, OK, 1, 2},
	    {0x416, 70, 0, 0, SMS_UCS2, OK, 1, 140},
	    {0x416, 71, 0, 0, SMS_UCS2, OK, 2, 134},
	    {0x416, 134, 0, 0, SMS_UCS2, OK, 2, 134},
	    {0x416, 135, 0, 0, SMS_UCS2, OK, 3, 134},
	    {'a', 69, 0x416, 0, SMS_UCS2, OK, 1, 140},
	    {'a', 70, 0x416, 0, SMS_UCS2, OK, 2, 134},
	    {0x1f600, 35, 0, 0, SMS_UCS2, OK, 1, 140},
	    {0x1f600, 36, 0, 0, SMS_UCS2, OK, 2, 132},
	    {'a', 66, 0x1f600, 10, SMS_UCS2, OK, 2, 132},
	    {'a', 65, 0x1f600, 10, SMS_UCS2, OK, 2, 134},
	    {'a', 67, 0x1f600, 10, SMS_UCS2, OK, 2, 134},
	    {0x416, 67 * 255, 0, 0, SMS_UCS2, OK, 255, 134},
	    {0x416, 67 * 255 + 1, 0, 0, SMS_UCS2, ERR_TOO_LARGE, 0, 0},
	    {0x1f600, 33 * 255, 0, 0, SMS_UCS2, OK, 255, 132},
	    {0x1f600, 33 * 255 + 1, 0, 0, SMS_UCS2, ERR_TOO_LARGE, 0, 0},
	    {'a', 200000, 0, 0, SMS_GSM7, ERR_TOO_LARGE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(borders); i++)
		check_border(i, &borders[i]);
}

static void
test_octets_of_a_text(void **state)
{
	struct sms_parts p;
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_int_equal(sms_text_split(&a, SPAN("@\xc2\xa3[\xe2\x82\xac"), &p), OK);
	assert_int_equal(p.alphabet, SMS_GSM7);
	assert_true(span_equal(p.parts[0], SPAN("\x00\x01\x1b\x3c\x1b\x65")));
	assert_int_equal(sms_text_split(&a, SPAN("a\xd0\x96\xf0\x9f\x98\x80"), &p), OK);
	assert_int_equal(p.alphabet, SMS_UCS2);
	assert_true(span_equal(p.parts[0], SPAN("\0a\x04\x16\xd8\x3d\xde\x00")));
	/* U+0000 is a character, but none of GSM; in septets 00 is the at sign. */
	assert_int_equal(sms_text_split(&a, SPAN("a\0"), &p), OK);
	assert_int_equal(p.alphabet, SMS_UCS2);
	assert_true(span_equal(p.parts[0], SPAN("\0a\0\0")));
	arena_fini(&a);
}

/* The octets of carriers whose alphabet is another one, and its borders. */
static void
test_other_alphabets(void **state)
{
	static const struct {
		enum sms_alphabet own;
		const char *text;
		size_t times; /* the text so often */
		enum sms_alphabet alphabet;
		unsigned count;
		struct span first; /* how the first part begins */
	} cases[] = {
	    {SMS_LATIN1, "@$_[]{}|~^", 1, SMS_LATIN1, 1, SPAN("@$_[]{}|~^")},
	    {SMS_LATIN1, "Z\xc3\xbcrich \xc2\xa3", 1, SMS_LATIN1, 1,
		SPAN("Z\xfcrich \xa3")},
	    {SMS_LATIN1, "\xe2\x82\xac", 1, SMS_UCS2, 1, SPAN("\x20\xac")},
	    {SMS_LATIN1, "\xc2\x80", 1, SMS_UCS2, 1, SPAN("\0\x80")},   /* C1 */
	    {SMS_LATIN1, "\xce\xa9", 1, SMS_UCS2, 1, SPAN("\x03\xa9")}, /* of GSM */
	    {SMS_LATIN1, "\xc3\xbc", 140, SMS_LATIN1, 1, SPAN("\xfc")},
	    {SMS_LATIN1, "\xc3\xbc", 141, SMS_LATIN1, 2, SPAN("\xfc")},
	    {SMS_LATIN1, "\xc3\xbc", 268, SMS_LATIN1, 2, SPAN("\xfc")},
	    {SMS_LATIN1, "\xc3\xbc", 269, SMS_LATIN1, 3, SPAN("\xfc")},
	    {SMS_ASCII, "@$_`\\\r\n\t", 1, SMS_ASCII, 1, SPAN("@$_`\\\r\n\t")},
	    {SMS_ASCII, "\xc3\xbc", 1, SMS_UCS2, 1, SPAN("\0\xfc")},
	    {SMS_ASCII, "\x1b", 1, SMS_UCS2, 1, SPAN("\0\x1b")},
	    {SMS_ASCII, "{", 140, SMS_ASCII, 1, SPAN("{")},
	    {SMS_ASCII, "{", 141, SMS_ASCII, 2, SPAN("{")},
	    {SMS_UCS2, "abc", 1, SMS_UCS2, 1, SPAN("\0a\0b\0c")},
	    {SMS_UCS2, "a", 70, SMS_UCS2, 1, SPAN("\0a")},
	    {SMS_UCS2, "a", 71, SMS_UCS2, 2, SPAN("\0a")},
	    {SMS_GSM7, "@$_", 1, SMS_GSM7, 1, SPAN("\0\x02\x11")},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct sms_parts p;
		struct arena a;
		struct buf text;

		arena_init(&a);
		buf_init(&text, 65536);
		for (size_t n = 0; n < cases[i].times; n++)
			buf_add(&text, cases[i].text, strlen(cases[i].text));
		check_case(
		    i, sms_text_split_in(cases[i].own, &a, buf_span(&text), &p) == OK);
		check_case(i, p.alphabet == cases[i].alphabet);
		check_case(i, p.count == cases[i].count);
		check_case(i, p.parts[0].len >= cases[i].first.len &&
				  memcmp(p.parts[0].ptr, cases[i].first.ptr,
				      cases[i].first.len) == 0);
		buf_fini(&text);
		arena_fini(&a);
	}
}

static void
test_what_is_not_utf8(void **state)
{
	static const struct span texts[] = {
	    {"\x80", 1},
	    {"abc\xff", 4},
	    {"\xc3", 1},
	    {"\xe2\x82", 2},
	    {"\xc0\x80", 2},
	    {"\xed\xa0\x80", 3},
	    {"\xf4\x90\x80\x80", 4},
	    {"\xd0\x96\xff", 3},
	};

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		struct sms_parts p;
		struct arena a;

		arena_init(&a);
		check_case(i, sms_text_split(&a, texts[i], &p) == ERR_SYNTAX);
		arena_fini(&a);
	}
}

static void
test_header(void **state)
{
	static const uint8_t first[] = {5, 0, 3, 0xab, 2, 1};
	static const uint8_t last[] = {5, 0, 3, 0, 255, 255};
	uint8_t out[SMS_UDH_LEN];

	(void)state;
	sms_text_udh(0xab, 2, 1, out);
	assert_memory_equal(out, first, sizeof(first));
	sms_text_udh(0, 255, 255, out);
	assert_memory_equal(out, last, sizeof(last));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_character_as_icu),
	    cmocka_unit_test(test_every_septet_as_icu),
	    cmocka_unit_test(test_random_texts),
	    cmocka_unit_test(test_borders),
	    cmocka_unit_test(test_octets_of_a_text),
	    cmocka_unit_test(test_other_alphabets),
	    cmocka_unit_test(test_what_is_not_utf8),
	    cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
