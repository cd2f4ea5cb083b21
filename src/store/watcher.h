/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to look for what other processes have changed. While there is work, each
 * WATCHER_LOOK_MS; a store with nothing to do does not look but is told by its engine, so
 * that the machine may sleep. While there is work it is not, as it would be told of its
 * own commits. What it is told of may not be committed yet, so it goes on looking for a
 * while; not at once again, however much is written. Now and then it looks untold, as the
 * file system may be one that tells nothing.
 */
#ifndef WW_WATCHER_H
#define WW_WATCHER_H

#include "base/base.h"

struct engine;

/* A change by others holds within 1 s; reading it takes the rest of that. */
enum { WATCHER_LOOK_MS = 850 };

struct watcher {
	struct engine *engine;
	int fd; /* gets readable when it is told; -1: it is not */
	bool due;
	int64_t looked_ms; /* all in steady time */
	int64_t worked_ms;
	int64_t follow_until_ms; /* it was told lately */
};

void watcher_init(struct watcher *w, struct engine *e);
/* There was something to do. */
void watcher_worked(struct watcher *w, int64_t now_ms);
/* There is nothing to do; it may be time to look after it. */
void watcher_rest(struct watcher *w, int64_t now_ms);
/* For how long, and for which descriptor (-1: none). */
int watcher_wait_ms(const struct watcher *w, int64_t now_ms) MUST_CHECK;
int watcher_fd(const struct watcher *w, int64_t now_ms) MUST_CHECK;
/* The descriptor is readable. */
void watcher_told(struct watcher *w, int64_t now_ms);
bool watcher_is_due(const struct watcher *w, int64_t now_ms) MUST_CHECK;
void watcher_looked(struct watcher *w, int64_t now_ms);

#endif
