/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verbs/message_state.h"

void
message_state_bind(struct binder *b, enum message_state from, enum message_state to)
{
	INVARIANT(message_may_move(from, to));
	bind_int(b, (int64_t)to);
}
