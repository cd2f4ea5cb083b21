/* SPDX-License-Identifier: Apache-2.0 */
/* Users, sessions and keys in the store. */
#include "store/world.h"

#include <stdio.h>

#include "store/access.h"
#include "store/store.h"
#include "twofa/scope.h"

enum { HOUR = 60 * 60 * 1000 };

static struct ident
make_user(struct world *w, const char *name, const char *password)
{
	struct user_job j = {.user = {.account = w->account,
				 .name = name,
				 .password = password,
				 .scopes = SCOPE_ALL}};

	assert_int_equal(world_run(w, &j.job, VERB_USER_CREATE), OK);
	return j.user.id;
}

static struct session_job
make_session(
    struct world *w, const struct ident *user, const char *text, const char *password)
{
	struct session_job j = {
	    .session = {.user = *user, .expires_at_ms = w->wall_ms + HOUR},
	    .password = password};

	api_key_hash(span_of(text), j.session.hash);
	world_run(w, &j.job, VERB_SESSION_CREATE);
	return j;
}

static size_t
count_sessions(struct world *w)
{
	struct session_job j = {0};

	assert_int_equal(world_run(w, &j.job, VERB_SESSION_LIST), OK);
	return j.count;
}

/* Rows in one statement, as a thousand commits take a thousand times as long. */
#define COUNT_TO                                                                         \
	"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) "

static void
test_two_users_of_one_name_are_one_too_many(void **state)
{
	struct world *w = *state;
	struct user_job j = {
	    .user = {.account = w->account, .name = "alice", .password = "p"}};

	make_user(w, "alice", "p");
	assert_int_equal(world_run(w, &j.job, VERB_USER_CREATE), ERR_EXISTS);
}

/* Between the check of the password and the commit it may have been changed. */
static void
test_a_session_needs_the_password_that_was_checked(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "old");
	struct user_job j = {.user = {.name = "alice", .password = "new"}};

	assert_int_equal(make_session(w, &alice, "a", "old").job.err, OK);
	assert_int_equal(world_run(w, &j.job, VERB_USER_PASSWORD), OK);
	assert_int_equal(count_sessions(w), 0);
	assert_int_equal(make_session(w, &alice, "b", "old").job.err, ERR_UNAUTHORIZED);
	assert_int_equal(make_session(w, &alice, "c", "new").job.err, OK);
	j = (struct user_job){.user = {.name = "alice"}};
	assert_int_equal(world_run(w, &j.job, VERB_USER_DISABLE), OK);
	assert_int_equal(count_sessions(w), 0);
	assert_int_equal(make_session(w, &alice, "d", "new").job.err, ERR_UNAUTHORIZED);
	j = (struct user_job){.user = {.name = "alice"}};
	assert_int_equal(world_run(w, &j.job, VERB_USER_DISABLE), ERR_NOT_FOUND);
}

static void
test_only_the_sessions_of_that_user_end(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct ident bob = make_user(w, "bob", "p");
	struct user_job j = {.user = {.name = "alice"}};

	make_session(w, &alice, "a", "p");
	make_session(w, &bob, "b", "p");
	assert_int_equal(world_run(w, &j.job, VERB_USER_DISABLE), OK);
	assert_int_equal(count_sessions(w), 1);
}

static void
test_a_session_comes_back_as_it_was(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct session_job j = {.session = {.user = alice,
				    .kind = SESSION_BEARER,
				    .bound = true,
				    .address = {{1, 2, 3}},
				    .expires_at_ms = T0 + HOUR},
	    .password = "p"};
	struct session_job list = {0};

	assert_int_equal(world_run(w, &j.job, VERB_SESSION_CREATE), OK);
	make_session(w, &alice, "x", "p");
	world_restart(w);
	assert_int_equal(world_run(w, &list.job, VERB_SESSION_LIST), OK);
	assert_int_equal(list.count, 2);
	assert_memory_equal(list.rows[0].hash, j.session.hash, SECRET_HASH_LEN);
	assert_int_equal(list.rows[0].kind, SESSION_BEARER);
	assert_true(list.rows[0].bound);
	assert_memory_equal(&list.rows[0].address, &j.session.address, ADDRESS_LEN);
	assert_false(list.rows[1].bound);
	assert_int_equal(list.rows[1].expires_at_ms, T0 + HOUR);
}

