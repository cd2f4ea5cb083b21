/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/render.h"

static bool
begins_with(struct span s, struct span prefix)
{
	return prefix.len > 0 && s.len >= prefix.len &&
	       memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

/* The length of a {{name}} at the front that has a value, else 0. */
static size_t
find_value(
    struct span s, const struct render_value *values, size_t count, const char **out)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(values[i].name);

		if (s.len < len + 4 || memcmp(s.ptr, "{{", 2) != 0 ||
		    memcmp(s.ptr + 2, values[i].name, len) != 0 ||
		    memcmp(s.ptr + 2 + len, "}}", 2) != 0)
			continue;
		*out = values[i].value;
		return len + 4;
	}
	return 0;
}

void
render_text(struct buf *out, const char *text, const struct render_value *pin,
    const struct render_value *values, size_t count)
{
	struct span place = span_of(pin->name == NULL ? RENDER_PLACEHOLDER : pin->name);
	struct span s = span_of(text);

	while (s.len > 0) {
		const char *value = NULL;
		size_t len = 0;

		if (begins_with(s, place)) {
			value = pin->value;
			len = place.len;
		} else if (s.ptr[0] == '{') {
			len = find_value(s, values, count, &value);
		}
		if (len > 0 && value != NULL)
			buf_add_text(out, value);
		else
			buf_add(out, s.ptr, len == 0 ? 1 : len);
		len = len == 0 ? 1 : len;
		s = (struct span){s.ptr + len, s.len - len};
	}
}
