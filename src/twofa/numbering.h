/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbering plans by calling code (ITU-T E.164), from a table that numbering.def
 * describes: how long numbers are and which trunk prefix is dialled within the country
 * alone. What is not in the table is not judged, so that a new code or range is not
 * refused.
 */
#ifndef WW_NUMBERING_H
#define WW_NUMBERING_H

#include "base/base.h"

struct numbering_plan {
	unsigned code;      /* 41 */
	unsigned code_len;  /* in digits */
	unsigned lengths;   /* bit n: n digits may follow the code */
	const char *trunks; /* "0", "80 0 8", "" */
	bool trunk_free;    /* no number begins as a trunk prefix does */
};

/* The plan of a number in E.164 digits; NULL: the code is not in the table. */
const struct numbering_plan *numbering_find(const char *digits);
/* Whether so many digits may follow the code. */
bool numbering_fits(const struct numbering_plan *p, size_t count);
/* Whether the digits are one of the plan's trunk prefixes. */
bool numbering_is_trunk(const struct numbering_plan *p, struct span digits);
/*
 * The length of a trunk prefix that a national number begins with and that is no part of
 * it: no number of the plan begins so, or it is too long with it. 0: there is none.
 */
size_t numbering_trunk_len(const struct numbering_plan *p, struct span national);

#endif
