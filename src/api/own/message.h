/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of our own members of message templates (doc/texts.md). */
#ifndef WW_OWN_MESSAGE_H
#define WW_OWN_MESSAGE_H

#include "api/dialect.h"

extern const struct wire wire_message_get;
extern const struct wire wire_message_put;

#endif
