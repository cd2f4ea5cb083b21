/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's part of store/clock_lower.h: one UPDATE for each column that has a time. */
#ifndef WW_LOWER_CLOCK_H
#define WW_LOWER_CLOCK_H

#include "store/store_clock.h"

/* As clock_lower. */
enum err lower_clock(const char *data_dir, int64_t wall_ms, char why[256],
    struct clock_lowered *out) MUST_CHECK;

#endif
