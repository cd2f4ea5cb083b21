/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times at which the store reads changes that other processes have committed (keys,
 * users): a "look".
 *
 * A store with work looks every WATCHER_LOOK_MS. The engine's notices are off meanwhile,
 * as they would tell of the store's own commits.
 *
 * A store at rest does not look, so that the machine may sleep. The engine gives notice
 * of a write by another process: a descriptor becomes readable. A notice may come before
 * the commit that it tells of, so the store looks at once and then every WATCHER_LOOK_MS
 * for a while; between two looks are 20 ms at least, however many notices come. A file
 * system may give no notices at all, so a store at rest looks now and then, too.
 */
#ifndef WW_WATCHER_H
#define WW_WATCHER_H

#include "base/base.h"

struct engine;

/* A change by others holds within 1 s; reading it takes the rest of that. */
enum { WATCHER_LOOK_MS = 850 };

struct watcher {
	struct engine *engine;
	int fd; /* of the engine's notices; -1: they are off */
	bool due;
	int64_t looked_ms; /* all in steady time */
	int64_t worked_ms;
	int64_t follow_until_ms; /* a notice came lately: look every WATCHER_LOOK_MS */
};

void watcher_init(struct watcher *w, struct engine *e);
/* The store has run a batch. */
void watcher_worked(struct watcher *w, int64_t now_ms);
/* The store has nothing to do; after a while notices go on. */
void watcher_rest(struct watcher *w, int64_t now_ms);
/* The longest wait for work, and the descriptor to wait for beside it (-1: none). */
int watcher_wait_ms(const struct watcher *w, int64_t now_ms) MUST_CHECK;
int watcher_fd(const struct watcher *w, int64_t now_ms) MUST_CHECK;
/* A notice: the descriptor is readable. */
void watcher_told(struct watcher *w, int64_t now_ms);
bool watcher_is_due(const struct watcher *w, int64_t now_ms) MUST_CHECK;
void watcher_looked(struct watcher *w, int64_t now_ms);

#endif
