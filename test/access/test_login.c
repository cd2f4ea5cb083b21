/* SPDX-License-Identifier: Apache-2.0 */
/* Log-ins beside those who guess, with time in the test's hands. */
#include "api/access/login.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "api/access/login_budget.h"
#include "base/secret.h"
#include "store/access.h"
#include "unit/unit.h"

enum { PER_USER = 3, PER_USER_EVERYWHERE = 10 * PER_USER, MINUTE = 60 * 1000 };
enum { HASH_US = 16 * 1000, BURST = LOGIN_BURST_US / HASH_US + 1, QUEUE = 16 };

struct scene {
	struct clock clock; /* first: the functions find the scene by it */
	pthread_t test;
	int64_t steady_ms;
	/* how much later it is for the log-ins' own thread, once it has looked so often
	 */
	int64_t later_ms;
	atomic_int looks;
	atomic_int used_us; /* it is looked at before and after a hash */
	char hash[SECRET_PASSWORD_HASH_LEN];
	struct user_row user;
	struct access access;
	struct auth *auth;
	struct login *login;
	struct queue *loop;
	struct task done;
};

static int64_t
steady(const struct clock *c)
{
	struct scene *s = (struct scene *)(uintptr_t)c;

	if (pthread_equal(pthread_self(), s->test))
		return s->steady_ms;
	return atomic_fetch_sub(&s->looks, 1) > 0 ? s->steady_ms
						  : s->steady_ms + s->later_ms;
}

static int64_t
used(const struct clock *c)
{
	return atomic_fetch_add(&((struct scene *)(uintptr_t)c)->used_us, HASH_US);
}

static void
nothing(struct task *t)
{
	(void)t;
}

static void
set_password(struct scene *s, const char *password)
{
	assert_int_equal(secret_password_hash(span_of(password), s->hash), OK);
	s->user.password = s->hash;
	auth_replace(s->auth, &s->access);
}

static void
open_login(struct scene *s, int64_t hash_share)
{
	s->login = login_new(&(struct login_options){.auth = s->auth,
	    .clock = &s->clock,
	    .entropy = &entropy_system,
	    .per_address = 1000,
	    .per_user = PER_USER,
	    .hash_share = hash_share});
}

static int
setup(void **state)
{
	struct scene *s = mem_new(sizeof(*s));

	secret_init();
	s->clock.steady_ms = steady;
	s->clock.used_us = used;
	s->test = pthread_self();
	s->steady_ms = 1000000;
	s->user = (struct user_row){.id = {{9}}, .account = {{2}}, .name = "alice"};
	s->access = (struct access){.users = &s->user, .user_count = 1};
	s->auth = auth_new();
	set_password(s, "right");
	s->loop = queue_new(0);
	s->done.run = nothing;
	open_login(s, 100);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *s = *state;

	login_free(s->login);
	auth_free(s->auth);
	queue_free(s->loop);
	mem_free(s);
	return 0;
}

static struct login_attempt
attempt_of(struct scene *s, const char *password, const char *address)
{
	struct login_attempt t = {.name = SPAN("alice"),
	    .password = span_of(password),
	    .loop = s->loop,
	    .done = &s->done};

	assert_true(address_parse(span_of(address), &t.peer));
	return t;
}

/* The outcome in the end. */
static enum err
try(struct scene *s, const char *password, const char *address)
{
	struct login_attempt t = attempt_of(s, password, address);
	enum err e = login_start(s->login, &t);

	if (e == ERR_BUSY) {
		queue_wait(s->loop, -1);
		queue_run(s->loop);
		e = OK;
	}
	return e == OK ? t.err : e;
}

/* Guesses until it is held. */
static int
guess(struct scene *s, const char *address)
{
	int guesses = 0;

	while (try(s, "wrong", address) == ERR_UNAUTHORIZED)
		guesses++;
	return guesses;
}

static void
test_a_password_in_use_stays_known_while_others_guess(void **state)
{
	struct scene *s = *state;

	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	for (int i = 0; i < 12; i++) {
		s->steady_ms += MINUTE / 3;
		(void)guess(s, "192.0.2.1");
		assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	}
}

