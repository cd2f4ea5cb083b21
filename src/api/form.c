/* SPDX-License-Identifier: Apache-2.0 */
#include "api/form.h"

#include "base/utf8.h"

enum { FORM_MEMBERS_MAX = 256 };

static bool
is_text(struct span s)
{
	return utf8_valid(s) && (s.len == 0 || memchr(s.ptr, '\0', s.len) == NULL);
}

static enum err
add_pair(struct arena *a, struct fail *f, struct span pair, json_t *object)
{
	const char *equals = memchr(pair.ptr, '=', pair.len);
	size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.ptr);
	size_t after = equals == NULL ? name_len : name_len + 1;
	struct span name =
	    arena_percent_decoded(a, (struct span){pair.ptr, name_len}, true);
	struct span value = arena_percent_decoded(
	    a, (struct span){pair.ptr + after, pair.len - after}, true);
	const char *key;

	if (!is_text(name) || !is_text(value)) {
		fail_add(f, "", "the form is not valid UTF-8");
		return ERR_SYNTAX;
	}
	key = arena_text(a, name);
	if (json_object_get(object, key) != NULL ||
	    json_object_size(object) == FORM_MEMBERS_MAX) {
		fail_add(f, key, "is given twice, or there are too many");
		return ERR_SYNTAX;
	}
	RESOURCE(
	    json_object_set_new(object, key, json_stringn(value.ptr, value.len)) == 0);
	return OK;
}

enum err
form_parse(struct arena *a, struct fail *f, struct span body, json_t **out)
{
	json_t *object = json_object();
	enum err e = OK;

	while (body.len > 0 && e == OK) {
		const char *stop = memchr(body.ptr, '&', body.len);
		struct span pair = {
		    body.ptr, stop == NULL ? body.len : (size_t)(stop - body.ptr)};
		size_t used = pair.len + (stop == NULL ? 0 : 1);

		if (pair.len > 0)
			e = add_pair(a, f, pair, object);
		body.ptr += used;
		body.len -= used;
	}
	if (e == OK)
		*out = object;
	else
		json_decref(object);
	return e;
}

const char *
form_value(struct arena *a, struct span form, const char *name)
{
	const char *at = form.ptr;
	const char *end = at == NULL ? NULL : at + form.len;

	while (at != NULL && at < end) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		const char *equals;
		struct span key;

		if (stop == NULL)
			stop = end;
		equals = memchr(at, '=', (size_t)(stop - at));
		key = (struct span){at, (size_t)((equals == NULL ? stop : equals) - at)};
		if (span_equal_text(arena_percent_decoded(a, key, true), name)) {
			const char *from = equals == NULL ? stop : equals + 1;
			struct span value = {from, (size_t)(stop - from)};

			return arena_text(a, arena_percent_decoded(a, value, true));
		}
		at = stop + 1;
	}
	return NULL;
}
