/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDUs that an SMSC sends by itself: receipts are handed on, and answered only when they
 * are durable; messages of people are taken and forgotten. So many receipts at a time are
 * waited for, and each for response_timeout at most; more, and later ones, are asked for
 * again.
 */
#ifndef WW_SMPP_INBOX_H
#define WW_SMPP_INBOX_H

#include "carrier/smpp_session.h"

enum { SMPP_INBOX_MAX = 1000 };

struct smpp_inbox;
struct smpp_cancels;

/* All live longer than the inbox. */
struct smpp_inbox *smpp_inbox_new(const struct carrier_config *config,
    const struct carrier_env *env, struct smpp_cancels *cancels) MUST_CHECK;
/* A deliver_sm or data_sm of this session, which outlives the inbox too. */
void smpp_inbox_take(
    struct smpp_inbox *in, struct smpp_session *session, const struct smpp_pdu *pdu);
/* A receipt that is not durable yet is not answered, and comes again. */
void smpp_inbox_free(struct smpp_inbox *in);

#endif
