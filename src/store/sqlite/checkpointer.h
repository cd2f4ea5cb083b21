/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves SQLite's write-ahead log into the database beside the commits, on a thread and
 * a connection of its own: what it writes and syncs there nobody waits for. It goes on
 * until little is left, and that the committing thread moves itself, which is when the
 * log begins anew. Only a log that has outgrown everything makes a commit wait.
 *
 * A failed fsync is never retried, not here either: the next commit says ERR_SYNC.
 */
#ifndef WW_CHECKPOINTER_H
#define WW_CHECKPOINTER_H

#include <sqlite3.h>

#include "base/base.h"

struct checkpointer;

/* Opens `db` as the store does. */
typedef int checkpointer_open_f(const char *path, sqlite3 **db_out);

/* The thread begins when there is first something to do. */
struct checkpointer *checkpointer_new(
    const char *path, checkpointer_open_f *open) MUST_CHECK;
/* Ends the thread; NULL is allowed. ERR_SYNC: nothing that is in the log may be taken for
 * moved, and the log must stay. */
enum err checkpointer_free(struct checkpointer *c) MUST_CHECK;
/* After each commit of `db`, with the pages that the log has. ERR_SYNC. */
enum err checkpointer_after_commit(
    struct checkpointer *c, sqlite3 *db, int log_pages) MUST_CHECK;

#endif
