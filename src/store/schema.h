/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a store: numbered steps (store/schema/), each one transaction. */
#ifndef WW_SCHEMA_H
#define WW_SCHEMA_H

#include "store/engine.h"

/* Brings it up to the last step. ERR_NEWER: it knows later ones; with a sentence that
 * names `where` in why. */
enum err schema_apply(struct engine *e, const char *where, char why[256]) MUST_CHECK;

#endif
