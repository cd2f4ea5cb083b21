/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stores with the same requests, by chance: one keeps in memory what it can, and its
 * PINs grow old; the other has forgotten all before each request, and nothing in it
 * moves. They answer the same.
 */
#include <stdio.h>

#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

enum { PINS_MAX = 1024, NUMBERS = 5, STEPS = 700, NEAR = 12 };

struct twin_case {
	size_t in_cache;
	int64_t pass_ms; /* between requests: up to eight times as long */
	int64_t failures_max;
	struct application_change change;
	bool ages;
};

struct answer {
	enum err err;
	enum verdict verdict;
	int64_t left;
	char destination[32];
};

struct side {
	const struct twin_case *of;
	struct world *world;
	bool forgets;
	size_t aged;
	size_t count;
	struct world_sent pins[PINS_MAX];
};

static struct side sides[2];

static struct answer
verify(struct side *s, const struct world_sent *pin, bool right, bool stranger)
{
	struct world *w = s->world;
	struct verify_job j = {.account = stranger ? w->application : w->account,
	    .pin_id = pin->pin_id,
	    .typed = span_of(right ? pin->pin : "none"),
	    .failures_max = s->of->failures_max};
	struct answer a = {.err = world_run(w, &j.job, VERB_VERIFY)};

	if (a.err != OK)
		return a;
	a.verdict = j.verdict;
	a.left = j.attempts_left;
	snprintf(a.destination, sizeof(a.destination), "%s", j.row.destination);
	return a;
}

static void
begin(struct side *s, const struct twin_case *of, bool forgets)
{
	struct world *w = world_new();

	*s = (struct side){.of = of, .world = w, .forgets = forgets};
	w->pin_cache_max = of->in_cache;
	w->dice = 3;
	world_restart(w);
	world_configure(w, &of->change);
}

/* PINs would leave memory, and cannot, when there are enough. */
static void
fail_a_batch(struct world *w)
{
	world_tell(w, "CREATE TRIGGER broken BEFORE INSERT ON destination_young "
		      "BEGIN SELECT RAISE(ABORT, 'no'); END");
	(void)world_send(w, "41791");
	world_tell(w, "DROP TRIGGER broken");
}

/* Events between requests that change no answer of a store. */
static void
disturb(struct side *s, uint32_t by)
{
	if (s->forgets || by == 0)
		world_restart(s->world);
	if (by == 99)
		world_pass(s->world, 1);
	if (by == 99 && !s->forgets)
		fail_a_batch(s->world);
	if (s->of->ages && !s->forgets && by < 50)
		s->aged += world_age(s->world);
}

static struct answer
do_step(struct side *s)
{
	struct world *w = s->world;
	uint32_t what = world_dice(w, 100);
	uint32_t back = world_dice(w, NEAR);
	uint32_t by = world_dice(w, 100);
	char to[32];

	world_pass(
	    w, world_dice(w, 2) == 0 ? 0 : s->of->pass_ms * (int64_t)world_dice(w, 9));
	disturb(s, by);
	if (what == 0)
		world_pass(w, INT64_C(997) * 3600 * 26);
	if (what < (s->of->ages ? 1 : 4)) {
		(void)world_retain(w, 1);
		return (struct answer){.err = OK};
	}
	if (what < 30 || s->count <= back) {
		snprintf(to, sizeof(to), "4179000%u", back % NUMBERS);
		s->pins[s->count] = world_send(w, to);
		return (struct answer){.err = s->pins[s->count++].err};
	}
	return verify(s, &s->pins[s->count - 1 - back], what < 45, what == 99);
}

struct seen {
	size_t verdicts[4];
	size_t throttled;
	size_t gone;
};

static void
note(struct seen *seen, const struct answer *a)
{
	seen->throttled += a->err == ERR_THROTTLED;
	seen->gone += a->err == ERR_NOT_FOUND;
	seen->verdicts[a->verdict] += a->destination[0] != '\0';
}

static void
end(const struct seen *seen, bool ages)
{
	for (size_t i = 0; i < countof(seen->verdicts); i++)
		assert_in_range(seen->verdicts[i], STEPS / 100, STEPS / 2);
	assert_in_range(seen->throttled, STEPS / 50, STEPS / 2);
	assert_in_range(seen->gone, ages ? 1 : STEPS / 100, STEPS / 2);
	if (ages)
		assert_in_range(sides[0].aged, STEPS / 10, STEPS / 2);
	world_free(sides[0].world);
	world_free(sides[1].world);
}

static void
compare(const struct twin_case *of)
{
	struct seen seen = {.throttled = 0};

	begin(&sides[0], of, false);
	begin(&sides[1], of, true);
	for (size_t i = 0; i < STEPS; i++) {
		struct answer a = do_step(&sides[0]);
		struct answer b = do_step(&sides[1]);

		check_case(i, a.err == b.err);
		check_case(i, a.verdict == b.verdict);
		check_case(i, a.left == b.left);
		check_case(i, strcmp(a.destination, b.destination) == 0);
		note(&seen, &a);
	}
	end(&seen, of->ages);
}

#define HASTY                                                                            \
	{                                                                                \
		.pin_attempts = {true, 4}, .allow_multiple = {true, true},               \
		.verify_limit = "6/1m", .send_phone_limit = "100/1h", .pin_ttl = "90s"   \
	}

static void
test_rows_in_memory_are_those_of_the_database(void **state)
{
	static const struct twin_case little = {3, 997, 12, HASTY, false};
	static const struct twin_case much = {100, 997, 12, HASTY, false};

	(void)state;
	compare(&little);
	compare(&much);
}

#define SLOW(send, verify)                                                               \
	{                                                                                \
		.pin_attempts = {true, 4}, .allow_multiple = {true, true},               \
		.verify_limit = verify, .send_phone_limit = send, .pin_ttl = "2d"        \
	}

/* Up to four hours. */
static void
test_what_is_old_counts_while_it_has_to(void **state)
{
	enum { PASS_MS = 997 * 1800 };
	static const struct twin_case day = {20, PASS_MS, 6, SLOW("3/1d", "7/1d"), true};
	static const struct twin_case sends = {
	    20, PASS_MS, 0, SLOW("6/5d", "9/1d"), true};
	static const struct twin_case verifies = {
	    3, PASS_MS, 6, SLOW("4/1h", "5/12h"), true};

	(void)state;
	compare(&day);
	compare(&sends);
	compare(&verifies);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_in_memory_are_those_of_the_database),
	    cmocka_unit_test(test_what_is_old_counts_while_it_has_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
