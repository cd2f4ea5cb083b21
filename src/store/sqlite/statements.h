/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that SQLite needs for itself: the rows SQL_OWN of sql.def. Their numbers go
 * on where those of store/statements.def end, so that a step may run either.
 */
#ifndef WW_SQLITE_STATEMENTS_H
#define WW_SQLITE_STATEMENTS_H

#include "store/engine.h"
#include "store/message_guard.h"

enum {
	SQL_BEFORE_OWN = SQL_COUNT - 1,
#define SQL_ROW(symbol, text)
#define SQL_OWN(symbol, text) symbol,
#include "store/sqlite/sql.def"
#undef SQL_ROW
#undef SQL_OWN
	SQL_COUNT_SQLITE
};

#endif
