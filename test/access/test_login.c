/* SPDX-License-Identifier: Apache-2.0 */
/* Log-ins beside those who guess, with time in the test's hands. */
#include "api/login.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "unit/unit.h"

enum { PER_USER = 3, PER_USER_EVERYWHERE = 10 * PER_USER, MINUTE = 60 * 1000 };

struct scene {
	struct clock clock; /* first: the functions find the scene by it */
	pthread_t test;
	int64_t steady_ms;
	/* how much later it is for the log-ins' own thread, once it has looked so often
	 */
	int64_t later_ms;
	atomic_int looks;
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

static int
setup(void **state)
{
	struct scene *s = mem_new(sizeof(*s));

	secret_init();
	s->clock.steady_ms = steady;
	s->test = pthread_self();
	s->steady_ms = 1000000;
	s->user = (struct user_row){.id = {{9}}, .account = {{2}}, .name = "alice"};
	s->access = (struct access){.users = &s->user, .user_count = 1};
	s->auth = auth_new();
	set_password(s, "right");
	s->loop = queue_new(0);
	s->done.run = nothing;
	s->login = login_new(&(struct login_options){.auth = s->auth,
	    .clock = &s->clock,
	    .entropy = &entropy_system,
	    .per_address = 1000,
	    .per_user = PER_USER});
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

/* What came of it in the end. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
