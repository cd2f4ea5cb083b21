/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of message templates (contract 2): one set of wires for each version. */
#ifndef WW_INFOBIP_TEMPLATE_H
#define WW_INFOBIP_TEMPLATE_H

#include "api/call.h"
#include "api/ops/template.h"

struct template_wires {
	struct wire get;
	struct wire list;
	struct wire create;
	struct wire update;
	struct wire create_email;
	struct wire update_email;
};

/* Templates of phones alone: nobody who speaks this version can read the other kind. */
extern const struct template_wires template_v1;
extern const struct template_wires template_v2;

/* ---- what both versions share ---- */

typedef void template_put_f(struct json_out *out, const struct template *t);

/* The ids of the path; kinds as in struct template_ask. */
void template_read_ids(struct call *c, struct template_ask *ask, unsigned kinds);
/* One, or the rows of a list; `put` writes the members, inside an open object. */
void template_write(struct call *c, template_put_f *put);
void template_write_list(struct call *c, template_put_f *put);
/* The members that stand first in both versions. */
void template_put_head(struct json_out *out, const struct template *t);

/* Rows that both versions have; AT(member) gives the place in the change. */
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

#endif
