/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of email templates (doc/extensions.md). */
#ifndef WW_OWN_EMAIL_TEMPLATE_H
#define WW_OWN_EMAIL_TEMPLATE_H

#include "api/dialect.h"

extern const struct wire wire_email_template_list;
extern const struct wire wire_email_template_create;
extern const struct wire wire_email_template_get;
extern const struct wire wire_email_template_put;

#endif
