/* SPDX-License-Identifier: Apache-2.0 */
#include "store/damage.h"

#include "base/log.h"

/* FNV-1a, with the end of the text. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	const char *at = text;

	do
		hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
	while (*at++ != '\0');
	return hash;
}

static bool
was_named(const struct damage *d, uint64_t hash)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->named[i] == hash)
			return true;
	return false;
}

void
damage_note(struct damage *d, const char *table, const char *column, const char *row)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	INVARIANT(!d->full_said || d->count == DAMAGE_NAMED_MAX);
	hash = hash_text(hash_text(hash_text(hash, table), column), row);
	if (was_named(d, hash))
		return;
	if (d->count == DAMAGE_NAMED_MAX) {
		if (!d->full_said)
			log_event(LOG_LEVEL_ERROR, "rows_damaged_beyond_these",
			    LOG_INT("named", DAMAGE_NAMED_MAX));
		d->full_said = true;
		return;
	}
	d->named[d->count++] = hash;
	log_event(LOG_LEVEL_ERROR, "row_damaged", LOG_TEXT("table", table),
	    LOG_TEXT("column", column), LOG_TEXT("row", row),
	    LOG_INT("count", (int64_t)d->count));
}
