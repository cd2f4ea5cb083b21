/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message templates of an application: one, all of them, a new one, a change (contract
 * 2). Those of kinds that the caller does not know are not there for that caller.
 */
#ifndef WW_OPS_TEMPLATE_H
#define WW_OPS_TEMPLATE_H

#include "api/dialect.h"
#include "twofa/application.h"
#include "twofa/template.h"

struct template_ask {
	struct ident application;
	struct ident id; /* not of a list, nor of what is made */
	unsigned kinds;  /* 1 << kind for each that the caller knows */
};

struct template_put_ask {
	struct template_ask of;
	enum template_kind kind;
	unsigned pin_length_max; /* of the caller's dialect */
	struct template_change change;
};

/* One of get, create and update; some, piece by piece, of a list. */
struct template_result {
	const struct template *list;
	size_t count;
	/* The bounds of `profile: strict` on them; NULL: they are in force as asked for.
	 */
	const struct application_caps *caps;
};

extern const struct operation op_template_get;
extern const struct operation op_template_list;
extern const struct operation op_template_create;
extern const struct operation op_template_update;
extern const struct operation op_email_template_create;
extern const struct operation op_email_template_update;

#endif
