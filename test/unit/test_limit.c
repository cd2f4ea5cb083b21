/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's limit against an exact log of what it let through: never more
 * than n in any window, at most 1/64 of the period early, and the wait it names is
 * the one that works.
 */
#include "unit.h"

#include "twofa/limit.h"

enum { ROUNDS = 300, STEPS = 600 };

/* Events that were let through. `gone`: it had left the window when the period changed.
 */
struct taken {
	int64_t ms[STEPS];
	bool gone[STEPS];
	size_t count;
};

/* One, when there is room. */
static bool
take(struct limit_ring *r, const struct rate *rate, int64_t now_ms, int64_t *wait_ms_out)
{
	if (limit_ring_room(r, rate, now_ms, wait_ms_out) == 0)
		return false;
	limit_ring_add(r, rate, now_ms, 1);
	return true;
}

static struct rate
random_rate(struct dice *dice)
{
	static const int64_t most_ms[] = {
	    3, 70, 200, 5000, PERIOD_MS_HOUR, PERIOD_MS_YEAR};
	struct rate r = {
	    .count = dice_between(dice, 1, dice_next(dice) % 8 == 0 ? 100 : 6)};

	r.period_ms = dice_between(dice, 1, most_ms[dice_next(dice) % countof(most_ms)]);
	return r;
}

/* Bursts, steps near a sub-window, steps near a period, and long pauses. */
static int64_t
random_step(struct dice *dice, int64_t period_ms)
{
	switch (dice_next(dice) % 8) {
	case 0:
		return dice_between(dice, 0, 3 * period_ms);
	case 1:
		return period_ms - 1 + dice_between(dice, 0, 2);
	case 2:
	case 3:
		return dice_between(dice, 0, period_ms / 32 + 1);
	case 4:
		return dice_between(dice, 0, period_ms / 3 + 1);
	default:
		return dice_between(dice, 0, 1);
	}
}

/* Those with now - t < span_ms * parts / 64. */
static int64_t
within(const struct taken *log, int64_t now_ms, int64_t period_ms, int64_t parts)
{
	int64_t n = 0;

	for (size_t i = 0; i < log->count; i++)
		if (!log->gone[i] && 64 * (now_ms - log->ms[i]) < parts * period_ms)
			n++;
	return n;
}

/*
 * Before the wait is over, none is taken; after it one is. Only where the period has
 * changed and nothing was taken since, the ring still has the old sub-windows, and the
 * one that was going on is counted until it ends.
 */
static void
check_wait(
    const struct limit_ring *r, const struct rate *rate, int64_t now_ms, int64_t wait)
{
	bool changed = r->width_ms != (rate->period_ms + 63) / 64;
	int64_t longest = rate->period_ms + rate->period_ms / 64 + 1;
	struct limit_ring copy = *r;
	int64_t ignored;

	assert_true(wait >= 1 && wait <= longest);
	if (wait > 1)
		assert_false(take(&copy, rate, now_ms + wait - 1, &ignored));
	if (changed)
		wait = longest + r->width_ms;
	assert_true(take(&copy, rate, now_ms + wait, &ignored));
}

static void
take_one(struct limit_ring *r, const struct rate *rate, struct taken *log, int64_t now_ms)
{
	int64_t exact = within(log, now_ms, rate->period_ms, 64);
	struct limit_ring before = *r;
	int64_t wait = -1;

	if (take(r, rate, now_ms, &wait)) {
		assert_true(exact < rate->count);
		assert_true(wait == 0);
		log->ms[log->count++] = now_ms;
		return;
	}
	assert_memory_equal(r, &before, sizeof(before));
	check_wait(r, rate, now_ms, wait);
}

