/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the embedded engine: one table of PINs by their ids, and hanging off its
 * entries a list of each number's newest PINs. No statement is in here.
 *
 * An entry may be three things at once.
 *   - Its place in its number is in memory alone (`waits`): it is not in the number index
 *     yet (number_index.h).
 *   - Its state or its log is newer than the row (`state_changed`, `log_changed`): the
 *     journal has it (journal.h).
 *   - It has the row (`has_row`), from which a verify is answered.
 * An entry that neither waits nor is changed, and that no generation has, is clean: the
 * database has all of it, and it goes when there are too many.
 *
 * The list of a number is whole from its oldest entry on: it has each PIN of the number
 * that is newer. So a number that has a list has its newest PIN there. Where a clean
 * entry goes, the older ones leave the list with it (they have no place that waits).
 *
 * Entries that wait, and those that are changed, leave by generations: they gather in the
 * young one; when the old one is at its end, hot_turn makes the young one the old one, in
 * the order in which it is to be written. An entry that is removed while a generation has
 * it stays as a dead one until that comes to it, or until the young one is full: places
 * that do not wait any more leave it before it grows.
 */
#ifndef WW_HOT_H
#define WW_HOT_H

#include "store/pins.h"

enum {
	HOT_PLACES_MAX = 32768,  /* that wait */
	HOT_CHANGES_MAX = 16384, /* of a generation, by their weight */
	HOT_ROWS_MAX = 16384,    /* clean entries */
	HOT_LOG_MAX = 128 /* octets of a clean entry's log; a longer one is not kept */
};

struct hot_pin {
	struct pin_row row; /* PIN id, and what the flags say */
	struct hot_pin *next_by_id;
	struct hot_pin
	    *next_by_number;   /* of the newest one: in the bucket of its number */
	struct hot_pin *newer; /* of its number */
	struct hot_pin *older;
	struct hot_pin *before; /* among clean ones */
	struct hot_pin *after;
	uint64_t number_hash;
	char *destination; /* owned; NULL: its number is not known */
	char *log;         /* owned; row.log is in it */
	uint32_t log_room;
	bool dead;       /* it was removed */
	bool linked;     /* in the list of its number */
	bool is_clean;   /* in the list of clean ones */
	bool in_places;  /* a generation has it */
	bool in_changes; /* the same of the other queue */
	bool waits;
	bool has_row;
	bool state_set; /* row.state is the present one */
	bool log_set;   /* row.log is */
	bool state_changed;
	bool log_changed;
};

/* Entries that leave memory in some order, by generations. */
struct hot_queue {
	struct hot_pin **young;
	size_t young_count;
	size_t young_room;
	int64_t young_ms; /* when its first one came */
	struct hot_pin **old;
	size_t old_count;
	size_t old_at;   /* where it goes on */
	int64_t old_ms;  /* as of the young one */
	int64_t turn_ms; /* all of the old one came before */
};

struct hot_chunk;

struct hot {
	struct hot_pin **by_id; /* buckets */
	struct hot_pin **by_number;
	size_t buckets;
	uint64_t seed;
	size_t rows_max;
	struct hot_pin *first_clean; /* the one that goes next */
	struct hot_pin *last_clean;
	size_t clean;
	size_t count;       /* without dead ones */
	size_t waiting;     /* places */
	int64_t entered_ms; /* no PIN that came is after it */
	struct hot_queue places;
	struct hot_queue changes;
	struct hot_chunk *chunks;
	struct hot_pin *free;
};

/* For about so many entries, and so many clean ones. */
void hot_init(struct hot *h, size_t about, size_t rows_max, uint64_t seed);
void hot_fini(struct hot *h);
void hot_clear(struct hot *h);

/* NULL: memory knows nothing of it. Entries stay where they are until they go. */
struct hot_pin *hot_find(const struct hot *h, const struct ident *pin_id);
/* The newest PIN of a number. NULL: ask the index. */
struct hot_pin *hot_newest(
    const struct hot *h, const struct ident *application, const char *destination);

/* A PIN whose place waits; it is not here yet. Its number's list gets it. */
struct hot_pin *hot_enter(struct hot *h, const struct ident *application,
    const char *destination, const struct ident *pin_id);
/* The row as the database has it, but for what is changed. A row of another number than
 * that of the entry is not kept. */
void hot_set_row(struct hot *h, struct hot_pin *pin, const struct pin_row *row);
/* A PIN's change by the journal, whether the PIN is here or not: attempts 0 and a null
 * log stay. */
struct hot_pin *hot_change(struct hot *h, const struct ident *pin_id,
    const struct verify_state *state, struct span log, int64_t now_ms);
/* The row has it. */
void hot_settled(struct hot *h, struct hot_pin *pin);
/* The index has it, or nobody needs it. */
void hot_placed(struct hot *h, struct hot_pin *pin);
/* The row is gone. */
void hot_remove(struct hot *h, const struct ident *pin_id);
/* Clean ones beyond rows_max go: so many at most, or half of them when that is more. */
void hot_trim(struct hot *h, size_t most, int64_t now_ms);

/* The young generation becomes the old one, which is at its end: places in the order of
 * numbers, changes in that of ids. False: there is nothing, or it may not be yet. */
bool hot_turn_places(struct hot *h, int64_t now_ms) MUST_CHECK;
bool hot_turn_changes(struct hot *h, int64_t now_ms) MUST_CHECK;
/* The next one of the old generation that waits, or is changed, and leaves it; NULL: it
 * is at its end. */
struct hot_pin *hot_next_place(struct hot *h);
struct hot_pin *hot_next_change(struct hot *h);
/* The rest of the old generation. */
size_t hot_queue_left(const struct hot_queue *q);
/* Since when the oldest one waits, or is changed; INT64_MAX: there is none. */
int64_t hot_queue_since(const struct hot_queue *q);

/* Panics where it contradicts itself. It looks at all of it. */
void hot_assert(const struct hot *h);

#endif
