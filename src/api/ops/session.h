/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in with a user's password: sessions and OAuth tokens (contract 5.2, 5.3). */
#ifndef WW_OPS_SESSION_H
#define WW_OPS_SESSION_H

#include "api/dialect.h"

struct session_ask {
	const char *name;
	const char *password;
	bool any_address; /* the session may be used from elsewhere; tokens always may */
};

struct session_result {
	const char *token; /* shown this once */
	int64_t life_s;    /* of a token; a session lives as long as it is used */
};

extern const struct operation op_session_create;
/* Ends the session that the caller came with: ERR_FORBIDDEN for those without one. */
extern const struct operation op_session_delete;
extern const struct operation op_token_create;

#endif
