/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The placeholders of a message and those of the landing page of an email, kept in one
 * text: two compact JSON objects, a line each. A line may be empty, and without a landing
 * page's the first one stands alone, which is what all other messages have. Pure.
 */
#ifndef WW_PLACEHOLDER_PAIR_H
#define WW_PLACEHOLDER_PAIR_H

#include "base/arena.h"

/* Both may be NULL: not given. NULL: neither is. */
const char *placeholder_pair_join(
    struct arena *a, const char *texts, const char *landing_page) MUST_CHECK;
/* Each line of a newer pair, and where that is not given the line of the older one.
 * Either may be NULL. */
const char *placeholder_pair_over(
    struct arena *a, const char *newer, const char *older) MUST_CHECK;
/* The lines; empty: not given. `pair` may be NULL. */
struct span placeholder_pair_texts(const char *pair);
struct span placeholder_pair_landing_page(const char *pair);

#endif
