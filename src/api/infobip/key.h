/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of API keys (contract 5.4), as far as the settings APIs and version 1 of 2FA
 * share it. */
#ifndef WW_INFOBIP_KEY_H
#define WW_INFOBIP_KEY_H

#include "api/call.h"
#include "api/ops/key.h"

/* POST /2fa/1/api-key: no body, and a bare text as the answer. */
extern const struct wire wire_key_mint;

struct key_members {
	struct key_change change;
	const char *account;
};

#define KEY_AT(member) offsetof(struct key_members, member)
/* Rows that both settings APIs have. */
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

/* `_`, and what is not said, is the caller's own account. */
struct ident key_read_account(const struct call *c, struct span text);
/* The body, by rows of struct key_members; the ask's account and id are the caller's to
 * fill in. */
enum err key_read_change(
    struct call *c, const struct json_row *rows, struct key_put_ask *ask) MUST_CHECK;
/* The filters that both have: `name`, `enabled`, `accountId`. */
void key_read_filters(struct call *c, struct key_list_ask *ask);

typedef void key_put_f(struct json_out *out, const struct key_row *k, const char *secret);

/* One key; `put` writes the members, inside an open object. A secret is not stored on the
 * way of the answer. */
void key_write(struct call *c, key_put_f *put);
/* "apiKeys": [...] */
void key_put_list(struct json_out *out, const struct key_list_result *r, key_put_f *put);
/* From name to permissions. */
void key_put_terms(struct json_out *out, const struct key_row *k, int generation);

#endif
