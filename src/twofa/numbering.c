/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/numbering.h"

#include "twofa/digit_pattern.h"

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

/* Numbers of these lengths (bit n: n digits) and this pattern; all 0: there are none. */
struct number_range {
	uint32_t lengths;
	const char *pattern;
};

static const struct number_region {
	unsigned code;
	const char *beginning; /* "": it has what it has a type for */
	struct number_range all;
	struct number_range types[NUMBER_TYPE_COUNT];
} regions[] = {
#define NUMBER_REGION(code, region, beginning, lengths, pattern, types)                  \
	{code, beginning, {lengths, pattern}, {types}},
#define NUMBER_TYPE(type, lengths, pattern) [NUMBER_##type] = {lengths, pattern},
#include "number_types.def"
#undef NUMBER_TYPE
#undef NUMBER_REGION
};

static const char *const type_names[] = {
    [NUMBER_UNKNOWN] = "unknown",
    [NUMBER_PREMIUM_RATE] = "premiumRate",
    [NUMBER_TOLL_FREE] = "tollFree",
    [NUMBER_SHARED_COST] = "sharedCost",
    [NUMBER_VOIP] = "voip",
    [NUMBER_PERSONAL_NUMBER] = "personal",
    [NUMBER_PAGER] = "pager",
    [NUMBER_UAN] = "uan",
    [NUMBER_VOICEMAIL] = "voicemail",
    [NUMBER_FIXED_LINE_OR_MOBILE] = "fixedLineOrMobile",
    [NUMBER_FIXED_LINE] = "fixedLine",
    [NUMBER_MOBILE] = "mobile",
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

static bool
is_in_range(const struct number_range *r, struct span national)
{
	return national.len <= DIGIT_PATTERN_LEN_MAX &&
	       (r->lengths >> national.len & 1) != 0 &&
	       digit_pattern_matches(r->pattern, national);
}

/* The type that a number of the region has: the first that fits. */
static enum number_type
type_in(const struct number_region *r, struct span national)
{
	unsigned type = NUMBER_UNKNOWN + 1;

	if (!is_in_range(&r->all, national))
		return NUMBER_UNKNOWN;
	while (type < NUMBER_TYPE_COUNT && !is_in_range(&r->types[type], national))
		type++;
	if (type == NUMBER_TYPE_COUNT)
		return NUMBER_UNKNOWN;
	return type == NUMBER_FIXED_LINE &&
		       is_in_range(&r->types[NUMBER_MOBILE], national)
		   ? NUMBER_FIXED_LINE_OR_MOBILE
		   : (enum number_type)type;
}

enum number_type
numbering_type(const char *digits)
{
	const struct numbering_plan *p = numbering_find(digits);
	enum number_type type = NUMBER_UNKNOWN;
	struct span national;

	if (p == NULL)
		return NUMBER_UNKNOWN;
	national = span_of(digits + p->code_len);
	for (size_t i = 0; i < countof(regions) && type == NUMBER_UNKNOWN; i++) {
		const struct number_region *r = &regions[i];
		bool told = r->beginning[0] != '\0';

		if (r->code != p->code ||
		    (told && digit_pattern_ends(r->beginning, national) == 0))
			continue;
		type = type_in(r, national);
		if (told)
			return type;
	}
	return type;
}

const char *
numbering_type_name(enum number_type t)
{
	return type_names[t];
}
