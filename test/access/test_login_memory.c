/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that were seen lately. */
#include "api/access/login_memory.h"

#include <string.h>

#include "unit/unit.h"

#define NOW INT64_C(1800000000000)

enum { KEEP = 1000 };

struct mark {
	uint8_t bytes[SECRET_MAC_LEN];
};

static struct mark
mark_of(uint64_t n)
{
	struct dice d = {n};
	struct mark m;

	for (size_t i = 0; i < sizeof(m); i += sizeof(uint64_t)) {
		uint64_t word = dice_next(&d);

		memcpy(m.bytes + i, &word, sizeof(word));
	}
	return m;
}

static void
test_what_is_looked_up_is_kept_on(void **state)
{
	struct login_memory *l = login_memory_new(KEEP);
	struct mark m = mark_of(1);
	int64_t now = NOW;

	(void)state;
	assert_false(login_memory_has(l, m.bytes, now));
	login_memory_put(l, m.bytes, now);
	for (int i = 0; i < 10; i++) {
		now += KEEP - 1;
		assert_true(login_memory_has(l, m.bytes, now));
	}
	assert_false(login_memory_has(l, m.bytes, now + KEEP));
	assert_false(login_memory_has(l, mark_of(2).bytes, now));
	login_memory_free(l);
}

/* Two whose marks begin alike do not push each other out. */
static void
test_hundreds_in_use_have_room_beside_each_other(void **state)
{
	struct login_memory *l = login_memory_new(KEEP);
	unsigned lost = 0;

	(void)state;
	for (uint64_t n = 0; n < 200; n++)
		login_memory_put(l, mark_of(n).bytes, NOW);
	for (uint64_t n = 0; n < 200; n++)
		lost += !login_memory_has(l, mark_of(n).bytes, NOW + 1);
	assert_int_equal(lost, 0);
	login_memory_free(l);
}

static void
test_what_was_used_last_stays(void **state)
{
	struct login_memory *l = login_memory_new(KEEP * INT64_C(1000000));
	struct mark m = mark_of(1);

	(void)state;
	login_memory_put(l, m.bytes, NOW);
	for (uint64_t n = 2; n < 100000; n++) {
		login_memory_put(l, mark_of(n).bytes, NOW + (int64_t)n);
		assert_true(login_memory_has(l, m.bytes, NOW + (int64_t)n));
	}
	login_memory_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_looked_up_is_kept_on),
	    cmocka_unit_test(test_hundreds_in_use_have_room_beside_each_other),
	    cmocka_unit_test(test_what_was_used_last_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
