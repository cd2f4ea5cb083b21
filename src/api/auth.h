/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling. The table of valid keys is replaced as a whole when a key was
 * made or revoked; a loop thread looks a key up by its hash, without the store.
 */
#ifndef WW_AUTH_H
#define WW_AUTH_H

#include "store/store.h"

struct auth;

struct principal {
	struct ident account;
	unsigned scopes;
};

struct auth *auth_new(void) MUST_CHECK;
void auth_free(struct auth *a);
void auth_replace(struct auth *a, const struct key_row *rows, size_t count);
/* The Authorization header's value. ERR_UNAUTHORIZED for everything that is not a valid
 * key. */
enum err auth_check(struct auth *a, struct span header, struct principal *out) MUST_CHECK;

#endif
