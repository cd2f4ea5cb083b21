/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of characters where people write numbers and codes. Decimal digits of any
 * script are digits (Unicode, General_Category Nd); full-width forms of ASCII are ASCII
 * (the block "Halfwidth and Fullwidth Forms"); blanks, dashes and format characters mean
 * nothing. Letters keep their case. fold.def names Unicode's version.
 */
#ifndef WW_FOLD_H
#define WW_FOLD_H

#include "base.h"

enum {
	FOLD_NOTHING = -1, /* a blank, a dash or a format character */
	FOLD_OTHER = -2    /* no ASCII stands for it, or it is no UTF-8 */
};

/*
 * The first character of `*text`, which must not be empty: its ASCII character, or one of
 * the above. Moves past it; of what is no UTF-8 past one octet.
 */
int fold_next(struct span *text);

#endif
