/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an account may do a thing now: scopes, room in the store, throttles. */
#ifndef WW_ADMIT_H
#define WW_ADMIT_H

#include "api/call.h"

/* ERR_FORBIDDEN, ERR_THROTTLED, ERR_OVERLOADED. A call that is refused for a crowd has
 * spent nothing. */
enum err admit(struct call *c) MUST_CHECK;
/* One of what an account may do so often, by its name in the configuration:
 * ERR_THROTTLED, ERR_OVERLOADED. */
enum err admit_throttled(struct call *c, const char *name) MUST_CHECK;

#endif
