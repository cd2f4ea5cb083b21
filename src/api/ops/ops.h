/* SPDX-License-Identifier: Apache-2.0 */
/* The operations, for the dialects' tables of routes. */
#ifndef WW_OPS_H
#define WW_OPS_H

#include "api/call.h"
#include "twofa/application.h"
#include "twofa/template.h"

/* ops/status.c */
extern const struct operation op_status;
extern const struct operation op_verifications;
/* own/lift.c */
extern const struct operation op_lift;

/* own/timeline.c */
extern const struct operation op_timeline;

/* ops/access.c */
extern const struct operation op_session_create;
extern const struct operation op_session_delete;
extern const struct operation op_token_create;

/* own/receipt.c */
extern const struct operation op_receipt;

/* own/route.c */
extern const struct operation op_route_explain;
extern const struct operation op_route_explain_body;

/* ops/config.c; a dialect makes its own create and update of applications around its rows
 */
extern const struct operation op_application_get;
extern const struct operation op_application_list;
extern const struct operation op_template_get;
extern const struct operation op_template_list;
extern const struct operation op_template_create;
extern const struct operation op_template_update;
extern const struct operation op_email_template_create;
extern const struct operation op_email_template_update;

enum err ops_application_put(
    struct call *c, const struct application_change *change, bool create) MUST_CHECK;
/* Some members could not be read: what is wrong with the others is said as well. Always
 * ERR_INVALID. */
enum err ops_application_faults(
    struct call *c, const struct application_change *change) MUST_CHECK;
enum err ops_application_answer(struct call *c) MUST_CHECK;
/* Offers the job that check made. */
enum err ops_proceed_application(struct call *c) MUST_CHECK;

/* Rows that every dialect has of a template; AT(member) gives the place in the change. */
#define TEMPLATE_ROWS(AT, required)                                                      \
	{"pinType", JSON_ROW_TEXT, required, AT(pin_type), 1, 20, NULL},                 \
	    {"messageText", JSON_ROW_TEXT, required, AT(text), 1, TEMPLATE_TEXT_MAX,     \
		NULL},                                                                   \
	    {"pinLength", JSON_ROW_INT, false, AT(pin_length), 0, 0, NULL},              \
	    {"pinPlaceholder", JSON_ROW_TEXT, false, AT(placeholder), 1,                 \
		TEMPLATE_PLACEHOLDER_MAX, NULL},                                         \
	    {"language", JSON_ROW_TEXT, false, AT(language), 1, 20, NULL},               \
	    {"senderId", JSON_ROW_LINE, false, AT(sender_id), 0, TEMPLATE_SENDER_MAX,    \
		NULL},                                                                   \
	    {"repeatDTMF", JSON_ROW_TEXT, false, AT(repeat_dtmf), 0, 20, NULL},          \
	{                                                                                \
		"speechRate", JSON_ROW_DOUBLE, false, AT(speech_rate), 0.5, 2, NULL      \
	}
/* The members that stand first in every dialect, in their order. */
void ops_put_template(struct json_out *out, const struct template *t);
/* All members of an email template (contract 2.5). */
void ops_put_email_template(struct json_out *out, const struct template *t);

#endif
