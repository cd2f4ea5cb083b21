/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Infobip's settings API, version 2: API keys (contract 5.4), with pages, and with
 * the flat shape of errors (contract 6.5).
 */
#include "api/dialects.h"
#include "api/infobip/key.h"
#include "twofa/period.h"
#include "twofa/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { GENERATION = 2, PAGE_SIZE_DEFAULT = 20, PAGE_SIZE_MAX = 1000, PAGE_MAX = 1000000 };

/* ---- errors ---- */

struct flat_error {
	int status;
	const char *code;
	const char *description;
	const char *action;
};

static const struct flat_error flat_errors[] = {
    {400, "E400", "Request cannot be processed.",
	"Check the syntax, violations and adjust the request."},
    {401, "E401",
	"The request lacks valid authentication credentials for the requested resource.",
	"Check the resources and adjust authentication credentials."},
    {403, "E403", "Insufficient permissions to access the requested resource.",
	"Repeat the request with new or different credentials."},
    {404, "E404",
	"Not found - request URL doesn't exist on the API server or resource is not "
	"found.",
	"Check the resources and adjust your request."},
    {429, "E429", "Too many requests sent.",
	"Check request rate limit specified in the API endpoint documentation resource."},
    {500, "E500", "Something went wrong.", "Contact the support."},
};

/* The status of any other error has the words of its hundred. */
static const struct flat_error *
flat_of(int status)
{
	for (size_t i = 0; i < countof(flat_errors); i++)
		if (flat_errors[i].status == status)
			return &flat_errors[i];
	return status >= 500 ? &flat_errors[countof(flat_errors) - 1] : &flat_errors[0];
}

static void
put_violations(struct json_out *out, const struct fail *f)
{
	json_out_array(out, "violations");
	for (size_t i = 0; i < f->kept; i++) {
		const char *field = f->items[i].field;

		json_out_object(out, NULL);
		json_out_text(out, "property", field[0] == '\0' ? "body" : field);
		json_out_text(out, "violation", f->items[i].reason);
		json_out_end(out);
	}
	json_out_end(out);
}

/* Which status an error has is the same in all dialects. */
static void
put_error(struct call *c, enum err e)
{
	const struct flat_error *f;
	struct json_out out;
	char code[8];

	v2_put_error(c, e);
	f = flat_of(c->response.status);
	buf_reset(&c->response.body);
	out = call_json(c);
	snprintf(code, sizeof(code), "E%d", c->response.status);
	json_out_object(&out, NULL);
	json_out_text(&out, "errorCode", code);
	json_out_text(&out, "description", f->description);
	json_out_text(&out, "action", f->action);
	put_violations(&out, &c->fail);
	json_out_array(&out, "resources");
	json_out_end(&out);
	json_out_end(&out);
}

/* ---- requests ---- */

static void
read_path(struct call *c, struct key_ask *ask)
{
	ask->account = c->principal.account;
	ask->owner = c->principal.account;
	ask->id = arena_text(&c->arena, c->params[0]);
}

static enum err
read_key(struct call *c)
{
	read_path(c, c->ask);
	return OK;
}

static const struct json_row key_rows[] = {KEY_ROWS,
    {"scopeGuids", JSON_ROW_VALUE, false, KEY_AT(change.scopes), 0, 0, NULL},
    {"accountId", JSON_ROW_TEXT, false, KEY_AT(account), 0, 64, NULL}, {0}};

static enum err
read_change(struct call *c)
{
	struct key_put_ask *ask = c->ask;

	read_path(c, &ask->of);
	ask->generation = GENERATION;
	ask->life_ms = PERIOD_MS_YEAR;
	return key_read_change(c, key_rows, ask);
}

/* ---- pages ---- */

/* The first is the default. */
static const struct {
	const char *name;
	enum key_order order;
} orders[] = {{"name", KEY_BY_NAME}, {"id", KEY_BY_ID}, {"validFrom", KEY_BY_START},
    {"validTo", KEY_BY_END}};

