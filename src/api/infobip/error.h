/* SPDX-License-Identifier: Apache-2.0 */
/* The error body of all 2FA operations (contract 6.1), given a dialect's words. */
#ifndef WW_ERROR_H
#define WW_ERROR_H

#include "api/call.h"

struct error_words {
	int status;
	const char *message_id;
	const char *text;
};

/*
 * {"requestError":{"serviceException":{"messageId":..,"text":..,"validationErrors":{..}}}};
 * validationErrors only when the call's `fail` names fields, and then the text ends in
 * the first of its reasons.
 */
void error_put(struct call *c, const struct error_words *words);
/* "Requested URL not found: /path" */
const char *error_no_route_text(struct call *c);

#endif
