/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing above U+10FFFF. */
#ifndef WW_UTF8_H
#define WW_UTF8_H

#include "base.h"

/* Bytes of the first character, 0 when they are not valid UTF-8 or s is empty. */
size_t utf8_len(struct span s);
/* The first character, and its length; both 0 when not valid. */
uint32_t utf8_decode(struct span s, size_t *len_out);
bool utf8_valid(struct span s);
/* Characters in valid UTF-8. */
size_t utf8_count(struct span s);
/*
 * One line that is shown as it is written: valid, no control character (Cc), no other
 * end of a line (Zl, Zp), nothing that turns the direction of writing (UAX 9).
 */
bool utf8_is_line(struct span s);
/* Without the byte order mark that some editors and libraries write in front. */
struct span utf8_without_mark(struct span s);

#endif
