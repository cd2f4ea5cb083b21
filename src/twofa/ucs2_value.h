/* SPDX-License-Identifier: Apache-2.0 */
/* The first value of placeholders with a character that GSM 7 bit has not. */
#ifndef WW_UCS2_VALUE_H
#define WW_UCS2_VALUE_H

#include "base/arena.h"

struct ucs2_value {
	const char *name; /* NULL: there is none */
	uint32_t character;
	size_t at; /* characters before it */
};

/* In a JSON object of texts, or in none; the name stands in the arena. */
struct ucs2_value ucs2_value_find(struct span placeholders, struct arena *a);

#endif
