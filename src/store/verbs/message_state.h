/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for the state of a message: a verb that changes one binds it here, and the
 * statement has the guard of store/message_guard.h. The verb says from which state it
 * takes the message; a move that twofa/message_states.h forbids is a fault of ours.
 */
#ifndef WW_VERBS_MESSAGE_STATE_H
#define WW_VERBS_MESSAGE_STATE_H

#include "store/engine.h"
#include "twofa/message.h"

void message_state_bind(struct binder *b, enum message_state from, enum message_state to);

#endif
