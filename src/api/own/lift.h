/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of lifting a number's lock (doc/extensions.md). */
#ifndef WW_OWN_LIFT_H
#define WW_OWN_LIFT_H

#include "api/dialect.h"

extern const struct wire wire_lift;

#endif
