/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a message on its way to a person, and the moves between them. A
 * message holds no text: it names the PIN and is rendered when it is sent.
 */
#ifndef WW_MESSAGE_H
#define WW_MESSAGE_H

#include "twofa/channel.h"
#include "twofa/message_states.h"

/* MESSAGE_READY and all others of message_states.h. */
enum message_state {
#define MESSAGE_STATE(symbol, name, moves) MESSAGE_##symbol = MESSAGE_NUMBER_##symbol,
	MESSAGE_STATES(MESSAGE_STATE)
#undef MESSAGE_STATE
	    MESSAGE_STATE_COUNT
};

/* Why a message failed, beyond the carrier's own code; stored, only ever add at the end.
 */
enum message_reason {
	MESSAGE_REASON_NONE = 0,
	MESSAGE_REASON_UNREACHABLE = 1, /* the lookup says so */
	MESSAGE_REASON_NO_ROUTE = 2,
	MESSAGE_REASON_REFUSED = 3,   /* by the carrier, for good */
	MESSAGE_REASON_EXHAUSTED = 4, /* every attempt failed */
	MESSAGE_REASON_RENDER = 5,    /* cannot be rendered or encoded */
	MESSAGE_REASON_NO_KEY = 6,    /* the key of the PIN is gone */
	MESSAGE_REASON_DENIED = 7,    /* by the table of routes */
	MESSAGE_REASON_POISON = 8, /* the process ended while it was rendered, again and
				      again */
	/* An accepted message: the carrier answered as if it had taken it, in words that
	 * could not be read. The message is not submitted again. */
	MESSAGE_REASON_UNCLEAR = 9,
	MESSAGE_REASON_COUNT
};

/* The outcome of a number lookup (contract 3.1); stored, only ever add at the end. */
enum lookup_status {
	LOOKUP_UNKNOWN,
	LOOKUP_REACHABLE,
	LOOKUP_NOT_REACHABLE,
	LOOKUP_NOT_CONFIGURED,
};

const char *message_state_name(enum message_state s);
/* "no_route", ...; NULL for MESSAGE_REASON_NONE */
const char *message_reason_name(enum message_reason r);
bool message_may_move(enum message_state from, enum message_state to);
bool message_is_final(enum message_state s);
/* A message that is still open, with a carrier or without, when its PIN's life is over
 * has expired. */
enum message_state message_state_at(
    enum message_state s, int64_t expires_at_ms, int64_t now_ms);
/* "NC_DESTINATION_UNKNOWN" ... */
const char *message_lookup_status_name(enum lookup_status s);

#endif
