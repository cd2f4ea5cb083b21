/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of carriers: each row fills a member of what all carriers have or of the struct
 * of its own types, and every type has one.
 */
#include <stdio.h>

#include "carrier/options.h"
#include "conf/conf_row.h"
#include "unit/unit.h"

/* Types whose struct begins with carrier_http_options. */
static const char over_http[] = "infobip|twilio|vonage|generic";

static bool
is_of(const char *holder, const char *type)
{
	char own[80];

	snprintf(own, sizeof(own), "carrier_%s_options", type);
	return strcmp(holder, "carrier_config") == 0 || strcmp(holder, own) == 0 ||
	       (strcmp(holder, "carrier_http_options") == 0 &&
		   conf_value_words_have(over_http, span_of(type)));
}

static void
test_each_row_fills_the_struct_of_its_types(void **state)
{
	const char *types = conf_row_find("carriers[]", SPAN("type"))->choices;

	(void)state;
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		const char *left = row->type == NULL ? types : row->type;

		if (strcmp(row->section, "carriers[]") != 0)
			continue;
		while (*left != '\0') {
			char type[32];
			size_t len = strcspn(left, "|");

			snprintf(type, sizeof(type), "%.*s", (int)len, left);
			check_case(i, carrier_type_find(type) != NULL);
			check_case(i, is_of(row->holder, type));
			if (strcmp(row->holder, "carrier_config") != 0)
				check_case(i, row->offset < carrier_options_size(type));
			left += len + (left[len] == '|');
		}
	}
}

static void
test_a_type_that_there_is_not_has_room_for_any(void **state)
{
	(void)state;
	assert_int_equal(
	    carrier_options_size("file"), sizeof(struct carrier_file_options));
	assert_true(carrier_options_size(NULL) >= carrier_options_size("generic"));
	assert_true(carrier_options_size("pigeon") >= carrier_options_size("smpp"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_row_fills_the_struct_of_its_types),
	    cmocka_unit_test(test_a_type_that_there_is_not_has_room_for_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
