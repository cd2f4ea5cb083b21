/* SPDX-License-Identifier: Apache-2.0 */
#include "json_pointer.h"

#include <stdio.h>

enum { INDEX_DIGITS_MAX = 9 };

bool
json_pointer_is_valid(const char *pointer)
{
	if (pointer[0] != '\0' && pointer[0] != '/')
		return false;
	for (const char *at = strchr(pointer, '~'); at != NULL; at = strchr(at + 1, '~'))
		if (at[1] != '0' && at[1] != '1')
			return false;
	return true;
}

/* Whether a segment, with its escapes, is that name. */
static bool
is_name(struct span segment, const char *name)
{
	size_t i = 0;

	for (; i < segment.len; i++, name++) {
		char c = segment.ptr[i];

		if (c == '~')
			c = segment.ptr[++i] == '0' ? '~' : '/';
		if (*name != c)
			return false;
	}
	return *name == '\0';
}

static const json_t *
find_member(const json_t *object, struct span segment)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name,
	    value) if (is_name(segment, name)) return value;
	return NULL;
}

/* Digits without a leading zero. */
static const json_t *
find_element(const json_t *array, struct span segment)
{
	size_t index = 0;

	if (segment.len == 0 || segment.len > INDEX_DIGITS_MAX ||
	    (segment.ptr[0] == '0' && segment.len > 1))
		return NULL;
	for (size_t i = 0; i < segment.len; i++) {
		if (segment.ptr[i] < '0' || segment.ptr[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(segment.ptr[i] - '0');
	}
	return json_array_get(array, index);
}

const json_t *
json_pointer_find(const json_t *doc, const char *pointer)
{
	if (!json_pointer_is_valid(pointer))
		return NULL;
	while (*pointer != '\0' && doc != NULL) {
		struct span segment = {pointer + 1, strcspn(pointer + 1, "/")};

		doc = json_is_array(doc) ? find_element(doc, segment)
					 : find_member(doc, segment);
		pointer += 1 + segment.len;
	}
	return doc;
}

bool
json_pointer_scalar_text(const json_t *value, char *out, size_t out_len)
{
	int len = -1;

	if (json_is_string(value) &&
	    strlen(json_string_value(value)) == json_string_length(value))
		len = snprintf(out, out_len, "%s", json_string_value(value));
	else if (json_is_integer(value))
		len = snprintf(
		    out, out_len, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		len =
		    snprintf(out, out_len, "%s", json_is_true(value) ? "true" : "false");
	return len >= 0 && (size_t)len < out_len;
}
