/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-ins and refusals, in the log: counts once a minute, and a line for each refusal
 * with the address it came from, so many a minute and the rest counted. Never a name, a
 * key or a part of one: what somebody typed into the wrong field is a secret too.
 */
#ifndef WW_AUTH_LOG_H
#define WW_AUTH_LOG_H

#include "api/api.h"

struct auth_log;

struct auth_log *auth_log_new(const struct clock *clock) MUST_CHECK;
void auth_log_free(struct auth_log *l);
/* Any thread; for api_options.signed_in. */
void auth_log_signed_in(void *log, enum scheme s, enum err e,
    const struct call_request *q, uint64_t request_id);
/* Writes what was counted since the last time, if anything. */
void auth_log_flush(struct auth_log *l);

#endif
