/* SPDX-License-Identifier: Apache-2.0 */
/* Infobip's settings API, version 1: API keys of an account (contract 5.4). */
#include "api/dialects.h"
#include "api/infobip/key.h"
#include "twofa/scope.h"

#include <stdlib.h>

enum { GENERATION = 1, LIMIT_DEFAULT = 40, LIMIT_MAX = 1000 };

/* ---- requests: the path names the account, then the key ---- */

static void
read_path(struct call *c, struct key_ask *ask)
{
	ask->account = key_read_account(c, c->params[0]);
	ask->owner = c->principal.account;
	ask->id = arena_text(&c->arena, c->params[1]);
}

static enum err
read_key(struct call *c)
{
	read_path(c, c->ask);
	return OK;
}

static const struct json_row key_rows[] = {KEY_ROWS, {0}};

static enum err
read_create(struct call *c)
{
	struct key_put_ask *ask = c->ask;

	read_path(c, &ask->of);
	ask->generation = GENERATION;
	return key_read_change(c, key_rows, ask);
}

/* The path comes before the body. */
static enum err
read_update(struct call *c)
{
	struct key_put_ask *ask = c->ask;

	read_path(c, &ask->of);
	if (ident_compare(&ask->of.account, &c->principal.account) != 0)
		return ERR_NOT_FOUND;
	return read_create(c);
}

static enum err
read_limit(struct call *c, size_t *most_out)
{
	const char *limit = call_query(c, "limit");
	long most = limit == NULL ? LIMIT_DEFAULT : strtol(limit, NULL, 10);

	*most_out = (size_t)most;
	if (limit == NULL || (strspn(limit, "0123456789") == strlen(limit) && most >= 1 &&
				 most <= LIMIT_MAX))
		return OK;
	fail_add(&c->fail, "limit", "must be from 1 to %d", LIMIT_MAX);
	return ERR_INVALID;
}

static enum err
read_list(struct call *c)
{
	struct key_list_ask *ask = c->ask;

	read_path(c, &ask->of);
	key_read_filters(c, ask);
	ask->secret = call_query(c, "publicApiKey");
	return read_limit(c, &ask->most);
}

/* ---- answers ---- */

static void
put_key(struct json_out *out, const struct key_row *k, const char *secret)
{
	char account[IDENT_TEXT_LEN + 1];

	ident_text(&k->account, account);
	json_out_text(out, "key", k->id);
	json_out_text(out, "publicApiKey", secret);
	json_out_text(out, "accountKey", account);
	key_put_terms(out, k, GENERATION);
}

static void
write_key(struct call *c)
{
	key_write(c, put_key);
}

static void
write_created(struct call *c)
{
	write_key(c);
	c->response.status = 201;
}

static void
write_list(struct call *c)
{
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	key_put_list(&out, c->result, put_key);
	json_out_end(&out);
}

static const struct wire list = {read_list, write_list};
static const struct wire create = {read_create, write_created};
static const struct wire get = {read_key, write_key};
static const struct wire update = {read_update, write_key};

static const struct route routes[] = {
    {"GET", "/accounts/{}/api-keys", SCOPE_ACCOUNT, &op_key_list, &list},
    {"POST", "/accounts/{}/api-keys", SCOPE_ACCOUNT, &op_key_create, &create},
    {"GET", "/accounts/{}/api-keys/{}", SCOPE_ACCOUNT, &op_key_get, &get},
    {"PUT", "/accounts/{}/api-keys/{}", SCOPE_ACCOUNT, &op_key_update, &update},
};

const struct dialect dialect_settings_v1 = {
    .name = "settings-v1",
    .prefix = "/settings/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};
