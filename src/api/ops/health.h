/* SPDX-License-Identifier: Apache-2.0 */
/* How the process stands, for those that watch it; no credential, no store. */
#ifndef WW_OPS_HEALTH_H
#define WW_OPS_HEALTH_H

#include "api/dialect.h"

struct ready_result {
	bool ready; /* the store is open, nothing is stopping, and access is known */
};

/* The process answers: that is all. */
extern const struct operation op_live;
extern const struct operation op_ready;

#endif
