/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes of our own beside the API (doc/extensions.md). Errors are worded as on
 * version 2.
 */
#include "api/dialects.h"
#include "api/ops/email_template.h"
#include "api/ops/lift.h"
#include "api/ops/lint.h"
#include "api/ops/message.h"
#include "api/ops/route_explain.h"
#include "api/ops/timeline.h"
#include "api/own/email_template.h"
#include "api/own/lift.h"
#include "api/own/lint.h"
#include "api/own/message.h"
#include "api/own/receipt.h"
#include "api/own/route_explain.h"
#include "api/own/timeline.h"
#include "twofa/scope.h"

static const struct route routes[] = {
    {"GET", "/email-templates", SCOPE_MANAGE, &op_email_template_list,
	&wire_email_template_list},
    {"POST", "/email-templates", SCOPE_MANAGE, &op_email_template_new,
	&wire_email_template_create},
    {"GET", "/email-templates/{}", SCOPE_MANAGE, &op_email_template_get,
	&wire_email_template_get},
    {"PUT", "/email-templates/{}", SCOPE_MANAGE, &op_email_template_put,
	&wire_email_template_put},
    {"DELETE", "/email-templates/{}", SCOPE_MANAGE, &op_email_template_delete,
	&wire_email_template_get},
    {"GET", "/messages/{}", SCOPE_MANAGE, &op_message_get, &wire_message_get},
    {"PUT", "/messages/{}", SCOPE_MANAGE, &op_message_put, &wire_message_put},
    {"GET", "/receipts/{}", 0, &op_receipt, NULL},
    {"POST", "/receipts/{}", 0, &op_receipt, NULL},
    {"GET", "/receipts/{}/{}", 0, &op_receipt, NULL},
    {"POST", "/receipts/{}/{}", 0, &op_receipt, NULL},
    {"GET", "/route", SCOPE_MANAGE, &op_route_explain, &wire_route_explain},
    {"POST", "/route", SCOPE_MANAGE, &op_route_explain_text, &wire_route_explain_text},
    {"POST", "/lift", SCOPE_MANAGE, &op_lift, &wire_lift},
    {"POST", "/lint", SCOPE_MANAGE, &op_lint, &wire_lint},
    {"GET", "/pins/{}", SCOPE_MANAGE | SCOPE_PIN_MANAGE, &op_timeline, &wire_timeline},
};

const struct dialect dialect_extensions_v1 = {
    .name = "watchword",
    .prefix = "/watchword/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};
