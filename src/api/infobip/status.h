/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of what can be asked of PINs that were sent (contract 3.6, 4). */
#ifndef WW_INFOBIP_STATUS_H
#define WW_INFOBIP_STATUS_H

#include "api/dialect.h"

extern const struct wire wire_status_v1;
extern const struct wire wire_verifications_v1;
extern const struct wire wire_verifications_v2;

#endif
