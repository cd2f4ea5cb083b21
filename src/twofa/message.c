/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/message.h"

#include <assert.h>

/* The bits of a row's moves, by their numbers. */
#define MOVES(r, l, s, a, d, f, e)                                                       \
	((r) << MESSAGE_READY | (l) << MESSAGE_LEASED | (s) << MESSAGE_SUBMITTED |       \
	    (a) << MESSAGE_ACCEPTED | (d) << MESSAGE_DELIVERED | (f) << MESSAGE_FAILED | \
	    (e) << MESSAGE_EXPIRED)

static const struct {
	const char *name;
	unsigned moves;
} states[MESSAGE_STATE_COUNT] = {
#define MESSAGE_STATE(symbol, name, moves) [MESSAGE_##symbol] = {name, MOVES moves},
    MESSAGE_STATES(MESSAGE_STATE)
#undef MESSAGE_STATE
};

static_assert((int)MESSAGE_STATE_COUNT == MESSAGE_NUMBER_COUNT, "a number for each row");

const char *
message_state_name(enum message_state s)
{
	INVARIANT((unsigned)s < MESSAGE_STATE_COUNT);
	return states[s].name;
}

bool
message_may_move(enum message_state from, enum message_state to)
{
	INVARIANT(
	    (unsigned)from < MESSAGE_STATE_COUNT && (unsigned)to < MESSAGE_STATE_COUNT);
	return (states[from].moves >> to & 1) != 0;
}

bool
message_is_final(enum message_state s)
{
	INVARIANT((unsigned)s < MESSAGE_STATE_COUNT);
	return states[s].moves == 0;
}

enum message_state
message_state_at(enum message_state s, int64_t expires_at_ms, int64_t now_ms)
{
	bool open = s == MESSAGE_READY || s == MESSAGE_LEASED || s == MESSAGE_SUBMITTED;

	return open && expires_at_ms <= now_ms ? MESSAGE_EXPIRED : s;
}

const char *
message_lookup_status_name(enum lookup_status s)
{
	switch (s) {
	case LOOKUP_UNKNOWN:
		return "NC_DESTINATION_UNKNOWN";
	case LOOKUP_REACHABLE:
		return "NC_DESTINATION_REACHABLE";
	case LOOKUP_NOT_REACHABLE:
		return "NC_DESTINATION_NOT_REACHABLE";
	case LOOKUP_NOT_CONFIGURED:
		return "NC_NOT_CONFIGURED";
	}
	INVARIANT(!"lookup status");
	return "";
}

const char *
message_reason_name(enum message_reason r)
{
	switch (r) {
	case MESSAGE_REASON_NONE:
		return NULL;
	case MESSAGE_REASON_UNREACHABLE:
		return "unreachable";
	case MESSAGE_REASON_NO_ROUTE:
		return "no_route";
	case MESSAGE_REASON_REFUSED:
		return "refused";
	case MESSAGE_REASON_EXHAUSTED:
		return "exhausted";
	case MESSAGE_REASON_RENDER:
		return "not_rendered";
	case MESSAGE_REASON_NO_KEY:
		return "no_key";
	case MESSAGE_REASON_DENIED:
		return "denied";
	case MESSAGE_REASON_POISON:
		return "poison";
	case MESSAGE_REASON_UNCLEAR:
		return "unclear";
	case MESSAGE_REASON_COUNT:
		break;
	}
	return NULL;
}
