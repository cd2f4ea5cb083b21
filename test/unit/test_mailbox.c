/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "twofa/mailbox.h"

static void
test_mailboxes(void **state)
{
	static const char *const good[] = {"a@b", "jane.smith@somecompany.com",
	    "o'neil+tag@mail.example-shop.co.uk", "!#$%&*/=?^_`{|}~@example.com",
	    "j\xc3\xbcrgen@ex\xc3\xa4mple.com"};
	static const char *const bad[] = {"", "@", "a@", "@b", "a", "a@b@c", "a b@c.d",
	    "a@b c", ".a@b", "a.@b", "a..b@c", "a@.b", "a@b.", "a@b..c", "a@-b", "a@b-",
	    "a@b_c", "a\n@b", "a@b\r\n", "a@b\x7f", "<a@b>", "\"a\"@b", "a@[127.0.0.1]",
	    "a@b\xff", "a,b@c"};

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		assert_true(mailbox_is(span_of(good[i])));
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(mailbox_is(span_of(bad[i])));
	assert_false(mailbox_is((struct span){"a\0@b", 4}));
}

static void
test_lengths(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	assert_true(mailbox_is((struct span){text, 64 + 1 + 63}));
	assert_false(mailbox_is((struct span){text, 64 + 1 + 64}));
	text[65 + 63] = text[65 + 127] = '.';
	assert_true(mailbox_is((struct span){text, 254}));
	text[65 + 188] = '.';
	assert_false(mailbox_is((struct span){text, 255}));
	text[64] = 'a';
	text[65] = '@';
	assert_false(mailbox_is((struct span){text, 100}));
}

static void
test_senders(void **state)
{
	static const char *const good[] = {"a@b.example", "<a@b.example>",
	    "Jane Smith <jane@b.example>", "\"Smith, Jane\" <jane@b.example>",
	    "J\xc3\xbcrgen <j@b.example>"};
	static const char *const bad[] = {"", "<>", "Jane", "Jane <>", "Jane <a@b",
	    "Jane a@b>", "<a@b> Jane", "a <b> <c@d>", "Jane\r\nBcc: x <a@b>",
	    "Jane\t<a@b>", "Jane < a@b>", "Jane <a@b >", "J\xff <a@b>"};

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		assert_true(mailbox_is_from(span_of(good[i])));
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(mailbox_is_from(span_of(bad[i])));
}

static void
test_one_form(void **state)
{
	char out[MAILBOX_LEN_MAX + 1];

	(void)state;
	assert_int_equal(mailbox_canonical(span_of(" Jane.O@Example.COM\t"), out), OK);
	assert_string_equal(out, "jane.o@example.com");
	assert_int_equal(
	    mailbox_canonical(span_of("J\xc3\x9c@EX\xc3\x84M.org"), out), OK);
	assert_string_equal(out, "j\xc3\x9c@ex\xc3\x84m.org");
	assert_int_equal(
	    mailbox_canonical(span_of("Jane <j@example.com>"), out), ERR_INVALID);
	assert_int_equal(mailbox_canonical(span_of("41793026727"), out), ERR_INVALID);
	assert_int_equal(mailbox_canonical(span_of(""), out), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mailboxes),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_senders),
	    cmocka_unit_test(test_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
