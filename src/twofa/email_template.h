/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Email templates, named by emailTemplateId: the subject and the text of an email, which
 * Infobip keeps in another of its products and we in a resource of our own
 * (doc/extensions.md).
 */
#ifndef WW_EMAIL_TEMPLATE_H
#define WW_EMAIL_TEMPLATE_H

#include "base/fail.h"

enum {
	EMAIL_TEMPLATE_SUBJECT_MAX = 200,
	EMAIL_TEMPLATE_TEXT_MAX = 10000,
	EMAIL_TEMPLATE_HTML_MAX = 50000,
	EMAIL_TEMPLATE_LANDING_PAGE_MAX = 50
};

/* The greatest id: what every JSON reader holds exactly (RFC 8259 6). */
#define EMAIL_TEMPLATE_ID_MAX INT64_C(9007199254740991)

struct email_template {
	int64_t id;
	const char *subject;
	/* one of the two may be NULL */
	const char *text;
	const char *html;
	const char *landing_page; /* of those who name none; NULL: the usual one */
};

/* ERR_INVALID when `fail` was added to. */
enum err email_template_check(
    const struct email_template *t, struct fail *fail) MUST_CHECK;
/* "1_23456": letters, digits, hyphens and underscores. */
bool email_template_is_landing_page(const char *text);

#endif
