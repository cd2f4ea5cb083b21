/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of a PIN's timeline (doc/extensions.md). */
#ifndef WW_OWN_TIMELINE_H
#define WW_OWN_TIMELINE_H

#include "api/dialect.h"

extern const struct wire wire_timeline;

#endif
