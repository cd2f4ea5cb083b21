/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a call's Authorization header to its principal. */
#ifndef WW_SIGN_IN_H
#define WW_SIGN_IN_H

#include "api/call.h"

/*
 * Finds out who calls and goes on with the call. ERR_UNAUTHORIZED, ERR_THROTTLED,
 * ERR_OVERLOADED, or what the operation says; OK: it goes on, perhaps later.
 */
enum err sign_in(struct call *c) MUST_CHECK;

#endif
