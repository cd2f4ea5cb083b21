/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs on a real SQLite file, with time in the test's hands. */
#include "store/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/keyring.h"
#include "store/store.h"
#include "store/verify.h"

static const char *
wrong_pin(const struct world_sent *s)
{
	return strcmp(s->pin, "0000") == 0 ? "1111" : "0000";
}

/* ---- limits ---- */

static void
test_a_number_gets_so_many_in_any_window(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "2/10s"};
	struct world_sent s;

	world_configure(w, &change);
	assert_int_equal(world_send(w, "4179").err, OK);
	world_pass(w, 4000);
	assert_int_equal(world_send(w, "4179").err, OK);
	s = world_send(w, "4179");
	assert_int_equal(s.err, ERR_THROTTLED);
	assert_true(s.wait_ms > 5000 && s.wait_ms <= 6001);
	assert_int_equal(world_send(w, "4178").err, OK);
	world_pass(w, 5999);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	world_pass(w, 2);
	assert_int_equal(world_send(w, "4179").err, OK);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
}

static void
test_a_refused_send_uses_up_nothing_of_the_application(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .send_phone_limit = "1/1h", .send_application_limit = "3/1h"};

	world_configure(w, &change);
	assert_int_equal(world_send(w, "4179").err, OK);
	for (int i = 0; i < 10; i++)
		assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	assert_int_equal(world_send(w, "4171").err, OK);
	assert_int_equal(world_send(w, "4172").err, OK);
	assert_int_equal(world_send(w, "4173").err, ERR_THROTTLED);
}

static void
test_limits_survive_a_restart(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .send_phone_limit = "1/1h", .send_application_limit = "2/1h"};

	world_configure(w, &change);
	assert_int_equal(world_send(w, "4179").err, OK);
	assert_int_equal(world_send(w, "4178").err, OK);
	world_restart(w);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	assert_int_equal(world_send(w, "4177").err, ERR_THROTTLED);
}

static void
test_verify_is_throttled_without_an_attempt(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");
	struct world_verified v = world_verify(w, &s.pin_id, wrong_pin(&s));

	assert_int_equal(v.err, OK);
	assert_int_equal(v.left, 9);
	v = world_verify(w, &s.pin_id, s.pin);
	assert_int_equal(v.err, ERR_THROTTLED);
	assert_true(v.wait_ms > 2900 && v.wait_ms <= 3001);
	world_pass(w, 3001);
	v = world_verify(w, &s.pin_id, wrong_pin(&s));
	assert_int_equal(v.left, 8);
}

static void
test_a_throttled_verify_is_told_when_the_oldest_leaves(void **state)
{
	struct world *w = *state;
	struct application_change change = {.verify_limit = "2/1h"};
	struct world_sent s;
	struct world_verified v;

	world_configure(w, &change);
	s = world_send(w, "4179");
	world_verify(w, &s.pin_id, "1");
	world_pass(w, 10 * PERIOD_MS_MINUTE);
	world_verify(w, &s.pin_id, "1");
	v = world_verify(w, &s.pin_id, s.pin);
	assert_int_equal(v.err, ERR_THROTTLED);
	assert_int_equal(v.wait_ms, 50 * PERIOD_MS_MINUTE);
}

/* ---- lives ---- */

static void
test_a_pin_lives_to_the_millisecond(void **state)
{
	struct world *w = *state;
	struct application_change change = {.pin_ttl = "10s", .verify_limit = "100/1s"};
	struct world_sent s;

	world_configure(w, &change);
	s = world_send(w, "4179");
	world_pass(w, 9999);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_RIGHT);
	world_pass(w, 1);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_EXPIRED);
}

static void
test_a_clock_set_back_revives_nothing(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .pin_ttl = "10s", .verify_limit = "100/1s", .send_phone_limit = "1/20s"};
	struct world_sent s;

	world_configure(w, &change);
	s = world_send(w, "4179");
	world_pass(w, 11000);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_EXPIRED);
	w->wall_ms = T0;
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_EXPIRED);
	world_restart(w);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_EXPIRED);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	/* lives go on by the steady clock */
	world_pass(w, 5000);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	world_pass(w, 16000);
	assert_int_equal(world_send(w, "4179").err, OK);
}

