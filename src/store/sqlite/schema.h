/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a store: numbered steps (store/sqlite/schema/), each one transaction. */
#ifndef WW_SCHEMA_H
#define WW_SCHEMA_H

#include "base/base.h"

struct engine;
struct engine_place;

/* Brings a store up to the last step. ERR_NEWER: it knows later ones; ERR_BUSY: there are
 * steps to go, and it is to be kept; with a sentence in why. */
enum err schema_apply(
    struct engine *e, const struct engine_place *p, char why[256]) MUST_CHECK;

#endif
