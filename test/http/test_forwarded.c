/* SPDX-License-Identifier: Apache-2.0 */
/* The caller of a request: the address that a listed proxy added, and nothing that
 * anybody else wrote. */
#include "http/forwarded.h"
#include "unit/unit.h"

static struct address
parsed(const char *text)
{
	struct address a;

	if (!address_parse(span_of(text), &a))
		fail_msg("%s is no address", text);
	return a;
}

static void
test_the_client(void **state)
{
	static const struct {
		const char *peer;
		const char *fields[3];
		const char *client;
		enum forwarded_header header;
	} cases[] = {
	    /* from somebody who is no proxy */
	    {"203.0.113.9", {"192.0.2.1"}, "203.0.113.9", 0},
	    {"203.0.113.9", {"10.0.0.1, 192.0.2.1"}, "203.0.113.9", 0},
	    {"203.0.113.9", {"for=192.0.2.1"}, "203.0.113.9", 1},
	    /* from a proxy */
	    {"10.0.0.1", {NULL}, "10.0.0.1", 0},
	    {"10.0.0.1", {"192.0.2.1"}, "192.0.2.1", 0},
	    {"::1", {"2001:db8::7"}, "2001:db8::7", 0},
	    {"10.0.0.1", {"198.51.100.1, 192.0.2.1"}, "192.0.2.1", 0},
	    {"10.0.0.1", {"198.51.100.1 ,192.0.2.1, 10.0.0.2,10.0.0.3"}, "192.0.2.1", 0},
	    {"10.0.0.1", {"198.51.100.1", "192.0.2.1"}, "192.0.2.1", 0},
	    {"10.0.0.1", {"192.0.2.1", "10.0.0.2"}, "192.0.2.1", 0},
	    {"10.0.0.1", {"10.0.0.2, 10.0.0.3"}, "10.0.0.2", 0},
	    {"10.0.0.1", {"192.0.2.1:4711"}, "192.0.2.1", 0},
	    {"10.0.0.1", {"[2001:db8::7]:4711"}, "2001:db8::7", 0},
	    {"10.0.0.1", {"[2001:db8::7]"}, "2001:db8::7", 0},
	    {"10.0.0.1", {"198.51.100.1, unknown"}, "10.0.0.1", 0},
	    {"10.0.0.1", {"198.51.100.1, nonsense, 10.0.0.2"}, "10.0.0.2", 0},
	    {"10.0.0.1", {"198.51.100.1,"}, "10.0.0.1", 0},
	    {"10.0.0.1", {""}, "10.0.0.1", 0},
	    {"10.0.0.1", {",,,"}, "10.0.0.1", 0},
	    /* the other header is not read */
	    {"10.0.0.1", {"for=192.0.2.1"}, "10.0.0.1", 0},
	    {"10.0.0.1", {"192.0.2.1"}, "10.0.0.1", 1},
	    /* RFC 7239 */
	    {"10.0.0.1", {"for=192.0.2.1"}, "192.0.2.1", 1},
	    {"10.0.0.1", {"For=\"[2001:db8::7]:4711\";proto=https"}, "2001:db8::7", 1},
	    {"10.0.0.1", {"for=198.51.100.1, proto=https; by=10.0.0.1 ;for=192.0.2.1"},
		"192.0.2.1", 1},
	    {"10.0.0.1", {"for=198.51.100.1;host=\"a, for=203.0.113.1\", for=192.0.2.1"},
		"192.0.2.1", 1},
	    {"10.0.0.1", {"for=192.0.2.1;host=\"a,b;for=203.0.113.1\""}, "192.0.2.1", 1},
	    {"10.0.0.1", {"for=198.51.100.1, for=unknown"}, "10.0.0.1", 1},
	    {"10.0.0.1", {"for=198.51.100.1, for=_gazonk"}, "10.0.0.1", 1},
	    {"10.0.0.1", {"for=198.51.100.1, proto=https"}, "10.0.0.1", 1},
	    {"10.0.0.1", {"for=\"", "for"}, "10.0.0.1", 1},
	};
	struct address_net nets[2];
	struct forwarded_rules rules = {.proxies = nets, .count = countof(nets)};

	(void)state;
	assert_true(address_net_parse(SPAN("10.0.0.0/8"), &nets[0]));
	assert_true(address_net_parse(SPAN("::1"), &nets[1]));
	for (size_t i = 0; i < countof(cases); i++) {
		static const char *const names[] = {"x-forwarded-for", "FORWARDED"};
		/* what is after a listed one is somebody else's header */
		struct header headers[5] = {{SPAN("Host"), SPAN("192.0.2.99")}};
		struct address peer = parsed(cases[i].peer);
		struct address want = parsed(cases[i].client);
		struct address got;
		size_t n = 1;

		rules.header = cases[i].header;
		for (size_t k = 0; k < 3 && cases[i].fields[k] != NULL; k++)
			headers[n++] = (struct header){
			    span_of(names[rules.header]), span_of(cases[i].fields[k])};
		headers[n++] = (struct header){SPAN("Via"), SPAN("192.0.2.98")};
		got = forwarded_client(&rules, headers, n, &peer);
		check_case(i, address_equal(&got, &want));
	}
}

/* Whatever a header holds, nothing outside of it is read. */
static void
test_any_octets(void **state)
{
	static const char alphabet[] = "1.:, ;\"=[]forFOR\\\t";
	struct address_net net;
	struct forwarded_rules rules = {.proxies = &net, .count = 1};
	struct address peer = parsed("10.0.0.1");
	struct dice dice = {3};

	(void)state;
	assert_true(address_net_parse(SPAN("::/0"), &net));
	for (int i = 0; i < 100000; i++) {
		size_t len = (size_t)dice_between(&dice, 0, 24);
		char *octets = mem_array(len + 1, 1);
		struct header h = {SPAN("Forwarded"), {octets, len}};

		for (size_t k = 0; k < len; k++)
			octets[k] =
			    alphabet[dice_between(&dice, 0, sizeof(alphabet) - 2)];
		rules.header =
		    i % 2 == 0 ? FORWARDED_FORWARDED : FORWARDED_X_FORWARDED_FOR;
		if (i % 2 != 0)
			h.name = SPAN("X-Forwarded-For");
		(void)forwarded_client(&rules, &h, 1, &peer);
		mem_free(octets);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_client),
	    cmocka_unit_test(test_any_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
