/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about PINs that were sent: their messages, and who was verified. */
#ifndef WW_OPS_STATUS_H
#define WW_OPS_STATUS_H

#include "api/dialect.h"
#include "base/json.h"
#include "store/status.h"
#include "twofa/report.h"

struct status_ask {
	struct ident pin_id;
};

struct status_result {
	const enum report_status *messages; /* as they stand now, the first one first */
	size_t count;
};

struct verifications_ask {
	struct ident application;
	struct span to; /* a number in any spelling; empty: all numbers */
	struct opt_bool verified;
	struct opt_bool sent;
	/* made by the operation */
	const char *destination; /* NULL: all */
};

/* Piece by piece. */
struct verifications_result {
	const struct verification *list;
	size_t count;
};

extern const struct operation op_status;
extern const struct operation op_verifications;

#endif