static void
test_an_end_moves_forward_and_what_is_over_goes(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct session_job j = make_session(w, &alice, "a", "p");

	make_session(w, &alice, "b", "p");
	j.session.expires_at_ms = T0 + 2 * HOUR;
	assert_int_equal(world_run(w, &j.job, VERB_SESSION_TOUCH), OK);
	j.session.expires_at_ms = T0 + HOUR / 2; /* late, from another node */
	assert_int_equal(world_run(w, &j.job, VERB_SESSION_TOUCH), OK);
	world_pass(w, HOUR + SESSION_SPARE_MS);
	assert_int_equal(count_sessions(w), 1);
	world_pass(w, HOUR);
	assert_int_equal(count_sessions(w), 0);
	make_session(w, &alice, "c", "p");
	assert_int_equal(count_sessions(w), 1);
}

/* The memory of the api may be ahead: a session whose end is past here may be in use. */
static void
test_a_session_in_use_outlives_the_end_that_the_store_knows(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct session_job j = make_session(w, &alice, "a", "p");

	world_pass(w, HOUR + SESSION_STEP_MS);
	make_session(w, &alice, "b", "p"); /* which removes what is over */
	j.session.expires_at_ms = T0 + 2 * HOUR;
	assert_int_equal(count_sessions(w), 2);
	assert_int_equal(world_run(w, &j.job, VERB_SESSION_TOUCH), OK);
	world_pass(w, HOUR / 2);
	assert_int_equal(count_sessions(w), 2);
}

static void
test_a_session_ends_once(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct session_job j = make_session(w, &alice, "a", "p");

	j.found = false;
	assert_int_equal(world_run(w, &j.job, VERB_SESSION_DELETE), OK);
	j.found = false;
	assert_int_equal(world_run(w, &j.job, VERB_SESSION_DELETE), ERR_NOT_FOUND);
}

/* The one that would end first gives way, and the caller is told which. */
static void
test_a_user_has_so_many_sessions(void **state)
{
	struct world *w = *state;
	struct ident alice = make_user(w, "alice", "p");
	struct session_job last;
	uint8_t first[SECRET_HASH_LEN];
	char statement[512];

	assert_int_equal(make_session(w, &alice, "0", "p").count, 0);
	snprintf(statement, sizeof(statement),
	    COUNT_TO "INSERT INTO session SELECT randomblob(32), account_user, 0, NULL, "
		     "expires_at + n FROM session, c",
	    SESSIONS_PER_USER - 1);
	world_tell(w, statement);
	world_pass(w, 10);
	last = make_session(w, &alice, "last", "p");
	assert_int_equal(last.job.err, OK);
	assert_int_equal(last.count, 1);
	api_key_hash(SPAN("0"), first);
	assert_memory_equal(last.rows[0].hash, first, SECRET_HASH_LEN);
	assert_int_equal(count_sessions(w), SESSIONS_PER_USER);
}

static enum err
make_key(struct world *w, const char *text)
{
	struct key_job j = {.key = {.account = w->account,
				.name = "k",
				.id = text,
				.terms = {.enabled = true}}};

	api_key_hash(span_of(text), j.key.hash);
	return world_run(w, &j.job, VERB_KEY_CREATE);
}

static void
test_an_account_has_so_many_keys(void **state)
{
	struct world *w = *state;
	struct key_job j = {.key = {.id = "first"}};
	char statement[512];

	assert_int_equal(make_key(w, "first"), OK);
	snprintf(statement, sizeof(statement),
	    COUNT_TO "INSERT INTO api_key (hash, id, account, name, scopes, created_at) "
		     "SELECT randomblob(32), n, account, name, 0, 0 FROM api_key, c",
	    KEYS_PER_ACCOUNT - 2);
	world_tell(w, statement);
	assert_int_equal(make_key(w, "last"), OK);
	assert_int_equal(make_key(w, "more"), ERR_THROTTLED);
	assert_int_equal(world_run(w, &j.job, VERB_KEY_REVOKE), OK);
	assert_int_equal(make_key(w, "more"), OK);
	assert_int_equal(make_key(w, "and more"), ERR_THROTTLED);
}

