/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each statement that moves a message, run on a row of each state, to each state: it
 * makes the moves of the table of states that are its own, and no other.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite/engine_sqlite.h"
#include "store/sqlite/statements.h"
#include "twofa/message.h"
#include "unit/unit.h"

#define BIT(state) (1u << MESSAGE_##state)

enum { ANY_STATE = (1 << MESSAGE_STATE_COUNT) - 1, NOT_A_STATE = 77 };
enum { OPEN = BIT(READY) | BIT(LEASED), ON_ITS_WAY = BIT(SUBMITTED) | BIT(ACCEPTED) };

/* A letter for each mark: p the PIN id, t the state, n a number, 0 none, c the carrier,
 * m its id of the message, - null. */
struct mover {
	const char *name;
	int sql;
	const char *marks;
	unsigned takes; /* states that are its own */
	unsigned makes; /* states that it can be asked to make; those of a mark: all */
};

static const struct mover movers[] = {
    {"outcome", SQL_MESSAGE_OUTCOME, "p0t0ncm00--00-0-0n0", ANY_STATE, ANY_STATE},
    {"receipt", SQL_RECEIPT_APPLY, "mct000n", BIT(ACCEPTED), ANY_STATE},
    {"receipt of a part", SQL_RECEIPT_APPLY_PART, "p0t000n", BIT(ACCEPTED), ANY_STATE},
    {"half", SQL_HALF_END, "p0t0n", BIT(ACCEPTED), ANY_STATE},
    {"overdue", SQL_REPORT_GIVE_UP, "p0t0n", ON_ITS_WAY, ANY_STATE},
    {"note", SQL_MESSAGE_NOTE, "p0n0c00-0n00", OPEN, BIT(LEASED)},
    {"take over", SQL_MESSAGE_LEASE, "n", OPEN, BIT(LEASED)},
    {"take one over", SQL_MESSAGE_LEASE_ONE, "np0", OPEN, BIT(LEASED)},
};

static const char *const texts[SQL_COUNT_SQLITE] = {
#define SQL_ROW(symbol, text) [symbol] = text,
#define SQL_OWN(symbol, text) [symbol] = text,
#include "store/sqlite/sql.def"
#undef SQL_ROW
#undef SQL_OWN
};

static char folder[64];
static char path[96];
static struct engine *engine;
static const struct ident pin_id = {{1}};

static int
setup(void **state)
{
	const struct engine_place place = {.data_dir = folder};
	char why[256];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/ww-states-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/watchword.db", folder);
	assert_int_equal(engine_sqlite.open(&place, why, &engine), OK);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const sides[] = {"", "-wal", "-shm"};
	char side[128];

	(void)state;
	engine->ops->close(engine);
	for (size_t i = 0; i < countof(sides); i++) {
		snprintf(side, sizeof(side), "%s%s", path, sides[i]);
		unlink(side);
	}
	rmdir(folder);
	return 0;
}

/* A step on the one message. */
struct move {
	struct item item;
	const struct mover *by;
	int to;
	bool made;
};

static void
bind_mark(const struct move *m, struct binder *b, char mark)
{
	switch (mark) {
	case 'p':
		bind_ident(b, &pin_id);
		return;
	case 't':
		bind_int(b, m->to);
		return;
	case 'c':
		bind_text(b, "carrier");
		return;
	case 'm':
		bind_text(b, "m1");
		return;
	case '-':
		bind_text(b, NULL);
		return;
	default:
		bind_int(b, mark == 'n');
		return;
	}
}

static void
bind_move(struct item *it, struct binder *b)
{
	const struct move *m = container_of(it, struct move, item);

	for (const char *mark = m->by->marks; *mark != '\0'; mark++)
		bind_mark(m, b, *mark);
}

static void
read_move(struct item *it, struct row *r)
{
	(void)r;
	container_of(it, struct move, item)->made = true;
}

static int64_t
ask(const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t answer;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return answer;
}

static void
put_message(int from)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
	    "DELETE FROM message; INSERT INTO message (pin, seq, channel, state, reason, "
	    "created_at, updated_at, attempts, carrier, carrier_message_id) "
	    "VALUES (x'01000000000000000000000000000000', 0, 0, %d, 0, 1, 1, 0, "
	    "'carrier', 'm1')",
	    from);
	assert_int_equal(engine->ops->script(engine, sql), OK);
}

