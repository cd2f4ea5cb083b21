/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/digit_pattern.h"

/* A pattern being read. Places are bits: bit n stands behind the first n digits. */
struct reading {
	const char *at;
	uint32_t places[10]; /* in front of which this digit stands */
};

struct times {
	unsigned least;
	unsigned most;
};

static uint32_t choice(struct reading *r, uint32_t from);

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned
number(struct reading *r)
{
	unsigned n = 0;

	while (is_digit(*r->at) && n < DIGIT_PATTERN_LEN_MAX)
		n = n * 10 + (unsigned)(*r->at++ - '0');
	return n;
}

/* Moves past that character, if it is the next one. */
static bool
took(struct reading *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* How often the thing before is repeated; once, where nothing is said. */
static struct times
times(struct reading *r)
{
	struct times n = {1, 1};

	if (took(r, '?'))
		return (struct times){0, 1};
	if (!took(r, '{'))
		return n;
	n.least = number(r);
	n.most = took(r, ',') ? number(r) : n.least;
	return took(r, '}') ? n : (struct times){0, 0};
}

/* The places in front of the digits of a class; behind its bracket. */
static uint32_t
class_places(struct reading *r)
{
	uint32_t found = 0;

	while (is_digit(*r->at)) {
		char from = *r->at++;
		char to = took(r, '-') && is_digit(*r->at) ? *r->at++ : from;

		for (char c = from; c <= to; c++)
			found |= r->places[c - '0'];
	}
	return took(r, ']') ? found : 0;
}

static uint32_t
any_places(const struct reading *r)
{
	uint32_t found = 0;

	for (size_t i = 0; i < countof(r->places); i++)
		found |= r->places[i];
	return found;
}

/* From these places over one thing of the pattern to the places behind it. */
static uint32_t
step(struct reading *r, uint32_t from)
{
	uint32_t to;

	if (took(r, '(')) {
		to = choice(r, from);
		return took(r, ')') ? to : 0;
	}
	if (took(r, '['))
		return (from & class_places(r)) << 1;
	if (took(r, 'd'))
		return (from & any_places(r)) << 1;
	return is_digit(*r->at) ? (from & r->places[*r->at++ - '0']) << 1 : 0;
}

static uint32_t
repeated(struct reading *r, uint32_t from)
{
	const char *thing = r->at;
	uint32_t to = step(r, from);
	struct times n = times(r);
	const char *behind = r->at;
	uint32_t found = n.least == 0 ? from : 0;

	for (unsigned i = 1; i <= n.most; i++) {
		if (i >= n.least)
			found |= to;
		if (i == n.most || to == 0)
			break;
		r->at = thing;
		to = step(r, to);
	}
	r->at = behind;
	return found;
}

static uint32_t
sequence(struct reading *r, uint32_t from)
{
	while (*r->at == '(' || *r->at == '[' || *r->at == 'd' || is_digit(*r->at))
		from = repeated(r, from);
	return from;
}

static uint32_t
choice(struct reading *r, uint32_t from)
{
	uint32_t to = sequence(r, from);

	while (took(r, '|'))
		to |= sequence(r, from);
	return to;
}

uint32_t
digit_pattern_ends(const char *pattern, struct span digits)
{
	struct reading r = {.at = pattern};
	uint32_t ends;

	if (digits.len > DIGIT_PATTERN_LEN_MAX)
		return 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (!is_digit(digits.ptr[i]))
			return 0;
		r.places[digits.ptr[i] - '0'] |= UINT32_C(1) << i;
	}
	ends = choice(&r, 1);
	return *r.at == '\0' ? ends : 0;
}

bool
digit_pattern_matches(const char *pattern, struct span digits)
{
	return digits.len <= DIGIT_PATTERN_LEN_MAX &&
	       (digit_pattern_ends(pattern, digits) >> digits.len & 1) != 0;
}
