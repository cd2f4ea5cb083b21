/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which country a number is of, by its first digits alone (country.def says what that
 * can tell). Codes are ISO 3166-1 alpha-2.
 */
#ifndef WW_COUNTRY_H
#define WW_COUNTRY_H

#include "base/base.h"

struct country {
	const char *code;     /* "CH"; "" for numbers of no country */
	const char *prefixes; /* digits, with spaces between */
};

/* NULL: there is none of that code. In any case of letters. */
const struct country *country_find(struct span code);
/* The country of E.164 digits; NULL: no calling code begins so. */
const struct country *country_of(const char *digits);
/* The next prefix of a list, moving past it; an empty span at the end. */
struct span country_next_prefix(const char **prefixes);

#endif
