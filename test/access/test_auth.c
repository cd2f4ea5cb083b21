/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, users and sessions, with time in the test's hands. */
#include "api/access/auth.h"

#include <stdio.h>
#include <string.h>

#include "store/access.h"
#include "twofa/scope.h"
#include "unit/unit.h"

#define NOW INT64_C(1800000000000)

enum { HOUR = 60 * 60 * 1000, MINUTE = 60 * 1000 };

struct scene {
	struct auth *auth;
	struct key_row key;
	struct user_row user;
	struct session_row sessions[2];
	struct access access;
	struct address here;
	struct address there;
};

static int
setup(void **state)
{
	struct scene *s = mem_new(sizeof(*s));

	s->auth = auth_new();
	assert_true(address_parse(SPAN("192.0.2.1"), &s->here));
	assert_true(address_parse(SPAN("192.0.2.2"), &s->there));
	s->key = (struct key_row){.id = "K",
	    .name = "k",
	    .account = {{1}},
	    .terms = {.enabled = true,
		.permissions = PERMISSION_ALL,
		.scopes = SCOPE_MANAGE,
		.allowed = ""}};
	api_key_hash(SPAN("secret"), s->key.hash);
	s->user = (struct user_row){.id = {{9}},
	    .account = {{2}},
	    .name = "alice",
	    .password = "$hash",
	    .scopes = SCOPE_PIN_SEND};
	s->sessions[0] = (struct session_row){.user = s->user.id,
	    .kind = SESSION_IBSSO,
	    .bound = true,
	    .address = s->here,
	    .expires_at_ms = NOW + HOUR};
	api_key_hash(SPAN("session"), s->sessions[0].hash);
	s->sessions[1] = (struct session_row){
	    .user = s->user.id, .kind = SESSION_BEARER, .expires_at_ms = NOW + HOUR};
	api_key_hash(SPAN("token"), s->sessions[1].hash);
	s->access = (struct access){&s->key, 1, &s->user, 1, s->sessions, 2};
	auth_replace(s->auth, &s->access);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *s = *state;

	auth_free(s->auth);
	mem_free(s);
	return 0;
}

static bool
opens(struct scene *s, const char *header, const struct address *from, int64_t now_ms)
{
	struct credential c = auth_parse(span_of(header));
	struct principal p;

	return auth_check(s->auth, &c, from, now_ms, &p) == OK;
}

static void
test_a_header_is_taken_apart(void **state)
{
	static const struct {
		const char *header;
		enum scheme scheme;
		const char *text;
	} cases[] = {{"App k", SCHEME_APP, "k"}, {"  aPP   k  ", SCHEME_APP, "k"},
	    {"Basic QQ ==", SCHEME_BASIC, "QQ =="}, {"ibsso t", SCHEME_IBSSO, "t"},
	    {"BEARER t", SCHEME_BEARER, "t"}, {"App", SCHEME_NONE, ""},
	    {"", SCHEME_NONE, ""}, {"none x", SCHEME_NONE, NULL},
	    {"Apps k", SCHEME_NONE, NULL}, {"Ap k", SCHEME_NONE, NULL}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct credential c = auth_parse(span_of(cases[i].header));

		check_case(i, c.scheme == cases[i].scheme);
		check_case(
		    i, cases[i].text == NULL || span_equal_text(c.text, cases[i].text));
	}
}

static void
test_each_credential_opens_by_its_own_scheme(void **state)
{
	struct scene *s = *state;
	struct credential c = auth_parse(SPAN("IBSSO session"));
	struct principal p;

	assert_true(opens(s, "App secret", &s->there, NOW));
	assert_true(opens(s, "IBSSO session", &s->here, NOW));
	assert_true(opens(s, "Bearer token", &s->there, NOW));
	assert_false(opens(s, "App session", &s->here, NOW));
	assert_false(opens(s, "App token", &s->here, NOW));
	assert_false(opens(s, "IBSSO secret", &s->here, NOW));
	assert_false(opens(s, "IBSSO token", &s->here, NOW));
	assert_false(opens(s, "Bearer session", &s->here, NOW));
	assert_false(opens(s, "App Secret", &s->here, NOW));
	assert_int_equal(auth_check(s->auth, &c, &s->here, NOW, &p), OK);
	assert_memory_equal(&p.account, &s->user.account, sizeof(p.account));
	assert_int_equal(p.scopes, SCOPE_PIN_SEND | SCOPE_SIGNED_IN);
}

