/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any HTTP gateway, as the configuration describes it: the request by templates, the
 * answer by a JSON pointer, a text or a status, and receipts by where their id and
 * status stand.
 */
#include <stdio.h>

#include "base/json_lenient.h"
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

/* The format of a body, by `body_format`. */
static const struct {
	const char *name;
	enum http_template_sink sink;
	const char *type;
} formats[] = {
    {"json", HTTP_TEMPLATE_SINK_JSON, "application/json"},
    {"form", HTTP_TEMPLATE_SINK_URL, "application/x-www-form-urlencoded"},
    {"xml", HTTP_TEMPLATE_SINK_XML, "application/xml"},
    {"text", HTTP_TEMPLATE_SINK_PLAIN, "text/plain;charset=UTF-8"},
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
fault(
    struct carrier_http_maker *m, const char *field, const char *what, const char *value)
{
	m->field = field;
	snprintf(m->why, sizeof(m->why), "%.100s %s", value, what);
	return ERR_INVALID;
}

static enum err
check_results(struct carrier_http_maker *m)
{
	const struct carrier_generic_options *c = m->config->options;

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

/* Far enough that it can stand in a header (RFC 9110 8.3.1). */
static bool
is_media_type(const char *text)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] <= '~')
		len++;
	return text[len] == '\0' && strchr(text, '/') != NULL;
}

static enum err
check_receipts(struct carrier_http_maker *m)
{
	const struct carrier_generic_options *c = m->config->options;
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
	if (c->receipt_answer != NULL && c->receipt_id == NULL)
		return fault(m, "receipt_answer", "needs the option `receipt_id`", "");
	if (c->receipt_answer_type != NULL && !is_media_type(c->receipt_answer_type))
		return fault(m, "receipt_answer_type",
		    "is no media type such as text/plain", c->receipt_answer_type);
	if ((c->receipt_id == NULL) != (c->receipt_status == NULL) ||
	    (c->receipt_id == NULL) != (c->http.receipt_secret == NULL))
		return fault(m, "receipt_id",
		    "receipts need receipt_id, receipt_status and receipt_secret_file",
		    "");
	return OK;
}

static enum err
check_pointers(struct carrier_http_maker *m)
{
	const struct carrier_generic_options *c = m->config->options;

	if (c->message_id != NULL && !carrier_http_is_id_pattern(c->message_id) &&
	    !json_pointer_is_valid(c->message_id))
		return fault(m, "message_id",
		    "must be a JSON pointer, or a text with {{id}} in it", c->message_id);
	if (c->result != NULL && !json_pointer_is_valid(c->result))
		return fault(m, "result", "is no JSON pointer", c->result);
	return OK;
}

/* ---- the request ---- */

static bool
has_header(const struct carrier_generic_options *c, const char *name)
{
	for (size_t i = 0; i < c->headers.count; i++)
		if (strcasecmp(c->headers.pairs[i].name, name) == 0)
			return true;
	return false;
}

static size_t
format_of(const struct carrier_generic_options *c)
{
	size_t i = 0;

	while (i + 1 < countof(formats) && strcmp(formats[i].name, c->body_format) != 0)
		i++;
	return i;
}

