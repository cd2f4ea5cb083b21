/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/lower_clock.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/arena.h"
#include "store/store_clock.h"
#include "twofa/ident.h"
#include "twofa/limit.h"
#include "twofa/verify_log.h"

enum { SQL_LEN = 256, PATH_LEN = 4096, BUSY_MS = 5000 };

struct lowering {
	sqlite3 *db;
	int64_t wall_ms;
	int64_t by_ms;
};

enum kind { TIME, ID, LOG, RING };

/* Every column that has a time of the store. An API key's dates are the wall clock's, a
 * receipt's done_at the carrier's. */
static const struct column {
	const char *table;
	const char *name;
	enum kind kind;
} columns[] = {
    {"account", "created_at", TIME},
    {"account_user", "created_at", TIME},
    {"account_user", "disabled_at", TIME},
    {"alternative", "pin", ID},
    {"api_key", "created_at", TIME},
    {"api_key", "revoked_at", TIME},
    {"application", "created_at", TIME},
    {"application_usage", "ring", RING},
    {"destination_aged", "pin", ID},
    {"destination_aged", "upgraded_at", TIME},
    {"destination_mark", "pin", ID},
    {"destination_pin", "pin", ID},
    {"destination_young", "pin", ID},
    {"guess", "attempted_at", TIME},
    {"guess", "matched_at", TIME},
    {"guess", "pin", ID},
    {"guess", "verified_at", TIME},
    {"guess", "verifies", LOG},
    {"idempotency", "created_at", TIME},
    {"idempotency", "pin", ID},
    {"message", "created_at", TIME},
    {"message", "lookup_at", TIME},
    {"message", "pin", ID},
    {"message", "reported_at", TIME},
    {"message", "updated_at", TIME},
    {"message_half", "at", TIME},
    {"message_half", "pin", ID},
    {"message_part", "pin", ID},
    {"number_run", "newest", ID},
    {"outbox", "pin", ID},
    {"pin", "attempted_at", TIME},
    {"pin", "id", ID},
    {"pin", "matched_at", TIME},
    {"pin", "verified_at", TIME},
    {"pin", "verifies", LOG},
    {"receipt_held", "at", TIME},
    {"report", "created_at", TIME},
    {"report", "next_at", TIME},
    {"report", "pin", ID},
    {"session", "expires_at", TIME},
};

/* ---- one value ---- */

static int64_t
lowered(const struct lowering *l, int64_t ms)
{
	return ms > l->wall_ms ? ms - l->by_ms : ms;
}

static void
lower_time(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	sqlite3_result_int64(
	    ctx, lowered(sqlite3_user_data(ctx), sqlite3_value_int64(values[0])));
}

static void
lower_id(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	struct ident id;
	struct ident moved;
	size_t ms_len = 6;

	(void)count;
	if (sqlite3_value_bytes(values[0]) != IDENT_LEN) {
		sqlite3_result_value(ctx, values[0]);
		return;
	}
	memcpy(id.bytes, sqlite3_value_blob(values[0]), IDENT_LEN);
	ident_floor(&moved, lowered(sqlite3_user_data(ctx), ident_ms(&id)));
	memcpy(moved.bytes + ms_len, id.bytes + ms_len, IDENT_LEN - ms_len);
	sqlite3_result_blob(ctx, moved.bytes, IDENT_LEN, SQLITE_TRANSIENT);
}

/* A damaged one stays as it is; who reads it is told. */
static void
lower_log(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	struct span octets = {
	    sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0])};
	struct verify_log log;
	struct arena arena;

	(void)count;
	arena_init(&arena);
	if (octets.len == 0 || verify_log_load(&log, &arena, octets) != OK) {
		sqlite3_result_value(ctx, values[0]);
	} else {
		for (size_t i = 0; i < log.len; i++)
			log.marks[i].at_ms =
			    lowered(sqlite3_user_data(ctx), log.marks[i].at_ms);
		octets = verify_log_save(&log, &arena, octets.len);
		sqlite3_result_blob(ctx, octets.ptr, (int)octets.len, SQLITE_TRANSIENT);
	}
	arena_fini(&arena);
}

/* By whole sub-windows, rather too few: counted too long perhaps, never too short. */
static void
lower_ring(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	const struct lowering *l = sqlite3_user_data(ctx);
	struct span octets = {
	    sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0])};
	struct limit_ring ring;
	struct limit_ring moved;
	uint8_t saved[LIMIT_RING_BYTES];
	int64_t by;

	(void)count;
	if (limit_ring_load(&ring, octets) != OK || ring.width_ms == 0 ||
	    ring.newest * ring.width_ms <= l->wall_ms) {
		sqlite3_result_value(ctx, values[0]);
		return;
	}
	moved = ring;
	by = l->by_ms / ring.width_ms;
	moved.newest -= by;
	for (int64_t i = ring.newest - LIMIT_SLOTS + 1; i <= ring.newest; i++)
		if (i >= by)
			moved.counts[(i - by) % LIMIT_SLOTS] =
			    ring.counts[i % LIMIT_SLOTS];
	limit_ring_save(&moved, saved);
	sqlite3_result_blob(ctx, saved, sizeof(saved), SQLITE_TRANSIENT);
}

