/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of characters where people write numbers and codes.
 */
#include "unit.h"

#include "base/fold.h"

/* All of a text; what means nothing is left out, what is no ASCII is '?'. */
static void
fold_all(const char *text, char *out)
{
	struct span s = span_of(text);

	while (s.len > 0) {
		int c = fold_next(&s);

		if (c != FOLD_NOTHING)
			*out++ = c == FOLD_OTHER ? '?' : (char)c;
	}
	*out = '\0';
}

static void
test_meanings(void **state)
{
	static const struct {
		const char *text;
		const char *meaning;
	} cases[] = {
	    {"", ""},
	    {"+41 79-302", "+4179302"},
	    {"a.B/(c)_~\x01", "a.B/(c)_~\x01"},
	    {"1\t2\n3\v4\f5\r6", "123456"},
	    {"\xd9\xa0\xd9\xa9", "09"},                      /* Arabic-Indic */
	    {"\xdb\xb0\xdb\xb9", "09"},                      /* Persian */
	    {"\xe0\xa5\xa6\xe0\xa5\xaf", "09"},              /* Devanagari */
	    {"\xf0\x9d\x9f\x98\xf0\x9d\x9f\xa1", "09"},      /* mathematical */
	    {"\xef\xbc\x8b\xef\xbc\x90\xef\xbc\x99", "+09"}, /* full-width */
	    {"\xef\xbc\x88\xef\xbc\x90\xef\xbc\x89\xef\xbc\x8f", "(0)/"},
	    {"\xef\xbc\xa1\xef\xbd\x9a", "Az"},
	    {"1\xe2\x80\x90"
	     "2\xe2\x80\x95"
	     "3\xe2\x88\x92"
	     "4\xe3\x83\xbc"
	     "5",
		"12345"},
	    {"1\xc2\xa0"
	     "2\xe2\x80\xaf"
	     "3\xe3\x80\x80"
	     "4",
		"1234"},
	    {"\xe2\x80\x8b\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9",
		""},
	    {"\xef\xbb\xbf"
	     "1\xc2\xad"
	     "2",
		"12"},
	    {"1\xef\xb8\x8f\xe2\x83\xa3"
	     "2",
		"12"},
	    {"\xc4\xb0\xc4\xb1\xc5\xbf\xe2\x84\xaa", "IisK"},
	    /* superscript, Roman and circled digits are of other categories */
	    {"\xc2\xb2\xe2\x85\xa3\xe2\x91\xa0", "???"},
	    {"\xd0\x90\xc3\xa9", "??"},
	    {"\xff"
	     "1\xc3",
		"?1?"},
	    {"\xd9", "?"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char out[64];

		fold_all(cases[i].text, out);
		check_case(i, strcmp(out, cases[i].meaning) == 0);
	}
}

/* Every octet is read once, whatever it is. */
static void
test_any_octets_are_read_to_their_end(void **state)
{
	struct dice dice = {13};
	char octets[32];

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		size_t len = (size_t)dice_between(&dice, 1, sizeof(octets));
		struct span s = {octets, len};
		size_t steps = 0;

		for (size_t i = 0; i < len; i++)
			octets[i] = (char)dice_next(&dice);
		for (; s.len > 0; steps++)
			check_case(round, fold_next(&s) >= FOLD_OTHER);
		check_case(round, steps <= len && s.ptr == octets + len);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_meanings),
	    cmocka_unit_test(test_any_octets_are_read_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
