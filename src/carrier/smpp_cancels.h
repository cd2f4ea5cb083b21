/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel_sm for what an SMSC still holds when the PIN's life is over: the validity
 * period says the same, and some SMSCs do not heed it. A help and no promise: it is
 * known in memory alone, bounded, and oldest are forgotten first.
 */
#ifndef WW_SMPP_CANCELS_H
#define WW_SMPP_CANCELS_H

#include "carrier/smpp_session.h"

enum { SMPP_CANCELS_MAX = 16384 };

struct smpp_cancels;

struct smpp_cancels *smpp_cancels_new(
    const struct carrier_config *config, const struct carrier_env *env) MUST_CHECK;
/* NULL, which is allowed here and below: it is not wanted. */
void smpp_cancels_free(struct smpp_cancels *c);
/* The SMSC accepted this submit under `raw_id`, and calls it `id` in receipts. */
void smpp_cancels_add(struct smpp_cancels *c, const struct smpp_pdu *submit,
    const char *raw_id, const char *id, int64_t until_ms);
/* A receipt said how it ended. */
void smpp_cancels_forget(struct smpp_cancels *c, const char *id);
/* From now on sends those that are due on this session, a bounded number at a time. */
void smpp_cancels_use(struct smpp_cancels *c, struct smpp_session *session);

#endif
