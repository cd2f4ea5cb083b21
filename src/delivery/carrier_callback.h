/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside delivery: a request that may be a receipt, given to the carrier that it names;
 * what the carrier says goes back to the HTTP loop. Whether it is one is the carrier's
 * to judge.
 */
#ifndef WW_CARRIER_CALLBACK_H
#define WW_CARRIER_CALLBACK_H

#include "api/api.h"

struct delivery_loop;

/* On delivery's thread; answered once, at once or later. */
void carrier_callback_give(struct delivery_loop *d, struct carrier_callback *in);

#endif
