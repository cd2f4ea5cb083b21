/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person typed, against the PIN of an id.
 */
#ifndef WW_OPS_VERIFY_H
#define WW_OPS_VERIFY_H

#include "api/dialect.h"
#include "store/verify.h"

struct verify_ask {
	struct ident pin_id;
	const char *typed; /* NULL: it could not be read */
	bool typed_number; /* it came as a number, which has no leading zeros */
};

struct verify_result {
	struct ident pin_id;
	const char *to; /* canonical */
	enum verdict verdict;
	int64_t attempts_left;
};

extern const struct operation op_verify;

#endif
