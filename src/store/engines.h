/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of engines: a row for each, whose code is a folder beside this file. Nothing
 * else of the store names an engine.
 */
#ifndef WW_ENGINES_H
#define WW_ENGINES_H

struct engine_ops;

/* The engine of a store whose configuration names none. */
const struct engine_ops *engines_default(void);

#endif
