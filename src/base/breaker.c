/* SPDX-License-Identifier: Apache-2.0 */
#include "base/breaker.h"

void
breaker_init(struct breaker *b, const struct breaker_rule *rule)
{
	*b = (struct breaker){.rule = rule};
}

bool
breaker_allows(const struct breaker *b, int64_t now_ms)
{
	return !b->open || (!b->probing && now_ms >= b->probe_at_ms);
}

bool
breaker_begin(struct breaker *b)
{
	if (b->open)
		b->probing = true;
	return b->open;
}

void
breaker_undo(struct breaker *b, bool probe)
{
	if (probe)
		b->probing = false;
}

static void
count(struct breaker *b, bool good, int64_t now_ms)
{
	int64_t second = now_ms / 1000;
	size_t i = (size_t)(second % BREAKER_WINDOW_S);

	if (b->slots[i].second != second) {
		b->slots[i].second = second;
		b->slots[i].good = 0;
		b->slots[i].bad = 0;
	}
	if (good)
		b->slots[i].good++;
	else
		b->slots[i].bad++;
	b->bad_in_row = good ? 0 : b->bad_in_row + 1;
}

/* At least half of the window's results were failures. */
static bool
half_failed(const struct breaker *b, int64_t now_ms)
{
	unsigned good = 0;
	unsigned bad = 0;

	for (size_t i = 0; i < countof(b->slots); i++) {
		if (now_ms / 1000 - b->slots[i].second >= BREAKER_WINDOW_S)
			continue;
		good += b->slots[i].good;
		bad += b->slots[i].bad;
	}
	return good + bad >= b->rule->results_min && bad >= good;
}

static bool
is_ill(const struct breaker *b, int64_t now_ms)
{
	if (b->rule->bad_in_row > 0 && b->bad_in_row >= b->rule->bad_in_row)
		return true;
	return b->rule->results_min > 0 && half_failed(b, now_ms);
}

static bool
probed(struct breaker *b, bool good, int64_t now_ms)
{
	b->probing = false;
	if (good)
		breaker_init(b, b->rule);
	else
		b->probe_at_ms = now_ms + BREAKER_PROBE_MS;
	return good;
}

bool
breaker_result(struct breaker *b, bool probe, bool good, int64_t now_ms)
{
	if (probe && b->open)
		return probed(b, good, now_ms);
	if (b->open)
		return false; /* of a submit from before it opened */
	count(b, good, now_ms);
	if (good || !is_ill(b, now_ms))
		return false;
	b->open = true;
	b->probe_at_ms = now_ms + BREAKER_PROBE_MS;
	return true;
}