static void
test_one_period(void **state)
{
	struct dice dice = {42};
	size_t refused = 0;
	size_t taken = 0;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct rate rate = random_rate(&dice);
		struct taken log = {.count = 0};
		struct limit_ring ring;
		int64_t now_ms = dice_between(&dice, 0, INT64_C(1795000000000));

		limit_ring_init(&ring);
		for (size_t step = 0; step < STEPS; step++) {
			size_t before = log.count;

			now_ms += random_step(&dice, rate.period_ms);
			take_one(&ring, &rate, &log, now_ms);
			if (log.count == before)
				assert_true(within(&log, now_ms, rate.period_ms, 65) >=
					    rate.count);
			refused += log.count == before;
			taken += log.count - before;
		}
	}
	/* The steps must make both happen often, or nothing was tested. */
	assert_true(refused > 10000 && taken > 10000);
}

/* Events that have left the window of the old period are forgotten; no others may be. */
static void
forget(struct taken *log, int64_t now_ms, int64_t period_ms)
{
	for (size_t i = 0; i < log->count; i++)
		if (now_ms - log->ms[i] >= period_ms)
			log->gone[i] = true;
}

static void
test_changing_periods(void **state)
{
	struct dice dice = {43};
	size_t changes = 0;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct rate rate = random_rate(&dice);
		struct taken log = {.count = 0};
		struct limit_ring ring;
		int64_t now_ms = dice_between(&dice, 0, INT64_C(1795000000000));

		limit_ring_init(&ring);
		for (size_t step = 0; step < STEPS; step++) {
			now_ms += random_step(&dice, rate.period_ms);
			if (dice_next(&dice) % 16 == 0) {
				forget(&log, now_ms, rate.period_ms);
				rate.period_ms =
				    dice_between(&dice, 1, 1 + 4 * rate.period_ms) %
					PERIOD_MS_YEAR +
				    1;
				rate.count = dice_between(&dice, 1, 6);
				changes++;
			}
			take_one(&ring, &rate, &log, now_ms);
		}
	}
	assert_true(changes > 1000);
}

static void
test_a_longer_period_keeps_the_counts(void **state)
{
	const struct rate hour = {.count = 3, .period_ms = PERIOD_MS_HOUR};
	const struct rate day = {.count = 3, .period_ms = PERIOD_MS_DAY};
	int64_t now_ms = INT64_C(1795000000123);
	struct limit_ring ring;
	int64_t wait;

	(void)state;
	limit_ring_init(&ring);
	for (int i = 0; i < 3; i++)
		assert_true(take(&ring, &hour, now_ms + i, &wait));
	assert_false(take(&ring, &hour, now_ms + 3, &wait));
	assert_false(take(&ring, &day, now_ms + 4, &wait));
	assert_false(take(&ring, &day, now_ms + PERIOD_MS_DAY - 1, &wait));
	assert_true(
	    take(&ring, &day, now_ms + PERIOD_MS_DAY + PERIOD_MS_DAY / 32, &wait));
}

static void
test_a_clock_that_steps_back(void **state)
{
	const struct rate rate = {.count = 2, .period_ms = PERIOD_MS_HOUR};
	int64_t now_ms = INT64_C(1795000000123);
	struct limit_ring ring;
	int64_t wait;

	(void)state;
	limit_ring_init(&ring);
	assert_true(take(&ring, &rate, now_ms, &wait));
	assert_true(take(&ring, &rate, now_ms - PERIOD_MS_DAY, &wait));
	assert_false(take(&ring, &rate, now_ms - PERIOD_MS_DAY, &wait));
	assert_false(take(&ring, &rate, now_ms, &wait));
	assert_true(take(&ring, &rate, now_ms + 2 * PERIOD_MS_HOUR, &wait));
}

static void
test_saved_and_loaded(void **state)
{
	struct dice dice = {44};
	struct rate rate = {.count = 50, .period_ms = PERIOD_MS_DAY};
	uint8_t octets[LIMIT_RING_BYTES];
	struct limit_ring ring;
	struct limit_ring back;
	int64_t now_ms = INT64_C(1795000000123);
	int64_t wait;

	(void)state;
	limit_ring_init(&ring);
	for (int i = 0; i < 200; i++) {
		limit_ring_save(&ring, octets);
		assert_int_equal(
		    limit_ring_load(&back, (struct span){(char *)octets, sizeof(octets)}),
		    OK);
		assert_memory_equal(&ring, &back, sizeof(ring));
		now_ms += random_step(&dice, rate.period_ms);
		(void)take(&ring, &rate, now_ms, &wait);
	}
}

