/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A budget of processor time for the hashing of passwords: LOGIN_BURST_US at once, and
 * then a share of the time that passes (logins.hash_share, percent of one core).
 *
 * A hash is charged the processor time that it used, not the time from its begin to its
 * end. On a busy machine a hash mostly waits for a core. Waiting takes nothing from other
 * requests, and charging it would make logins ten times as slow just when they are slow
 * already.
 *
 * The cost of a hash is known only at its end. So a hash may overdraw the budget; the
 * next one waits until the debt is paid. One thread at a time.
 */
#ifndef WW_LOGIN_BUDGET_H
#define WW_LOGIN_BUDGET_H

#include "base/base.h"

enum { LOGIN_BURST_US = 300 * 1000 };

struct login_budget {
	int64_t share;    /* percent of one core; 100: no bound */
	int64_t saved_us; /* at most LOGIN_BURST_US; under 0: a debt */
	int64_t cost_us;  /* processor time of the last hash */
	int64_t at_ms;    /* steady; saved_us is as of this time */
};

/* All times steady. */
void login_budget_init(struct login_budget *b, int64_t share, int64_t now_ms);
/* A hash has used so much of a core. */
void login_budget_spend(struct login_budget *b, int64_t used_us, int64_t now_ms);
/* The wait before a hash that has `others` in front of it may begin, if each costs what
 * the last one did; 0: now. */
int64_t login_budget_wait_ms(
    struct login_budget *b, int64_t others, int64_t now_ms) MUST_CHECK;

#endif
