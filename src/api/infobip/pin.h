/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of sending, resending and verifying (contract 3.1 to 3.5), as both versions of
 * the API have it.
 */
#ifndef WW_INFOBIP_PIN_H
#define WW_INFOBIP_PIN_H

#include "api/dialect.h"

extern const struct wire wire_send;
extern const struct wire wire_send_voice;
extern const struct wire wire_send_email;
extern const struct wire wire_resend;
extern const struct wire wire_resend_voice;
extern const struct wire wire_resend_email;
/* Version 1 answers the members in another order. */
extern const struct wire wire_resend_v1;
extern const struct wire wire_verify;

#endif
