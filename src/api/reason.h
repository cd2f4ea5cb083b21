/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a call was refused, beyond the published words: one word in the header
 * X-Watchword-Reason for programs, and a member of validationErrors for people, which
 * says which limit is used up and until when, or which thing is not there. A thing of
 * another account is told of exactly like one that does not exist.
 */
#ifndef WW_REASON_H
#define WW_REASON_H

#include "api/call.h"

/* "sendPinPerPhoneNumberLimit", its rate, and when there is room again. */
void reason_limit(struct call *c, const char *limit, const char *rate, int64_t wait_ms);
void reason_missing(struct call *c, enum thing thing);
/* The thing was there; the word and the sentence say why it is over. */
void reason_over(struct call *c, const char *word, const char *sentence);
/* The words of an error by itself, where nobody said more. */
void reason_complete(struct call *c, enum err e);

#endif
