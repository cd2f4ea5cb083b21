/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of our own members of message templates (doc/texts.md). */
#ifndef WW_OWN_MESSAGE_H
#define WW_OWN_MESSAGE_H

#include "api/dialect.h"
#include "base/json.h"

/* Rows of struct template_extras. */
extern const struct json_row message_extras_rows[];

extern const struct wire wire_message_get;
extern const struct wire wire_message_put;

#endif
