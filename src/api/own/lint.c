/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/lint.h"

#include "api/body.h"
#include "api/ops/lint.h"
#include "api/ops/placeholders.h"
#include "api/own/message.h"
#include "base/json_scalar.h"

#include <stdio.h>

enum { ID_MAX = 64, CODE_POINT_LEN = 16 };

/* ---- the request ---- */

struct members {
	const char *id;
	json_t *placeholders;
};

#define AT(member) offsetof(struct members, member)
static const struct json_row rows[] = {
    {"messageId", JSON_ROW_TEXT, false, AT(id), 1, ID_MAX, NULL},
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {0},
};
#undef AT

#define AT(member) offsetof(struct template_change, member)
static const struct json_row text_rows[] = {
    {"messageText", JSON_ROW_TEXT, false, AT(text), 1, TEMPLATE_TEXT_MAX, NULL},
    {"pinLength", JSON_ROW_INT, false, AT(pin_length), 0, 0, NULL},
    {"pinPlaceholder", JSON_ROW_TEXT, false, AT(placeholder), 1, TEMPLATE_PLACEHOLDER_MAX,
	NULL},
    {"language", JSON_ROW_TEXT, false, AT(language), 1, 20, NULL},
    {0},
};
#undef AT

/* A value, or how many characters it may have. */
static const char *
read_value(struct call *c, const char *name, const json_t *value)
{
	const char *field = arena_printf(&c->arena, "placeholders.%.100s", name);
	json_int_t count = json_integer_value(value);

	if (json_is_string(value) && json_string_length(value) <= PLACEHOLDER_LEN_MAX)
		return json_string_value(value);
	if (json_is_integer(value) && count >= 0 && count <= PLACEHOLDER_LEN_MAX)
		return placeholders_of_length(&c->arena, (size_t)count);
	fail_add(&c->fail, field,
	    "must be the longest value, or its length between 0 and %d",
	    PLACEHOLDER_LEN_MAX);
	return "";
}

static void
read_values(struct call *c, json_t *map, struct lint_ask *ask)
{
	struct render_value *values;
	const char *name;
	json_t *value;

	if (map == NULL || json_scalar_is_empty_array(map))
		return;
	if (!json_is_object(map) || json_object_size(map) > PLACEHOLDERS_MAX) {
		fail_add(&c->fail, "placeholders",
		    "must be an object of at most %d texts or lengths", PLACEHOLDERS_MAX);
		return;
	}
	values = arena_alloc(&c->arena, (json_object_size(map) + 1) * sizeof(*values));
	ask->values = values;
	json_object_foreach(map, name, value)
	{
		values[ask->count++] =
		    (struct render_value){name, read_value(c, name, value)};
	}
}

/* One body into three structs. */
static enum err
read_lint(struct call *c)
{
	struct lint_ask *ask = c->ask;
	struct members m = {0};
	enum err e = body_read(c, rows, &m);

	if (!json_is_object(c->document))
		return e;
	(void)!json_read(c->document, text_rows, &c->fail, &ask->change);
	(void)!json_read(c->document, message_extras_rows, &c->fail, &ask->extras);
	ask->stored = m.id != NULL;
	ask->id = ident_parse_or_none(span_of(m.id));
	read_values(c, m.placeholders, ask);
	return c->fail.count > 0 ? ERR_INVALID : OK;
}

/* ---- the answer ---- */

static void
put_cost(
    struct json_out *out, const char *name, enum sms_alphabet alphabet, unsigned parts)
{
	json_out_object(out, name);
	json_out_text(out, "encoding", sms_text_alphabet_name(alphabet));
	json_out_int(out, "segments", parts);
	json_out_end(out);
}

static void
put_forcing(struct json_out *out, const struct text_lint *l)
{
	char code_point[CODE_POINT_LEN];

	json_out_array(out, "forcing");
	for (size_t i = 0; i < l->forcing_kept; i++) {
		const struct text_lint_forcing *f = &l->forcing[i];

		json_out_object(out, NULL);
		json_out_span(out, "character", f->octets);
		snprintf(
		    code_point, sizeof(code_point), "U+%04X", (unsigned)f->character);
		json_out_text(out, "codePoint", code_point);
		json_out_int(out, "at", (int64_t)f->at);
		json_out_text(out, "placeholder", f->placeholder);
		json_out_text(out, "equal", f->equal);
		json_out_end(out);
	}
	json_out_end(out);
	json_out_int(out, "forcingCount", (int64_t)l->forcing_count);
}

static void
put_place(struct json_out *out, const struct text_lint_place *p)
{
	json_out_int(out, "at", (int64_t)p->at);
	json_out_int(out, "segment", p->part);
	json_out_bool(out, "whole", p->whole);
}

static void
put_places(struct json_out *out, const struct text_lint *l)
{
	if (l->pin.found) {
		json_out_object(out, "pin");
		put_place(out, &l->pin);
		json_out_end(out);
	}
	if (!l->autofill_wanted)
		return;
	json_out_object(out, "autofill");
	if (l->line.found)
		put_place(out, &l->line);
	json_out_int(out, "blanks", l->autofill.blanks);
	json_out_bool(out, "androidHash", l->autofill.hash);
	json_out_end(out);
}

static void
put_longest(struct json_out *out, const struct text_lint *l)
{
	json_out_text(out, "encoding", sms_text_alphabet_name(l->alphabet));
	json_out_int(out, "segments", l->parts);
	json_out_int(out, "characters", (int64_t)l->characters);
	json_out_int(out, "units", (int64_t)l->units);
	put_cost(out, "unreplaced", l->kept_alphabet, l->kept_parts);
	put_forcing(out, l);
	put_places(out, l);
	json_out_array(out, "assumed");
	for (size_t i = 0; i < l->unknown_count; i++)
		json_out_text(out, NULL, l->unknown[i]);
	json_out_end(out);
}

static void
put_text(struct json_out *out, const struct lint_text *t)
{
	json_out_object(out, NULL);
	json_out_text(out, "language", t->language);
	if (t->err == OK) {
		put_longest(out, &t->longest);
		put_cost(out, "shortest", t->shortest.alphabet, t->shortest.parts);
	} else {
		json_out_text(out, "tooLong", "the message needs too many segments");
	}
	json_out_text(out, "refused", t->refused);
	json_out_end(out);
}

static void
write_lint(struct call *c)
{
	const struct lint_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_array(&out, "texts");
	for (size_t i = 0; i < r->count; i++)
		put_text(&out, &r->texts[i]);
	json_out_end(&out);
	json_out_end(&out);
}

const struct wire wire_lint = {read_lint, write_lint};
