/* SPDX-License-Identifier: Apache-2.0 */
/* The PINs of the embedded engine (store/pins.h), for the files that are behind them. */
#ifndef WW_PINS_SQLITE_H
#define WW_PINS_SQLITE_H

#include "store/engine.h"
#include "store/pins.h"
#include "store/sqlite/alternatives.h"
#include "store/sqlite/hot.h"
#include "store/sqlite/journal.h"
#include "store/sqlite/number_index.h"
#include "store/sqlite/places.h"

struct sqlite_pins {
	struct pins pins;
	struct store_time time; /* of the batch */
	struct hot hot;
	struct number_index index;
	struct journal journal;
	struct places places;
	struct alternatives alternatives;
	unsigned batches; /* since memory was looked at */
};

extern const struct pins_ops pins_sqlite;

/* A member of a set, for one statement. */
struct pins_sqlite_member {
	struct item item;
	const struct sqlite_pins *of;
	void *member;
};

/* One statement for one member: `err` is the member's. */
enum err pins_sqlite_run(struct sqlite_pins *p, const struct sql_step *step, void *member,
    enum err *err) MUST_CHECK;
enum err pins_sqlite_list(
    struct pins *pins, struct pins_list **lists, size_t n) MUST_CHECK;
enum err pins_sqlite_scan(struct pins *pins, struct pins_stretch *s) MUST_CHECK;

/* PINs that no limit of a day counts any more leave the table of the last days (age.c).
 */
enum err age_stretch(struct sqlite_pins *p, struct pins_upkeep *u) MUST_CHECK;

#endif