/* Events in their order, each a letter. */
static char happened[16];

static void
happens(char what)
{
	size_t len = strlen(happened);

	assert_true(len + 1 < sizeof(happened));
	happened[len] = what;
}

static int64_t reload_ms; /* what reading takes */

static void
published(void *ctx, const struct access *access)
{
	((struct world *)ctx)->steady_ms += reload_ms;
	happens((char)('0' + access->key_count));
}

static void
key_answered(struct job *j)
{
	assert_int_equal(j->err, OK);
	happens('K');
}

static void
other_answered(struct job *j)
{
	assert_int_equal(j->err, OK);
	happens('o');
}

/* One batch: an account is looked up before, between and after keys that are made. */
static void
test_only_who_changed_a_key_waits_until_it_is_known(void **state)
{
	struct world *w = *state;
	struct account_job others[2] = {{.name = "test"}, {.name = "test"}};
	struct key_job keys[2] = {{.key = {.id = "1"}}, {.key = {.id = "2"}}};

	memset(happened, 0, sizeof(happened));
	w->access_changed = published;
	world_restart(w);
	for (size_t i = 0; i < 2; i++) {
		keys[i].key.account = w->account;
		keys[i].key.name = "k";
		keys[i].key.hash[0] = (uint8_t)(i + 1);
		keys[i].job.verb = VERB_KEY_CREATE;
		keys[i].job.finish = key_answered;
		keys[i].job.arena = &w->arena;
		others[i].job.verb = VERB_ACCOUNT_FIND;
		others[i].job.finish = other_answered;
		others[i].job.arena = &w->arena;
		assert_int_equal(store_offer(w->store, &others[i].job), OK);
		assert_int_equal(store_offer(w->store, &keys[i].job), OK);
	}
	store_start(w->store);
	store_close(w->store);
	w->store = NULL;
	assert_string_equal(happened, "0oo2KK");
}

static void
offer_key(struct world *w, struct key_job *j, const char *id)
{
	*j = (struct key_job){.key = {.id = id, .account = w->account, .name = "k"},
	    .job = {.verb = VERB_KEY_CREATE, .finish = key_answered, .arena = &w->arena}};
	api_key_hash(span_of(id), j->key.hash);
	assert_int_equal(store_offer(w->store, &j->job), OK);
}

/* Between two long reloads the store has time for others; a change waits for the second.
 */
static void
test_reloads_that_are_long_leave_time_between_them(void **state)
{
	struct world *w = *state;
	struct account_job other = {.name = "test",
	    .job = {
		.verb = VERB_ACCOUNT_FIND, .finish = other_answered, .arena = &w->arena}};
	struct key_job key;

	memset(happened, 0, sizeof(happened));
	reload_ms = 100;
	w->access_changed = published;
	world_restart(w);
	offer_key(w, &key, "1");
	assert_int_equal(store_offer(w->store, &other.job), OK);
	store_start(w->store);
	store_close(w->store);
	w->store = NULL;
	reload_ms = 0;
	/* the one at the start was just before */
	assert_string_equal(happened, "0oK");
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(test_##name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(two_users_of_one_name_are_one_too_many),
	    CASE(a_session_needs_the_password_that_was_checked),
	    CASE(only_the_sessions_of_that_user_end),
	    CASE(a_session_comes_back_as_it_was),
	    CASE(an_end_moves_forward_and_what_is_over_goes),
	    CASE(a_session_in_use_outlives_the_end_that_the_store_knows),
	    CASE(a_session_ends_once),
	    CASE(a_user_has_so_many_sessions),
	    CASE(an_account_has_so_many_keys),
	    CASE(only_who_changed_a_key_waits_until_it_is_known),
	    CASE(reloads_that_are_long_leave_time_between_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
