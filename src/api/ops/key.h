/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API keys as resources (contract 3.7, 5.4). A secret is shown once, when the key is
 * made; afterwards only its hash is left.
 */
#ifndef WW_OPS_KEY_H
#define WW_OPS_KEY_H

#include "api/dialect.h"
#include "base/json.h"
#include "store/access.h"

struct key_ask {
	const char *id;       /* of one key */
	struct ident account; /* that of the URL: keys of another one are not there */
	struct ident owner;   /* that of a member: of another one is ERR_FORBIDDEN */
};

struct key_put_ask {
	struct key_ask of;
	struct key_change change;
	int generation;  /* how the change is spelled (twofa/key_terms.h) */
	int64_t life_ms; /* of a new key without an end of its own; 0: no end */
};

struct key_result {
	const struct key_row *key;
	const char *secret; /* of a new one; else NULL */
};

enum key_order { KEY_ORDER_NONE, KEY_BY_NAME, KEY_BY_ID, KEY_BY_START, KEY_BY_END };

/* Those of the account that pass; NULL, and what is not set, lets all pass. */
struct key_list_ask {
	struct key_ask of;
	const char *name; /* a part of it, in any case */
	struct opt_bool enabled;
	const char *secret;
	enum key_order order;
	bool descending;
	size_t first; /* from 0 */
	size_t most;
};

struct key_list_result {
	const struct key_row *list;
	size_t count;
	size_t total; /* of those that pass */
};

extern const struct operation op_key_create;
extern const struct operation op_key_get;
extern const struct operation op_key_update;
extern const struct operation op_key_list;
/* A key of version 1 of 2FA, for which nothing is asked. */
extern const struct operation op_key_mint;

#endif