static void
check_move(const struct mover *by, int from, int to, bool may)
{
	const struct sql_step step = {by->sql, bind_move, read_move, NULL};
	struct move m = {.by = by, .to = to};
	int64_t state;

	put_message(from);
	assert_int_equal(engine_one(engine, &step, &m.item), OK);
	assert_int_equal(m.item.err, OK);
	state = ask("SELECT state FROM message");
	if (m.made != may || state != (may ? to : from))
		fail_msg("%s: from %d to %d: %s, and it is %d", by->name, from, to,
		    m.made ? "made" : "not made", (int)state);
}

static bool
has(unsigned states, int state)
{
	return (states >> state & 1) != 0;
}

static void
check_mover(const struct mover *by, int from)
{
	for (int to = 0; to < MESSAGE_STATE_COUNT; to++)
		if (has(by->makes, to))
			check_move(by, from, to,
			    has(by->takes, from) && message_may_move(from, to));
}

static void
test_a_statement_makes_the_moves_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(movers); i++)
		for (int from = 0; from < MESSAGE_STATE_COUNT; from++)
			check_mover(&movers[i], from);
}

static void
test_a_number_that_is_no_state_moves_nowhere(void **state)
{
	static const int none[] = {-1, -4, -49, MESSAGE_STATE_COUNT, NOT_A_STATE};

	(void)state;
	for (size_t i = 0; i < countof(none); i++)
		for (int to = 0; to < MESSAGE_STATE_COUNT; to++)
			check_move(&movers[0], none[i], to, false);
}

/* ---- words of statements ---- */

static bool
is_so(const char *words, int number)
{
	char query[512];

	snprintf(query, sizeof(query), "SELECT %s FROM (SELECT %d AS s)", words, number);
	return ask(query) != 0;
}

static void
test_the_words_mean_the_states_of_the_table(void **state)
{
	(void)state;
	for (int s = 0; s < MESSAGE_STATE_COUNT; s++) {
		assert_int_equal(is_so(IS_OPEN("s"), s), has(OPEN, s));
		assert_int_equal(is_so(IS_ON_ITS_WAY("s"), s), has(ON_ITS_WAY, s));
		assert_int_equal(is_so(IS_FINAL("s"), s), message_is_final(s));
		assert_int_equal(
		    is_so(IS_NOT_LOST("s"), s), !has(BIT(FAILED) | BIT(EXPIRED), s));
		assert_int_equal(
		    is_so(IS_STATE("s", ACCEPTED), s), s == MESSAGE_ACCEPTED);
	}
	assert_string_equal(STATE(EXPIRED), "6");
}

/* ---- indexes ---- */

static bool
plans_with(int sql, const char *index)
{
	char query[8192];
	sqlite3 *db;
	sqlite3_stmt *stmt;
	bool found = false;

	snprintf(query, sizeof(query), "EXPLAIN QUERY PLAN %s", texts[sql]);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		found = found ||
			strstr((const char *)sqlite3_column_text(stmt, 3), index) != NULL;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return found;
}

static void
test_the_partial_indexes_serve(void **state)
{
	static const struct {
		int sql;
		const char *index;
	} rows[] = {
	    {SQL_MESSAGE_LEASE, "INDEX message_open"},
	    {SQL_MESSAGE_LEASE_LIST, "INDEX message_open"},
	    {SQL_MESSAGE_OPEN, "INDEX message_open"},
	    {SQL_RECEIPT_APPLY, "INDEX message_receipt"},
	    {SQL_REPORT_OVERDUE, "INDEX message_tracked"},
	};

	(void)state;
	for (size_t i = 0; i < countof(rows); i++)
		if (!plans_with(rows[i].sql, rows[i].index))
			fail_msg("%s: not by %s", texts[rows[i].sql], rows[i].index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_statement_makes_the_moves_of_the_table, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_number_that_is_no_state_moves_nowhere, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_the_words_mean_the_states_of_the_table, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_the_partial_indexes_serve, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
