/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of calls and their meaning: what may be called again, and what a report says. */
#include "carrier/sip_result.h"

#include "unit/unit.h"

static void
test_whoever_was_rung_is_not_rung_again(void **state)
{
	(void)state;
	for (unsigned code = 300; code < 700; code++)
		for (int cause = -1; cause <= 127; cause++) {
			struct sip_result_answer a = {code, cause, true, true};
			struct carrier_outcome o = sip_result_of(&a);

			check_case(code, o.result == CARRIER_REFUSED && !o.elsewhere);
			check_case(code, !o.untried && !o.throttled);
			check_case(code, o.status != REPORT_NONE && o.reason != NULL);
		}
}

static void
test_without_a_ring_the_code_says_who_may_be_asked(void **state)
{
	static const struct {
		unsigned code;
		int cause;
		enum carrier_result result;
		bool elsewhere;
		enum report_status status;
	} cases[] = {
	    {486, -1, CARRIER_REFUSED, false, REPORT_BUSY},
	    {404, -1, CARRIER_REFUSED, false, REPORT_REJECTED_DESTINATION},
	    {403, -1, CARRIER_REFUSED, true, REPORT_UNDELIVERABLE_REJECTED_OPERATOR},
	    {403, 1, CARRIER_REFUSED, false, REPORT_REJECTED_DESTINATION},
	    {500, 17, CARRIER_REFUSED, false, REPORT_BUSY},
	    {603, 21, CARRIER_REFUSED, false, REPORT_REJECTED},
	    {503, 34, CARRIER_RETRY, false, REPORT_UNDELIVERABLE_NOT_DELIVERED},
	    {407, 17, CARRIER_REFUSED, true, REPORT_UNDELIVERABLE_REJECTED_OPERATOR},
	    {488, -1, CARRIER_REFUSED, true, REPORT_UNDELIVERABLE_REJECTED_OPERATOR},
	    {599, -1, CARRIER_RETRY, false, REPORT_UNDELIVERABLE_NOT_DELIVERED},
	    {699, -1, CARRIER_REFUSED, false, REPORT_REJECTED},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct sip_result_answer a = {
		    cases[i].code, cases[i].cause, false, false};
		struct carrier_outcome o = sip_result_of(&a);

		check_case(i, o.result == cases[i].result);
		check_case(i, o.elsewhere == cases[i].elsewhere);
		check_case(i, o.status == cases[i].status);
		check_case(i, o.code == cases[i].code);
	}
}

static void
test_a_time_to_come_back_is_a_throttle(void **state)
{
	struct sip_result_answer a = {503, -1, false, true};

	(void)state;
	assert_true(sip_result_of(&a).throttled);
	a.later = false;
	assert_false(sip_result_of(&a).throttled);
}

static void
test_causes(void **state)
{
	static const struct {
		const char *value;
		int cause;
	} cases[] = {
	    {"Q.850;cause=17;text=\"busy\"", 17},
	    {"SIP;cause=480, q.850 ; CAUSE=19", 19},
	    {"SIP;cause=17", -1},
	    {"Q.850", -1},
	    {"Q.850;cause=", -1},
	    {"Q.850;cause=x", -1},
	    {"Q.850;cause=9999999999", -1},
	    {"Q.850;cause=128", -1},
	    {"", -1},
	    {";;,,;", -1},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(
		    i, sip_result_cause(span_of(cases[i].value)) == cases[i].cause);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whoever_was_rung_is_not_rung_again),
	    cmocka_unit_test(test_without_a_ring_the_code_says_who_may_be_asked),
	    cmocka_unit_test(test_a_time_to_come_back_is_a_throttle),
	    cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
