/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a SIP carrier: libre's loop, its transports towards the trunk's
 * addresses, the registration, and what comes in that belongs to no call. The calls are
 * sip_call.h's, the queues carrier_thread.h's.
 */
#ifndef WW_SIP_STACK_H
#define WW_SIP_STACK_H

#include "base/address.h"
#include "carrier/sip_call.h"

struct sip_stack;

/* An address of the trunk, as the loop finds it. */
struct sip_stack_address {
	struct address at;
	uint16_t port;
	unsigned priority;
	unsigned weight;
};

/* The thread is started; it is up when it knows an address. ERR_INVALID, ERR_IO with a
 * sentence in why. */
enum err sip_stack_new(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct sip_stack **out) MUST_CHECK;
/* From the loop's thread: the addresses that the trunk has from now on. */
void sip_stack_find(
    struct sip_stack *s, const struct sip_stack_address *list, size_t count);
struct carrier_thread *sip_stack_thread(struct sip_stack *s);
void sip_stack_free(struct sip_stack *s);

#endif
