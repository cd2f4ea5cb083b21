/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any HTTP gateway, as the configuration describes it: the request by templates, the
 * answer by a JSON pointer, a text or a status, and receipts by where their id and
 * status stand.
 */
#include <stdio.h>

#include "carrier/carrier_http.h"
#include "net/http_sign.h"
#include "carrier/types.h"

/* Words of `results`. */
static const struct {
	const char *name;
	enum carrier_result result;
	bool throttled;
	bool elsewhere;
} words[] = {
    {"accepted", CARRIER_ACCEPTED, false, false},
    {"retry", CARRIER_RETRY, false, false},
    {"throttled", CARRIER_RETRY, true, false},
    {"refused", CARRIER_REFUSED, false, false},
    {"elsewhere", CARRIER_REFUSED, false, true},
    {"unknown", CARRIER_UNKNOWN, false, false},
};

/* What a body is, by `body_format`. */
static const struct {
	const char *name;
	enum http_sink sink;
	const char *type;
} formats[] = {
    {"json", HTTP_SINK_JSON, "application/json"},
    {"form", HTTP_SINK_URL, "application/x-www-form-urlencoded"},
    {"xml", HTTP_SINK_XML, "application/xml"},
    {"text", HTTP_SINK_PLAIN, "text/plain;charset=UTF-8"},
};

/* ---- the options ---- */

static size_t
find_word(const char *name)
{
	size_t i = 0;

	while (i < countof(words) && strcmp(words[i].name, name) != 0)
		i++;
	return i;
}

/* "202", "4xx". */
static bool
is_status_key(const char *key)
{
	return strlen(key) == 3 && key[0] >= '1' && key[0] <= '5' &&
	       (strcmp(key + 1, "xx") == 0 || strspn(key + 1, "0123456789") == 2);
}

static bool
is_result_key(const char *key)
{
	return key[0] == '=' || (key[0] == '^' && key[1] != '\0') || is_status_key(key);
}

static enum err
fault(struct http_maker *m, const char *field, const char *what, const char *value)
{
	m->field = field;
	snprintf(m->why, sizeof(m->why), "%.100s %s", value, what);
	return ERR_INVALID;
}

static enum err
check_results(struct http_maker *m)
{
	const struct carrier_http_config *c = &m->config->http;

	for (size_t i = 0; i < c->results.count; i++) {
		const struct text_pair *p = &c->results.pairs[i];

		if (!is_result_key(p->name))
			return fault(m, "results",
			    "must be =VALUE, ^TEXT, a status or a class such as 4xx",
			    p->name);
		if (find_word(p->value) == countof(words))
			return fault(m, "results",
			    "must be accepted, retry, throttled, refused, elsewhere or "
			    "unknown",
			    p->value);
		if (p->name[0] == '=' && c->result == NULL)
			return fault(m, "results", "needs the option `result`", p->name);
	}
	return OK;
}

/* "NAME" or "NAME ERROR" of the registry. */
static bool
read_words(const char *text, enum report_status *status, enum report_error *error)
{
	const char *space = strchr(text, ' ');
	struct span name = {text, space == NULL ? strlen(text) : (size_t)(space - text)};
	const struct report_status_row *row = report_status_named(name);
	const struct report_error_row *why =
	    space == NULL ? NULL : report_error_named(span_of(space + 1));

	if (row == NULL || (space != NULL && why == NULL))
		return false;
	*status = row->id;
	*error = why == NULL ? REPORT_ERROR_NO_ERROR : why->id;
	return true;
}

static bool
is_place(const char *place)
{
	return place == NULL || (place[0] == '?' && place[1] != '\0') ||
	       (place[0] == '/' && json_pointer_is_valid(place));
}

