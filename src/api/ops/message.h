/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a message template that Infobip does not have, by the template's id alone
 * (doc/texts.md). */
#ifndef WW_OPS_MESSAGE_H
#define WW_OPS_MESSAGE_H

#include "api/dialect.h"
#include "twofa/template.h"

struct message_ask {
	struct ident id;
	struct template_extras extras; /* of a put */
};

struct message_result {
	const struct template *template;
};

extern const struct operation op_message_get;
extern const struct operation op_message_put;

#endif
