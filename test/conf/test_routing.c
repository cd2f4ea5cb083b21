/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and the routes that they take, from the text of a configuration on. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/routing.h"
#include "twofa/country.h"
#include "unit/unit.h"

static const char carriers[] = "carriers:\n"
			       "- {name: a, type: file, path: a}\n"
			       "- {name: b, type: file, path: b}\n"
			       "- {name: c, type: file, path: c}\n";

/* Reads the text as a file; the faults go to `said`. */
static enum err
load(struct conf *c, const char *routes, char *said, size_t size)
{
	char path[] = "routing-XXXXXX";
	int fd = mkstemp(path);
	FILE *errors = tmpfile();
	enum err e;
	size_t n;

	assert_true(fd >= 0 && errors != NULL);
	assert_int_equal(write(fd, carriers, strlen(carriers)), strlen(carriers));
	assert_int_equal(write(fd, routes, strlen(routes)), strlen(routes));
	close(fd);
	conf_init(c);
	e = conf_load(c, path, errors);
	unlink(path);
	rewind(errors);
	n = fread(said, 1, size - 1, errors);
	said[n] = '\0';
	fclose(errors);
	return e;
}

static const struct {
	const char *number;
	const char *code; /* NULL: none begins so */
} countries[] = {
    {"41791234567", "CH"},
    {"12025550100", "US"},
    {"14165550100", "CA"},
    {"18765550100", "JM"},
    {"16585550100", "JM"},
    {"17875550100", "PR"},
    {"18005550100", ""},
    {"19005550100", ""},
    {"79161234567", "RU"},
    {"77011234567", "KZ"},
    {"76001234567", "KZ"},
    {"447911123456", "GG"},
    {"447700300000", "JE"},
    {"447700900000", "GB"}, /* no island: those of Ofcom for drama */
    {"447911012345", "GB"},
    {"447457612345", "IM"},
    {"2908123", "TA"},
    {"262709312345", "YT"},
    {"16002345678", "CA"},
    {"447800900000", "GB"},
    {"390669812345", "VA"},
    {"393331234567", "IT"},
    {"4779123456", "SJ"},
    {"4791234567", "NO"},
    {"59991234567", "CW"},
    {"262639123456", "YT"},
    {"881612345678", ""},
    {"999", NULL},
    {"0", NULL},
};

static void
test_the_first_digits_tell_the_country(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(countries); i++) {
		const struct country *c = country_of(countries[i].number);

		if (countries[i].code == NULL)
			check_case(i, c == NULL);
		else
			check_case(
			    i, c != NULL && strcmp(c->code, countries[i].code) == 0);
	}
	assert_ptr_equal(country_find(SPAN("ch")), country_find(SPAN("CH")));
	assert_null(country_find(SPAN("")));
	assert_null(country_find(SPAN("C")));
}

static const char routes[] =
    "routes:\n"
    "- {prefix: \"41\", carriers: [a], sender: Short}\n"
    "- {prefix: \"4179\", carriers: [b]}\n"
    "- {country: [US, KZ], carriers: [b], sender: Some, senders: "
    "{us: \"12025550199\"}, price: 0.0075 USD}\n"
    "- {country: [CA], deny: not there}\n"
    "- {prefix: \"1416555\", carriers: [a], sender: Toronto}\n"
    "- {prefix: \"41\", channel: voice, carriers: [c]}\n"
    "- {carriers: [c], sender: Rest}\n";

static const struct {
	const char *number;
	enum channel channel;
	const char *carrier; /* NULL: denied */
	const char *sender;
} ways[] = {
    {"41781234567", CHANNEL_SMS, "a", "Short"},
    {"41791234567", CHANNEL_SMS, "b", NULL},
    {"12025550100", CHANNEL_SMS, "b", "12025550199"},
    {"77011234567", CHANNEL_SMS, "b", "Some"},
    {"79161234567", CHANNEL_SMS, "c", "Rest"},
    {"14165540100", CHANNEL_SMS, NULL, NULL},
    {"14165550100", CHANNEL_SMS, "a", "Toronto"},
    {"18765550100", CHANNEL_SMS, "c", "Rest"},
    {"18005550100", CHANNEL_SMS, "c", "Rest"},
    {"41781234567", CHANNEL_VOICE, "c", NULL},
};

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_the_longest_beginning_that_fits_takes_a_number(void **state)
{
	struct conf c;
	char said[512];

	(void)state;
	assert_int_equal(load(&c, routes, said, sizeof(said)), OK);
	for (size_t i = 0; i < countof(ways); i++) {
		const struct conf_route *r =
		    routing_find(&c, ways[i].channel, ways[i].number);

		check_case(i, r != NULL);
		if (ways[i].carrier == NULL) {
			check_case(i, r->deny != NULL);
			continue;
		}
		check_case(i, r->deny == NULL && r->carrier_count == 1);
		check_case(i, same(r->carriers[0].carrier->name, ways[i].carrier));
		check_case(i, same(routing_sender(r, ways[i].number), ways[i].sender));
	}
	assert_null(routing_find(&c, CHANNEL_VOICE, "12025550100"));
	assert_int_equal(c.routes[2].price.micros, 7500);
	assert_string_equal(c.routes[2].price.currency, "USD");
	conf_fini(&c);
}

