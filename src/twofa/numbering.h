/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbering plans by calling code (ITU-T E.164), from a table that numbering.def
 * describes: how long numbers are and which trunk prefix is dialled within the country
 * alone. A number that is not in the table is not judged, so that a new code or range is
 * not refused. The use of a number stands in a second table, number_types.def.
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

/* As libphonenumber tells them apart, in the order in which it asks. */
enum number_type {
	NUMBER_UNKNOWN, /* no plan has it, or not yet */
	NUMBER_PREMIUM_RATE,
	NUMBER_TOLL_FREE,
	NUMBER_SHARED_COST, /* between the caller and the callee */
	NUMBER_VOIP,
	NUMBER_PERSONAL_NUMBER, /* follows a person to any line */
	NUMBER_PAGER,
	NUMBER_UAN, /* a company's, for all its places (ITU-T E.169.2) */
	NUMBER_VOICEMAIL,
	NUMBER_FIXED_LINE_OR_MOBILE, /* the plan does not tell (+1) */
	NUMBER_FIXED_LINE,
	NUMBER_MOBILE, /* satellites' too: +870, +881 */
	NUMBER_TYPE_COUNT
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
/*
 * The type of a number in E.164 digits. Where regions share a calling code, it is that of
 * the first region that the number begins as, or that has such a number. Ported numbers
 * are what their range says. The work is bounded, but not for the path of every send.
 */
enum number_type numbering_type(const char *digits);
/* "mobile", "premiumRate", "unknown". */
const char *numbering_type_name(enum number_type t);

#endif
