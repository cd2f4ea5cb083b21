/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "json_scalar.h"
#include "utf8.h"

/* Where a value stands: the path is built only when something is wrong. */
struct place {
	const struct place *up;
	const char *name;
};

void
json_init(void)
{
	json_set_alloc_funcs(mem_raw_alloc, mem_free);
	json_object_seed(0);
}

/* Nesting outside of strings; the parser judges everything else. */
static bool
too_deep(struct span text)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

static json_t *
load(struct span text, json_error_t *why)
{
	return json_loadb(
	    text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, why);
}

/* A number that no type holds is a text for its reader, and mostly has none. */
static json_t *
load_large(struct span text, json_error_t *why)
{
	struct buf quoted;
	json_t *doc;

	buf_init(&quoted, 2 * text.len);
	json_scalar_quote_large(text, &quoted);
	INVARIANT(!quoted.failed);
	doc = load(buf_span(&quoted), why);
	buf_fini(&quoted);
	return doc;
}

enum err
json_parse(struct span text, struct fail *fail, json_t **doc_out)
{
	json_error_t why;

	*doc_out = NULL;
	if (too_deep(text)) {
		fail_add(fail, "", "is nested more than %d levels deep", JSON_DEPTH_MAX);
		return ERR_SYNTAX;
	}
	*doc_out = load(text, &why);
	if (*doc_out == NULL && json_error_code(&why) == json_error_numeric_overflow)
		*doc_out = load_large(text, &why);
	if (*doc_out != NULL)
		return OK;
	fail_add(
	    fail, "", "is not valid JSON at line %d, column %d", why.line, why.column);
	return ERR_SYNTAX;
}

static const char *
path_of(const struct place *p, struct arena *a)
{
	if (p->up == NULL)
		return p->name;
	return arena_printf(a, "%s.%s", path_of(p->up, a), p->name);
}

#define FAIL_AT(fail, place, ...)                                                        \
	fail_add((fail), path_of((place), (fail)->arena), __VA_ARGS__)

static bool
is_blank(const json_t *value)
{
	const char *text = json_string_value(value);

	if (value == NULL || json_is_null(value))
		return true;
	return text != NULL && text[strspn(text, " \t\r\n")] == '\0';
}

static void
read_text(const json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, const char **out)
{
	const char *text = json_scalar_as_text(value, fail->arena);
	size_t count;

	if (text == NULL) {
		FAIL_AT(fail, at, "must be a string");
		return;
	}
	count = utf8_count(span_of(text));
	if ((double)count < row->min || (row->max > 0 && (double)count > row->max)) {
		FAIL_AT(
		    fail, at, "size must be between %.0f and %.0f", row->min, row->max);
		return;
	}
	if (row->min >= 1 && is_blank(value)) {
		FAIL_AT(fail, at, "must not be blank");
		return;
	}
	if (row->kind == JSON_ROW_LINE && !utf8_is_line(span_of(text))) {
		FAIL_AT(fail, at, "must be one line without control characters");
		return;
	}
	*out = text;
}

static bool
in_bounds(
    double number, const struct json_row *row, const struct place *at, struct fail *fail)
{
	if (row->max == 0 || (number >= row->min && number <= row->max))
		return true;
	FAIL_AT(fail, at, "must be between %.15g and %.15g", row->min, row->max);
	return false;
}

static void
read_int(const json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, struct opt_int *out)
{
	int64_t number;

	if (!json_scalar_as_int(value, &number)) {
		FAIL_AT(fail, at, "must be an integer");
		return;
	}
	if (in_bounds((double)number, row, at, fail))
		*out = (struct opt_int){true, number};
}

static void
read_bool(
    const json_t *value, const struct place *at, struct fail *fail, struct opt_bool *out)
{
	bool flag;

	if (json_scalar_as_bool(value, &flag))
		*out = (struct opt_bool){true, flag};
	else
		FAIL_AT(fail, at, "must be true or false");
}

static void
read_double(const json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, struct opt_double *out)
{
	double number;

	if (!json_scalar_as_double(value, &number)) {
		FAIL_AT(fail, at, "must be a number");
		return;
	}
	if (in_bounds(number, row, at, fail))
		*out = (struct opt_double){true, number};
}

static void read_members(const json_t *doc, const struct json_row *rows,
    const struct place *up, struct fail *fail, char *out);

static void
read_value(json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, char *out)
{
	void *to = out + row->offset;

	switch (row->kind) {
	case JSON_ROW_TEXT:
	case JSON_ROW_LINE:
		read_text(value, row, at, fail, to);
		return;
	case JSON_ROW_INT:
		read_int(value, row, at, fail, to);
		return;
	case JSON_ROW_BOOL:
		read_bool(value, at, fail, to);
		return;
	case JSON_ROW_DOUBLE:
		read_double(value, row, at, fail, to);
		return;
	case JSON_ROW_VALUE:
	case JSON_ROW_MAP:
		*(json_t **)to = value;
		return;
	case JSON_ROW_OBJECT:
		if (json_is_object(value) || json_scalar_is_empty_array(value))
			read_members(value, row->rows, at, fail, out);
		else
			FAIL_AT(fail, at, "must be an object");
		return;
	}
}

/* An empty text where no text is wanted says as little as null does. */
static bool
is_absent(const json_t *value, enum json_kind kind)
{
	bool scalar =
	    kind == JSON_ROW_INT || kind == JSON_ROW_BOOL || kind == JSON_ROW_DOUBLE;

	return value == NULL || json_is_null(value) ||
	       (scalar && json_scalar_says_nothing(value));
}

static void
read_members(const json_t *doc, const struct json_row *rows, const struct place *up,
    struct fail *fail, char *out)
{
	for (const struct json_row *row = rows; row->name != NULL; row++) {
		json_t *value = json_object_get(doc, row->name);
		struct place at = {up, row->name};

		if (row->required && (is_blank(value) || is_absent(value, row->kind)))
			FAIL_AT(fail, &at, "must not be blank");
		else if (!is_absent(value, row->kind))
			read_value(value, row, &at, fail, out);
	}
}

enum err
json_read(const json_t *doc, const struct json_row *rows, struct fail *fail, void *out)
{
	unsigned before = fail->count;

	if (!json_is_object(doc)) {
		fail_add(fail, "", "must be an object");
		return ERR_INVALID;
	}
	read_members(doc, rows, NULL, fail, out);
	return fail->count == before ? OK : ERR_INVALID;
}
