/* SPDX-License-Identifier: Apache-2.0 */
/* An address is one value however it is written, and a range holds what it says. */
#include "unit.h"

#include <netinet/in.h>

#include "base/address.h"

static struct address
parsed(const char *text)
{
	struct address a;

	if (!address_parse(span_of(text), &a))
		fail_msg("%s is no address", text);
	return a;
}

static void
test_one_value(void **state)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: refused */
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"::ffff:192.0.2.1", "192.0.2.1"},
	    {"::FFFF:c000:201", "192.0.2.1"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	    {"fe80::1", "fe80::1"},
	    {"", NULL},
	    {"1.2.3", NULL},
	    {"1.2.3.4.5", NULL},
	    {"1.2.3.256", NULL},
	    {"01.2.3.4", NULL},
	    {"0x7f.0.0.1", NULL},
	    {"1.2.3.4 ", NULL},
	    {" 1.2.3.4", NULL},
	    {"1.2.3.4:80", NULL},
	    {"[::1]", NULL},
	    {"::1%lo", NULL},
	    {":::1", NULL},
	    {"localhost", NULL},
	    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct address a;
		char text[ADDRESS_TEXT_LEN];
		bool good = address_parse(span_of(cases[i].text), &a);

		check_case(i, good == (cases[i].shown != NULL));
		if (good)
			check_case(
			    i, strcmp(address_text(&a, text), cases[i].shown) == 0);
	}
	assert_false(address_parse(SPAN("1.2.3.4\0"), &(struct address){{0}}));
}

static void
test_of_a_socket(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct address want = parsed("192.0.2.7");
	struct address got;

	(void)state;
	four.sin_addr.s_addr = htonl(0xc0000207);
	got = address_of_sockaddr((struct sockaddr *)&four);
	assert_true(address_equal(&got, &want));
	memcpy(&six.sin6_addr, want.bytes, sizeof(want.bytes));
	got = address_of_sockaddr((struct sockaddr *)&six);
	assert_true(address_equal(&got, &want));
	six.sin6_family = AF_UNIX;
	got = address_of_sockaddr((struct sockaddr *)&six);
	want = parsed("::");
	assert_true(address_equal(&got, &want));
}

static void
test_ranges(void **state)
{
	static const struct {
		const char *net;
		const char *inside;  /* NULL: the range is refused */
		const char *outside; /* NULL: nothing is */
	} cases[] = {
	    {"10.0.0.0/8", "10.255.1.2", "11.0.0.0"},
	    {"10.1.2.3/8", "10.9.9.9", "9.255.255.255"},
	    {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
	    {"192.0.2.1/32", "::ffff:192.0.2.1", "192.0.2.0"},
	    {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
	    {"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
	    {"::/0", "203.0.113.1", NULL},
	    {"::1", "::1", "::2"},
	    {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
	    {"::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1"},
	    {"10.0.0.0/33", NULL, NULL},
	    {"::/129", NULL, NULL},
	    {"10.0.0.0/", NULL, NULL},
	    {"10.0.0.0/-1", NULL, NULL},
	    {"10.0.0.0/8 ", NULL, NULL},
	    {"10.0.0.0/0008", NULL, NULL},
	    {"10.0.0.0/8/8", NULL, NULL},
	    {"/8", NULL, NULL},
	    {"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct address_net net;
		struct address a;
		bool good = address_net_parse(span_of(cases[i].net), &net);

		check_case(i, good == (cases[i].inside != NULL));
		if (!good)
			continue;
		a = parsed(cases[i].inside);
		check_case(i, address_net_contains(&net, &a));
		if (cases[i].outside == NULL)
			continue;
		a = parsed(cases[i].outside);
		check_case(i, !address_net_contains(&net, &a));
	}
}

static void
test_private(void **state)
{
	static const char *const closed[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1",
	    "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
	    "172.31.255.255", "192.168.1.1", "198.19.0.1", "224.0.0.1", "240.0.0.1",
	    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
	    "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
	    "2002:7f00:1::", "fd00:ec2::254", "fc00::1", "fe80::1", "febf::1", "fec0::1",
	    "ff02::1"};
	static const char *const open[] = {"1.1.1.1", "11.0.0.0", "100.128.0.0",
	    "128.0.0.0", "169.253.0.0", "172.15.0.0", "172.32.0.0", "192.167.0.0",
	    "192.169.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	    "2002:808:808::", "2606:4700::1111", "2a00::1", "fe00::1"};

	(void)state;
	for (size_t i = 0; i < countof(closed); i++) {
		struct address a = parsed(closed[i]);

		check_case(i, address_is_private(&a));
	}
	for (size_t i = 0; i < countof(open); i++) {
		struct address a = parsed(open[i]);

		check_case(i, !address_is_private(&a));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_value),
	    cmocka_unit_test(test_of_a_socket),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
