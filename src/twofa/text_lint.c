/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/text_lint.h"

#include "base/utf8.h"
#include "twofa/pin.h"

enum { MESSAGE_LEN_MAX = 16384, NAMES_MAX = 200 };

static struct span
between(const char *from, const char *to)
{
	return (struct span){from, (size_t)(to - from)};
}

static const char *
find(struct span s, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; len > 0 && i + len <= s.len; i++)
		if (memcmp(s.ptr + i, what, len) == 0)
			return s.ptr + i;
	return NULL;
}

/* ---- placeholders ---- */

/* The next {{name}}, moving past it; empty at the end. */
static struct span
next_name(struct span *text)
{
	const char *begin;
	const char *end;

	while ((begin = find(*text, "{{")) != NULL) {
		*text = between(begin + 2, text->ptr + text->len);
		end = find(*text, "}}");
		if (end == NULL)
			break;
		/* of "{{{{name}}" the name is the inner one */
		if (find(between(text->ptr, end), "{{") != NULL || end == text->ptr)
			continue;
		begin = text->ptr;
		*text = between(end + 2, text->ptr + text->len);
		return between(begin, end);
	}
	return (struct span){NULL, 0};
}

struct fill {
	struct render_value values[NAMES_MAX];
	size_t count;
};

static bool
has(const struct fill *f, struct span name)
{
	for (size_t i = 0; i < f->count; i++)
		if (span_equal_text(name, f->values[i].name))
			return true;
	return false;
}

/* name is inside the braces of the text */
static bool
is_of_pin(const struct text_lint_ask *ask, struct span name)
{
	return span_equal_text(name, "pin") ||
	       (ask->placeholder != NULL &&
		   span_equal_text(
		       (struct span){name.ptr - 2, name.len + 4}, ask->placeholder));
}

/* Those given, and `other` for the rest that the text has. */
static void
fill_all(const struct text_lint_ask *ask, struct arena *a, struct fill *f,
    struct text_lint *out)
{
	struct span text = ask->message.text;
	struct span name;

	for (f->count = 0; f->count < ask->count && f->count < NAMES_MAX; f->count++)
		f->values[f->count] = ask->values[f->count];
	out->unknown = arena_alloc(a, NAMES_MAX * sizeof(*out->unknown));
	while (f->count < NAMES_MAX && (name = next_name(&text)).len > 0) {
		if (is_of_pin(ask, name) || has(f, name))
			continue;
		f->values[f->count].name = arena_text(a, name);
		f->values[f->count].value = ask->other;
		out->unknown[out->unknown_count++] = f->values[f->count++].name;
	}
}

/* ---- what forces UCS-2 ---- */

static void
add_forcing(struct text_lint *out, struct text_lint_forcing one)
{
	out->forcing_count++;
	if (out->forcing_kept < TEXT_LINT_FORCING_MAX)
		out->forcing[out->forcing_kept++] = one;
}

static void
find_forcing(enum sms_alphabet own, struct span text, const char *placeholder,
    struct text_lint *out)
{
	for (size_t at = 0; text.len > 0; at++) {
		size_t len = 0;
		uint32_t c = utf8_decode(text, &len);

		if (len == 0)
			return;
		if (sms_text_units(own, c) == 0)
			add_forcing(out, (struct text_lint_forcing){c, {text.ptr, len},
					     at, placeholder, sms_equal_of(c)});
		text = (struct span){text.ptr + len, text.len - len};
	}
}

static void
find_all_forcing(const struct text_lint_ask *ask, struct arena *a, struct text_lint *out)
{
	enum sms_alphabet own = ask->message.alphabet;

	out->forcing = arena_alloc(a, TEXT_LINT_FORCING_MAX * sizeof(*out->forcing));
	find_forcing(own, ask->message.text, NULL, out);
	for (size_t i = 0; i < ask->count; i++) {
		const char *place = arena_printf(a, "{{%s}}", ask->values[i].name);

		if (find(ask->message.text, place) != NULL)
			find_forcing(
			    own, span_of(ask->values[i].value), ask->values[i].name, out);
	}
}

/* ---- places ---- */

