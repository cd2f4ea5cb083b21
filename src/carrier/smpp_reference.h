/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References of texts that go out in several parts (3GPP TS 23.040 9.2.3.24.1). A phone
 * puts together what has one sender and one reference, whichever session it came by;
 * so the texts of one number have different references, over all carriers of the
 * process. They begin at random, as those of the last run may still be on their way.
 */
#ifndef WW_SMPP_REFERENCE_H
#define WW_SMPP_REFERENCE_H

#include "base/base.h"
#include "base/clock.h"

/* Once is enough, and more does no harm. */
void smpp_reference_start(const struct entropy *entropy);
/* Another one than the last 255 of this number. */
uint16_t smpp_reference_next(const char *to) MUST_CHECK;

#endif
