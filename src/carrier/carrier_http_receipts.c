/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts that come as requests: from their parameters to a list, for every vendor. A
 * function of what it is given alone, as any thread may ask. When a request is answered
 * is delivery's to say (delivery/receipts_http.h).
 */
#include "carrier/carrier_http.h"

enum { PARAMS_MAX = 256 };

/* ---- parameters ---- */

/* application/x-www-form-urlencoded. */
static const char *
decode(struct arena *a, const char *ptr, size_t len)
{
	return arena_percent_decoded(a, (struct span){ptr, len}, true).ptr;
}

/* The next "name=value" of a form; moves past it. */
static struct text_pair
next_pair(struct arena *a, struct span *form)
{
	const char *stop = memchr(form->ptr, '&', form->len);
	size_t len = stop == NULL ? form->len : (size_t)(stop - form->ptr);
	const char *equals = memchr(form->ptr, '=', len);
	size_t name = equals == NULL ? len : (size_t)(equals - form->ptr);
	size_t value = equals == NULL ? len : name + 1;
	struct text_pair pair = {
	    decode(a, form->ptr, name), decode(a, form->ptr + value, len - value)};

	len += stop == NULL ? 0 : 1;
	form->ptr += len;
	form->len -= len;
	return pair;
}

static const char *
param(struct arena *a, struct span form, const char *name)
{
	const char *value = NULL;

	return carrier_http_param_values(a, form, name, &value, 1) == 0 ? NULL : value;
}

size_t
carrier_http_param_values(struct arena *a, struct span form, const char *name,
    const char **values_out, size_t max)
{
	size_t count = 0;

	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);

		if (strcmp(pair.name, name) != 0)
			continue;
		if (count < max)
			values_out[count] = pair.value;
		count++;
	}
	return count;
}

static struct span
form_of(const struct carrier_request *request)
{
	return request->body.len > 0 ? request->body : request->query;
}

const char *
carrier_http_request_param(
    struct arena *a, const struct carrier_request *request, const char *name)
{
	return param(a, form_of(request), name);
}

bool
carrier_http_request_repeats(
    struct arena *a, const struct carrier_request *request, const char *name)
{
	struct span form = form_of(request);
	const char *first = NULL;

	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);

		if (strcmp(pair.name, name) != 0)
			continue;
		if (first != NULL && strcmp(first, pair.value) != 0)
			return true;
		first = pair.value;
	}
	return false;
}

static int
compare(const struct text_pair *a, const struct text_pair *b)
{
	int names = strcmp(a->name, b->name);

	return names != 0 ? names : strcmp(a->value, b->value);
}

bool
carrier_http_params_sorted(struct arena *a, struct span form, struct text_map *out)
{
	struct text_map map = {0};
	size_t room = 1;

	for (size_t i = 0; i < form.len; i++)
		room += form.ptr[i] == '&';
	if (room > PARAMS_MAX)
		return false;
	map.pairs = arena_alloc(a, room * sizeof(*map.pairs));
	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);
		size_t at = map.count++;

		for (; at > 0 && compare(&map.pairs[at - 1], &pair) > 0; at--)
			map.pairs[at] = map.pairs[at - 1];
		map.pairs[at] = pair;
	}
	*out = map;
	return true;
}

/* ---- for vendors ---- */

enum err
carrier_http_receipt_add(struct carrier_receipts *r, const struct carrier_receipt *one)
{
	if (r->count == CARRIER_RECEIPTS_MAX || one->message_id == NULL ||
	    one->message_id[0] == '\0' ||
	    strlen(one->message_id) >= CARRIER_HTTP_MESSAGE_ID_MAX)
		return ERR_SYNTAX;
	r->items[r->count++] = *one;
	return OK;
}

bool
carrier_http_trusts_secret(
    struct carrier_receipts *r, const struct carrier_request *request)
{
	const struct carrier_http_options *o = r->config->options;

	return carrier_knows_secret(o->receipt_secret, request);
}

/* ---- a request ---- */

enum err
carrier_http_read_receipts(const struct carrier_http_vendor *vendor,
    const struct carrier_request *request, struct carrier_receipts *out)
{
	if (!vendor->trusts(out, request))
		return ERR_FORBIDDEN;
	out->items = arena_alloc(out->arena, CARRIER_RECEIPTS_MAX * sizeof(*out->items));
	return vendor->read(out, request);
}
