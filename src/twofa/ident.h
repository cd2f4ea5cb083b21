/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public ids of accounts, applications, templates and PINs: 128 bits, shown as 32
 * upper-case hex digits. The first 48 bits are the milliseconds of creation, so
 * that new rows are appended in key order and a time range is an id range; the
 * other 80 are random, so that an id cannot be guessed.
 *
 * Incoming ids are opaque: text of another shape is the id of nothing.
 */
#ifndef WW_IDENT_H
#define WW_IDENT_H

#include "base/base.h"
#include "base/clock.h"

enum { IDENT_LEN = 16, IDENT_TEXT_LEN = 32 };

struct ident {
	uint8_t bytes[IDENT_LEN];
};

void ident_make(struct ident *out, int64_t now_ms, const struct entropy *e);
/* The least id of that millisecond: the lower bound of a range. */
void ident_floor(struct ident *out, int64_t at_ms);
int64_t ident_ms(const struct ident *id);
void ident_text(const struct ident *id, char out[IDENT_TEXT_LEN + 1]);
/* False when the text is no id of ours. */
bool ident_parse(struct span text, struct ident *out) MUST_CHECK;
/* The id, or none for a text that is no id of ours: the name of nothing. */
struct ident ident_parse_or_none(struct span text);
/* Is it that? None is a value of the last millisecond there is, which no id is of. */
bool ident_is_none(const struct ident *id);
int ident_compare(const struct ident *a, const struct ident *b);

#endif
