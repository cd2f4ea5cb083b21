/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/country.h"

static const struct country countries[] = {
#define COUNTRY(code, prefixes) {code, prefixes},
#include "country.def"
#undef COUNTRY
};

const struct country *
country_find(struct span code)
{
	for (size_t i = 0; i < countof(countries); i++)
		if (code.len == 2 && span_equal_nocase(code, countries[i].code))
			return &countries[i];
	return NULL;
}

struct span
country_next_prefix(const char **prefixes)
{
	const char *from = *prefixes + strspn(*prefixes, " ");
	size_t len = strcspn(from, " ");

	*prefixes = from + len;
	return (struct span){from, len};
}

/* How many digits of the number the country's best prefix has; 0: none fits. */
static size_t
fit(const struct country *c, const char *digits)
{
	const char *left = c->prefixes;
	size_t best = 0;

	for (;;) {
		struct span one = country_next_prefix(&left);

		if (one.len == 0)
			return best;
		if (one.len > best && strncmp(one.ptr, digits, one.len) == 0)
			best = one.len;
	}
}

const struct country *
country_of(const char *digits)
{
	const struct country *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < countof(countries); i++) {
		size_t len = fit(&countries[i], digits);

		if (len > longest) {
			longest = len;
			best = &countries[i];
		}
	}
	return best;
}
