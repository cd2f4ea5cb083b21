/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials and their terms, in memory: who is calling. Keys and users are replaced as
 * a whole when one of them changed, sessions come and go one by one as the store commits
 * them. A loop thread looks a credential up by its hash, without the store. Passwords are
 * checked elsewhere (login.h).
 */
#ifndef WW_AUTH_H
#define WW_AUTH_H

#include "base/address.h"
#include "base/secret.h"
#include "twofa/ident.h"

struct access;
struct session_job;
struct session_row;
struct user_row;
struct key_row;

enum scheme {
	SCHEME_NONE, /* no Authorization, or one of another kind */
	SCHEME_APP,
	SCHEME_BASIC,
	SCHEME_IBSSO,
	SCHEME_BEARER,
	SCHEME_COUNT
};

/* How long a session lives without use, and a token in any case. */
enum { SESSION_IDLE_MS = 60 * 60 * 1000, TOKEN_LIFE_MS = 60 * 60 * 1000 };

struct auth;

/* An Authorization header, taken apart (RFC 9110 11.4). */
struct credential {
	enum scheme scheme;
	struct span text;
};

struct principal {
	struct ident account;
	unsigned scopes;
	enum scheme scheme;
	uint8_t session[SECRET_HASH_LEN]; /* IBSSO and Bearer */
	/* IBSSO: the end has moved so far that the store should know; else 0. */
	int64_t extend_to_ms;
	int64_t extend_from_ms; /* what the store knows, as far as it was told */
};

struct auth_user {
	struct ident id;
	struct ident account;
	unsigned scopes;
	char password[SECRET_PASSWORD_HASH_LEN]; /* the hash */
};

struct auth *auth_new(void) MUST_CHECK;
void auth_free(struct auth *a);
/* On the store's thread. NULL: it cannot be read; until it can, nobody is known, and
 * nobody is told that he is not. */
void auth_replace(struct auth *a, const struct access *access);
void auth_session_changed(struct auth *a, const struct session_job *j);

struct credential auth_parse(struct span header);
const char *auth_scheme_name(enum scheme s);
bool auth_is_known(struct auth *a) MUST_CHECK;
/* App, IBSSO and Bearer. ERR_UNAUTHORIZED for everything that is not valid here and now;
 * ERR_DOWN: the credentials cannot be read. */
enum err auth_check(struct auth *a, const struct credential *credential,
    const struct address *peer, int64_t now_ms, struct principal *out) MUST_CHECK;
/* The store did not take what auth_check said about extending: a later use says it again.
 * Any thread. */
void auth_not_extended(struct auth *a, const uint8_t session[SECRET_HASH_LEN],
    int64_t from_ms, int64_t to_ms);
/* False when nobody of that name may sign in. */
bool auth_user_find(struct auth *a, struct span name, struct auth_user *out) MUST_CHECK;

#endif