static enum key_order
read_order(struct call *c)
{
	const char *name = call_query(c, "orderBy");

	for (size_t i = 0; i < countof(orders); i++)
		if (name == NULL || strcasecmp(name, orders[i].name) == 0)
			return orders[i].order;
	fail_add(&c->fail, "orderBy", "must be name, id, validFrom or validTo");
	return KEY_ORDER_NONE;
}

static const char *
order_name(enum key_order order)
{
	for (size_t i = 0; i < countof(orders); i++)
		if (orders[i].order == order)
			return orders[i].name;
	return NULL;
}

static bool
read_descending(struct call *c)
{
	const char *direction = call_query(c, "orderDirection");

	if (direction == NULL || strcasecmp(direction, "ASC") == 0)
		return false;
	if (strcasecmp(direction, "DESC") != 0)
		fail_add(&c->fail, "orderDirection", "must be ASC or DESC");
	return true;
}

static size_t
query_number(struct call *c, const char *name, size_t initial, size_t least, size_t most)
{
	const char *text = call_query(c, name);
	unsigned long long value;

	if (text == NULL)
		return initial;
	value = strtoull(text, NULL, 10);
	if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text) ||
	    value < least || value > most)
		fail_add(&c->fail, name, "must be from %zu to %zu", least, most);
	return (size_t)value;
}

static enum err
read_list(struct call *c)
{
	struct key_list_ask *ask = c->ask;
	size_t page;

	read_path(c, &ask->of);
	key_read_filters(c, ask);
	ask->secret = call_query(c, "apiKeySecret");
	ask->order = read_order(c);
	ask->descending = read_descending(c);
	page = query_number(c, "page", 0, 0, PAGE_MAX);
	ask->most = query_number(c, "size", PAGE_SIZE_DEFAULT, 1, PAGE_SIZE_MAX);
	ask->first = page * ask->most;
	return c->fail.count > 0 ? ERR_INVALID : OK;
}

/* ---- answers ---- */

static void
put_key(struct json_out *out, const struct key_row *k, const char *secret)
{
	char account[IDENT_TEXT_LEN + 1];

	ident_text(&k->account, account);
	json_out_text(out, "id", k->id);
	json_out_text(out, "apiKeySecret", secret);
	json_out_text(out, "accountId", account);
	key_put_terms(out, k, GENERATION);
	json_out_array(out, "scopeGuids");
	for (unsigned i = 0; scope_name(i) != NULL; i++)
		if ((k->terms.scopes & 1u << i) != 0)
			json_out_text(out, NULL, scope_name(i));
	json_out_end(out);
}

static void
write_key(struct call *c)
{
	key_write(c, put_key);
}

static void
put_paging(struct json_out *out, const struct key_list_ask *ask, size_t total)
{
	json_out_object(out, "paging");
	json_out_int(out, "page", (int64_t)(ask->first / ask->most));
	json_out_int(out, "pageSize", (int64_t)ask->most);
	json_out_text(out, "orderBy", order_name(ask->order));
	json_out_text(out, "orderDirection", ask->descending ? "DESC" : "ASC");
	json_out_int(out, "totalCount", (int64_t)total);
	json_out_int(out, "totalPages", (int64_t)((total + ask->most - 1) / ask->most));
	json_out_end(out);
}

static void
write_list(struct call *c)
{
	const struct key_list_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	key_put_list(&out, r, put_key);
	put_paging(&out, c->ask, r->total);
	json_out_end(&out);
}

static const struct wire list = {read_list, write_list};
static const struct wire get = {read_key, write_key};
static const struct wire put = {read_change, write_key};

static const struct route routes[] = {
    {"GET", "/api-keys", SCOPE_ACCOUNT, &op_key_list, &list},
    {"POST", "/api-keys", SCOPE_ACCOUNT, &op_key_create, &put},
    {"GET", "/api-keys/{}", SCOPE_ACCOUNT, &op_key_get, &get},
    {"PUT", "/api-keys/{}", SCOPE_ACCOUNT, &op_key_update, &put},
};

const struct dialect dialect_settings_v2 = {
    .name = "settings-v2",
    .prefix = "/settings/2",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = put_error,
};
