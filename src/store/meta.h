/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers by name that a store keeps of itself (table meta): the mark of its clock, the
 * newest keys, the number of its last run. Each function is a step of the transaction
 * that is under way, or one of its own. ERR_CORRUPT: the row holds no such number.
 */
#ifndef WW_META_H
#define WW_META_H

#include "base/base.h"

struct engine;

/* The number of this name, 0 to `most`; without a row `out` stays as it is. */
enum err meta_get(
    struct engine *e, const char *name, int64_t most, int64_t *out) MUST_CHECK;
/* The number never becomes less. */
enum err meta_raise(struct engine *e, const char *name, int64_t value) MUST_CHECK;
/* The next one, from 1 on. */
enum err meta_next(struct engine *e, const char *name, int64_t *out) MUST_CHECK;

#endif
