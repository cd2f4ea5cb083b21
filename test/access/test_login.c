/* SPDX-License-Identifier: Apache-2.0 */
/* Log-ins beside those who guess, with time in the test's hands. */
#include "api/login.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "unit/unit.h"

enum { PER_USER = 3, PER_USER_EVERYWHERE = 10 * PER_USER, MINUTE = 60 * 1000 };

struct scene {
	struct clock clock; /* first: the functions find the scene by it */
	pthread_t test;
	int64_t steady_ms;
	int64_t later_ms; /* how much later it is for the threads of the log-ins */
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
	const struct scene *s = (const struct scene *)c;

	return pthread_equal(pthread_self(), s->test) ? s->steady_ms
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
	    CASE(where_the_owner_has_been_it_gets_in_whoever_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
