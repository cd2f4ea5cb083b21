/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks that other processes have on SQLite's files, named in the log: who keeps the
 * store from writing, who keeps the log from being moved. The kernel says it in
 * /proc/locks; the files are not opened for that, as closing them would let go of the
 * locks that this process has. Locks stand on octets of the log's index
 * (https://www.sqlite.org/walformat.html, 2.3.1).
 */
#ifndef WW_FOREIGN_LOCK_H
#define WW_FOREIGN_LOCK_H

#include <sqlite3.h>

#include "base/base.h"

enum foreign_lock_kind { FOREIGN_WRITER, FOREIGN_READER };

/* One that waits for its turn to write. */
struct foreign_lock_wait {
	char *database;
	int waited_ms; /* since it could write last */
	int turn_ms;   /* of the present try */
	bool told;
};

/* `db` waits as long as SQLite's own handler would for this time-out. */
void foreign_lock_wait_init(struct foreign_lock_wait *w, const char *database);
int foreign_lock_wait_set(struct foreign_lock_wait *w, sqlite3 *db) MUST_CHECK;
/* The wait is over: the connection may write. */
void foreign_lock_wait_over(struct foreign_lock_wait *w);
void foreign_lock_wait_fini(struct foreign_lock_wait *w);

/* Another process that has such a lock; 0: it cannot be told. */
int64_t foreign_lock_pid(const char *database, enum foreign_lock_kind kind) MUST_CHECK;
/* The name of a process, or an empty one. */
void foreign_lock_name(int64_t pid, char out[64]);

#endif