static void
test_saved_is_big_endian(void **state)
{
	struct limit_ring ring = {.width_ms = 0x010203, .newest = 0x0a0b0c0d};
	uint8_t octets[LIMIT_RING_BYTES];
	static const uint8_t head[] = {0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0x0a, 0x0b,
	    0x0c, 0x0d, 0x11, 0x22, 0x33, 0x44};

	(void)state;
	ring.counts[0] = 0x11223344;
	ring.counts[64] = 0x55667788;
	limit_ring_save(&ring, octets);
	assert_memory_equal(octets, head, sizeof(head));
	assert_int_equal(octets[LIMIT_RING_BYTES - 4], 0x55);
	assert_int_equal(octets[LIMIT_RING_BYTES - 1], 0x88);
}

static void
test_damage_is_seen(void **state)
{
	static const struct {
		int64_t width_ms;
		int64_t newest;
		uint32_t count;
		enum err err;
	} cases[] = {
	    {0, 0, 0, OK},
	    {1, 0, 0, OK},
	    {1350000, 1329629, 7, OK},
	    {PERIOD_MS_YEAR / 64, 56, UINT32_MAX, OK},
	    {0, 0, 1, ERR_CORRUPT},
	    {0, 1, 0, ERR_CORRUPT},
	    {-1, 0, 0, ERR_CORRUPT},
	    {INT64_MIN, 0, 0, ERR_CORRUPT},
	    {1, -1, 0, ERR_CORRUPT},
	    {1, INT64_MIN, 0, ERR_CORRUPT},
	    {PERIOD_MS_YEAR, 0, 0, ERR_CORRUPT},
	    {INT64_MAX, 0, 0, ERR_CORRUPT},
	    {1, INT64_MAX, 0, ERR_CORRUPT},
	    {1350000, INT64_MAX / 1350000, 0, ERR_CORRUPT},
	};
	uint8_t octets[LIMIT_RING_BYTES + 1] = {0};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct limit_ring ring = {
		    .width_ms = cases[i].width_ms, .newest = cases[i].newest};
		struct limit_ring back;

		ring.counts[5] = cases[i].count;
		limit_ring_save(&ring, octets);
		check_case(i,
		    limit_ring_load(&back,
			(struct span){(char *)octets, LIMIT_RING_BYTES}) == cases[i].err);
	}
	for (size_t len = 0; len <= sizeof(octets); len++) {
		struct limit_ring back;
		enum err e = limit_ring_load(&back, (struct span){(char *)octets, len});

		if (len != LIMIT_RING_BYTES)
			check_case(len, e == ERR_CORRUPT);
	}
}

/* Whatever loads may be used: the sanitizers watch. */
static void
test_noise(void **state)
{
	struct dice dice = {45};
	uint8_t octets[LIMIT_RING_BYTES];
	size_t loaded = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct rate rate = random_rate(&dice);
		struct limit_ring ring;
		int64_t wait;

		for (size_t j = 0; j < sizeof(octets); j++)
			octets[j] = (uint8_t)dice_next(&dice);
		/* As far as any width may go, and sometimes as far as any time may. */
		memset(octets, 0, 4 + (size_t)i % 4);
		memset(octets + 8, 0, (size_t)i % 5);
		octets[8] &= 0x7f;
		if (limit_ring_load(
			&ring, (struct span){(char *)octets, sizeof(octets)}) != OK)
			continue;
		loaded++;
		if (!take(&ring, &rate, INT64_C(1795000000000), &wait))
			assert_true(wait >= 1);
	}
	assert_true(loaded > 100);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_period),
	    cmocka_unit_test(test_changing_periods),
	    cmocka_unit_test(test_a_longer_period_keeps_the_counts),
	    cmocka_unit_test(test_a_clock_that_steps_back),
	    cmocka_unit_test(test_saved_and_loaded),
	    cmocka_unit_test(test_saved_is_big_endian),
	    cmocka_unit_test(test_damage_is_seen),
	    cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
