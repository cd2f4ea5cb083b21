/* SPDX-License-Identifier: Apache-2.0 */
/* Promises of SQLite and of our way of writing its log beside another process. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite/engine_sqlite.h"
#include "unit/unit.h"

enum { FOREIGN = 20 };

static char folder[64];
static char path[80];

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/ww-engine-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/watchword.db", folder);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const sides[] = {"", "-wal", "-shm"};
	char side[96];

	(void)state;
	for (size_t i = 0; i < countof(sides); i++) {
		snprintf(side, sizeof(side), "%s%s", path, sides[i]);
		unlink(side);
	}
	rmdir(folder);
	return 0;
}

static struct engine *
open_engine(void)
{
	const struct engine_place place = {.data_dir = folder};
	struct engine *e = NULL;
	char why[256];

	assert_int_equal(engine_sqlite.open(&place, why, &e), OK);
	return e;
}

static void
script(struct engine *e, const char *sql)
{
	assert_int_equal(e->ops->script(e, sql), OK);
}

static void
assert_answer(const char *sql, const char *answer)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), answer);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* More than the cache holds, and given up: nothing of it may reach the log later on, over
 * what others committed there. */
static void
test_a_large_batch_that_is_given_up_harms_nobody(void **state)
{
	struct engine *ours = open_engine();
	struct engine *other;

	(void)state;
	script(ours,
	    "PRAGMA cache_size=20; CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB);"
	    "CREATE TABLE u (id INTEGER PRIMARY KEY, b BLOB);"
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
	    "INSERT INTO t SELECT i, zeroblob(3000) FROM n;"
	    "PRAGMA wal_checkpoint(TRUNCATE)");
	other = open_engine();
	script(ours, "BEGIN IMMEDIATE; UPDATE t SET b = randomblob(3000) WHERE id <= 35; "
		     "ROLLBACK");
	for (int i = 0; i < FOREIGN; i++)
		script(other, "INSERT INTO u (b) VALUES (zeroblob(1500))");
	script(ours, "INSERT INTO u DEFAULT VALUES");
	assert_answer("PRAGMA integrity_check", "ok");
	assert_answer("SELECT count(*) FROM u", "21");
	assert_answer("SELECT count(*) FROM t WHERE b = zeroblob(3000)", "100");
	other->ops->close(other);
	ours->ops->close(ours);
	assert_answer("SELECT count(*) FROM u", "21");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_large_batch_that_is_given_up_harms_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
