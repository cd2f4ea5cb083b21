/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/period.h"

#include <stdio.h>

/* From the largest, as texts made from numbers prefer it. */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
    {"d", PERIOD_MS_DAY},
    {"h", PERIOD_MS_HOUR},
    {"m", PERIOD_MS_MINUTE},
    {"s", PERIOD_MS_SECOND},
    {"ms", 1},
};

/* Over every bound of ours, and far enough from overflow for one more digit. */
#define NUMBER_MAX INT64_C(100000000000000000)

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * The number in front; what remains stays in *s. False when there is none. A number that
 * does not fit is NUMBER_MAX, so that the grammar is judged before the bounds.
 */
static bool
take_number(struct span *s, int64_t *out)
{
	size_t before = s->len;

	*out = 0;
	while (s->len > 0 && is_digit(s->ptr[0])) {
		*out = *out * 10 + (s->ptr[0] - '0');
		if (*out > NUMBER_MAX)
			*out = NUMBER_MAX;
		s->ptr++;
		s->len--;
	}
	return s->len < before;
}

static int64_t
unit_ms(struct span name)
{
	for (size_t i = 0; i < countof(units); i++)
		if (span_equal_text(name, units[i].name))
			return units[i].ms;
	return 0;
}

/* [length] unit */
static enum err
parse_length(struct span text, int64_t ms_max, int64_t *out)
{
	struct span rest = text;
	int64_t n;
	bool present = take_number(&rest, &n);
	int64_t unit = unit_ms(rest);

	if (unit == 0)
		return ERR_SYNTAX;
	if (!present)
		n = 1;
	if (n == 0 || n > ms_max / unit)
		return ERR_INVALID;
	*out = n * unit;
	return OK;
}

static enum err
keep_text(struct span text, char out[PERIOD_TEXT_MAX])
{
	if (text.len >= PERIOD_TEXT_MAX)
		return ERR_SYNTAX;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return OK;
}

enum err
period_parse_duration(struct span text, int64_t ms_max, struct duration *out)
{
	enum err e = text.len == 0 ? ERR_SYNTAX : keep_text(text, out->text);

	return e == OK ? parse_length(text, ms_max, &out->ms) : e;
}

enum err
period_parse_rate(struct span text, int64_t ms_max, struct rate *out)
{
	struct span rest = text;
	enum err e = text.len == 0 ? ERR_SYNTAX : keep_text(text, out->text);

	if (e != OK)
		return e;
	if (!take_number(&rest, &out->count) || rest.len == 0 || rest.ptr[0] != '/')
		return ERR_SYNTAX;
	rest = (struct span){rest.ptr + 1, rest.len - 1};
	e = parse_length(rest, ms_max, &out->period_ms);
	if (e == OK && (out->count == 0 || out->count > RATE_COUNT_MAX))
		e = ERR_INVALID;
	return e;
}

static void
put_length(int64_t ms, char *out, size_t out_len)
{
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	snprintf(out, out_len, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
}

enum err
period_duration_from_ms(int64_t ms, int64_t ms_max, struct duration *out)
{
	if (ms <= 0 || ms > ms_max)
		return ERR_INVALID;
	out->ms = ms;
	put_length(ms, out->text, sizeof(out->text));
	return OK;
}

enum err
period_rate_from_numbers(
    int64_t count, int64_t period_ms, int64_t ms_max, struct rate *out)
{
	char length[24];

	if (count <= 0 || count > RATE_COUNT_MAX || period_ms <= 0 || period_ms > ms_max)
		return ERR_INVALID;
	out->count = count;
	out->period_ms = period_ms;
	put_length(period_ms, length, sizeof(length));
	snprintf(out->text, sizeof(out->text), "%lld/%.20s", (long long)count, length);
	return OK;
}
