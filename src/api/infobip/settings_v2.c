/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Infobip's settings API, version 2: API keys (contract 5.4), with pages, and with
 * the flat shape of errors (contract 6.5).
 */
#include "api/dialects.h"
#include "api/ops/key.h"
#include "twofa/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "store/access.h"

enum { PAGE_SIZE_DEFAULT = 20, PAGE_SIZE_MAX = 1000, PAGE_MAX = 1000000 };

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

/* ---- keys ---- */

static const struct json_row key_rows[] = {KEY_ROWS,
    {"scopeGuids", JSON_ROW_VALUE, false, KEY_AT(change.scopes), 0, 0, NULL},
    {"accountId", JSON_ROW_TEXT, false, KEY_AT(account), 0, 64, NULL}, {0}};

static void
put_key(struct json_out *out, const struct key_row *k, const char *secret)
{
	char account[IDENT_TEXT_LEN + 1];

	ident_text(&k->account, account);
	json_out_text(out, "id", k->id);
	json_out_text(out, "apiKeySecret", secret);
	json_out_text(out, "accountId", account);
	ops_key_put_terms(out, k, 2);
	json_out_array(out, "scopeGuids");
	for (unsigned i = 0; scope_name(i) != NULL; i++)
		if ((k->terms.scopes & 1u << i) != 0)
			json_out_text(out, NULL, scope_name(i));
	json_out_end(out);
}

/* ---- list ---- */

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct key_row *)a)->id, ((const struct key_row *)b)->id);
}

static int
by_name(const void *a, const void *b)
{
	int order = strcasecmp(
	    ((const struct key_row *)a)->name, ((const struct key_row *)b)->name);

	return order != 0 ? order : by_id(a, b);
}

static int
compare_times(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
by_valid_from(const void *a, const void *b)
{
	int order = compare_times(((const struct key_row *)a)->terms.valid_from_ms,
	    ((const struct key_row *)b)->terms.valid_from_ms);

	return order != 0 ? order : by_id(a, b);
}

/* Without end comes last. */
static int
by_valid_to(const void *a, const void *b)
{
	int64_t left = ((const struct key_row *)a)->terms.valid_to_ms;
	int64_t right = ((const struct key_row *)b)->terms.valid_to_ms;
	int order =
	    compare_times(left == 0 ? INT64_MAX : left, right == 0 ? INT64_MAX : right);

	return order != 0 ? order : by_id(a, b);
}

struct key_order {
	const char *name;
	int (*compare)(const void *a, const void *b);
};

/* The first is the default. */
static const struct key_order orders[] = {{"name", by_name}, {"id", by_id},
    {"validFrom", by_valid_from}, {"validTo", by_valid_to}};

static const struct key_order *
find_order(struct call *c)
{
	const char *name = call_query(c, "orderBy");

	for (size_t i = 0; i < countof(orders); i++)
		if (name == NULL || strcasecmp(name, orders[i].name) == 0)
			return &orders[i];
	fail_add(&c->fail, "orderBy", "must be name, id, validFrom or validTo");
	return NULL;
}

static bool
is_descending(struct call *c)
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

struct page {
	const struct key_order *order;
	bool descending;
	size_t number; /* from 0 */
	size_t size;
};

static struct page
read_page(struct call *c)
{
	return (struct page){find_order(c), is_descending(c),
	    query_number(c, "page", 0, 0, PAGE_MAX),
	    query_number(c, "size", PAGE_SIZE_DEFAULT, 1, PAGE_SIZE_MAX)};
}

static enum err
check_list(struct call *c)
{
	(void)read_page(c);
	return c->fail.count > 0 ? ERR_INVALID : ops_key_list_check(c);
}

static void
sort_rows(struct key_row *rows, size_t count, const struct page *page)
{
	if (count > 0)
		qsort(rows, count, sizeof(*rows), page->order->compare);
	for (size_t i = 0; page->descending && i < count / 2; i++) {
		struct key_row swap = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = swap;
	}
}

static void
put_paging(struct json_out *out, const struct page *page, size_t count)
{
	json_out_object(out, "paging");
	json_out_int(out, "page", (int64_t)page->number);
	json_out_int(out, "pageSize", (int64_t)page->size);
	json_out_text(out, "orderBy", page->order->name);
	json_out_text(out, "orderDirection", page->descending ? "DESC" : "ASC");
	json_out_int(out, "totalCount", (int64_t)count);
	json_out_int(out, "totalPages", (int64_t)((count + page->size - 1) / page->size));
	json_out_end(out);
}

static enum err
answer_list(struct call *c)
{
	struct page page = read_page(c);
	struct json_out out = call_json(c);
	struct key_row *rows;
	size_t count;
	size_t first;

	if (((struct key_job *)c->job)->job.err != OK)
		return ((struct key_job *)c->job)->job.err;
	rows = ops_key_list_rows(c, call_query(c, "apiKeySecret"), &count);
	sort_rows(rows, count, &page);
	first = page.number * page.size < count ? page.number * page.size : count;
	json_out_object(&out, NULL);
	ops_key_put_list(
	    c, &out, rows + first, count - first < page.size ? count - first : page.size);
	put_paging(&out, &page, count);
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

static const struct operation key_list = {.name = "key_list",
    .check = check_list,
    .proceed = ops_key_list_proceed,
    .answer = answer_list};

static const struct route routes[] = {
    {"GET", "/api-keys", SCOPE_ACCOUNT, &key_list, NULL},
    {"POST", "/api-keys", SCOPE_ACCOUNT, &op_key_create, NULL},
    {"GET", "/api-keys/{}", SCOPE_ACCOUNT, &op_key_get, NULL},
    {"PUT", "/api-keys/{}", SCOPE_ACCOUNT, &op_key_update, NULL},
};

const struct dialect dialect_settings_v2 = {
    .name = "settings-v2",
    .prefix = "/settings/2",
    .version = 2,
    .routes = routes,
    .route_count = countof(routes),
    .put_error = put_error,
    .key_rows = key_rows,
    .put_key = put_key,
};
