/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of the store's clock that a restart needs, as rows of the table meta: the
 * high-water mark and where the machine's clocks stood at it. It is written with a batch,
 * at most once a second; in the id of each PIN is its time as well, and whatever the
 * clock says, the next id shall be higher, as marks rely on their order.
 */
#ifndef WW_CLOCK_MARK_H
#define WW_CLOCK_MARK_H

#include "store/store_clock.h"

struct engine;

/* The record of a new store is all zeros. */
enum err clock_mark_read(struct engine *e, struct clock_record *out) MUST_CHECK;
/* In the transaction of a batch. The mark never goes back. */
enum err clock_mark_write(struct engine *e, const struct clock_record *record) MUST_CHECK;

#endif