static enum err
check_receipts(struct http_maker *m)
{
	const struct carrier_http_config *c = &m->config->http;
	enum report_status status;
	enum report_error error;

	if (!is_place(c->receipt_id))
		return fault(m, "receipt_id", "must be ?PARAMETER or a JSON pointer",
		    c->receipt_id);
	if (!is_place(c->receipt_status))
		return fault(m, "receipt_status", "must be ?PARAMETER or a JSON pointer",
		    c->receipt_status);
	for (size_t i = 0; i < c->receipt_statuses.count; i++)
		if (!read_words(c->receipt_statuses.pairs[i].value, &status, &error))
			return fault(m, "receipt_statuses",
			    "names no status of the registry",
			    c->receipt_statuses.pairs[i].value);
	if ((c->receipt_id == NULL) != (c->receipt_status == NULL) ||
	    (c->receipt_id == NULL) != (c->receipt_secret == NULL))
		return fault(m, "receipt_id",
		    "receipts need receipt_id, receipt_status and receipt_secret_file",
		    "");
	return OK;
}

static enum err
check_pointers(struct http_maker *m)
{
	const struct carrier_http_config *c = &m->config->http;

	if (c->message_id != NULL && !json_pointer_is_valid(c->message_id))
		return fault(m, "message_id", "is no JSON pointer", c->message_id);
	if (c->result != NULL && !json_pointer_is_valid(c->result))
		return fault(m, "result", "is no JSON pointer", c->result);
	return OK;
}

/* ---- the request ---- */

static bool
has_header(const struct carrier_http_config *c, const char *name)
{
	for (size_t i = 0; i < c->headers.count; i++)
		if (strcasecmp(c->headers.pairs[i].name, name) == 0)
			return true;
	return false;
}

static size_t
format_of(const struct carrier_http_config *c)
{
	size_t i = 0;

	while (c->body_format != NULL && i + 1 < countof(formats) &&
	       strcmp(formats[i].name, c->body_format) != 0)
		i++;
	return i;
}

static enum err
make_headers(struct http_maker *m)
{
	const struct carrier_http_config *c = &m->config->http;
	struct http_recipe *r = &m->recipe;
	size_t n = 0;

	if (c->headers.count + 3 > HTTP_CALL_HEADERS_MAX)
		return fault(m, "headers", "more than 29", "");
	if (c->body != NULL && !has_header(c, "Content-Type"))
		r->headers[n++] = arena_printf(
		    m->arena, "Content-Type: %s", formats[format_of(c)].type);
	if (c->auth != NULL && strcmp(c->auth, "basic") == 0) {
		if (c->user == NULL || c->secret == NULL)
			return fault(
			    m, "auth", "needs username and password_file", "basic");
		r->headers[n++] = arena_printf(m->arena, "Authorization: %s",
		    http_basic(m->arena, c->user, c->secret));
	}
	for (size_t i = 0; i < c->headers.count; i++) {
		const struct text_pair *p = &c->headers.pairs[i];
		const char *wrong = http_client_header_fault(p->name, p->value);

		if (wrong != NULL)
			return fault(m, "headers", wrong, p->name);
		r->headers[n++] = arena_printf(m->arena, "%s: %s", p->name, p->value);
	}
	return OK;
}

static enum err
make(struct http_maker *m)
{
	const struct carrier_http_config *c = &m->config->http;
	struct http_recipe *r = &m->recipe;
	enum err e = check_pointers(m);

	if (c->url == NULL)
		return fault(m, "url", "is needed", "");
	r->method = c->method == NULL ? "POST" : c->method;
	r->url = c->url;
	r->body = c->body;
	r->sink = formats[format_of(c)].sink;
	if (e == OK)
		e = check_results(m);
	if (e == OK)
		e = check_receipts(m);
	return e == OK ? make_headers(m) : e;
}

/* ---- the answer ---- */

