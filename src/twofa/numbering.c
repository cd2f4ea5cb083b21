/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/numbering.h"

/* How many codes of three digits begin with this one. */
#define WIDTH(code) ((code) < 10 ? 100 : (code) < 100 ? 10 : 1)
#define CODE_LEN(code) ((code) < 10 ? 1 : (code) < 100 ? 2 : 3)

enum { CODE_LEN_MAX = 3 };

/* In the order of their digits, so that a code of three digits is found by halves. */
static const struct numbering_plan plans[] = {
#define NUMBERING(code, lengths, trunks, is_free)                                        \
	{code, CODE_LEN(code), lengths, trunks, is_free},
#include "numbering.def"
#undef NUMBERING
};

static unsigned
width(const struct numbering_plan *p)
{
	return WIDTH(p->code);
}

/* The first three digits; beyond those of any code where there are fewer. */
static unsigned
first_digits(const char *digits)
{
	unsigned n = 0;

	for (size_t i = 0; i < CODE_LEN_MAX; i++) {
		if (digits[i] == '\0')
			return UINT32_MAX;
		n = n * 10 + (unsigned)(digits[i] - '0');
	}
	return n;
}

const struct numbering_plan *
numbering_find(const char *digits)
{
	unsigned wanted = first_digits(digits);
	size_t from = 0;
	size_t to = countof(plans);

	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;

		if (plans[middle].code * width(&plans[middle]) <= wanted)
			from = middle;
		else
			to = middle;
	}
	return wanted / width(&plans[from]) == plans[from].code ? &plans[from] : NULL;
}

bool
numbering_fits(const struct numbering_plan *p, size_t count)
{
	return count < 16 && (p->lengths >> count & 1) != 0;
}

/* The next trunk prefix of a list, moving past it; empty at the end. */
static struct span
next_trunk(const char **left)
{
	const char *from = *left + strspn(*left, " ");
	size_t len = strcspn(from, " ");

	*left = from + len;
	return (struct span){from, len};
}

bool
numbering_is_trunk(const struct numbering_plan *p, struct span digits)
{
	const char *left = p->trunks;
	struct span trunk;

	while ((trunk = next_trunk(&left)).len > 0)
		if (span_equal(trunk, digits))
			return true;
	return false;
}

/* A number may begin with 00, and so does one that has two trunk zeros: it is left. */
static bool
is_double_zero(struct span national)
{
	return national.len > 1 && national.ptr[0] == '0' && national.ptr[1] == '0';
}

size_t
numbering_trunk_len(const struct numbering_plan *p, struct span national)
{
	bool fits = numbering_fits(p, national.len);
	const char *left = p->trunks;
	struct span trunk;

	if (is_double_zero(national) || (fits && !p->trunk_free))
		return 0;
	while ((trunk = next_trunk(&left)).len > 0)
		if (national.len > trunk.len &&
		    memcmp(national.ptr, trunk.ptr, trunk.len) == 0 &&
		    numbering_fits(p, national.len - trunk.len))
			return trunk.len;
	return 0;
}
