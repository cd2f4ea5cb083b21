/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite behind the engine's contract: write-ahead log, synchronous=FULL, so that
 * a commit that returned is on stable storage.
 *
 * The checkpoint is ours and not SQLite's automatic one, because SQLite does not
 * report a failed fsync from there, and a failed fsync must never be retried: the
 * kernel may have dropped the pages and say yes the second time.
 */
#include "store/sqlite/engine_sqlite.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/file.h"
#include "base/secret.h"
#include "store/damage.h"
#include "store/sqlite/checkpointer.h"
#include "store/sqlite/foreign_lock.h"
#include "store/sqlite/log_watch.h"
#include "store/sqlite/lower_clock.h"
#include "store/sqlite/page_cache.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/pins_sqlite.h"
#include "store/sqlite/statements.h"
#include "store/sqlite/wal_vfs.h"
#include "twofa/ident.h"

#define BUSY_TIMEOUT_MS 5000
/* Memory that statements take while they run, without the heap: octets, and how many. */
#define LOOKASIDE_LEN 1200
#define LOOKASIDE_COUNT 400

/* A path, and what SQLite adds to it for the files beside. */
enum { PATH_LEN = 4096, SIDE_LEN = 32 };

#define SQLITE_ENGINE_MAGIC 0x5b17e003u

struct sqlite_engine {
	struct engine engine;
	unsigned magic;
	char *where;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT_SQLITE];
	int log_pages;
	struct checkpointer *checkpointer;
	struct log_watch log_watch;
	struct foreign_lock_wait wait;
	struct damage damage;
};

static const char *const sql_texts[SQL_COUNT_SQLITE] = {
#define SQL_ROW(symbol, text) [symbol] = text,
#define SQL_OWN(symbol, text) [symbol] = text,
#include "store/sqlite/sql.def"
#undef SQL_ROW
#undef SQL_OWN
};

/* Each statement of the store has a text: the compiler names one that has none. */
enum {
#define SQL_ROW(symbol, text) TEXT_OF_##symbol,
#define SQL_OWN(symbol, text)
#include "store/sqlite/sql.def"
#undef SQL_ROW
#undef SQL_OWN
};
#define STATEMENT(symbol) static_assert(TEXT_OF_##symbol >= 0, #symbol);
#include "store/statements.def"
#undef STATEMENT

static struct sqlite_engine *
sqlite_of(struct engine *e)
{
	struct sqlite_engine *s = container_of(e, struct sqlite_engine, engine);

	CHECK_OBJ(s, SQLITE_ENGINE_MAGIC);
	return s;
}

/* By extended result code, then by primary. */
static enum err
err_of(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
		return ERR_SYNC;
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMMAP:
		return ERR_NO_SPACE;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return ERR_IO;
	default:
		return ERR_INTERNAL;
	}
}

static int
on_log_growth(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_engine *s = ctx;

	(void)db;
	(void)name;
	s->log_pages = pages;
	return SQLITE_OK;
}

static enum err
sqlite_script(struct engine *e, const char *sql)
{
	return err_of(sqlite3_exec(sqlite_of(e)->db, sql, NULL, NULL, NULL));
}

/* After a failed sync the log has to stay: the next start reads all of it again. */
static void
move_all(sqlite3 *db, enum err moved)
{
	int rc = SQLITE_OK;

	if (moved == OK)
		rc = sqlite3_wal_checkpoint_v2(
		    db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (moved != OK || err_of(rc) == ERR_SYNC)
		(void)sqlite3_db_config(
		    db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
}

static void
sqlite_close(struct engine *e)
{
	struct sqlite_engine *s = sqlite_of(e);
	enum err moved;

	moved = checkpointer_free(s->checkpointer);
	for (size_t i = 0; i < SQL_COUNT_SQLITE; i++)
		sqlite3_finalize(s->statements[i]);
	if (s->db != NULL)
		move_all(s->db, moved);
	sqlite3_close(s->db);
	log_watch_fini(&s->log_watch);
	foreign_lock_wait_fini(&s->wait);
	mem_free(s->where);
	mem_free(s);
}

/* Statistics of memory that nobody reads cost a lock for every allocation. Both settings
 * make SQLite faster; where it refuses one it works without. */
static void
configure_once(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)page_cache_configure();
}

static void
configure_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	INVARIANT(pthread_once(&once, configure_once) == 0);
}

