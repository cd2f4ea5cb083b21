/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes with a ceiling given at birth. Going over the ceiling is remembered
 * (`failed`) and later writes do nothing, so that a writer checks once, at the end.
 * Released memory is wiped.
 */
#ifndef WW_BUF_H
#define WW_BUF_H

#include "base.h"

struct buf {
	char *ptr;
	size_t len;
	size_t capacity;
	size_t len_max;
	bool failed;
};

void buf_init(struct buf *b, size_t len_max);
void buf_fini(struct buf *b);
/* Empty again, the memory kept and wiped. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *ptr, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
/* Text of any length, as far as the ceiling allows. */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
struct span buf_span(const struct buf *b);

#endif
