/* SPDX-License-Identifier: Apache-2.0 */
/* The email templates of an account, which emailTemplateId names (doc/extensions.md). */
#ifndef WW_OPS_EMAIL_TEMPLATE_H
#define WW_OPS_EMAIL_TEMPLATE_H

#include "api/dialect.h"
#include "twofa/email_template.h"

struct email_template_ask {
	int64_t id;                  /* 0: a number that is no id */
	struct email_template given; /* of create and put */
};

/* One of get, create and put; some, piece by piece, of a list (ids and subjects). */
struct email_template_result {
	const struct email_template *list;
	size_t count;
};

extern const struct operation op_email_template_list;
extern const struct operation op_email_template_new;
extern const struct operation op_email_template_get;
extern const struct operation op_email_template_put;
extern const struct operation op_email_template_delete;

#endif
