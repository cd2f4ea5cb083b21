/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "utf8.h"

/* Up to here a double holds every whole number. */
#define WHOLE_MAX 9007199254740992.0

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

enum err
json_parse(struct span text, struct fail *fail, json_t **doc_out)
{
	json_error_t why;

	*doc_out = NULL;
	if (too_deep(text)) {
		fail_add(fail, "", "is nested more than %d levels deep", JSON_DEPTH_MAX);
		return ERR_SYNTAX;
	}
	*doc_out = json_loadb(
	    text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
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

/* 4 and 4.0 are one number (RFC 8259 leaves it to the reader); some callers write the
 * latter. */
static bool
is_whole(const json_t *value, int64_t *out)
{
	double number = json_number_value(value);

	if (json_is_integer(value))
		*out = json_integer_value(value);
	else if (json_is_real(value) && number > -WHOLE_MAX && number < WHOLE_MAX &&
		 number == (double)(int64_t)number)
		*out = (int64_t)number;
	else
		return false;
	return true;
}

static void
read_text(const json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, const char **out)
{
	const char *text = json_string_value(value);
	int64_t number;
	size_t count;

	if (row->kind == JSON_ROW_TEXT_LOOSE && is_whole(value, &number))
		text = arena_printf(fail->arena, "%" PRId64, number);
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
	*out = arena_text(fail->arena, span_of(text));
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

	if (!is_whole(value, &number)) {
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
	const char *text = json_string_value(value);
	bool yes = json_is_true(value) || (text != NULL && strcasecmp(text, "true") == 0);
	bool no =
	    json_is_false(value) || (text != NULL && strcasecmp(text, "false") == 0);

	if (yes || no)
		*out = (struct opt_bool){true, yes};
	else
		FAIL_AT(fail, at, "must be true or false");
}

static void
read_double(const json_t *value, const struct json_row *row, const struct place *at,
    struct fail *fail, struct opt_double *out)
{
	if (!json_is_number(value)) {
		FAIL_AT(fail, at, "must be a number");
		return;
	}
	if (in_bounds(json_number_value(value), row, at, fail))
		*out = (struct opt_double){true, json_number_value(value)};
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
	case JSON_ROW_TEXT_LOOSE:
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
		*(json_t **)to = value;
		return;
	case JSON_ROW_OBJECT:
		if (json_is_object(value))
			read_members(value, row->rows, at, fail, out);
		else
			FAIL_AT(fail, at, "must be an object");
		return;
	}
}

static void
read_members(const json_t *doc, const struct json_row *rows, const struct place *up,
    struct fail *fail, char *out)
{
	for (const struct json_row *row = rows; row->name != NULL; row++) {
		json_t *value = json_object_get(doc, row->name);
		struct place at = {up, row->name};

		if (row->required && is_blank(value))
			FAIL_AT(fail, &at, "must not be blank");
		else if (value != NULL && !json_is_null(value))
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
