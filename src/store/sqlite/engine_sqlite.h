/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded engine: one SQLite file, DIR/watchword.db, and a process that owns it. */
#ifndef WW_ENGINE_SQLITE_H
#define WW_ENGINE_SQLITE_H

#include "store/engine.h"

extern const struct engine_ops engine_sqlite;

#endif