static bool
matches(const char *key, const struct http_answer *a, const char *value)
{
	int class = key[0] - '0';

	if (key[0] == '=')
		return value != NULL && strcmp(key + 1, value) == 0;
	if (key[0] == '^')
		return a->text.len >= strlen(key + 1) &&
		       memcmp(a->text.ptr, key + 1, strlen(key + 1)) == 0;
	if (key[1] == 'x')
		return a->status / 100 == class;
	return a->status == class * 100 + (key[1] - '0') * 10 + (key[2] - '0');
}

/* Does the table say by value or text what is accepted? */
static bool
says_accepted(const struct text_map *results)
{
	for (size_t i = 0; i < results->count; i++)
		if ((results->pairs[i].name[0] == '=' ||
			results->pairs[i].name[0] == '^') &&
		    strcmp(results->pairs[i].value, "accepted") == 0)
			return true;
	return false;
}

/* The first row that fits. An answer 2xx that none names was taken, unless the table
 * says by its content which ones are: then it is not known. */
static void
judge(const struct carrier_config *config, const struct http_answer *a,
    struct http_verdict *v)
{
	const struct carrier_http_config *c = &config->http;
	char text[64];
	bool has_value =
	    c->result != NULL && a->doc != NULL &&
	    json_scalar_text(json_pointer_find(a->doc, c->result), text, sizeof(text));
	size_t i = 0;
	size_t word;

	http_judge_status(a->status, v);
	while (i < c->results.count &&
	       !matches(c->results.pairs[i].name, a, has_value ? text : NULL))
		i++;
	if (i < c->results.count) {
		word = find_word(c->results.pairs[i].value);
		v->result = words[word].result;
		v->throttled = words[word].throttled;
		v->elsewhere = words[word].elsewhere;
		snprintf(v->reason, sizeof(v->reason), "HTTP %d, %.60s", a->status,
		    c->results.pairs[i].name);
	} else if (v->result == CARRIER_ACCEPTED && says_accepted(&c->results)) {
		v->result = CARRIER_UNKNOWN;
		snprintf(v->reason, sizeof(v->reason),
		    "HTTP %d, and nothing that `results` names", a->status);
	}
	if (v->result == CARRIER_ACCEPTED && c->message_id != NULL)
		http_id_at(a->doc, c->message_id, v);
}

/* ---- receipts ---- */

/* What stands at a place: of the query, of a form, or of a document. */
static const char *
value_at(struct http_receipts *r, const struct carrier_request *request,
    const json_t *doc, const char *place)
{
	char text[HTTP_MESSAGE_ID_MAX];
	const char *value;

	if (place[0] == '?') {
		value = http_param(&r->arena, request->query, place + 1);
		return value != NULL ? value
				     : http_param(&r->arena, request->body, place + 1);
	}
	if (doc == NULL ||
	    !json_scalar_text(json_pointer_find(doc, place), text, sizeof(text)))
		return NULL;
	return arena_text(&r->arena, span_of(text));
}

static enum err
read_receipt(struct http_receipts *r, const struct carrier_request *request)
{
	const struct carrier_http_config *c = &r->config->http;
	struct carrier_receipt one = {0};
	struct fail fail;
	json_t *doc = NULL;
	const char *status;

	fail_init(&fail, &r->arena);
	if (json_parse(request->body, &fail, &doc) != OK)
		doc = NULL;
	one.message_id = value_at(r, request, doc, c->receipt_id);
	status = value_at(r, request, doc, c->receipt_status);
	json_decref(doc);
	if (status == NULL)
		return ERR_SYNTAX;
	for (size_t i = 0; i < c->receipt_statuses.count; i++)
		if (strcmp(c->receipt_statuses.pairs[i].name, status) == 0 &&
		    read_words(
			c->receipt_statuses.pairs[i].value, &one.status, &one.error))
			return http_receipt_add(r, &one);
	/* one that nobody asked about is nothing to keep */
	return one.message_id == NULL ? ERR_SYNTAX : OK;
}

static const struct http_vendor vendor = {
    .make = make, .judge = judge, .trusts = http_trusts_secret, .read = read_receipt};

HTTP_CARRIER(generic)