static void
test_a_session_ends_an_hour_after_its_last_use(void **state)
{
	struct scene *s = *state;
	int64_t now = NOW;

	for (int i = 0; i < 100; i++) {
		now += HOUR - 1;
		assert_true(opens(s, "IBSSO session", &s->here, now));
	}
	assert_false(opens(s, "IBSSO session", &s->here, now + HOUR));
	assert_false(opens(s, "IBSSO session", &s->here, now + HOUR + 1));
}

static void
test_a_token_ends_whether_it_is_used_or_not(void **state)
{
	struct scene *s = *state;

	assert_true(opens(s, "Bearer token", &s->here, NOW + HOUR - 1));
	assert_false(opens(s, "Bearer token", &s->here, NOW + HOUR));
}

/* Somebody at another address cannot even keep it alive. */
static void
test_a_bound_session_is_none_from_elsewhere(void **state)
{
	struct scene *s = *state;

	assert_false(opens(s, "IBSSO session", &s->there, NOW + HOUR - 1));
	assert_false(opens(s, "IBSSO session", &s->here, NOW + HOUR));
}

static void
test_the_store_is_told_of_use_once_a_minute(void **state)
{
	struct scene *s = *state;
	struct credential c = auth_parse(SPAN("IBSSO session"));
	struct principal p;
	int told = 0;

	for (int64_t now = NOW; now < NOW + 10 * MINUTE; now += 100) {
		assert_int_equal(auth_check(s->auth, &c, &s->here, now, &p), OK);
		if (p.extend_to_ms != 0) {
			assert_int_equal(p.extend_to_ms, now + HOUR);
			told++;
		}
	}
	assert_in_range(told, 9, 10);
}

/* Told again by the next use, rather than a minute later. */
static void
test_what_the_store_did_not_take_it_is_told_again(void **state)
{
	struct scene *s = *state;
	struct credential c = auth_parse(SPAN("IBSSO session"));
	struct principal p;

	assert_int_equal(auth_check(s->auth, &c, &s->here, NOW + MINUTE, &p), OK);
	assert_int_equal(p.extend_to_ms, NOW + MINUTE + HOUR);
	auth_not_extended(s->auth, p.session, p.extend_from_ms, p.extend_to_ms);
	assert_int_equal(auth_check(s->auth, &c, &s->here, NOW + MINUTE + 1, &p), OK);
	assert_int_equal(p.extend_to_ms, NOW + MINUTE + 1 + HOUR);
	assert_int_equal(auth_check(s->auth, &c, &s->here, NOW + MINUTE + 2, &p), OK);
	assert_int_equal(p.extend_to_ms, 0);
	/* what is late changes nothing */
	auth_not_extended(s->auth, p.session, NOW, NOW + MINUTE + HOUR);
	assert_int_equal(auth_check(s->auth, &c, &s->here, NOW + MINUTE + 3, &p), OK);
	assert_int_equal(p.extend_to_ms, 0);
}

/* A store that was behind hands on sessions whose time is over. */
static void
test_a_reload_revives_no_session(void **state)
{
	struct scene *s = *state;

	s->sessions[0].expires_at_ms = s->sessions[1].expires_at_ms = NOW;
	auth_replace(s->auth, &(struct access){0});
	auth_replace(s->auth, &s->access);
	assert_false(opens(s, "IBSSO session", &s->here, NOW));
	assert_false(opens(s, "Bearer token", &s->here, NOW));
}

/* A reload brings what the store knows, which is behind. */
static void
test_a_reload_does_not_shorten_a_session(void **state)
{
	struct scene *s = *state;

	assert_true(opens(s, "IBSSO session", &s->here, NOW + HOUR - 1));
	auth_replace(s->auth, &s->access);
	assert_true(opens(s, "IBSSO session", &s->here, NOW + HOUR + 5));
}

static void
test_a_disabled_user_has_no_session_left(void **state)
{
	struct scene *s = *state;
	struct auth_user u;

	assert_true(auth_user_find(s->auth, SPAN("alice"), &u));
	s->user.disabled_at_ms = NOW;
	auth_replace(s->auth, &s->access);
	assert_false(opens(s, "IBSSO session", &s->here, NOW));
	assert_false(opens(s, "Bearer token", &s->here, NOW));
	assert_false(auth_user_find(s->auth, SPAN("alice"), &u));
}

