/* SPDX-License-Identifier: Apache-2.0 */
#include "store/clock_lower.h"

#include "store/engine.h"
#include "store/engines.h"

enum err
clock_lower(
    const char *data_dir, int64_t wall_ms, char why[256], struct clock_lowered *out)
{
	return engines_default()->lower_clock(data_dir, wall_ms, why, out);
}
