/* SPDX-License-Identifier: Apache-2.0 */
#include "store/engines.h"

#include "store/sqlite/engine_sqlite.h"

/* The first one is the default. */
static const struct engine_ops *const engines[] = {&engine_sqlite};

const struct engine_ops *
engines_default(void)
{
	return engines[0];
}
