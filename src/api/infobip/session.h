/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON and the forms of signing in with a password (contract 5.2, 5.3). */
#ifndef WW_INFOBIP_SESSION_H
#define WW_INFOBIP_SESSION_H

#include "api/dialect.h"

extern const struct wire wire_session;
extern const struct wire wire_token;

#endif
