/* SPDX-License-Identifier: Apache-2.0 */
/* Infobip's settings API, version 1: API keys of an account (contract 5.4). */
#include "api/dialects.h"
#include "api/infobip/error.h"
#include "api/ops/key.h"
#include "twofa/scope.h"

#include <stdlib.h>

#include "store/access.h"

enum { LIMIT_DEFAULT = 40, LIMIT_MAX = 1000 };

static const struct json_row key_rows[] = {KEY_ROWS, {0}};

static void
put_key(struct json_out *out, const struct key_row *k, const char *secret)
{
	char account[IDENT_TEXT_LEN + 1];

	ident_text(&k->account, account);
	json_out_text(out, "key", k->id);
	json_out_text(out, "publicApiKey", secret);
	json_out_text(out, "accountKey", account);
	ops_key_put_terms(out, k, 1);
}

static enum err
check_list(struct call *c)
{
	const char *limit = call_query(c, "limit");

	if (limit != NULL &&
	    (strspn(limit, "0123456789") != strlen(limit) ||
		strtol(limit, NULL, 10) < 1 || strtol(limit, NULL, 10) > LIMIT_MAX)) {
		fail_add(&c->fail, "limit", "must be from 1 to %d", LIMIT_MAX);
		return ERR_INVALID;
	}
	return ops_key_list_check(c);
}

static enum err
answer_list(struct call *c)
{
	const char *limit = call_query(c, "limit");
	size_t most = limit == NULL ? LIMIT_DEFAULT : (size_t)strtol(limit, NULL, 10);
	struct json_out out = call_json(c);
	const struct key_row *rows;
	size_t count;

	if (((struct key_job *)c->job)->job.err != OK)
		return ((struct key_job *)c->job)->job.err;
	rows = ops_key_list_rows(c, call_query(c, "publicApiKey"), &count);
	json_out_object(&out, NULL);
	ops_key_put_list(c, &out, rows, count < most ? count : most);
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

static const struct operation key_list = {.name = "key_list",
    .check = check_list,
    .proceed = ops_key_list_proceed,
    .answer = answer_list};

static const struct route routes[] = {
    {"GET", "/accounts/{}/api-keys", SCOPE_ACCOUNT, &key_list, NULL},
    {"POST", "/accounts/{}/api-keys", SCOPE_ACCOUNT, &op_key_create, NULL},
    {"GET", "/accounts/{}/api-keys/{}", SCOPE_ACCOUNT, &op_key_get, NULL},
    {"PUT", "/accounts/{}/api-keys/{}", SCOPE_ACCOUNT, &op_key_update, NULL},
};

const struct dialect dialect_settings_v1 = {
    .name = "settings-v1",
    .prefix = "/settings/1",
    .version = 1,
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
    .key_rows = key_rows,
    .put_key = put_key,
};
