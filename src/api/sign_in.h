/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a call's Authorization header to its principal. */
#ifndef WW_SIGN_IN_H
#define WW_SIGN_IN_H

#include "api/call.h"

/*
 * Finds out who calls and goes on with `then`. ERR_UNAUTHORIZED, ERR_THROTTLED,
 * ERR_OVERLOADED, or what `then` says; OK: it goes on, perhaps later.
 */
enum err sign_in(struct call *c, enum err (*then)(struct call *c)) MUST_CHECK;
/*
 * Checks a user's password, on another thread unless it is known already, and goes on
 * with `then`, which finds the outcome in call.login. Returns what `then` does, or OK
 * when that is still to come; ERR_THROTTLED, ERR_OVERLOADED.
 */
enum err sign_in_password(struct call *c, struct span name, struct span password,
    enum err (*then)(struct call *c)) MUST_CHECK;
/* For a dialect's Basic of an account and one of its API keys: goes on as sign_in does.
 */
enum err sign_in_key(
    struct call *c, const struct ident *account, struct span key) MUST_CHECK;

#endif