static void
test_a_password_that_is_not_used_is_forgotten(void **state)
{
	struct scene *s = *state;

	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	s->steady_ms += MINUTE;
	assert_int_equal(guess(s, "192.0.2.1"), PER_USER);
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_THROTTLED);
}

static void
test_a_changed_password_is_not_known_any_more(void **state)
{
	struct scene *s = *state;

	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	set_password(s, "another");
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_UNAUTHORIZED);
	assert_int_equal(try(s, "another", "192.0.2.1"), OK);
}

static void
test_who_guesses_elsewhere_does_not_keep_the_owner_out(void **state)
{
	struct scene *s = *state;

	assert_int_equal(guess(s, "192.0.2.66"), PER_USER);
	assert_int_equal(guess(s, "2001:db8::66"), PER_USER);
	assert_int_equal(guess(s, "2001:db8::67"), 0); /* the same network */
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

static size_t
count_done(struct scene *s)
{
	size_t count = 0;

	(void)queue_take(s->loop, SIZE_MAX, &count);
	return count;
}

static int
guess_from_everywhere(struct scene *s)
{
	char address[32];
	int guesses = 0;

	for (int i = 0; i < 50; i++) {
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		guesses += guess(s, address);
	}
	return guesses;
}

/* Somebody with many addresses has no more than so many guesses either. */
static void
test_guesses_from_everywhere_have_a_bound(void **state)
{
	struct scene *s = *state;

	assert_int_equal(guess_from_everywhere(s), PER_USER_EVERYWHERE);
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_THROTTLED);
	s->steady_ms += MINUTE / PER_USER_EVERYWHERE;
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

static void
test_where_the_owner_has_been_it_gets_in_whoever_guesses(void **state)
{
	struct scene *s = *state;

	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	s->steady_ms += 100 * MINUTE;
	(void)guess_from_everywhere(s);
	assert_int_equal(try(s, "right", "203.0.113.1"), ERR_THROTTLED);
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

static void
test_who_waited_too_long_is_told_to_come_back(void **state)
{
	struct scene *s = *state;

	s->later_ms = LOGIN_WAIT_MS;
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_OVERLOADED);
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_OVERLOADED);
	s->later_ms = LOGIN_WAIT_MS - 1;
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

/* Its hash comes too late, and is not taken for that of the next one. */
static void
test_a_hash_that_takes_too_long_is_not_waited_for(void **state)
{
	struct scene *s = *state;

	s->later_ms = LOGIN_WAIT_MS;
	atomic_store(&s->looks, 1);
	assert_int_equal(try(s, "right", "192.0.2.1"), ERR_OVERLOADED);
	s->later_ms = 0;
	assert_int_equal(try(s, "wrong", "192.0.2.1"), ERR_UNAUTHORIZED);
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

static void
test_a_stop_answers_all_and_hashes_no_more(void **state)
{
	struct scene *s = *state;
	struct login_attempt waiting[PER_USER * 4];
	char address[32];

	for (size_t i = 0; i < countof(waiting); i++) {
		snprintf(address, sizeof(address), "198.51.100.%zu", i);
		waiting[i] = attempt_of(s, "right", address);
		waiting[i].done = &waiting[i].task;
		assert_int_equal(login_start(s->login, &waiting[i]), ERR_BUSY);
	}
	login_free(s->login);
	s->login = NULL;
	for (size_t i = 0; i < countof(waiting); i++)
		check_case(i, waiting[i].err == OK || waiting[i].err == ERR_OVERLOADED);
	assert_int_equal(waiting[countof(waiting) - 1].err, ERR_OVERLOADED);
	assert_int_equal(count_done(s), countof(waiting));
}

/* ---- hashing for a share of the time; here it stands still, so that share is nothing
 * ---- */

static void
open_with_share(struct scene *s, int64_t share)
{
	login_free(s->login);
	open_login(s, share);
}

/* The n-th of many who were never here. */
static struct login_attempt
stranger(struct scene *s, int n)
{
	static const struct span names[] = {SPAN("bob"), SPAN("carol"), SPAN("dave")};
	char address[32];
	struct login_attempt t;

	snprintf(address, sizeof(address), "198.51.100.%d", n);
	t = attempt_of(s, "guess", address);
	t.name = names[n % (int)countof(names)];
	return t;
}

static void
spend_the_burst(struct scene *s, int hashes)
{
	for (int i = 0; i < hashes; i++) {
		struct login_attempt t = stranger(s, i);

		assert_int_equal(login_start(s->login, &t), ERR_BUSY);
		queue_wait(s->loop, -1);
		queue_run(s->loop);
		assert_int_equal(t.err, ERR_UNAUTHORIZED);
	}
}

/* How many find a place; what they get when it stops. */
static size_t
line_up(struct scene *s, struct login_attempt *line, size_t most)
{
	size_t count = 0;

	while (count < most) {
		line[count] = stranger(s, 100 + (int)count);
		line[count].done = &line[count].task;
		if (login_start(s->login, &line[count]) != ERR_BUSY)
			break;
		count++;
	}
	return count;
}

static void
expect_none_was_hashed(struct scene *s, struct login_attempt *line, size_t count)
{
	login_free(s->login);
	s->login = NULL;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(line[i].err, ERR_OVERLOADED);
	assert_int_equal(count_done(s), count);
}

/* A hash each 1.6 s: the first waits for 0.4 s and the sixth for 8.4 s. */
static void
test_who_cannot_be_hashed_in_time_is_refused_at_once(void **state)
{
	struct scene *s = *state;
	struct login_attempt line[QUEUE];

	open_with_share(s, 1);
	spend_the_burst(s, BURST);
	assert_int_equal(line_up(s, line, countof(line)), 6);
	expect_none_was_hashed(s, line, 6);
}

/* A hash that is not paid for would be made within the time that is given here. */
static void
test_a_hash_that_is_not_paid_for_is_not_made(void **state)
{
	struct scene *s = *state;
	struct login_attempt line[1];

	open_with_share(s, 1);
	spend_the_burst(s, BURST);
	assert_int_equal(line_up(s, line, 1), 1);
	queue_wait(s->loop, 300);
	assert_int_equal(count_done(s), 0);
	expect_none_was_hashed(s, line, 1);
}

static void
test_a_hash_that_is_paid_for_is_made_in_time(void **state)
{
	struct scene *s = *state;

	open_with_share(s, 1);
	spend_the_burst(s, BURST);
	s->later_ms = BURST * HASH_US / 10 - LOGIN_BURST_US / 10;
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
}

static void
test_strangers_leave_places_to_who_was_here_before(void **state)
{
	struct scene *s = *state;
	struct login_attempt line[QUEUE];
	size_t count;

	open_with_share(s, 10);
	assert_int_equal(try(s, "right", "192.0.2.1"), OK);
	spend_the_burst(s, BURST - 1);
	count = line_up(s, line, countof(line));
	assert_in_range(count, 1, QUEUE - 1);
	line[count] = attempt_of(s, "wrong", "192.0.2.1");
	line[count].done = &line[count].task;
	assert_int_equal(login_start(s->login, &line[count]), ERR_BUSY);
	expect_none_was_hashed(s, line, count + 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_password_in_use_stays_known_while_others_guess),
	    CASE(a_password_that_is_not_used_is_forgotten),
	    CASE(a_changed_password_is_not_known_any_more),
	    CASE(who_guesses_elsewhere_does_not_keep_the_owner_out),
	    CASE(guesses_from_everywhere_have_a_bound),
	    CASE(who_waited_too_long_is_told_to_come_back),
	    CASE(a_hash_that_takes_too_long_is_not_waited_for),
	    CASE(a_stop_answers_all_and_hashes_no_more),
	    CASE(where_the_owner_has_been_it_gets_in_whoever_guesses),
	    CASE(who_cannot_be_hashed_in_time_is_refused_at_once),
	    CASE(a_hash_that_is_not_paid_for_is_not_made),
	    CASE(a_hash_that_is_paid_for_is_made_in_time),
	    CASE(strangers_leave_places_to_who_was_here_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
