/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of application/x-www-form-urlencoded, as old clients of version 1 send them:
 * the same members as in JSON, those that are no objects.
 */
#ifndef WW_FORM_H
#define WW_FORM_H

#include "api/call.h"

/* Does the call bring a form, and speak the version that reads forms? A body that
 * begins as JSON is JSON, whatever it is called. */
bool form_is(const struct call *c, struct span body);
/* An object of texts. ERR_SYNTAX, with the reason, for what is not UTF-8, holds U+0000,
 * or gives a member twice. */
enum err form_parse(struct call *c, struct span body, json_t **out) MUST_CHECK;

#endif