static void
test_a_session_comes_and_goes(void **state)
{
	struct scene *s = *state;
	struct session_job j = {.job = {.verb = VERB_SESSION_CREATE, .now_ms = NOW},
	    .session = s->sessions[1]};
	struct session_row gone = s->sessions[1];

	api_key_hash(SPAN("another"), j.session.hash);
	assert_false(opens(s, "Bearer another", &s->here, NOW));
	j.rows = &gone;
	j.count = 1;
	auth_session_changed(s->auth, &j);
	assert_true(opens(s, "Bearer another", &s->here, NOW));
	assert_false(opens(s, "Bearer token", &s->here, NOW)); /* it gave way */
	j.job.verb = VERB_SESSION_DELETE;
	j.count = 0;
	j.job.err = ERR_IO; /* not committed */
	auth_session_changed(s->auth, &j);
	assert_true(opens(s, "Bearer another", &s->here, NOW));
	j.job.err = OK;
	auth_session_changed(s->auth, &j);
	assert_false(opens(s, "Bearer another", &s->here, NOW));
}

/* Ids in another order than names. */
static void
test_each_of_many_sessions_is_of_its_own_user(void **state)
{
	enum { USERS = 100 };
	struct scene *s = *state;
	struct user_row users[USERS];
	struct session_row sessions[USERS];
	char name[USERS][8];
	struct access access = {.users = users,
	    .user_count = USERS,
	    .sessions = sessions,
	    .session_count = USERS};

	for (unsigned i = 0; i < USERS; i++) {
		snprintf(name[i], sizeof(name[i]), "u%u", i);
		users[i] = (struct user_row){.id = {{(uint8_t)(37 * (i + 1))}},
		    .account = {{(uint8_t)i}},
		    .name = name[i],
		    .password = "$hash"};
		sessions[i] = (struct session_row){.user = users[i].id,
		    .kind = SESSION_BEARER,
		    .expires_at_ms = NOW + HOUR};
		api_key_hash(span_of(name[i]), sessions[i].hash);
	}
	auth_replace(s->auth, &access);
	for (unsigned i = 0; i < USERS; i++) {
		struct credential c = {SCHEME_BEARER, span_of(name[i])};
		struct principal p;

		check_case(i, auth_check(s->auth, &c, &s->here, NOW, &p) == OK);
		check_case(i, p.account.bytes[0] == i);
	}
	assert_false(opens(s, "Bearer token", &s->here, NOW));
}

static void
test_a_key_is_refused_by_each_of_its_terms(void **state)
{
	struct scene *s = *state;

	s->key.terms.valid_from_ms = NOW;
	s->key.terms.valid_to_ms = NOW + 10;
	s->key.terms.allowed = "10.0.0.0/8 192.0.2.1";
	auth_replace(s->auth, &s->access);
	assert_true(opens(s, "App secret", &s->here, NOW));
	assert_false(opens(s, "App secret", &s->there, NOW));
	assert_false(opens(s, "App secret", &s->here, NOW - 1));
	assert_false(opens(s, "App secret", &s->here, NOW + 10));
	s->key.terms.enabled = false;
	auth_replace(s->auth, &s->access);
	assert_false(opens(s, "App secret", &s->here, NOW));
	s->key.terms.enabled = true;
	s->key.revoked_at_ms = 1;
	auth_replace(s->auth, &s->access);
	assert_false(opens(s, "App secret", &s->here, NOW));
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_header_is_taken_apart),
	    CASE(each_credential_opens_by_its_own_scheme),
	    CASE(a_session_ends_an_hour_after_its_last_use),
	    CASE(a_token_ends_whether_it_is_used_or_not),
	    CASE(a_bound_session_is_none_from_elsewhere),
	    CASE(the_store_is_told_of_use_once_a_minute),
	    CASE(what_the_store_did_not_take_it_is_told_again),
	    CASE(a_reload_revives_no_session),
	    CASE(a_reload_does_not_shorten_a_session),
	    CASE(a_disabled_user_has_no_session_left),
	    CASE(a_session_comes_and_goes),
	    CASE(each_of_many_sessions_is_of_its_own_user),
	    CASE(a_key_is_refused_by_each_of_its_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
