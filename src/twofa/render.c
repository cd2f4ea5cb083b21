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

/* A rendering on its way. */
struct rendering {
	struct buf *out;
	size_t begin;       /* of the text in `out` */
	struct buf *pieces; /* NULL: nobody wants them */
	struct render_piece last;
	put_f *put;
};

/* The stretch that is open, unless it is empty, becomes a piece. */
static void
end_piece(struct rendering *r)
{
	if (r->last.len > 0)
		buf_add(r->pieces, &r->last, sizeof(r->last));
	r->last.len = 0;
}

/* Octets from `begin` on are of that origin. A PIN never joins what is before it. */
static void
note(struct rendering *r, size_t begin, enum render_origin origin)
{
	if (r->pieces == NULL)
		return;
	if (origin != r->last.origin || origin == RENDER_PIN || r->last.len == 0) {
		end_piece(r);
		r->last = (struct render_piece){
		    .at = (uint32_t)(begin - r->begin), .origin = origin};
	}
	r->last.len += (uint32_t)(r->out->len - begin);
}

/* One octet of the template, or one placeholder; how much of the template that was. */
static size_t
render_next(struct rendering *r, struct span s, const struct render_fill *fill)
{
	struct span place =
	    span_of(fill->pin.name == NULL ? RENDER_PLACEHOLDER : fill->pin.name);
	enum render_origin origin = RENDER_TEMPLATE;
	size_t begin = r->out->len;
	const char *value = NULL;
	size_t len = 0;

	if (begins_with(s, place)) {
		origin = RENDER_PIN;
		value = fill->pin.value;
		len = place.len;
	} else if (s.ptr[0] == '{') {
		len = find_value(s, fill->values, fill->count, &value);
		origin = len > 0 ? RENDER_VALUE : RENDER_TEMPLATE;
	}
	if (len > 0 && value != NULL)
		r->put(r->out, value);
	else
		buf_add(r->out, s.ptr, len == 0 ? 1 : len);
	note(r, begin, origin);
	return len == 0 ? 1 : len;
}

static void
render(struct rendering *r, struct span s, const struct render_fill *fill)
{
	r->begin = r->out->len;
	while (s.len > 0) {
		size_t len = render_next(r, s, fill);

		s = (struct span){s.ptr + len, s.len - len};
	}
	end_piece(r);
}

void
render_text(struct buf *out, struct span text, const struct render_fill *fill)
{
	render(&(struct rendering){.out = out, .put = buf_add_text}, text, fill);
}

void
render_text_in_pieces(
    struct buf *out, struct buf *pieces, struct span text, const struct render_fill *fill)
{
	render(&(struct rendering){.out = out, .pieces = pieces, .put = buf_add_text},
	    text, fill);
}

void
render_html(struct buf *out, struct span text, const struct render_fill *fill)
{
	render(&(struct rendering){.out = out, .put = put_escaped}, text, fill);
}
