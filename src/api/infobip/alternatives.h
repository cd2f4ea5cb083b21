/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The member `alternatives` of a send, which is ours and not Infobip's: other ways to the
 * person, by channel, for resends. {"email": {"to": "jane@example.com", "messageId":
 * "..."}, "voice": "41443026727"}.
 */
#ifndef WW_INFOBIP_ALTERNATIVES_H
#define WW_INFOBIP_ALTERNATIVES_H

#include "api/ops/send.h"
#include "base/json.h"

/* NULL: there are none. Faults are in the call's fail. */
void alternatives_read(struct call *c, const json_t *value, struct send_ask *ask);

#endif
