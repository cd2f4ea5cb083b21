/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terms of an API key (contract 5.4): from where, from when until when, and for
 * what it is valid. Pure: time and address are handed in.
 */
#ifndef WW_KEY_TERMS_H
#define WW_KEY_TERMS_H

#include "base/address.h"
#include "base/fail.h"
#include "base/json.h"

enum { KEY_NAME_MAX = 200, KEY_NETS_MAX = 100, KEY_TIME_TEXT_LEN = 32 };

/* One list for both generations of the settings API, which name them differently. */
enum permission {
	PERMISSION_ALL = 1 << 0, /* ALL, PUBLIC_API: what the scopes say */
	PERMISSION_TFA = 1 << 1, /* TFA, 2FA_CLIENT: of that, PIN operations only */
	PERMISSION_WEB_SDK =
	    1 << 5, /* it and the others open nothing that is offered here */
};

enum { PERMISSION_COUNT = 6 };

struct key_terms {
	bool enabled;
	int64_t valid_from_ms;
	int64_t valid_to_ms; /* 0: without end */
	unsigned permissions;
	unsigned scopes;
	const char *allowed; /* addresses and ranges between single spaces; "" all */
};

/* The members of a PUT or POST; an absent one stays as it is. */
struct key_change {
	const char *name;
	json_t *allowed;
	const char *valid_from;
	const char *valid_to;
	struct opt_bool enabled;
	json_t *permissions;
	json_t *scopes;
};

/* The names of generation 1 (settings v1) or 2; 0 and NULL when there is none. */
unsigned key_terms_permission_find(const char *name, int generation);
const char *key_terms_permission_name(unsigned i, int generation);

/* The scopes of a key with these terms, as bits of enum scope. */
unsigned key_terms_scopes(const struct key_terms *t);
/* Enabled, and now between its times; the address is another question. */
bool key_terms_in_force(const struct key_terms *t, int64_t now_ms);
/* Reads `allowed` into nets; how many. */
size_t key_terms_nets(const struct key_terms *t, struct address_net nets[KEY_NETS_MAX]);

/*
 * Changes terms as asked; texts go into the arena of `fail`. ERR_INVALID with `fail`.
 * An empty list of permissions means the default, as does an empty list of scopes
 * `inherited`.
 */
enum err key_terms_apply(struct key_terms *t, const struct key_change *change,
    int generation, unsigned inherited, struct fail *fail) MUST_CHECK;

/*
 * Is the key valid more often, from more places or for more than it was? Scopes are
 * another question. Narrowing that needs several old ranges to see it counts as wider.
 */
bool key_terms_widened(
    const struct key_terms *was, const struct key_terms *is, int64_t now_ms);

/* "2026-08-08T06:04:54.988+0000", "...+00:00", "...Z" or without a zone, which is UTC. */
bool key_terms_time_parse(struct span text, int64_t *ms_out) MUST_CHECK;
/* As generation 1 or 2 writes it. */
void key_terms_time_format(int64_t ms, int generation, char out[KEY_TIME_TEXT_LEN]);

#endif
