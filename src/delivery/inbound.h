/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside delivery: a request that may be a receipt, given to the carrier that it names;
 * what the carrier says goes back to the HTTP loop. Whether it is one is the carrier's
 * to judge.
 */
#ifndef WW_INBOUND_H
#define WW_INBOUND_H

#include "api/api.h"

struct delivery;

/* On delivery's thread; answered once, at once or later. */
void inbound_give(struct delivery *d, struct inbound *in);

#endif