/* The place of some octets of the message in its parts. */
static struct text_lint_place
place_of(const struct sms_parts *parts, struct span before, struct span what)
{
	struct text_lint_place p = {.found = true, .at = utf8_count(before), .part = 1};
	size_t at;
	size_t len;

	if (sms_text_len(parts->alphabet, before, &at) != OK ||
	    sms_text_len(parts->alphabet, what, &len) != OK)
		return (struct text_lint_place){0};
	while (p.part < parts->count && at >= parts->parts[p.part - 1].len)
		at -= parts->parts[p.part++ - 1].len;
	p.whole = at + len <= parts->parts[p.part - 1].len;
	return p;
}

/* The place of the PIN: behind the beginning, as that is in the message. */
static struct text_lint_place
place_of_pin(const struct text_lint_ask *ask, const struct render_fill *fill,
    bool replaced, const struct sms_parts *parts)
{
	const char *name =
	    ask->placeholder == NULL ? RENDER_PLACEHOLDER : ask->placeholder;
	const char *at = find(ask->message.text, name);
	struct text_lint_place p = {0};
	struct buf before;

	if (at == NULL)
		return p;
	buf_init(&before, MESSAGE_LEN_MAX);
	render_text(&before, between(ask->message.text.ptr, at), fill);
	if (replaced)
		(void)sms_equal_replace(ask->message.alphabet, &before, 0);
	p = place_of(parts, buf_span(&before), span_of(fill->pin.value));
	buf_fini(&before);
	return p;
}

/* A message and its parts, which stand in the arena. */
struct written {
	struct buf octets;
	struct sms_composed made;
	struct sms_parts parts;
};

static enum err
write_message(struct written *w, const struct sms_compose *m,
    const struct render_fill *fill, struct arena *a)
{
	buf_init(&w->octets, MESSAGE_LEN_MAX);
	w->made = sms_compose_add(&w->octets, m, fill);
	return w->octets.failed
		   ? ERR_TOO_LARGE
		   : sms_text_split_in(m->alphabet, a, buf_span(&w->octets), &w->parts);
}

static enum err
cost_if_kept(const struct sms_compose *m, const struct render_fill *fill, struct arena *a,
    struct text_lint *out)
{
	struct sms_compose kept = *m;
	struct written w;
	enum err e;

	kept.gsm7 = GSM7_KEEP;
	e = write_message(&w, &kept, fill, a);
	if (e == OK) {
		out->kept_alphabet = w.parts.alphabet;
		out->kept_parts = w.parts.count;
	}
	buf_fini(&w.octets);
	return e;
}

static void
say_places(const struct text_lint_ask *ask, const struct render_fill *fill,
    const struct written *w, struct text_lint *out)
{
	struct span message = buf_span(&w->octets);
	struct span line = {NULL, w->made.autofill.line_len};

	out->alphabet = w->parts.alphabet;
	out->parts = w->parts.count;
	out->characters = utf8_count(message);
	for (unsigned i = 0; i < w->parts.count; i++)
		out->units += w->parts.parts[i].len;
	out->pin = place_of_pin(ask, fill, w->made.replaced, &w->parts);
	if (line.len == 0)
		return;
	message.len -= line.len;
	line.ptr = message.ptr + message.len;
	out->line = place_of(&w->parts, message, line);
}

static enum err
cost(const struct text_lint_ask *ask, const struct render_fill *fill, struct arena *a,
    struct text_lint *out)
{
	struct written w;
	enum err e = write_message(&w, &ask->message, fill, a);

	if (e == OK) {
		out->replaced = w.made.replaced;
		out->autofill = w.made.autofill;
		say_places(ask, fill, &w, out);
	}
	buf_fini(&w.octets);
	return e;
}

enum err
text_lint(const struct text_lint_ask *ask, struct arena *a, struct text_lint *out)
{
	char pin[PIN_LENGTH_MAX + 1] = "";
	struct render_fill fill;
	struct fill f;
	enum err e;

	*out = (struct text_lint){
	    .autofill_wanted = ask->message.autofill.domain != NULL ||
			       ask->message.autofill.android_hash != NULL};
	/* what is no text may be inside of a name, and is then not in the message */
	if (!utf8_valid(ask->message.text))
		return ERR_SYNTAX;
	memset(pin, '0',
	    ask->pin_length < PIN_LENGTH_MAX ? ask->pin_length : PIN_LENGTH_MAX);
	fill_all(ask, a, &f, out);
	fill = (struct render_fill){{ask->placeholder, pin}, f.values, f.count};
	find_all_forcing(ask, a, out);
	e = cost_if_kept(&ask->message, &fill, a, out);
	return e == OK ? cost(ask, &fill, a, out) : e;
}
