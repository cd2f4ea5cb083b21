/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer over SQLite's own file access that gathers what a transaction writes to
 * the write-ahead log and hands it to the kernel in one piece when the log is synced.
 * SQLite itself makes two system calls for each page.
 *
 * It relies on a transaction writing to the log at its commit alone (cache_spill=OFF):
 * what one that is rolled back had gathered would be written over what others committed.
 *
 * Nothing of the promise changes: the log is synced before a commit returns, and the
 * index of the log, by which other connections find what was committed, is written
 * after that. An error of writing is the error of the sync, with the code of writing.
 */
#ifndef WW_WAL_VFS_H
#define WW_WAL_VFS_H

#include "base/base.h"

/* The name for sqlite3_open_v2; registered when it is asked for first. */
const char *wal_vfs(void);

#endif
