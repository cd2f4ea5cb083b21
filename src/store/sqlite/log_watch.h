/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a store that has nothing to do when somebody else may have committed: inotify on
 * SQLite's write-ahead log. It tells of a write, which is before the commit can be seen,
 * and of a log that is closed after one, which is after it; it does not tell what it was,
 * nor who. By path and without opening the file: closing it would let go of the locks
 * that this process has on it.
 */
#ifndef WW_LOG_WATCH_H
#define WW_LOG_WATCH_H

#include "base/base.h"

struct log_watch {
	char *path;
	int fd;
	int watch;
};

void log_watch_init(struct log_watch *w, const char *database);
void log_watch_fini(struct log_watch *w);
/* A descriptor that gets readable; -1: it cannot be watched. */
int log_watch_begin(struct log_watch *w) MUST_CHECK;
/* The descriptor is quiet after it. */
void log_watch_end(struct log_watch *w);

#endif
