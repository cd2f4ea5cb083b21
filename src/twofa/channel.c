/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/channel.h"

static const struct channel_row rows[CHANNEL_COUNT] = {
#define CHANNEL(symbol, name, address, looked_up, has_parts, template, text_len_max)     \
	[symbol] = {name, address, looked_up, has_parts, template, text_len_max},
#include "twofa/channel.def"
#undef CHANNEL
};

const struct channel_row *
channel_row(enum channel c)
{
	INVARIANT((unsigned)c < CHANNEL_COUNT);
	return &rows[c];
}

bool
channel_find(const char *name, enum channel *out)
{
	for (size_t i = 0; i < CHANNEL_COUNT; i++) {
		*out = (enum channel)i;
		if (strcmp(rows[i].name, name) == 0)
			return true;
	}
	return false;
}

const char *
channel_name(enum channel c)
{
	return channel_row(c)->name;
}
