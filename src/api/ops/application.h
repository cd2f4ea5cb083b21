/* SPDX-License-Identifier: Apache-2.0 */
/* Applications: one, all of them, a new one, a change (contract 1). */
#ifndef WW_OPS_APPLICATION_H
#define WW_OPS_APPLICATION_H

#include "api/dialect.h"
#include "twofa/application.h"

struct application_ask {
	struct ident id;
};

struct application_put_ask {
	struct ident id; /* of an update */
	struct application_change change;
	bool texts_set; /* remember how the durations of the request were written */
	bool texts;
};

/* One of get, create and update; some, piece by piece, of a list. */
struct application_result {
	const struct application *list;
	size_t count;
	/* The bounds of `profile: strict` on them; NULL: they are in force as asked for.
	 */
	const struct application_caps *caps;
};

extern const struct operation op_application_get;
extern const struct operation op_application_list;
extern const struct operation op_application_create;
extern const struct operation op_application_update;

#endif
