/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/login_budget.h"

enum { WHOLE = 100, US_PER_MS_AND_PERCENT = 10 };

void
login_budget_init(struct login_budget *b, int64_t share, int64_t now_ms)
{
	INVARIANT(share > 0 && share <= WHOLE);
	*b = (struct login_budget){
	    .share = share, .saved_us = LOGIN_BURST_US, .at_ms = now_ms};
}

static void
save(struct login_budget *b, int64_t now_ms)
{
	if (now_ms <= b->at_ms)
		return;
	b->saved_us += (now_ms - b->at_ms) * b->share * US_PER_MS_AND_PERCENT;
	if (b->saved_us > LOGIN_BURST_US)
		b->saved_us = LOGIN_BURST_US;
	b->at_ms = now_ms;
}

void
login_budget_spend(struct login_budget *b, int64_t used_us, int64_t now_ms)
{
	save(b, now_ms);
	b->cost_us = used_us;
	if (b->share < WHOLE)
		b->saved_us -= used_us;
}

int64_t
login_budget_wait_ms(struct login_budget *b, int64_t others, int64_t now_ms)
{
	int64_t per_ms = b->share * US_PER_MS_AND_PERCENT;
	int64_t owed_us;

	save(b, now_ms);
	owed_us = others * b->cost_us - b->saved_us;
	return owed_us > 0 ? (owed_us + per_ms - 1) / per_ms : 0;
}
