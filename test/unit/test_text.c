/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small texts of the base room: times, masked numbers, UTF-8, spans and hex.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/utf8.h"

static void
test_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {{0, "1970-01-01T00:00:00.000Z"}, {999, "1970-01-01T00:00:00.999Z"},
	    {INT64_C(951782400001), "2000-02-29T00:00:00.001Z"},
	    {INT64_C(1795428000123), "2026-11-23T10:00:00.123Z"},
	    {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
	    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
	    {-1, "1969-12-31T23:59:59.999Z"}, {-1001, "1969-12-31T23:59:58.999Z"},
	    {CLOCK_MS_MIN, "0000-01-01T00:00:00.000Z"},
	    {CLOCK_MS_MIN - 1, "0000-01-01T00:00:00.000Z"},
	    {INT64_MIN, "0000-01-01T00:00:00.000Z"},
	    {CLOCK_MS_MAX + 1, "9999-12-31T23:59:59.999Z"},
	    {INT64_MAX, "9999-12-31T23:59:59.999Z"}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char out[25];

		clock_format(cases[i].ms, out, sizeof(out));
		check_case(i, strcmp(out, cases[i].text) == 0);
	}
}

static void
test_masked_numbers(void **state)
{
	static const struct {
		const char *number;
		const char *masked;
	} cases[] = {{"41793026727", "417******27"}, {"12345678", "123***78"},
	    {"1234567", "*******"}, {"1", "*"}, {"", ""},
	    {"123456789012345", "123**********45"}};
	char few[6];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char out[32];

		log_mask_phone(cases[i].number, out, sizeof(out));
		check_case(i, strcmp(out, cases[i].masked) == 0);
	}
	log_mask_phone("41793026727", few, sizeof(few));
	assert_string_equal(few, "*****");
}

static void
test_utf8(void **state)
{
	static const struct {
		struct span text;
		size_t len; /* 0: not valid */
		uint32_t character;
	} cases[] = {
	    {{"a", 1}, 1, 'a'},
	    {{"\0", 1}, 1, 0},
	    {{"\x7f", 1}, 1, 0x7f},
	    {{"\xc2\x80", 2}, 2, 0x80},
	    {{"\xdf\xbf", 2}, 2, 0x7ff},
	    {{"\xe0\xa0\x80", 3}, 3, 0x800},
	    {{"\xed\x9f\xbf", 3}, 3, 0xd7ff},
	    {{"\xee\x80\x80", 3}, 3, 0xe000},
	    {{"\xef\xbf\xbf", 3}, 3, 0xffff},
	    {{"\xf0\x90\x80\x80", 4}, 4, 0x10000},
	    {{"\xf4\x8f\xbf\xbf", 4}, 4, 0x10ffff},
	    {{"", 0}, 0, 0},
	    {{"\x80", 1}, 0, 0},
	    {{"\xc0\x80", 2}, 0, 0},
	    {{"\xc1\xbf", 2}, 0, 0},
	    {{"\xc2", 1}, 0, 0},
	    {{"\xc2\x80", 1}, 0, 0},
	    {{"\xc2\x41", 2}, 0, 0},
	    {{"\xe0\x9f\xbf", 3}, 0, 0},
	    {{"\xe2\x82\xac", 2}, 0, 0},
	    {{"\xed\xa0\x80", 3}, 0, 0},
	    {{"\xed\xbf\xbf", 3}, 0, 0},
	    {{"\xf0\x8f\xbf\xbf", 4}, 0, 0},
	    {{"\xf0\x9f\x98\x80", 3}, 0, 0},
	    {{"\xf4\x90\x80\x80", 4}, 0, 0},
	    {{"\xf5\x80\x80\x80", 4}, 0, 0},
	    {{"\xff", 1}, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		size_t len;

		check_case(i, utf8_len(cases[i].text) == cases[i].len);
		check_case(i, utf8_decode(cases[i].text, &len) == cases[i].character);
		check_case(i, len == cases[i].len);
		check_case(i, utf8_valid(cases[i].text) ==
				  (cases[i].len > 0 || cases[i].text.len == 0));
	}
	assert_int_equal(utf8_count(SPAN("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
}

static void
test_spans(void **state)
{
	(void)state;
	assert_int_equal(span_of(NULL).len, 0);
	assert_true(span_equal(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
	assert_false(span_equal_text(SPAN("ab\0"), "ab"));
	assert_true(span_equal_nocase(SPAN("Bearer"), "bEARER"));
	assert_false(span_equal_nocase(SPAN("Beare"), "bearer"));
	assert_false(span_equal_nocase(SPAN("["), "{"));
	assert_true(span_equal_text(span_trim(SPAN(" \t a b \t")), "a b"));
	assert_int_equal(span_trim(SPAN(" \t ")).len, 0);
}

/* RFC 4231's cases have keys of other lengths; this one is its case 2, the key padded. */
static void
test_hmac(void **state)
{
	uint8_t key[32] = "Jefe";
	uint8_t mac[SECRET_MAC_LEN];
	uint8_t back[SECRET_MAC_LEN];
	char hex[2 * SECRET_MAC_LEN + 1];

	(void)state;
	secret_hmac(key, SPAN("what do ya want for nothing?"), mac);
	secret_hex_lower(mac, sizeof(mac), hex);
	assert_string_equal(
	    hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_true(secret_from_hex(span_of(hex), back, sizeof(back)));
	assert_true(secret_equal(mac, back, sizeof(mac)));
	back[31] ^= 1;
	assert_false(secret_equal(mac, back, sizeof(mac)));
	assert_true(secret_equal(mac, back, sizeof(mac) - 1));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_masked_numbers),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_spans),
	    cmocka_unit_test(test_hmac),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
