/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two small grammars of the API (contract 1.1):
 *
 *   duration = [length] unit            "15m" "2h" "d"
 *   rate     = attempts "/" [length] unit   "3/1d" "100/h"
 *   unit     = "ms" | "s" | "m" | "h" | "d"     (m is minute)
 *
 * Digits are decimal, numbers positive. The text is kept as the client wrote it.
 */
#ifndef WW_PERIOD_H
#define WW_PERIOD_H

#include "base/base.h"

#define PERIOD_MS_SECOND INT64_C(1000)
#define PERIOD_MS_MINUTE INT64_C(60000)
#define PERIOD_MS_HOUR INT64_C(3600000)
#define PERIOD_MS_DAY INT64_C(86400000)
#define PERIOD_MS_YEAR (365 * PERIOD_MS_DAY)
#define RATE_COUNT_MAX INT64_C(1000000000)

enum { PERIOD_TEXT_MAX = 40 };

struct duration {
	int64_t ms;
	char text[PERIOD_TEXT_MAX];
};

struct rate {
	int64_t count;     /* at most so many ... */
	int64_t period_ms; /* ... in any window of this length */
	char text[PERIOD_TEXT_MAX];
};

/*
 * ERR_SYNTAX when the text is not of the grammar (or longer than
 * PERIOD_TEXT_MAX - 1); ERR_INVALID when the length is zero or over ms_max.
 */
enum err period_parse_duration(
    struct span text, int64_t ms_max, struct duration *out) MUST_CHECK;
enum err period_parse_rate(struct span text, int64_t ms_max, struct rate *out) MUST_CHECK;
/* From numbers, as v1 sends them: the text uses the largest unit that is exact ("15m").
 * ERR_INVALID out of bounds. */
enum err period_duration_from_ms(
    int64_t ms, int64_t ms_max, struct duration *out) MUST_CHECK;
enum err period_rate_from_numbers(
    int64_t count, int64_t period_ms, int64_t ms_max, struct rate *out) MUST_CHECK;

#endif