static enum err
make_headers(struct carrier_http_maker *m)
{
	const struct carrier_generic_options *c = m->config->options;
	struct carrier_http_recipe *r = &m->recipe;
	size_t n = 0;

	if (c->headers.count + 3 > HTTP_CLIENT_HEADERS_MAX)
		return fault(m, "headers", "more than 29", "");
	if (c->body != NULL && !has_header(c, "Content-Type"))
		r->headers[n++] = arena_printf(
		    m->arena, "Content-Type: %s", formats[format_of(c)].type);
	if (strcmp(c->auth, "basic") == 0) {
		if (c->http.user == NULL || c->http.secret == NULL)
			return fault(
			    m, "auth", "needs username and password_file", "basic");
		r->headers[n++] = arena_printf(m->arena, "Authorization: %s",
		    http_sign_basic(m->arena, c->http.user, c->http.secret));
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
make(struct carrier_http_maker *m)
{
	const struct carrier_generic_options *c = m->config->options;
	struct carrier_http_recipe *r = &m->recipe;
	enum err e = check_pointers(m);

	if (c->http.url == NULL)
		return fault(m, "url", "is needed", "");
	r->method = c->method;
	r->url = c->http.url;
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
matches(const char *key, const struct carrier_http_answer *a, const char *value)
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

/* A message that was not taken has no id that a receipt could name. */
static void
take_id(const struct carrier_generic_options *c, const struct carrier_http_answer *a,
    struct carrier_http_verdict *v)
{
	if (c->message_id == NULL ||
	    (v->result != CARRIER_ACCEPTED && v->result != CARRIER_UNKNOWN))
		return;
	if (carrier_http_is_id_pattern(c->message_id))
		carrier_http_id_in_text(a->text, c->message_id, v);
	else
		carrier_http_id_at(a->doc, c->message_id, v);
}

/* The first row that fits. An answer 2xx that none names was taken, unless the table
 * says by its content which ones are: then it is not known. */
static void
classify_answer(const struct carrier_config *config, const struct carrier_http_answer *a,
    struct carrier_http_verdict *v)
{
	const struct carrier_generic_options *c = config->options;
	char text[64];
	bool has_value = c->result != NULL && a->doc != NULL &&
			 json_pointer_scalar_text(
			     json_pointer_find(a->doc, c->result), text, sizeof(text));
	size_t i = 0;
	size_t word;

	carrier_http_classify_status(a->status, v);
	while (i < c->results.count &&
	       !matches(c->results.pairs[i].name, a, has_value ? text : NULL))
		i++;
	if (i < c->results.count) {
		word = find_word(c->results.pairs[i].value);
		v->result = words[word].result;
		v->throttled = words[word].throttled;
		v->elsewhere = words[word].elsewhere;
		v->final = v->result == CARRIER_UNKNOWN;
		snprintf(v->reason, sizeof(v->reason), "HTTP %d, %.60s", a->status,
		    c->results.pairs[i].name);
	} else if (v->result == CARRIER_ACCEPTED && says_accepted(&c->results)) {
		v->result = CARRIER_UNKNOWN;
		snprintf(v->reason, sizeof(v->reason),
		    "HTTP %d, and nothing that `results` names", a->status);
	}
	take_id(c, a, v);
}

/* ---- receipts ---- */

/* Where a receipt's id and status are, each in its part of the document. */
struct spots {
	const char *id;
	const char *status;
	const json_t *id_doc;
	const json_t *status_doc;
};

static const char *
text_at(struct carrier_receipts *r, const json_t *doc, const char *pointer)
{
	char text[CARRIER_HTTP_MESSAGE_ID_MAX];

	if (doc == NULL || !json_pointer_scalar_text(
			       json_pointer_find(doc, pointer), text, sizeof(text)))
		return NULL;
	return arena_text(r->arena, span_of(text));
}

static enum err
take_receipt(struct carrier_receipts *r, const char *id, const char *status)
{
	const struct carrier_generic_options *c = r->config->options;
	struct carrier_receipt one = {.message_id = id};

	if (status == NULL)
		return ERR_SYNTAX;
	for (size_t i = 0; i < c->receipt_statuses.count; i++)
		if (strcmp(c->receipt_statuses.pairs[i].name, status) == 0 &&
		    read_words(
			c->receipt_statuses.pairs[i].value, &one.status, &one.error))
			return carrier_http_receipt_add(r, &one);
	/* one that nobody asked about is nothing to keep */
	return id == NULL ? ERR_SYNTAX : OK;
}

/* ---- receipts in a query or a form ---- */

/* The values of a place, of the query before the body; 0: more than there may be. */
static size_t
values_at(struct carrier_receipts *r, const struct carrier_request *request,
    const json_t *doc, const char *place, const char **out)
{
	struct arena *a = r->arena;
	size_t count;

	if (place[0] != '?') {
		out[0] = text_at(r, doc, place);
		return 1;
	}
	count = carrier_http_param_values(
	    a, request->query, place + 1, out, CARRIER_RECEIPTS_MAX);
	if (count == 0)
		count = carrier_http_param_values(
		    a, request->body, place + 1, out, CARRIER_RECEIPTS_MAX);
	return count > CARRIER_RECEIPTS_MAX ? 0 : count;
}

/* A parameter that comes again is of the next message; a status that does not is of all.
 */
static enum err
read_params(
    struct carrier_receipts *r, const struct carrier_request *request, const json_t *doc)
{
	const struct carrier_generic_options *c = r->config->options;
	const size_t room = CARRIER_RECEIPTS_MAX * sizeof(const char *);
	const char **ids = arena_alloc(r->arena, room);
	const char **statuses = arena_alloc(r->arena, room);
	size_t count = values_at(r, request, doc, c->receipt_id, ids);
	size_t others = values_at(r, request, doc, c->receipt_status, statuses);
	enum err e = count > 0 && (others == count || others == 1) ? OK : ERR_SYNTAX;

	for (size_t i = 0; e == OK && i < count; i++)
		e = take_receipt(r, ids[i], statuses[others == 1 ? 0 : i]);
	return e;
}

/* ---- receipts in a document ---- */

static size_t
segment_len(const char *at)
{
	return 1 + strcspn(at + 1, "/");
}

/* The segment that stands for each element of a list: * or 0, where the document has
 * one; NULL: there is none. */
static const char *
find_each(struct arena *a, const json_t *doc, const char *pointer, const json_t **out)
{
	for (const char *at = pointer; *at != '\0'; at += segment_len(at)) {
		struct span up = {pointer, (size_t)(at - pointer)};

		if (segment_len(at) != 2 || (at[1] != '*' && at[1] != '0'))
			continue;
		*out = json_pointer_find(doc, arena_text(a, up));
		if (json_is_array(*out))
			return at;
	}
	return NULL;
}

/* All that a document reports; lists in lists are walked as the pointer of the id says,
 * and that of the status as far as it goes the same way. */
static enum err
read_document(struct carrier_receipts *r, struct spots s)
{
	const json_t *list = NULL;
	const char *each = find_each(r->arena, s.id_doc, s.id, &list);
	size_t head = each == NULL ? 0 : (size_t)(each - s.id) + 2;
	bool shared = s.id_doc == s.status_doc && strncmp(s.id, s.status, head) == 0;
	enum err e = OK;

	if (each == NULL)
		return take_receipt(
		    r, text_at(r, s.id_doc, s.id), text_at(r, s.status_doc, s.status));
	for (size_t i = 0; e == OK && i < json_array_size(list); i++) {
		struct spots next = s;

		next.id += head;
		next.id_doc = json_array_get(list, i);
		next.status += shared ? head : 0;
		next.status_doc = shared ? next.id_doc : s.status_doc;
		e = read_document(r, next);
	}
	return e;
}

/* Several in a list where the pointers are of one. */
static enum err
read_documents(struct carrier_receipts *r, const json_t *doc)
{
	const struct carrier_generic_options *c = r->config->options;
	struct spots s = {.id = c->receipt_id,
	    .status = c->receipt_status,
	    .id_doc = doc,
	    .status_doc = doc};
	bool of_one = s.id[1] != '*' && (s.id[1] < '0' || s.id[1] > '9');
	enum err e = OK;

	if (!json_is_array(doc) || !of_one)
		return read_document(r, s);
	for (size_t i = 0; e == OK && i < json_array_size(doc); i++) {
		s.id_doc = s.status_doc = json_array_get(doc, i);
		e = read_document(r, s);
	}
	return e;
}

static enum err
read_receipts(struct carrier_receipts *r, const struct carrier_request *request)
{
	const struct carrier_generic_options *c = r->config->options;
	json_t *doc;
	enum err e;

	if (json_lenient_parse(request->body, &doc) != OK)
		doc = NULL;
	if (c->receipt_id[0] == '?' || c->receipt_status[0] == '?')
		e = read_params(r, request, doc);
	else
		e = read_documents(r, doc);
	json_decref(doc);
	return e;
}

/* ---- the row ---- */

static bool
names_sender(const char *template)
{
	return template != NULL && (strstr(template, "from}}") != NULL ||
				       strstr(template, "fromAddress}}") != NULL);
}

static bool
needs_sender(const struct carrier_config *config)
{
	const struct carrier_generic_options *c = config->options;

	return names_sender(c->http.url) || names_sender(c->body);
}

static const char *
receipt_answer(const struct carrier_config *config, const char **type_out)
{
	const struct carrier_generic_options *c = config->options;

	*type_out = c->receipt_answer_type;
	return c->receipt_answer;
}

static const struct carrier_http_vendor vendor = {
    .ways = {[CHANNEL_SMS] = {.make = make, .classify = classify_answer},
	[CHANNEL_VOICE] = {.make = make, .classify = classify_answer},
	[CHANNEL_EMAIL] = {.make = make, .classify = classify_answer}},
    .needs_sender = needs_sender,
    .receipt_answer = receipt_answer,
    .trusts = carrier_http_trusts_secret,
    .read = read_receipts};

CARRIER_HTTP(generic, CHANNELS_ALL)
