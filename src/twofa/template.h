/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message templates (contract 2.1, 2.5, 2.6): the members, their bounds, and how a
 * request changes them. Those for SMS and voice are one kind, those for email another;
 * they share a list, and a template never changes its kind.
 */
#ifndef WW_TEMPLATE_H
#define WW_TEMPLATE_H

#include "base/fail.h"
#include "base/json.h"
#include "twofa/channel.h"
#include "twofa/pin.h"
#include "twofa/sms_autofill.h"
#include "twofa/sms_equal.h"
#include "twofa/template_variant.h"

enum {
	TEMPLATE_TEXT_MAX = 2000,
	TEMPLATE_SENDER_MAX = 64,
	TEMPLATE_PLACEHOLDER_MAX = 64
};

struct template
{
	struct ident account;
	struct ident application;
	struct ident id;
	enum template_kind kind;
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
	/* of an email; its sender is a mailbox, its text and placeholder are not used */
	int64_t email_template;
	const char *landing_page; /* NULL: that of the email template */
	bool v1_sender;           /* the last v1 request said `sender`, not `senderId` */
	/* what Infobip does not have (struct template_extras); not of an email */
	enum gsm7_rule gsm7;
	struct sms_autofill autofill;
	struct template_variants variants;
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
	/* of an email */
	const char *from;
	struct opt_int email_template;
	const char *landing_page;
};

/* All of them: one that is not given is as in a template that has none. */
struct template_extras {
	const json_t *variants; /* as template_variant_read has it */
	const json_t *autofill; /* any value of it: a member is then required */
	const char *autofill_domain;
	const char *autofill_hash;
	const char *gsm7;     /* "keep" ... */
	const char *alphabet; /* "full", "unambiguous" */
};

struct template_rules {
	unsigned pin_length_max;
	bool placeholder_required; /* a text without its placeholder is refused */
	bool measured; /* a text that does not fit the extras is not refused */
};

/* Four digits, "{{pin}}". */
void template_init(struct template *t, enum template_kind kind);
/* ERR_INVALID when `fail` was added to; `t` is then half changed and to be dropped. */
enum err template_apply(struct template *t, const struct template_change *c,
    const struct template_rules *rules, struct fail *fail) MUST_CHECK;
/* The same with extras; texts are those of the document that was read. */
enum err template_apply_extras(struct template *t, const struct template_extras *e,
    const struct template_rules *rules, struct fail *fail) MUST_CHECK;
/* "full" or "unambiguous" */
const char *template_alphabet_name(enum pin_type type);

#endif