static const struct {
	const char *name;
	void (*f)(sqlite3_context *ctx, int count, sqlite3_value **values);
} functions[] = {[TIME] = {"lower_time", lower_time},
    [ID] = {"lower_id", lower_id},
    [LOG] = {"lower_log", lower_log},
    [RING] = {"lower_ring", lower_ring}};

/* ---- the store ---- */

static int
set_up(struct lowering *l)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < countof(functions); i++)
		rc = sqlite3_create_function(l->db, functions[i].name, 1, SQLITE_UTF8, l,
		    functions[i].f, NULL, NULL);
	return rc;
}

static int
run(struct lowering *l, const char *sql)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL);
}

static int
number(struct lowering *l, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	return sqlite3_finalize(stmt);
}

/* The whole column: only it knows which of its rows are ahead. */
static int
lower_column(struct lowering *l, const struct column *c)
{
	char sql[SQL_LEN];

	snprintf(sql, sizeof(sql),
	    "UPDATE %s SET %s = %s(%s) WHERE %s IS NOT NULL AND %s <> %s(%s)", c->table,
	    c->name, functions[c->kind].name, c->name, c->name, c->name,
	    functions[c->kind].name, c->name);
	return run(l, sql);
}

/* Before their ids move. A PIN that was over by the time ahead must not live again. */
static int
end_lives(struct lowering *l)
{
	char sql[SQL_LEN];

	snprintf(sql, sizeof(sql),
	    "UPDATE pin SET expires_at = %lld WHERE expires_at > %lld",
	    (long long)l->wall_ms, (long long)l->wall_ms);
	return run(l, sql);
}

static int
lower_marks(struct lowering *l)
{
	char sql[SQL_LEN];

	snprintf(sql, sizeof(sql),
	    "UPDATE meta SET value = %lld WHERE name = 'clock_high_water';"
	    "DELETE FROM meta WHERE name > 'clock_' AND name < 'clock_high_water';"
	    "DELETE FROM meta WHERE name > 'clock_high_water' AND name < 'clock_z'",
	    (long long)l->wall_ms);
	return run(l, sql);
}

static int
how_far(struct lowering *l)
{
	int64_t now_ms = 0;
	int rc =
	    number(l, "SELECT value FROM meta WHERE name = 'clock_high_water'", &now_ms);

	l->by_ms = now_ms - l->wall_ms;
	return rc;
}

static int
lower_all(struct lowering *l, struct clock_lowered *out)
{
	int rc = end_lives(l);

	for (size_t i = 0; rc == SQLITE_OK && i < countof(columns); i++) {
		rc = lower_column(l, &columns[i]);
		if (strcmp(columns[i].table, "pin") == 0 && columns[i].kind == ID)
			out->pins = sqlite3_changes(l->db);
	}
	if (rc == SQLITE_OK)
		rc = lower_marks(l);
	out->by_ms = l->by_ms;
	return rc;
}

static enum err
err_of(int rc)
{
	switch (rc) {
	case SQLITE_OK:
		return OK;
	case SQLITE_BUSY:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

static int
lower_in_transaction(struct lowering *l, struct clock_lowered *out)
{
	int rc = run(l, "PRAGMA synchronous=FULL; BEGIN IMMEDIATE");

	if (rc == SQLITE_OK)
		rc = how_far(l);
	if (rc == SQLITE_OK && l->by_ms > CLOCK_STEP_MS)
		rc = lower_all(l, out);
	if (rc == SQLITE_OK)
		return run(l, "COMMIT");
	(void)run(l, "ROLLBACK");
	return rc;
}

enum err
lower_clock(
    const char *data_dir, int64_t wall_ms, char why[256], struct clock_lowered *out)
{
	struct lowering l = {.wall_ms = wall_ms};
	char path[PATH_LEN];
	int rc;

	*out = (struct clock_lowered){0};
	snprintf(path, sizeof(path), "%s/watchword.db", data_dir);
	rc = sqlite3_open_v2(path, &l.db, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(l.db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = set_up(&l);
	if (rc == SQLITE_OK)
		rc = lower_in_transaction(&l, out);
	if (rc != SQLITE_OK)
		snprintf(why, 256, "%.120s: %.120s", path, sqlite3_errmsg(l.db));
	sqlite3_close(l.db);
	if (rc == SQLITE_OK && out->by_ms == 0) {
		snprintf(why, 256, "the store's time is not ahead of the clock");
		return ERR_INVALID;
	}
	return err_of(rc);
}
