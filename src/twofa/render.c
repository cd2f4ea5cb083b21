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

typedef void put_f(struct buf *out, const char *value);

/* HTML 13.1.2.3: what would begin a tag, a character reference or end an attribute. */
static void
put_escaped(struct buf *out, const char *value)
{
	static const struct {
		char c;
		const char *escaped;
	} all[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"},
	    {'\'', "&#39;"}};

	for (; *value != '\0'; value++) {
		size_t i = 0;

		while (i < countof(all) && all[i].c != *value)
			i++;
		if (i < countof(all))
			buf_add_text(out, all[i].escaped);
		else
			buf_add_char(out, *value);
	}
}

static void
render(struct buf *out, struct span s, const struct render_fill *fill, put_f *put)
{
	struct span place =
	    span_of(fill->pin.name == NULL ? RENDER_PLACEHOLDER : fill->pin.name);

	while (s.len > 0) {
		const char *value = NULL;
		size_t len = 0;

		if (begins_with(s, place)) {
			value = fill->pin.value;
			len = place.len;
		} else if (s.ptr[0] == '{') {
			len = find_value(s, fill->values, fill->count, &value);
		}
		if (len > 0 && value != NULL)
			put(out, value);
		else
			buf_add(out, s.ptr, len == 0 ? 1 : len);
		len = len == 0 ? 1 : len;
		s = (struct span){s.ptr + len, s.len - len};
	}
}

void
render_text(struct buf *out, struct span text, const struct render_fill *fill)
{
	render(out, text, fill, buf_add_text);
}

void
render_html(struct buf *out, struct span text, const struct render_fill *fill)
{
	render(out, text, fill, put_escaped);
}
