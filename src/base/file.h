/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that must be there after the machine lost its power. A file that was made or
 * renamed is durable once its folder is synced as well (fsync(2), NOTES).
 */
#ifndef WW_FILE_H
#define WW_FILE_H

#include "base/base.h"

/* Writes all of it from where the descriptor stands, and syncs. ERR_NO_SPACE, ERR_IO;
 * errno tells more. */
enum err file_write_whole(int fd, struct span octets) MUST_CHECK;
/* Makes the folder for its owner alone, durably; one that is there is OK. */
enum err file_make_folder(const char *path) MUST_CHECK;
/* Syncs the folder in which `path` stands. ERR_NO_SPACE, ERR_IO. */
enum err file_sync_folder(const char *path) MUST_CHECK;

#endif
