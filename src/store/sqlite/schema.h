/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a store: numbered steps (store/sqlite/schema/), each one transaction. */
#ifndef WW_SCHEMA_H
#define WW_SCHEMA_H

#include "base/base.h"

struct engine;

struct schema_of {
	const char *where;
	bool keep; /* somebody else works on it */
};

/* Brings a store up to the last step. ERR_NEWER: it knows later ones; ERR_BUSY: there are
 * steps to go, and it is to be kept; with a sentence in why. */
enum err schema_apply(
    struct engine *e, const struct schema_of *s, char why[256]) MUST_CHECK;

#endif
