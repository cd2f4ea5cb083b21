/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a message as SQL, out of the rows of twofa/message_states.h, for the
 * statements of every engine: no statement has the number of a state.
 *
 * A statement that changes a state says MAY_BECOME, so that it cannot make a move that
 * the rows forbid; it may say more (only accepted messages take receipts). The index of
 * open messages and that of receipts serve where a statement says IS_OPEN or
 * IS_STATE(c, ACCEPTED) beside it: they are partial, and SQLite compares the terms.
 */
#ifndef WW_MESSAGE_GUARD_H
#define WW_MESSAGE_GUARD_H

#include "twofa/message_states.h"

#define STATE_TEXT_OF(number) #number
#define STATE_TEXT(number) STATE_TEXT_OF(number)

/* The number of a state, by its symbol. */
#define STATE(symbol) STATE_TEXT(MESSAGE_NUMBER_##symbol)

#define IS_STATE(column, symbol) column " = " STATE(symbol)
/* Ready or leased: no carrier can have the message. */
#define IS_OPEN(column) column " < " STATE(SUBMITTED)
/* A carrier has the message, or may have it, and its fate is not known. */
#define IS_ON_ITS_WAY(column) column " IN (" STATE(SUBMITTED) ", " STATE(ACCEPTED) ")"
#define IS_FINAL(column) column " >= " STATE(DELIVERED)
/* Neither failed nor expired. */
#define IS_NOT_LOST(column) column " < " STATE(FAILED)

/* All moves in one text, a row of digits for each state. */
#define MOVES_TEXT_OF(r, l, s, a, d, f, e) #r #l #s #a #d #f #e
#define MOVES_TEXT(symbol, name, moves) MOVES_TEXT_OF moves
/* The row has a state, and may become `to`: a mark, a column or STATE. A number that is
 * no state may become none. */
#define MAY_BECOME(from, to)                                                             \
	from " >= 0 AND substr('" MESSAGE_STATES(MOVES_TEXT) "', " from " * " STATE(     \
	    COUNT) " + " to " + 1, 1) = '1'"

#endif
