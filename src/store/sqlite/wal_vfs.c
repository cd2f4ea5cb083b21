/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/wal_vfs.h"

#include <pthread.h>
#include <sqlite3.h>

/* SQLite's own layer takes at most 128 KiB less one octet at a time. */
enum { GATHER_MAX = 120 * 1024 };

/* SQLite's own file follows in the same memory. */
struct wal_file {
	sqlite3_file file;
	sqlite3_file *below;
	char *gathered;
	int len;
	sqlite3_int64 start; /* where in the file the gathered octets belong */
};

static struct wal_file *
wal_of(sqlite3_file *f)
{
	return (struct wal_file *)(void *)f;
}

static int
write_out(struct wal_file *w)
{
	int len = w->len;

	w->len = 0;
	if (len == 0)
		return SQLITE_OK;
	return w->below->pMethods->xWrite(w->below, w->gathered, len, w->start);
}

static int
wal_write(sqlite3_file *f, const void *octets, int len, sqlite3_int64 at)
{
	struct wal_file *w = wal_of(f);
	int rc = SQLITE_OK;

	if (at != w->start + w->len || len > GATHER_MAX - w->len)
		rc = write_out(w);
	if (rc != SQLITE_OK)
		return rc;
	if (len > GATHER_MAX)
		return w->below->pMethods->xWrite(w->below, octets, len, at);
	if (w->len == 0)
		w->start = at;
	memcpy(w->gathered + w->len, octets, (size_t)len);
	w->len += len;
	return SQLITE_OK;
}

static int
wal_read(sqlite3_file *f, void *octets, int len, sqlite3_int64 at)
{
	struct wal_file *w = wal_of(f);
	int rc = write_out(w);

	return rc == SQLITE_OK ? w->below->pMethods->xRead(w->below, octets, len, at)
			       : rc;
}

static int
wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct wal_file *w = wal_of(f);
	int rc = write_out(w);

	return rc == SQLITE_OK ? w->below->pMethods->xTruncate(w->below, size) : rc;
}

static int
wal_sync(sqlite3_file *f, int flags)
{
	struct wal_file *w = wal_of(f);
	int rc = write_out(w);

	return rc == SQLITE_OK ? w->below->pMethods->xSync(w->below, flags) : rc;
}

static int
wal_size(sqlite3_file *f, sqlite3_int64 *size_out)
{
	struct wal_file *w = wal_of(f);
	int rc = write_out(w);

	return rc == SQLITE_OK ? w->below->pMethods->xFileSize(w->below, size_out) : rc;
}

static int
wal_close(sqlite3_file *f)
{
	struct wal_file *w = wal_of(f);
	int rc = write_out(w);
	int closed = w->below->pMethods->xClose(w->below);

	mem_free(w->gathered);
	w->gathered = NULL;
	return rc == SQLITE_OK ? closed : rc;
}

static int
wal_lock(sqlite3_file *f, int level)
{
	return wal_of(f)->below->pMethods->xLock(wal_of(f)->below, level);
}

static int
wal_unlock(sqlite3_file *f, int level)
{
	return wal_of(f)->below->pMethods->xUnlock(wal_of(f)->below, level);
}

static int
wal_is_reserved(sqlite3_file *f, int *out)
{
	return wal_of(f)->below->pMethods->xCheckReservedLock(wal_of(f)->below, out);
}

static int
wal_control(sqlite3_file *f, int op, void *arg)
{
	return wal_of(f)->below->pMethods->xFileControl(wal_of(f)->below, op, arg);
}

static int
wal_sector_size(sqlite3_file *f)
{
	return wal_of(f)->below->pMethods->xSectorSize(wal_of(f)->below);
}

static int
wal_device(sqlite3_file *f)
{
	return wal_of(f)->below->pMethods->xDeviceCharacteristics(wal_of(f)->below);
}

static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_is_reserved,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector_size,
    .xDeviceCharacteristics = wal_device,
};

static sqlite3_vfs *
below(const sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

/* Only the log is ours; every other file is opened as if we were not there. */
static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *flags_out)
{
	struct wal_file *w = wal_of(f);
	int rc;

	if ((flags & SQLITE_OPEN_WAL) == 0)
		return below(vfs)->xOpen(below(vfs), name, f, flags, flags_out);
	*w = (struct wal_file){.below = (sqlite3_file *)(w + 1)};
	rc = below(vfs)->xOpen(below(vfs), name, w->below, flags, flags_out);
	if (rc != SQLITE_OK)
		return rc;
	w->gathered = mem_new(GATHER_MAX);
	w->file.pMethods = &wal_methods;
	return SQLITE_OK;
}

static sqlite3_vfs our_vfs;

/* All but opening is the system's; it finds its own data where it left it. */
static void
set_up(void)
{
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	RESOURCE(system != NULL);
	our_vfs = *system;
	our_vfs.pNext = NULL;
	our_vfs.zName = "watchword";
	our_vfs.pAppData = system;
	our_vfs.szOsFile = system->szOsFile + (int)sizeof(struct wal_file);
	our_vfs.xOpen = vfs_open;
	INVARIANT(sqlite3_vfs_register(&our_vfs, 0) == SQLITE_OK);
}

const char *
wal_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	INVARIANT(pthread_once(&once, set_up) == 0);
	return our_vfs.zName;
}
