/* SPDX-License-Identifier: Apache-2.0 */
/* The PINs of the embedded engine (store/pins.h), for the files that are behind them. */
#ifndef WW_PINS_SQLITE_H
#define WW_PINS_SQLITE_H

#include "store/pins.h"
#include "store/sqlite/guesses.h"
#include "store/sqlite/pin_cache.h"
#include "store/sqlite/recent.h"

struct sqlite_pins {
	struct pins pins;
	struct store_time time; /* of the batch */
	struct recent recent;
	struct number_index numbers;
	struct guesses guesses;
	struct pin_cache cache;
};

extern const struct pins_ops pins_sqlite;

/* What no limit of a day counts any more leaves the table of the last days (age.c). */
enum err age_stretch(struct sqlite_pins *p, struct pins_upkeep *u) MUST_CHECK;

#endif
