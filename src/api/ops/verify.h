/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verify: a text that a person typed, against the PIN of an id, or the newest PIN of a
 * number in an application. PINs of one millisecond are in no order.
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

struct verify_number_ask {
	struct ident application;
	const char *to;    /* a number in any spelling; NULL: it could not be read */
	const char *typed; /* NULL: it could not be read */
	/* made by the operation */
	const char *destination; /* canonical */
};

/* The result of both. */
struct verify_result {
	struct ident pin_id;
	const char *to; /* canonical */
	enum verdict verdict;
	int64_t attempts_left;
};

extern const struct operation op_verify;
/* ERR_NOT_FOUND where the number has no PIN. */
extern const struct operation op_verify_number;

#endif
