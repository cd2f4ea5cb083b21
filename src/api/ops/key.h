/* SPDX-License-Identifier: Apache-2.0 */
/* API keys as resources, for the dialects that offer them. */
#ifndef WW_OPS_KEY_H
#define WW_OPS_KEY_H

#include "api/call.h"
#include "store/access.h"

/* What a dialect's key_rows fill in. */
struct key_request {
	struct key_change change;
	const char *account;
};

#define KEY_AT(member) offsetof(struct key_request, member)
/* Rows that every dialect has. */
#define KEY_ROWS                                                                         \
	{"name", JSON_ROW_TEXT, false, KEY_AT(change.name), 1, KEY_NAME_MAX, NULL},      \
	    {"allowedIPs", JSON_ROW_VALUE, false, KEY_AT(change.allowed), 0, 0, NULL},   \
	    {"validFrom", JSON_ROW_TEXT, false, KEY_AT(change.valid_from), 0, 0, NULL},  \
	    {"validTo", JSON_ROW_TEXT, false, KEY_AT(change.valid_to), 0, 0, NULL},      \
	    {"enabled", JSON_ROW_BOOL, false, KEY_AT(change.enabled), 0, 0, NULL},       \
	{                                                                                \
		"permissions", JSON_ROW_VALUE, false, KEY_AT(change.permissions), 0, 0,  \
		    NULL                                                                 \
	}

extern const struct operation op_key_create;
extern const struct operation op_key_get;
extern const struct operation op_key_update;
/* POST /2fa/1/api-key */
extern const struct operation op_key_mint;

/* A dialect writes its own list around these: all keys of the account, then those that
 * pass the filters `name`, `enabled` and, when not NULL, the secret. */
enum err ops_key_list_check(struct call *c) MUST_CHECK;
enum err ops_key_list_proceed(struct call *c) MUST_CHECK;
struct key_row *ops_key_list_rows(struct call *c, const char *secret, size_t *count_out);
/* "apiKeys": [...] */
void ops_key_put_list(
    struct call *c, struct json_out *out, const struct key_row *rows, size_t count);
/* From name to permissions. */
void ops_key_put_terms(struct json_out *out, const struct key_row *k, int generation);

#endif
