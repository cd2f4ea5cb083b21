/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verb.h"

#include <assert.h>
#include <stddef.h>

#include "store/access.h"
#include "store/config.h"
#include "store/idempotency.h"
#include "store/limits.h"
#include "store/outbox.h"
#include "store/receipt.h"
#include "store/report.h"
#include "store/send.h"
#include "store/status.h"
#include "store/upkeep.h"
#include "store/verify.h"

/* The store finds a verb's own struct from the job, and the job from its item. */
#define VERB_ROW(symbol, name, type, lane, touches, outgoing)                            \
	static_assert(offsetof(type, job) == 0, #type " begins with its job");
#include "store/verbs.def"
#undef VERB_ROW

enum { AT_ONCE = 0 };

const struct verb_facts verb_facts[VERB_COUNT] = {
#define VERB_ROW(symbol, name, type, lane, touches, outgoing)                            \
	[symbol] = {#name, INTAKE_##lane, VERB_TOUCHES_##touches, outgoing, &verb_##name},
#include "store/verbs.def"
#undef VERB_ROW
};
