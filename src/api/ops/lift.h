/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a number (`profile: strict`: a budget of wrong guesses a day) is lifted, as
 * when a person has shown who he is. Its wrong guesses are forgiven, and the log says so.
 */
#ifndef WW_OPS_LIFT_H
#define WW_OPS_LIFT_H

#include "api/dialect.h"
#include "twofa/ident.h"

struct lift_ask {
	const char *to; /* a number in any spelling; NULL: it could not be read */
	struct ident application;
	/* made by the operation */
	const char *destination; /* canonical */
};

struct lift_result {
	const char *to; /* canonical */
	struct ident application;
	bool was_locked;
};

extern const struct operation op_lift;

#endif