static void
test_exhausted_before_expired_and_after(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .pin_attempts = {true, 2}, .pin_ttl = "10s", .verify_limit = "100/1s"};
	struct world_sent s;
	struct world_verified v;

	world_configure(w, &change);
	s = world_send(w, "4179");
	assert_int_equal(world_verify(w, &s.pin_id, wrong_pin(&s)).left, 1);
	assert_int_equal(world_verify(w, &s.pin_id, wrong_pin(&s)).left, 0);
	v = world_verify(w, &s.pin_id, s.pin);
	assert_int_equal(v.verdict, VERDICT_NO_MORE);
	assert_int_equal(v.left, 0);
}

/* Contract 9.9: every processed verify counts. */
static void
test_a_right_guess_is_an_attempt_too(void **state)
{
	struct world *w = *state;
	struct application_change change = {
	    .pin_attempts = {true, 2}, .verify_limit = "100/1s"};
	struct world_sent s;

	world_configure(w, &change);
	s = world_send(w, "4179");
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_verify(w, &s.pin_id, wrong_pin(&s)).left, 0);
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_NO_MORE);
}

static void
test_another_account_has_no_such_pin(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");
	struct ident own = w->account;
	int64_t wait_ms;

	w->account.bytes[0] ^= 1;
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).err, ERR_NOT_FOUND);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), ERR_NOT_FOUND);
	assert_int_equal(world_send(w, "4179").err, ERR_NOT_FOUND);
	w->account = own;
	assert_int_equal(world_verify(w, &s.pin_id, s.pin).verdict, VERDICT_RIGHT);
}

/* ---- resends ---- */

static void
test_resends_have_a_cap_and_a_distance(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");
	int64_t wait_ms;

	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), OK);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), ERR_THROTTLED);
	assert_true(wait_ms > 0 && wait_ms <= 10000);
	world_pass(w, 10000);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), OK);
	world_pass(w, 10000);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), OK);
	world_pass(w, 10000);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), ERR_THROTTLED);
	assert_int_equal(wait_ms, 0);
	assert_int_equal(world_open_messages(w), 4);
}

static void
test_nothing_is_resent_of_a_dead_pin(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");
	int64_t wait_ms;

	world_pass(w, 15 * PERIOD_MS_MINUTE);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), ERR_NOT_FOUND);
	assert_int_equal(world_open_messages(w), 1);
}

/* ---- messages ---- */

static void
test_an_outcome_closes_a_message_for_good(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");

	assert_int_equal(world_open_messages(w), 1);
	world_restart(w);
	assert_int_equal(world_open_messages(w), 1);
	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_ACCEPTED), OK);
	assert_int_equal(world_open_messages(w), 0);
	world_restart(w);
	assert_int_equal(world_open_messages(w), 0);
}

static void
test_what_may_have_been_sent_is_not_sent_again_after_a_start(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");

	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_SUBMITTED), OK);
	assert_int_equal(world_open_messages(w), 0);
}

/* ---- retention ---- */

static void
test_old_rows_go_and_young_ones_stay(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "3/1h"};
	struct world_sent old;
	struct world_sent young;

	world_configure(w, &change);
	old = world_send(w, "4179");
	world_pass(w, 3 * PERIOD_MS_HOUR);
	young = world_send(w, "4178");
	assert_int_equal(world_retain(w, PERIOD_MS_DAY), 0);
	assert_int_equal(world_retain(w, PERIOD_MS_HOUR), 1);
	assert_int_equal(world_verify(w, &old.pin_id, old.pin).err, ERR_NOT_FOUND);
	assert_int_equal(
	    world_verify(w, &young.pin_id, young.pin).verdict, VERDICT_RIGHT);
	assert_int_equal(world_open_messages(w), 1);
}

static void
test_a_row_stays_while_a_limit_counts_it(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "1/2d"};

	world_configure(w, &change);
	assert_int_equal(world_send(w, "4179").err, OK);
	world_pass(w, PERIOD_MS_DAY);
	assert_int_equal(world_retain(w, PERIOD_MS_HOUR), 0);
	assert_int_equal(world_send(w, "4179").err, ERR_THROTTLED);
	world_pass(w, PERIOD_MS_DAY + 1);
	assert_int_equal(world_retain(w, PERIOD_MS_HOUR), 1);
	assert_int_equal(world_send(w, "4179").err, OK);
}

/* ---- keys ---- */

