/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a core the hashing of passwords may take: LOGIN_BURST_US at once, and a
 * share of the time that passes. What counts is the time of a core that a hash used, not
 * how long it took: beside other work it waits for most of that, which costs nobody
 * anything, and who logs in to a busy machine would have to wait ten times as long again.
 * Nobody knows before what a hash will cost, so the last one may overdraw, and the next
 * one waits until that is paid. Not for several threads at once.
 */
#ifndef WW_LOGIN_BUDGET_H
#define WW_LOGIN_BUDGET_H

#include "base/base.h"

enum { LOGIN_BURST_US = 300 * 1000 };

struct login_budget {
	int64_t share;    /* percent; 100: as much as it likes */
	int64_t saved_us; /* of LOGIN_BURST_US; under 0: owed */
	int64_t cost_us;  /* of the last hash */
	int64_t at_ms;
};

/* All times steady. */
void login_budget_init(struct login_budget *b, int64_t share, int64_t now_ms);
/* A hash has used so much of a core. */
void login_budget_spend(struct login_budget *b, int64_t used_us, int64_t now_ms);
/* Until a hash may begin that has `others` before it, if they cost what the last one did;
 * 0: now. */
int64_t login_budget_wait_ms(
    struct login_budget *b, int64_t others, int64_t now_ms) MUST_CHECK;

#endif