static const struct {
	const char *routes;
	const char *fault;
} ambiguous[] = {
    {"routes:\n- {country: [CH], carriers: [a]}\n- {prefix: \"41\", carriers: [b]}\n",
	":7: routes: the route in line 6 has the same channel and takes numbers that "
	"begin "
	"with \"41\" too\n"},
    {"routes:\n- {prefix: \"1416\", carriers: [a]}\n- {country: [CA], deny: x}\n",
	":7: routes: the route in line 6 has the same channel and takes numbers that "
	"begin "
	"with \"1416\" too\n"},
    {"routes:\n- {country: [KZ], carriers: [a]}\n- {country: [kz], carriers: [b]}\n",
	":7: routes: the route in line 6 has the same channel and takes numbers that "
	"begin "
	"with \"76\" too\n"},
    {"routes:\n- {carriers: [a]}\n- {carriers: [b]}\n",
	":7: routes[1].prefix: the route in line 6 has the same prefix and channel\n"},
    {"routes:\n- {country: [MF], carriers: [a]}\n",
	":6: routes[0].country: MF is no country that the program knows\n"},
    {"routes:\n- {country: [CH], prefix: \"41\", carriers: [a]}\n",
	":6: routes[0].country: is given beside prefix\n"},
    {"routes:\n- {prefix: \"41\", deny: no, carriers: [a]}\n",
	":6: routes[0].deny: is given beside carriers\n"},
    {"routes:\n- {prefix: \"41\"}\n", ":6: routes[0].carriers: is missing\n"},
    {"routes:\n- {carriers: [a, {b: 0}]}\n",
	":6: routes[0].carriers: a weight must be from 1 to 1000\n"},
    {"routes:\n- {carriers: [a, {b: 1, a: 1}]}\n",
	":6: routes[0].carriers: names a twice\n"},
    {"routes:\n- {carriers: [a], price: free}\n",
	":6: routes[0].price: must be an amount such as 0.045 or 0.045 EUR\n"},
    {"routes:\n- {carriers: [a], senders: {XY: z}}\n",
	":6: routes[0].senders: XY is no country that the program knows\n"},
    {"routes:\n- {country: [CH, CHE], carriers: [a]}\n",
	":6: routes[0].country[1]: must have from 2 to 2 characters\n"},
};

static void
test_a_table_with_two_ways_is_refused_and_both_are_named(void **state)
{
	struct conf c;
	char said[2048];

	(void)state;
	for (size_t i = 0; i < countof(ambiguous); i++) {
		check_case(
		    i, load(&c, ambiguous[i].routes, said, sizeof(said)) == ERR_INVALID);
		if (strstr(said, ambiguous[i].fault) == NULL)
			fail_msg("case %zu: %s", i, said);
		conf_fini(&c);
	}
}

static void
test_equals_share_by_their_weights_and_ranks_come_first(void **state)
{
	enum { DRAWS = 20000 };
	struct dice dice = {1};
	struct conf c;
	char said[512];
	unsigned first[3] = {0};

	(void)state;
	assert_int_equal(
	    load(&c, "routes:\n- {carriers: [{a: 70, b: 30}, c]}\n", said, sizeof(said)),
	    OK);
	for (unsigned n = 0; n < DRAWS; n++) {
		const struct carrier_config *out[CONF_ROUTE_CARRIERS_MAX];
		uint32_t random[CONF_ROUTE_CARRIERS_MAX];

		for (size_t i = 0; i < countof(random); i++)
			random[i] = (uint32_t)dice_next(&dice);
		assert_int_equal(routing_order(&c.routes[0], random, out), 3);
		assert_string_equal(out[2]->name, "c");
		assert_ptr_not_equal(out[0], out[1]);
		first[out[0]->name[0] - 'a']++;
	}
	assert_in_range(first[0], DRAWS * 68 / 100, DRAWS * 72 / 100);
	assert_int_equal(first[0] + first[1], DRAWS);
	conf_fini(&c);
}

static void
test_without_routes_the_first_carrier_of_a_channel_takes_it(void **state)
{
	struct conf c;
	char said[512];

	(void)state;
	assert_int_equal(load(&c, "", said, sizeof(said)), OK);
	assert_ptr_equal(routing_default(&c, CHANNEL_SMS), &c.carriers[0]);
	assert_ptr_equal(routing_default(&c, CHANNEL_VOICE), &c.carriers[0]);
	c.carriers[0].type = "smpp";
	assert_ptr_equal(routing_default(&c, CHANNEL_SMS), &c.carriers[0]);
	assert_ptr_equal(routing_default(&c, CHANNEL_VOICE), &c.carriers[1]);
	assert_ptr_equal(routing_default(&c, CHANNEL_EMAIL), &c.carriers[1]);
	c.carrier_count = 1;
	assert_null(routing_default(&c, CHANNEL_VOICE));
	conf_fini(&c);
	assert_int_equal(load(&c, routes, said, sizeof(said)), OK);
	assert_null(routing_default(&c, CHANNEL_SMS));
	assert_null(routing_default(&c, CHANNEL_EMAIL));
	conf_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_first_digits_tell_the_country),
	    cmocka_unit_test(test_the_longest_beginning_that_fits_takes_a_number),
	    cmocka_unit_test(test_a_table_with_two_ways_is_refused_and_both_are_named),
	    cmocka_unit_test(test_equals_share_by_their_weights_and_ranks_come_first),
	    cmocka_unit_test(test_without_routes_the_first_carrier_of_a_channel_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
