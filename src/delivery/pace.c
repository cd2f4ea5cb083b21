/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/pace.h"

enum { TOKEN = 1000, SECOND_MS = 1000, BUCKET_MS = 100, RECOVERY_STEPS = 20 };

void
pace_init(struct pace *p, int64_t per_second, int64_t now_ms)
{
	*p = (struct pace){.configured = per_second,
	    .rate = per_second,
	    .ceiling = per_second,
	    .tokens = TOKEN,
	    .filled_ms = now_ms,
	    .raised_ms = now_ms,
	    .halved_ms = now_ms - SECOND_MS};
}

static void
raise_rate(struct pace *p, int64_t now_ms)
{
	int64_t steps = (now_ms - p->raised_ms) / SECOND_MS;
	int64_t step = p->ceiling / RECOVERY_STEPS;

	if (p->rate == p->configured || steps <= 0)
		return;
	p->raised_ms += steps * SECOND_MS;
	p->rate += steps * (step < 1 ? 1 : step);
	if (p->rate >= p->ceiling)
		p->rate = p->configured;
}

static void
fill_bucket(struct pace *p, int64_t now_ms)
{
	int64_t most = p->rate * BUCKET_MS < TOKEN ? TOKEN : p->rate * BUCKET_MS;
	int64_t passed_ms = now_ms - p->filled_ms;

	if (passed_ms > SECOND_MS)
		passed_ms = SECOND_MS;
	p->tokens += passed_ms * p->rate;
	if (p->tokens > most)
		p->tokens = most;
	p->filled_ms = now_ms;
}

int64_t
pace_wait_ms(struct pace *p, int64_t now_ms)
{
	raise_rate(p, now_ms);
	if (p->rate == 0)
		return 0;
	fill_bucket(p, now_ms);
	return p->tokens >= TOKEN ? 0 : (TOKEN - p->tokens + p->rate - 1) / p->rate;
}

static void
next_second(struct pace *p, int64_t now_ms)
{
	int64_t second = now_ms / SECOND_MS;

	if (second == p->second)
		return;
	p->sent_before = second == p->second + 1 ? p->sent : 0;
	p->sent = 0;
	p->second = second;
}

void
pace_sent(struct pace *p, int64_t now_ms)
{
	next_second(p, now_ms);
	p->sent++;
	if (p->rate > 0)
		p->tokens -= TOKEN;
}

bool
pace_throttled(struct pace *p, int64_t now_ms)
{
	int64_t had = p->rate;

	p->raised_ms = now_ms;
	if (now_ms - p->halved_ms < SECOND_MS)
		return false; /* still the answers to what went before */
	next_second(p, now_ms);
	if (had == 0)
		had = p->sent > p->sent_before ? p->sent : p->sent_before;
	if (p->configured == 0 && had > p->ceiling)
		p->ceiling = had;
	p->rate = had / 2 < 1 ? 1 : had / 2;
	p->halved_ms = now_ms;
	if (p->tokens > TOKEN)
		p->tokens = TOKEN;
	return true;
}
