/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of digits: a digit, "d" for any, "[2-46]" for some, "(..|..)" for a choice,
 * and after each of these "{n}", "{n,m}" or "?" for how often. They are the patterns of
 * tables of our own (number_types.def), so that a wrong one is a defect of its generator,
 * which refuses it; here it only ends the match.
 *
 * The work is bounded: a pattern is read from left to right for all places of the number
 * at once, as a set of bits, so that nothing is ever tried again. A digit or class is
 * looked at as often as the repeats around it say, at most 512 times in all.
 */
#ifndef WW_DIGIT_PATTERN_H
#define WW_DIGIT_PATTERN_H

#include "base/base.h"

enum { DIGIT_PATTERN_LEN_MAX = 31 };

/* Bit n: the pattern can take the first n digits. 0 if it takes none, or they are more
 * than DIGIT_PATTERN_LEN_MAX, or something else is among them. */
uint32_t digit_pattern_ends(const char *pattern, struct span digits);
/* Whether it takes all of them. */
bool digit_pattern_matches(const char *pattern, struct span digits);

#endif
