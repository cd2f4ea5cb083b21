/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a message and the moves between them, in the only place that lists
 * either. From here come enum message_state, its names and message_may_move (message.h),
 * and the guards in the statements of an engine (store/message_guard.h). The numbers are
 * macros, because the text of a statement needs them too.
 */
#ifndef WW_MESSAGE_STATES_H
#define WW_MESSAGE_STATES_H

/* Stored: only ever add at the end. Open states come first, final ones last. */
#define MESSAGE_NUMBER_READY 0     /* committed, to be sent */
#define MESSAGE_NUMBER_LEASED 1    /* a delivery has it in hand */
#define MESSAGE_NUMBER_SUBMITTED 2 /* given to a carrier, no answer known */
#define MESSAGE_NUMBER_ACCEPTED 3  /* a carrier took responsibility */
#define MESSAGE_NUMBER_DELIVERED 4 /* the carrier reports it on the phone */
#define MESSAGE_NUMBER_FAILED 5    /* will not be sent, or was not delivered */
#define MESSAGE_NUMBER_EXPIRED 6   /* the PIN's life was over first */
#define MESSAGE_NUMBER_COUNT 7

/*
 * ROW(symbol, name, moves): MOVES has 1 for each state, in the order of their numbers,
 * that one in this state may become.
 *
 * READY -> READY       no: nothing writes a message that is ready a second time
 * LEASED -> LEASED     the next run takes a message over, or an attempt is noted
 * SUBMITTED -> LEASED  no: the carrier may have it, and a second submit costs money
 * ACCEPTED -> ACCEPTED a receipt says that the message is still on its way
 * final -> any         no
 */
#define MESSAGE_STATES(ROW)                                                              \
	ROW(READY, "ready", (0, 1, 1, 1, 1, 1, 1))                                       \
	ROW(LEASED, "leased", (0, 1, 1, 1, 1, 1, 1))                                     \
	ROW(SUBMITTED, "submitted", (0, 0, 1, 1, 1, 1, 1))                               \
	ROW(ACCEPTED, "accepted", (0, 0, 0, 1, 1, 1, 1))                                 \
	ROW(DELIVERED, "delivered", (0, 0, 0, 0, 0, 0, 0))                               \
	ROW(FAILED, "failed", (0, 0, 0, 0, 0, 0, 0))                                     \
	ROW(EXPIRED, "expired", (0, 0, 0, 0, 0, 0, 0))

#endif
