/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telephone numbers in the canonical form everything is counted by: E.164 digits
 * without the plus (ITU-T E.164: at most 15). "+41 79 302-67 27" and
 * "41793026727" are one number.
 */
#ifndef WW_PHONE_H
#define WW_PHONE_H

#include "base/base.h"

enum { PHONE_DIGITS_MIN = 4, PHONE_DIGITS_MAX = 15 };

/*
 * Drops one leading plus, and spaces, hyphens, dots, slashes and parentheses
 * anywhere. ERR_INVALID when anything but digits remains, or their number is out
 * of bounds, or the first is 0.
 */
enum err phone_canonical(struct span text, char out[PHONE_DIGITS_MAX + 1]) MUST_CHECK;

#endif
