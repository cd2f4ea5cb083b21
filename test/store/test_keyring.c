/* SPDX-License-Identifier: Apache-2.0 */
/* A key is there as long as a PIN that was made with it, and not much longer. */
#include "store/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "twofa/period.h"
#include "unit/unit.h"

enum { PINS = 64, STEPS = 2000, MINUTE_MS = PERIOD_MS_MINUTE };

#define NOW INT64_C(1800000000000)

struct pin {
	int64_t key_id;
	int64_t expires_ms;
};

struct world {
	char dir[64];
	char path[80];
	struct keyring *keyring;
	int64_t now_ms;
	struct pin pins[PINS];
	uint32_t dice;
};

static uint32_t throw(struct world * w, uint32_t sides)
{
	w->dice = w->dice * 1664525 + 1013904223;
	return (w->dice >> 8) % sides;
}

static void
open_with(struct world *w, int64_t rotation_ms)
{
	char why[256] = "";

	keyring_free(w->keyring);
	assert_int_equal(
	    keyring_open(w->path, &entropy_system, rotation_ms, why, &w->keyring), OK);
}

static int
setup(void **state)
{
	struct world *w = mem_new(sizeof(*w));

	secret_init();
	snprintf(w->dir, sizeof(w->dir), "/dev/shm/ww-keyring-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/keyring", w->dir);
	w->now_ms = NOW;
	w->dice = 1;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	keyring_free(w->keyring);
	unlink(w->path);
	rmdir(w->dir);
	mem_free(w);
	return 0;
}

static struct pin
made(struct world *w, int64_t life_ms)
{
	struct pin p = {.expires_ms = w->now_ms + life_ms};

	assert_int_equal(
	    keyring_current(w->keyring, w->now_ms, p.expires_ms, &p.key_id), OK);
	return p;
}

static void
read_file(const char *path, char out[4096])
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	out[fread(out, 1, 4095, f)] = '\0';
	(void)fclose(f);
}

/* A short life first: what the key covers from the start is less than the next one needs.
 */
static void
test_a_life_longer_than_any_before_it_is_covered(void **state)
{
	static const int64_t lives[] = {MINUTE_MS, 2 * PERIOD_MS_HOUR, 3 * PERIOD_MS_DAY,
	    PERIOD_MS_DAY, PERIOD_MS_YEAR};
	struct world *w = *state;
	struct pin p[countof(lives)];

	open_with(w, PERIOD_MS_DAY);
	for (size_t i = 0; i < countof(lives); i++) {
		p[i] = made(w, lives[i]);
		w->now_ms += PERIOD_MS_HOUR;
	}
	w->now_ms += 2 * PERIOD_MS_DAY;
	made(w, MINUTE_MS); /* another key takes over */
	for (size_t i = 0; i < countof(lives); i++) {
		if (w->now_ms < p[i].expires_ms)
			w->now_ms = p[i].expires_ms;
		(void)keyring_expire(w->keyring, w->now_ms);
		open_with(w, PERIOD_MS_DAY);
		check_case(i, keyring_has(w->keyring, p[i].key_id));
	}
	w->now_ms += 2 * PERIOD_MS_DAY;
	assert_true(keyring_expire(w->keyring, w->now_ms) > 0);
	assert_false(keyring_has(w->keyring, p[0].key_id));
}

/* A minute's rotation beside a life of days: more keys than there are places. */
static void
test_no_key_of_a_live_pin_makes_room(void **state)
{
	struct world *w = *state;
	struct pin first;
	struct pin last = {0};

	open_with(w, MINUTE_MS);
	first = made(w, 2 * PERIOD_MS_DAY);
	for (int i = 0; i < KEYRING_KEYS_MAX + 50; i++) {
		w->now_ms += MINUTE_MS;
		last = made(w, 2 * PERIOD_MS_DAY);
	}
	assert_true(keyring_has(w->keyring, first.key_id));
	w->now_ms = first.expires_ms;
	assert_int_equal(keyring_expire(w->keyring, w->now_ms), 0);
	w->now_ms = last.expires_ms;
	assert_true(keyring_expire(w->keyring, w->now_ms) > KEYRING_KEYS_MAX / 2);
	assert_true(keyring_has(w->keyring, last.key_id));
	assert_true(made(w, MINUTE_MS).key_id > last.key_id);
}

/* A copy of the file from before a longer life was covered, and lines of both together.
 */
static void
test_lines_of_two_copies_keep_the_longer_life(void **state)
{
	struct world *w = *state;
	char lines[2][4096];
	struct pin p;

	for (int order = 0; order < 2; order++) {
		FILE *f;

		unlink(w->path);
		open_with(w, PERIOD_MS_DAY);
		(void)made(w, MINUTE_MS);
		read_file(w->path, lines[order]);
		p = made(w, 3 * PERIOD_MS_DAY);
		read_file(w->path, lines[1 - order]);
		f = fopen(w->path, "w");
		assert_non_null(f);
		fprintf(f, "%s%s", lines[0], lines[1]);
		assert_int_equal(fclose(f), 0);
		open_with(w, PERIOD_MS_DAY);
		w->now_ms += 2 * PERIOD_MS_DAY;
		(void)made(w, MINUTE_MS); /* another key takes over */
		(void)keyring_expire(w->keyring, w->now_ms);
		check_case(order, keyring_has(w->keyring, p.key_id));
	}
}

/* Lives, pauses, rotations and restarts by chance: whoever lives has its key. */
static void
test_each_pin_that_lives_has_its_key(void **state)
{
	static const int64_t rotations[] = {MINUTE_MS, PERIOD_MS_HOUR, PERIOD_MS_DAY};
	struct world *w = *state;
	unsigned destroyed = 0;

	open_with(w, PERIOD_MS_DAY);
	for (size_t step = 0; step < STEPS; step++) {
		size_t n = throw(w, PINS);

		w->now_ms += (int64_t) throw(w, 3) * throw(w, (uint32_t)PERIOD_MS_HOUR);
		if (throw(w, 100) == 0)
			open_with(w, rotations[throw(w, countof(rotations))]);
		if (w->pins[n].expires_ms <= w->now_ms)
			w->pins[n] = made(w, (int64_t)1 << throw(w, 31));
		destroyed += keyring_expire(w->keyring, w->now_ms);
		for (size_t i = 0; i < PINS; i++)
			check_case(step, w->pins[i].expires_ms <= w->now_ms ||
					     keyring_has(w->keyring, w->pins[i].key_id));
	}
	assert_true(destroyed > STEPS / 40);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_life_longer_than_any_before_it_is_covered),
	    CASE(no_key_of_a_live_pin_makes_room),
	    CASE(lines_of_two_copies_keep_the_longer_life),
	    CASE(each_pin_that_lives_has_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