static int
open_database(const char *path, sqlite3 **db_out)
{
	int rc = sqlite3_open_v2(path, db_out,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE,
	    wal_vfs());

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(*db_out, SQLITE_DBCONFIG_LOOKASIDE, NULL,
		    LOOKASIDE_LEN, LOOKASIDE_COUNT);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*db_out, BUSY_TIMEOUT_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db_out,
		    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		    "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-51200;"
		    "PRAGMA cache_spill=OFF; PRAGMA journal_size_limit=16777216;"
		    "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
		    NULL, NULL, NULL);
	return rc;
}

static enum err
open_file(const char *where, char why[256], struct engine **out)
{
	struct sqlite_engine *s = mem_new(sizeof(*s));
	int rc;

	s->engine.ops = &engine_sqlite;
	s->where = mem_text(where);
	s->engine.where = s->where;
	s->magic = SQLITE_ENGINE_MAGIC;
	log_watch_init(&s->log_watch, where);
	foreign_lock_wait_init(&s->wait, where);
	configure_library();
	rc = open_database(where, &s->db);
	if (rc == SQLITE_OK)
		rc = foreign_lock_wait_set(&s->wait, s->db);
	if (rc != SQLITE_OK) {
		snprintf(why, 256, "%.120s: %.120s", where,
		    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
		sqlite_close(&s->engine);
		return err_of(rc);
	}
	sqlite3_wal_hook(s->db, on_log_growth, s);
	s->checkpointer = checkpointer_new(where, open_database);
	*out = &s->engine;
	return OK;
}

/* SQLite lets a failed sync of the folder pass when it makes the database. */
static enum err
sync_folder(const char *path, char why[256])
{
	enum err e = file_sync_folder(path);

	if (e != OK)
		snprintf(why, 256, "%.180s: its folder: %s", path, err_text(e));
	return e;
}

static enum err
sqlite_open(const struct engine_place *p, char why[256], struct engine **out)
{
	char path[PATH_LEN];
	enum err e;

	if (snprintf(path, sizeof(path), "%s/watchword.db", p->data_dir) >=
	    (int)sizeof(path) - SIDE_LEN) {
		snprintf(why, 256, "the path of the data directory is too long");
		return ERR_IO;
	}
	e = open_file(path, why, out);
	if (e != OK)
		return e;
	e = schema_apply(*out, p, why);
	if (e == OK)
		e = sync_folder(path, why);
	if (e == OK)
		return OK;
	sqlite_close(*out);
	*out = NULL;
	return e;
}

static int
prepare(struct sqlite_engine *s, int sql, sqlite3_stmt **out)
{
	int rc = SQLITE_OK;

	if (s->statements[sql] == NULL)
		rc = sqlite3_prepare_v3(s->db, sql_texts[sql], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[sql], NULL);
	*out = s->statements[sql];
	return rc;
}

/* A statement without parameters and rows: what SQLite says of it. */
static int
run_alone(struct sqlite_engine *s, int sql)
{
	sqlite3_stmt *stmt;
	int rc = prepare(s, sql, &stmt);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc;
}

static bool
is_inside(const struct sqlite_engine *s)
{
	return sqlite3_get_autocommit(s->db) == 0;
}

static enum err
sqlite_begin(struct engine *e)
{
	struct sqlite_engine *s = sqlite_of(e);
	enum err err;

	INVARIANT(!is_inside(s));
	err = err_of(run_alone(s, SQL_BEGIN));
	if (err == OK)
		foreign_lock_wait_over(&s->wait);
	return err;
}

static void
sqlite_rollback(struct engine *e)
{
	struct sqlite_engine *s = sqlite_of(e);

	if (is_inside(s))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Where the index of the log cannot grow, its end is written already: a start would find
 * what was committed. */
static enum err
commit_err_of(int rc)
{
	enum err e = err_of(rc);

	if (rc == SQLITE_IOERR_SHMSIZE || rc == SQLITE_IOERR_SHMMAP)
		return ERR_UNKNOWN;
	return e == OK || e == ERR_NO_SPACE || e == ERR_BUSY || e == ERR_SYNC
		   ? e
		   : ERR_UNKNOWN;
}

static enum err
sqlite_commit(struct engine *e)
{
	struct sqlite_engine *s = sqlite_of(e);
	enum err err;

	INVARIANT(is_inside(s));
	err = commit_err_of(run_alone(s, SQL_COMMIT));
	return err == OK ? checkpointer_after_commit(s->checkpointer, s->db, s->log_pages)
			 : err;
}

static void
sqlite_bind(struct binder *b, const struct value *v)
{
	int at = b->next + 1;
	int rc = SQLITE_MISUSE;

	switch (v->kind) {
	case VALUE_NULL:
		rc = sqlite3_bind_null(b->statement, at);
		break;
	case VALUE_INT:
		rc = sqlite3_bind_int64(b->statement, at, v->number);
		break;
	case VALUE_DOUBLE:
		rc = sqlite3_bind_double(b->statement, at, v->real);
		break;
	case VALUE_TEXT:
		rc = sqlite3_bind_text(
		    b->statement, at, v->bytes.ptr, (int)v->bytes.len, SQLITE_STATIC);
		break;
	case VALUE_BLOB:
		rc = sqlite3_bind_blob(
		    b->statement, at, v->bytes.ptr, (int)v->bytes.len, SQLITE_STATIC);
		break;
	}
	if (rc != SQLITE_OK)
		b->failed = true;
}

static void
sqlite_column(struct row *r, struct value *v)
{
	switch (sqlite3_column_type(r->statement, r->next)) {
	case SQLITE_INTEGER:
		v->kind = VALUE_INT;
		v->number = sqlite3_column_int64(r->statement, r->next);
		return;
	case SQLITE_FLOAT:
		v->kind = VALUE_DOUBLE;
		v->real = sqlite3_column_double(r->statement, r->next);
		return;
	case SQLITE_TEXT:
		v->kind = VALUE_TEXT;
		v->bytes.ptr = (const char *)sqlite3_column_text(r->statement, r->next);
		v->bytes.len = (size_t)sqlite3_column_bytes(r->statement, r->next);
		return;
	case SQLITE_BLOB:
		v->kind = VALUE_BLOB;
		v->bytes.ptr = sqlite3_column_blob(r->statement, r->next);
		v->bytes.len = (size_t)sqlite3_column_bytes(r->statement, r->next);
		return;
	default:
		v->kind = VALUE_NULL;
		return;
	}
}

/* ---- damaged rows ---- */

enum { ROW_KEY_LEN = 48, HASH_SHOWN = 4 };

/* An id as it is; of what is longer, a hash, the beginning. */
static void
put_key(const struct value *v, char out[ROW_KEY_LEN])
{
	size_t shown = v->bytes.len <= IDENT_LEN ? v->bytes.len : HASH_SHOWN;

	if (v->kind == VALUE_INT)
		snprintf(out, ROW_KEY_LEN, "%lld", (long long)v->number);
	else if (v->kind == VALUE_BLOB)
		secret_hex_upper(v->bytes.ptr, shown, out);
	else if (v->kind == VALUE_TEXT)
		snprintf(out, ROW_KEY_LEN, "%.*s", (int)v->bytes.len, v->bytes.ptr);
}

/* A question about a statement, instead of its run. */
struct asked {
	struct engine engine;
	struct value first;
	bool found;
};

static void
take_first(struct binder *b, const struct value *v)
{
	struct asked *asked = container_of(b->engine, struct asked, engine);

	if (!asked->found)
		asked->first = *v;
	asked->found = true;
}

static const struct engine_ops asked_ops = {.name = "asked", .bind = take_first};

/* Columns that are keys, those that say most first. */
static const char *const key_columns[] = {"id", "pin", "name", "seq", "hash"};

static bool
find_key(struct row *r, const char *name, char out[ROW_KEY_LEN])
{
	struct row copy = *r;

	for (copy.next = 0; copy.next < sqlite3_column_count(r->statement); copy.next++) {
		const char *origin = sqlite3_column_origin_name(r->statement, copy.next);
		struct value v = {0};

		if (origin == NULL || strcmp(origin, name) != 0)
			continue;
		sqlite_column(&copy, &v);
		put_key(&v, out);
		return true;
	}
	return false;
}

/* By a key among its columns, else by what was asked for. */
static void
name_row(struct row *r, char out[ROW_KEY_LEN])
{
	struct asked asked = {.engine = {.ops = &asked_ops}};
	struct binder b = {.engine = &asked.engine};

	out[0] = '\0';
	for (size_t i = 0; i < countof(key_columns); i++)
		if (find_key(r, key_columns[i], out))
			return;
	r->step->bind(r->item, &b);
	if (asked.found)
		put_key(&asked.first, out);
}

/* TABLE.COLUMN, or the name of an expression. */
static void
note_dotted(struct engine *e, const char *text, const char *key)
{
	const char *dot = strchr(text, '.');
	char table[64] = "";

	if (dot != NULL)
		snprintf(table, sizeof(table), "%.*s", (int)(dot - text), text);
	damage_note(&sqlite_of(e)->damage, table, dot == NULL ? text : dot + 1, key);
}

static void
sqlite_name_damaged(struct row *r, int column)
{
	const char *table = sqlite3_column_table_name(r->statement, column);
	const char *name = sqlite3_column_origin_name(r->statement, column);
	const char *alias = sqlite3_column_name(r->statement, column);
	char key[ROW_KEY_LEN];

	name_row(r, key);
	if (table == NULL || name == NULL || strchr(alias, '.') != NULL)
		note_dotted(r->engine, alias, key);
	else
		damage_note(&sqlite_of(r->engine)->damage, table, name, key);
}

/* A row that is written anew is looked at whole (STRICT). The end of what SQLite says is
 * TABLE.COLUMN. */
static void
name_unwritable(struct row *r)
{
	const char *said = sqlite3_errmsg(sqlite_of(r->engine)->db);
	const char *space = strrchr(said, ' ');
	char key[ROW_KEY_LEN];

	name_row(r, key);
	note_dotted(r->engine, space == NULL ? said : space + 1, key);
}

static bool
is_unwritable(int rc)
{
	return rc == SQLITE_CONSTRAINT_DATATYPE || rc == SQLITE_CONSTRAINT_NOTNULL ||
	       rc == SQLITE_CONSTRAINT_CHECK;
}

/* ---- a step ---- */

static int
read_rows(struct sqlite_engine *s, struct row *r)
{
	const struct sql_step *step = r->step;
	int rc = SQLITE_OK;

	while (!r->enough && !r->damaged &&
	       (rc = sqlite3_step(r->statement)) == SQLITE_ROW) {
		r->next = 0;
		if (step->row != NULL)
			step->row(r->item, r);
	}
	if (rc == SQLITE_DONE && step->row != NULL &&
	    sqlite3_column_count(r->statement) == 0 && sqlite3_changes(s->db) > 0)
		step->row(r->item, r);
	return rc;
}

/* One item: ERR_EXISTS and a damaged row are the item's own fault, everything else the
 * transaction's. */
static enum err
run_item(struct sqlite_engine *s, const struct sql_step *step, struct item *it,
    sqlite3_stmt *stmt)
{
	struct binder b = {&s->engine, stmt, 0, false};
	struct row r = {
	    .engine = &s->engine, .statement = stmt, .step = step, .item = it};
	int rc;

	step->bind(it, &b);
	INVARIANT(!b.failed && b.next == sqlite3_bind_parameter_count(stmt));
	rc = read_rows(s, &r);
	if (is_unwritable(rc))
		name_unwritable(&r);
	sqlite3_reset(stmt);
	if (r.damaged || is_unwritable(rc))
		it->err = ERR_CORRUPT;
	else if (err_of(rc) == ERR_EXISTS)
		it->err = ERR_EXISTS;
	return is_unwritable(rc) || err_of(rc) == ERR_EXISTS ? OK : err_of(rc);
}

static enum err
sqlite_each(struct engine *e, const struct sql_step *step, struct item **items, size_t n)
{
	struct sqlite_engine *s = sqlite_of(e);
	sqlite3_stmt *stmt;
	enum err err = err_of(prepare(s, step->sql, &stmt));

	for (size_t i = 0; err == OK && i < n; i++) {
		if (items[i]->err != OK || items[i]->skip)
			continue;
		if (step->applies != NULL && !step->applies(items[i]))
			continue;
		err = run_item(s, step, items[i], stmt);
	}
	if (stmt != NULL)
		sqlite3_clear_bindings(stmt);
	return err;
}

static int64_t
sqlite_foreign_version(struct engine *e)
{
	int64_t version;

	return engine_number(e, SQL_FOREIGN_VERSION, &version) == OK ? version : -1;
}

static int
sqlite_watch(struct engine *e)
{
	return log_watch_begin(&sqlite_of(e)->log_watch);
}

static void
sqlite_unwatch(struct engine *e)
{
	log_watch_end(&sqlite_of(e)->log_watch);
}

const struct engine_ops engine_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .script = sqlite_script,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .each = sqlite_each,
    .foreign_version = sqlite_foreign_version,
    .watch = sqlite_watch,
    .unwatch = sqlite_unwatch,
    .bind = sqlite_bind,
    .column = sqlite_column,
    .name_damaged = sqlite_name_damaged,
    .lower_clock = lower_clock,
    .pins = &pins_sqlite,
};
