/* SPDX-License-Identifier: Apache-2.0 */
/* The log is moved beside the commits, begins anew, and a failed fsync is said. */
#include "store/sqlite/checkpointer.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/unit.h"

enum { PAGE = 4096, PAGES_A_COMMIT = 300, COMMITS_MAX = 400, LOG_PAGES_MAX = 60000 };

static atomic_bool
    sync_fails; /* of the database's file, for all but the first connection */
static atomic_int opened;
static int log_pages;

static int
on_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
	(void)ctx;
	(void)db;
	(void)name;
	log_pages = pages;
	return SQLITE_OK;
}

/* ---- a file whose fsync fails ---- */

static sqlite3_io_methods failing;
static int (*real_sync)(sqlite3_file *f, int flags);

static int
maybe_sync(sqlite3_file *f, int flags)
{
	return atomic_load(&sync_fails) ? SQLITE_IOERR_FSYNC : real_sync(f, flags);
}

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *below = vfs->pAppData;
	int rc = below->xOpen(below, name, f, flags, out);

	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
		failing = *f->pMethods;
		real_sync = failing.xSync;
		failing.xSync = maybe_sync;
		f->pMethods = &failing;
	}
	return rc;
}

static void
register_vfs(void)
{
	static sqlite3_vfs ours;

	if (ours.zName != NULL)
		return;
	ours = *sqlite3_vfs_find(NULL);
	ours.pNext = NULL;
	ours.zName = "failing";
	ours.pAppData = sqlite3_vfs_find(NULL);
	ours.xOpen = open_file;
	assert_int_equal(sqlite3_vfs_register(&ours, 0), SQLITE_OK);
}

/* ---- a database ---- */

static int
open_db(const char *path, sqlite3 **out)
{
	bool first = atomic_fetch_add(&opened, 1) == 0;
	int rc = sqlite3_open_v2(path, out,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE,
	    first ? NULL : "failing");

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*out,
		    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
		    "PRAGMA wal_autocheckpoint=0;",
		    NULL, NULL, NULL);
	/* off keeps the test short; the checkpointer's own connection has to sync */
	if (rc == SQLITE_OK && !first)
		rc = sqlite3_exec(*out, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
	return rc;
}

struct world {
	char path[64];
	sqlite3 *db;
	struct checkpointer *checkpointer;
};

static int
setup(void **state)
{
	struct world *w = mem_new(sizeof(*w));
	int fd;

	register_vfs();
	snprintf(w->path, sizeof(w->path), "/tmp/ww-checkpointer-XXXXXX");
	fd = mkstemp(w->path);
	assert_true(fd >= 0);
	close(fd);
	atomic_store(&sync_fails, false);
	atomic_store(&opened, 0);
	assert_int_equal(open_db(w->path, &w->db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(w->db, "CREATE TABLE t (b BLOB)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_wal_hook(w->db, on_log, NULL);
	w->checkpointer = checkpointer_new(w->path, open_db);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	char side[80];

	if (w->checkpointer != NULL)
		assert_int_equal(checkpointer_free(w->checkpointer), OK);
	sqlite3_close(w->db);
	unlink(w->path);
	for (size_t i = 0; i < 2; i++) {
		snprintf(side, sizeof(side), "%s%s", w->path, i == 0 ? "-wal" : "-shm");
		unlink(side);
	}
	mem_free(w);
	return 0;
}

static enum err
commit(struct world *w)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO t SELECT zeroblob(%d) FROM n",
	    PAGES_A_COMMIT, PAGE - 200);
	assert_int_equal(sqlite3_exec(w->db, sql, NULL, NULL, NULL), SQLITE_OK);
	return checkpointer_after_commit(w->checkpointer, w->db, log_pages);
}

/* ---- what is promised ---- */

static void
test_the_log_begins_anew_and_does_not_grow(void **state)
{
	struct world *w = *state;
	int before = 0;
	int anew = 0;
	int most = 0;

	for (int i = 0; i < COMMITS_MAX && anew < 3; i++) {
		assert_int_equal(commit(w), OK);
		anew += log_pages < before;
		before = log_pages;
		most = log_pages > most ? log_pages : most;
	}
	assert_int_equal(anew, 3);
	assert_true(most < LOG_PAGES_MAX);
}

static void
test_nothing_is_lost_on_the_way(void **state)
{
	struct world *w = *state;
	sqlite3_stmt *count;
	sqlite3 *reader;

	for (int i = 0; i < 40; i++)
		assert_int_equal(commit(w), OK);
	/* in the midst of it, as likely as not */
	assert_int_equal(checkpointer_free(w->checkpointer), OK);
	w->checkpointer = NULL;
	assert_int_equal(sqlite3_open(w->path, &reader), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(reader, "SELECT count(*) FROM t", -1, &count, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(count, 0), 40 * PAGES_A_COMMIT);
	sqlite3_finalize(count);
	sqlite3_close(reader);
}

static void
test_a_failed_fsync_is_said_at_a_commit_and_for_good(void **state)
{
	struct world *w = *state;
	enum err e = OK;

	atomic_store(&sync_fails, true);
	for (int i = 0; i < COMMITS_MAX && e == OK; i++)
		e = commit(w);
	assert_int_equal(e, ERR_SYNC);
	atomic_store(&sync_fails, false);
	assert_int_equal(commit(w), ERR_SYNC);
	assert_int_equal(checkpointer_free(w->checkpointer), ERR_SYNC);
	w->checkpointer = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_the_log_begins_anew_and_does_not_grow, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_is_lost_on_the_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_failed_fsync_is_said_at_a_commit_and_for_good, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
