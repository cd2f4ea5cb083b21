/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering a store's time that proved to be ahead: a clock was wrong for so long that the
 * step was taken, PINs were sent meanwhile, and now their times and all that come after
 * are in the future. Stamps from ahead move back by as much as the store's time is ahead
 * of the wall clock, in one transaction: ids, times, the logs of numbers and the rings of
 * applications, so that limits count on as they did.
 *
 * No PIN is revived: whatever lived beyond the wall clock is over. A PIN that moved has
 * another pinId. For an operator, while no server runs; it looks at every row.
 */
#ifndef WW_CLOCK_LOWER_H
#define WW_CLOCK_LOWER_H

#include "store/store_clock.h"

/* ERR_INVALID: it is less than a minute ahead. ERR_BUSY, ERR_IO, ERR_CORRUPT: nothing was
 * changed. A sentence in why. */
enum err clock_lower(const char *data_dir, int64_t wall_ms, char why[256],
    struct clock_lowered *out) MUST_CHECK;

#endif
