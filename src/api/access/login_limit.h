/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often somebody may try, by name or address: a token bucket each (GCRA, as of
 * ITU-T I.371), in a table of fixed size. Where it is crowded, the bucket that has
 * been full the longest gives way. Not for several threads at once.
 */
#ifndef WW_LOGIN_LIMIT_H
#define WW_LOGIN_LIMIT_H

#include "base/base.h"

struct login_limit;

/* `per_minute` at once, and one more each 1/per_minute of a minute. */
struct login_limit *login_limit_new(int64_t per_minute) MUST_CHECK;
void login_limit_free(struct login_limit *l);
/* `who` is a number that nobody can choose (a keyed hash). False: wait_ms. */
bool login_limit_take(
    struct login_limit *l, uint64_t who, int64_t now_ms, int64_t *wait_ms_out);

#endif