static void
test_a_key_outlives_its_pins_and_no_more(void **state)
{
	struct world *w = *state;
	struct application_change change = {.pin_ttl = "3d", .verify_limit = "100/1s"};
	struct world_sent first;
	struct world_sent last;
	uint8_t key[PIN_KEY_LEN];

	world_configure(w, &change);
	first = world_send(w, "4179");
	world_pass(w, 2 * PERIOD_MS_DAY);
	last = world_send(w, "4178");
	assert_int_not_equal(first.key_id, last.key_id);
	assert_int_equal(keyring_expire(store_keyring(w->store), w->wall_ms), 0);
	world_restart(w);
	assert_int_equal(
	    world_verify(w, &first.pin_id, first.pin).verdict, VERDICT_RIGHT);
	/* it was good for lives of 3 days for as long as it made PINs, a day */
	world_pass(w, 2 * PERIOD_MS_DAY + PERIOD_MS_HOUR);
	assert_int_equal(keyring_expire(store_keyring(w->store), w->wall_ms), 1);
	world_restart(w);
	assert_int_equal(
	    keyring_find(store_keyring(w->store), first.key_id, key), ERR_NO_KEY);
	assert_int_equal(world_verify(w, &last.pin_id, last.pin).verdict, VERDICT_RIGHT);
}

static void
test_a_lost_key_costs_no_attempt(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, "4179");
	char path[256];
	char away[256];

	world_path(w, "keyring", path);
	world_path(w, "away", away);
	assert_int_equal(rename(path, away), 0);
	world_restart(w);
	assert_int_equal(world_verify(w, &s.pin_id, wrong_pin(&s)).err, ERR_NO_KEY);
	assert_int_equal(rename(away, path), 0);
	world_restart(w);
	world_pass(w, 3001);
	assert_int_equal(world_verify(w, &s.pin_id, wrong_pin(&s)).left, 9);
}

static void
check_refused(struct world *w, enum err wanted)
{
	char why[256] = "";

	store_close(w->store);
	assert_int_equal(world_open(w, why), wanted);
	assert_string_not_equal(why, "");
	w->store = NULL;
}

static void
test_a_keyring_that_others_may_read_is_refused(void **state)
{
	struct world *w = *state;
	char path[256];

	world_send(w, "4179");
	world_path(w, "keyring", path);
	assert_int_equal(chmod(path, 0644), 0);
	check_refused(w, ERR_FORBIDDEN);
}

static void
test_a_damaged_keyring_is_refused(void **state)
{
	struct world *w = *state;
	char path[256];
	int fd;

	world_send(w, "4179");
	world_path(w, "keyring", path);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "7 x\n", 4), 4);
	close(fd);
	check_refused(w, ERR_CORRUPT);
}

static void
test_what_is_no_database_is_refused(void **state)
{
	struct world *w = *state;
	char path[256];
	int fd;

	store_close(w->store);
	w->store = NULL;
	world_path(w, "watchword.db", path);
	fd = open(path, O_WRONLY | O_TRUNC);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "nonsense", 8), 8);
	close(fd);
	check_refused(w, ERR_CORRUPT);
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_number_gets_so_many_in_any_window),
	    CASE(a_refused_send_uses_up_nothing_of_the_application),
	    CASE(limits_survive_a_restart),
	    CASE(verify_is_throttled_without_an_attempt),
	    CASE(a_throttled_verify_is_told_when_the_oldest_leaves),
	    CASE(a_pin_lives_to_the_millisecond),
	    CASE(a_clock_set_back_revives_nothing),
	    CASE(exhausted_before_expired_and_after),
	    CASE(a_right_guess_is_an_attempt_too),
	    CASE(another_account_has_no_such_pin),
	    CASE(resends_have_a_cap_and_a_distance),
	    CASE(nothing_is_resent_of_a_dead_pin),
	    CASE(an_outcome_closes_a_message_for_good),
	    CASE(what_may_have_been_sent_is_not_sent_again_after_a_start),
	    CASE(old_rows_go_and_young_ones_stay),
	    CASE(a_row_stays_while_a_limit_counts_it),
	    CASE(a_key_outlives_its_pins_and_no_more),
	    CASE(a_lost_key_costs_no_attempt),
	    CASE(a_keyring_that_others_may_read_is_refused),
	    CASE(a_damaged_keyring_is_refused),
	    CASE(what_is_no_database_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
