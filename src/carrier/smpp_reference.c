/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_reference.h"

#include <stdatomic.h>

/* Numbers that share a place only use up each other's references sooner. */
enum { PLACES = 4096 };

static _Atomic uint16_t newest[PLACES];
static atomic_bool started;

void
smpp_reference_start(const struct entropy *entropy)
{
	uint16_t random[64];

	if (atomic_exchange(&started, true))
		return;
	entropy->fill(entropy, random, sizeof(random));
	for (size_t i = 0; i < PLACES; i++)
		newest[i] = (uint16_t)(random[i % countof(random)] + i);
}

uint16_t
smpp_reference_next(const char *to)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *to != '\0'; to++)
		hash = (hash ^ (uint8_t)*to) * 16777619u;
	return (uint16_t)(atomic_fetch_add(&newest[hash % PLACES], 1) + 1);
}
