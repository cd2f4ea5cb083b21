/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telephone numbers in the canonical form everything is counted by: E.164 digits
 * without the plus (ITU-T E.164: at most 15). "+41 (0)79 302-67 27" and "41793026727"
 * are one number. numbering.h knows the plans of countries.
 */
#ifndef WW_PHONE_H
#define WW_PHONE_H

#include "base/arena.h"

enum { PHONE_DIGITS_MIN = 4, PHONE_DIGITS_MAX = 15 };

/*
 * Digits of any script are digits (base/fold.h). Drops one leading plus, and blanks,
 * dashes, format characters, dots, slashes, tildes, parentheses and brackets anywhere;
 * then the trunk prefix of the number's country ("(0)"). ERR_INVALID when anything but
 * digits remains, or their number is out of bounds or is none that the country's plan
 * has, or the first is 0. The canonical form of a canonical form is itself.
 */
enum err phone_canonical(struct span text, char out[PHONE_DIGITS_MAX + 1]) MUST_CHECK;
/* The reason why phone_canonical refused it, for a person: "must ...". */
const char *phone_fault(struct span text, struct arena *a);
/* The part of it that is the plan's; NULL: it was refused whatever the plan says. */
const char *phone_misfit(struct span text, struct arena *a);

#endif
