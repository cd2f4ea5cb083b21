/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and maps of texts, as the configuration hands them to the rooms. The texts and
 * the arrays belong to their reader; nothing here allocates.
 */
#ifndef WW_TEXTS_H
#define WW_TEXTS_H

#include "base.h"

struct text_list {
	size_t count;
	const char **items;
};

struct text_pair {
	const char *name;
	const char *value;
};

struct text_map { /* in the order of the file, names unique */
	size_t count;
	struct text_pair *pairs;
};

#endif
