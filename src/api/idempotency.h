/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header Idempotency-Key: 1 to 255 printable ASCII characters, bare or as the quoted
 * string of RFC 8941. A key belongs to an account, an operation and the ids of its path,
 * however they are spelled; the request that it stands for is the query and the members
 * of the body, whatever their order and spacing. The store's part of it:
 * store/idempotency.h.
 */
#ifndef WW_API_IDEMPOTENCY_H
#define WW_API_IDEMPOTENCY_H

#include "api/call.h"

/* Before check; nothing without the header. ERR_INVALID: no key of that form. */
enum err idempotency_read(struct call *c) MUST_CHECK;
/* The job is about to be offered. */
void idempotency_attach(struct call *c, struct job *j);
/* The response of a call with a key, when its job is done or its message is answered. */
void idempotency_answer(struct call *c);

#endif
