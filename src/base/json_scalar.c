/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Up to here a double holds every whole number. */
#define WHOLE_MAX 9007199254740992.0
/* So many digits fit into int64_t, whichever they are. */
enum { DIGITS_MAX = 18, NUMBER_LEN_MAX = 400 };

static const char blanks[] = " \t\r\n";
static const char number_chars[] = "+-.eE0123456789";

/* ---- texts as scalars ---- */

/* A text without the white space around it; an empty span for everything else. */
static struct span
trimmed(const json_t *value)
{
	struct span s = span_of(json_string_value(value));

	while (s.len > 0 && strchr(blanks, s.ptr[0]) != NULL) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && strchr(blanks, s.ptr[s.len - 1]) != NULL)
		s.len--;
	return s;
}

bool
json_scalar_says_nothing(const json_t *value)
{
	struct span s = trimmed(value);

	return json_is_string(value) && (s.len == 0 || span_equal_text(s, "null"));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
int_of(struct span s, int64_t *out)
{
	char text[NUMBER_LEN_MAX];
	size_t sign = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+') ? 1 : 0;

	if (s.len == sign || s.len >= sizeof(text))
		return false;
	for (size_t i = sign; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	errno = 0;
	*out = strtoll(text, NULL, 10);
	return errno == 0;
}

static bool
double_of(struct span s, double *out)
{
	char text[NUMBER_LEN_MAX];
	char *end;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr(number_chars, s.ptr[i]) == NULL)
			return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

/* ---- scalars in the type that is wanted ---- */

void
json_scalar_double_text(double number, char out[JSON_DOUBLE_LEN])
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(out, JSON_DOUBLE_LEN, "%.*g", digits, number);
		if (strtod(out, NULL) == number)
			return;
	}
}

static const char *
text_of_real(double number, struct arena *a)
{
	char text[JSON_DOUBLE_LEN];

	if (number > -WHOLE_MAX && number < WHOLE_MAX && number == trunc(number))
		return arena_printf(a, "%" PRId64, (int64_t)number);
	json_scalar_double_text(number, text);
	return arena_text(a, span_of(text));
}

const char *
json_scalar_as_text(const json_t *value, struct arena *a)
{
	if (json_is_string(value))
		return arena_text(a, span_of(json_string_value(value)));
	if (json_is_integer(value))
		return arena_printf(a, "%" PRId64, (int64_t)json_integer_value(value));
	if (json_is_real(value))
		return text_of_real(json_real_value(value), a);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	return NULL;
}

bool
json_scalar_as_int(const json_t *value, int64_t *out)
{
	double real = json_real_value(value);

	if (json_is_string(value))
		return int_of(trimmed(value), out);
	if (json_is_integer(value))
		*out = json_integer_value(value);
	else if (json_is_real(value) && real > -WHOLE_MAX && real < WHOLE_MAX)
		*out = (int64_t)real;
	else
		return false;
	return true;
}

bool
json_scalar_as_bool(const json_t *value, bool *out)
{
	struct span s = trimmed(value);

	*out = json_is_true(value) || span_equal_nocase(s, "true") ||
	       json_integer_value(value) != 0;
	return *out || json_is_false(value) || json_is_integer(value) ||
	       span_equal_nocase(s, "false");
}

bool
json_scalar_as_double(const json_t *value, double *out)
{
	if (json_is_string(value))
		return double_of(trimmed(value), out);
	*out = json_number_value(value);
	return json_is_number(value);
}

bool
json_scalar_is_empty_array(const json_t *value)
{
	return json_is_array(value) && json_array_size(value) == 0;
}

/* ---- numbers that no type holds ---- */

static size_t
digits_at(struct span s, size_t from)
{
	size_t i = from;

	while (i < s.len && is_digit(s.ptr[i]))
		i++;
	return i - from;
}

/* The length of the number that the text begins with (RFC 8259 6); 0 without one. */
static size_t
number_len(struct span s, bool *whole_out)
{
	size_t at = s.len > 0 && s.ptr[0] == '-' ? 1 : 0;
	size_t n = digits_at(s, at);

	*whole_out = true;
	if (n == 0 || (n > 1 && s.ptr[at] == '0'))
		return 0;
	at += n;
	if (at < s.len && s.ptr[at] == '.') {
		*whole_out = false;
		n = digits_at(s, at + 1);
		at += 1 + n;
	}
	if (n > 0 && at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		*whole_out = false;
		at++;
		at += at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');
		n = digits_at(s, at);
		at += n;
	}
	return n == 0 ? 0 : at;
}

static bool
is_large(struct span number, bool whole)
{
	double ignored;

	return whole ? number.len > DIGITS_MAX : !double_of(number, &ignored);
}

/* A member's name is no number, however it is written. */
static bool
is_name(struct span rest)
{
	while (rest.len > 0 && strchr(blanks, rest.ptr[0]) != NULL) {
		rest.ptr++;
		rest.len--;
	}
	return rest.len > 0 && rest.ptr[0] == ':';
}

/* Through the closing quote. */
static size_t
string_len(struct span s)
{
	size_t i = 1;

	while (i < s.len && s.ptr[i] != '"')
		i += s.ptr[i] == '\\' ? 2 : 1;
	return i < s.len ? i + 1 : s.len;
}

/* Everything that numbers are made of. */
static size_t
run_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] != '\0' && strchr(number_chars, s.ptr[n]) != NULL)
		n++;
	return n;
}

static size_t
quote_number(struct span s, struct buf *out)
{
	bool whole;
	size_t len = run_len(s);
	struct span number = {s.ptr, len};
	bool quoted = number_len(number, &whole) == len && is_large(number, whole) &&
		      !is_name((struct span){s.ptr + len, s.len - len});

	if (quoted)
		buf_add_char(out, '"');
	buf_add(out, s.ptr, len);
	if (quoted)
		buf_add_char(out, '"');
	return len;
}

void
json_scalar_quote_large(struct span text, struct buf *out)
{
	size_t used;

	for (; text.len > 0; text.ptr += used, text.len -= used) {
		char c = text.ptr[0];

		if (c == '-' || is_digit(c)) {
			used = quote_number(text, out);
			continue;
		}
		used = c == '"' ? string_len(text) : 1;
		buf_add(out, text.ptr, used);
	}
}
