/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model: an engine that keeps PINs, numbers and guesses in one array and answers by
 * looking at all of it, each time. The slowest thing that is obviously right, to compare
 * the other engines with (store/pins.h says what an engine does). It insists that a verb
 * has locked what the verb changes.
 *
 * Rows beside PINs (applications, templates, messages, reports) are those of the embedded
 * engine, and so are the rows that those join. No answer of the model comes from there.
 *
 * The array outlives its engine, as a file does: under the path that it was opened with,
 * until model_forget.
 */
#ifndef WW_TEST_MODEL_H
#define WW_TEST_MODEL_H

#include "store/engine.h"

const struct engine_ops *model_engine(void);
/* Empties every path. */
void model_forget(void);

#endif
