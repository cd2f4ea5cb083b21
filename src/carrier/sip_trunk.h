/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a trunk's server, on delivery's loop: by SRV records (RFC 3263 4.2)
 * where no port was given, else by its addresses of both families. They are asked for
 * again now and then, as long as calls are made, so that a trunk that moves is followed.
 */
#ifndef WW_SIP_TRUNK_H
#define WW_SIP_TRUNK_H

#include "carrier/carrier.h"
#include "carrier/sip_stack.h"

struct sip_trunk;

/* Begins to ask. Each time the addresses are known, the stack is told. */
struct sip_trunk *sip_trunk_new(const struct carrier_config *config,
    const struct carrier_env *env, struct sip_stack *stack) MUST_CHECK;
/* A call is being made: what is old is asked for again. */
void sip_trunk_used(struct sip_trunk *t);
void sip_trunk_free(struct sip_trunk *t); /* NULL is allowed */

#endif
