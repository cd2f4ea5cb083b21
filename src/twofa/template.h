/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message templates for SMS and voice (contract 2.1, 2.6): the members, their
 * bounds, and how a request changes them. Email templates will be another kind in
 * the same list.
 */
#ifndef WW_TEMPLATE_H
#define WW_TEMPLATE_H

#include "base/fail.h"
#include "base/json.h"
#include "twofa/pin.h"

enum {
	TEMPLATE_TEXT_MAX = 2000,
	TEMPLATE_SENDER_MAX = 64,
	TEMPLATE_PLACEHOLDER_MAX = 64
};

#define TEMPLATE_PLACEHOLDER "{{pin}}"

struct template
{
	struct ident account;
	struct ident application;
	struct ident id;
	enum pin_type pin_type;
	unsigned pin_length;
	const char *text;
	const char *placeholder;
	/* NULL: not set */
	const char *sender;
	const char *language; /* "pt_br": lower case, underscore */
	const char *voice_name;
	const char *repeat_dtmf;
	struct opt_double speech_rate;
	const char *dlt_entity;
	const char *dlt_template;
	const char *dlt_telemarketer;
	bool v1_sender; /* the last v1 request said `sender`, not `senderId` */
};

struct template_change {
	const char *pin_type;
	struct opt_int pin_length;
	const char *text;
	const char *placeholder;
	const char *sender;    /* v1 2014-15 */
	const char *sender_id; /* v1 2016 on, and v2 */
	const char *language;
	const char *voice_name;
	const char *repeat_dtmf;
	struct opt_double speech_rate;
	json_t *dlt; /* any value of regional.indiaDlt: its members are then required */
	const char *dlt_entity;
	const char *dlt_template;
	const char *dlt_telemarketer;
};

struct template_rules {
	unsigned pin_length_max;
	bool placeholder_required; /* a text without its placeholder is refused */
};

/* Four digits, "{{pin}}". */
void template_init(struct template *t);
/* ERR_INVALID when `fail` was added to; `t` is then half changed and to be dropped. */
enum err template_apply(struct template *t, const struct template_change *c,
    const struct template_rules *rules, struct fail *fail) MUST_CHECK;

#endif
