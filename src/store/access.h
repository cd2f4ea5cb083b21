/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and credentials: API keys, users, sessions. Steps:
 * store/verbs/account.c, store/verbs/access.c.
 */
#ifndef WW_STORE_ACCESS_H
#define WW_STORE_ACCESS_H

#include "base/address.h"
#include "base/fail.h"
#include "base/secret.h"
#include "store/job.h"
#include "twofa/api_key.h"
#include "twofa/ident.h"
#include "twofa/key_terms.h"

/* ERR_EXISTS on create; ERR_NOT_FOUND on find. */
struct account_job {
	struct job job;
	const char *name;
	struct ident id;
	bool found;
};

struct key_row {
	uint8_t hash[SECRET_HASH_LEN];
	const char *id;
	struct ident account;
	const char *account_name;
	const char *name;
	struct key_terms terms;
	int64_t created_at_ms;
	int64_t revoked_at_ms; /* 0: valid */
};

enum { KEYS_PER_ACCOUNT = 1000 };

/*
 * Create: hash, id, account, name, and terms or `change`; ERR_EXISTS. Revoke: id or
 * hash. List: rows, of `account` alone when `of_account`. Get and put: one row, by
 * account and id. ERR_NOT_FOUND; ERR_INVALID with `fail`; ERR_FORBIDDEN: more
 * for a key with scopes that the caller lacks; ERR_THROTTLED: the account has
 * KEYS_PER_ACCOUNT.
 */
struct key_job {
	struct job job;
	struct key_row key;
	const struct key_change *change; /* NULL on create: `key` is complete */
	int generation;                  /* of the change */
	unsigned granted;                /* scopes of who asks */
	bool of_account;
	struct fail *fail;
	bool found;
	size_t damaged; /* rows that are not in the list */
	size_t count;
	size_t capacity;
	struct key_row *rows;
};

struct user_row {
	struct ident id;
	struct ident account;
	const char *account_name;
	const char *name;
	const char *password; /* the hash of it */
	unsigned scopes;
	int64_t created_at_ms;
	int64_t disabled_at_ms; /* 0: may sign in */
};

/* Create: account, name, password, scopes; ERR_EXISTS. Password, disable: name;
 * ERR_NOT_FOUND; both end every session of the user. List: rows, by name. */
struct user_job {
	struct job job;
	struct user_row user;
	bool found;
	size_t damaged; /* rows that are not in the list */
	size_t count;
	size_t capacity;
	struct user_row *rows;
};

enum session_kind { SESSION_IBSSO = 0, SESSION_BEARER = 1 };
enum { SESSIONS_PER_USER = 1000 };
/*
 * The end of a session moves with each use, in the memory of the api; the store is told
 * in steps. So a row may be behind by a step and the time that a touch waits, and is
 * kept and listed until then: the memory decides on the exact end.
 */
enum { SESSION_STEP_MS = 60 * 1000, SESSION_SPARE_MS = 2 * SESSION_STEP_MS };

struct session_row {
	uint8_t hash[SECRET_HASH_LEN];
	struct ident user;
	enum session_kind kind;
	bool bound; /* to the address */
	struct address address;
	int64_t expires_at_ms;
};

/* Create: session, and the password's hash that was checked; ERR_UNAUTHORIZED when the
 * user may not sign in with it any more. Delete: hash. Touch: hash, expires_at_ms. */
struct session_job {
	struct job job;
	struct session_row session;
	const char *password;
	bool found;
	size_t count;
	size_t capacity;
	struct session_row *rows; /* create: those that gave way, by hash; list: all */
};

/* Everything a credential is judged by. */
struct access {
	const struct key_row *keys;
	size_t key_count;
	const struct user_row *users;
	size_t user_count;
	const struct session_row *sessions;
	size_t session_count;
};

#endif
